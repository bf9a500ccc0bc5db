"""The claims of marion2026, one module a claim or a study that several read."""
