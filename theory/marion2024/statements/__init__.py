"""The statements of marion2024, one module a numbered result."""
