"""Gathers evidence for statements: prove, certify, sample, measure; teeth and tightness; runner, reports and command line."""
