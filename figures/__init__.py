"""Figures of the papers, one module each; they draw what the floors below compute."""
