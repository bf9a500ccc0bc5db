"""The statements of wu2025, one module a numbered result."""
