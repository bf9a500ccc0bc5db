"""What a person's mistake raises; apart from the statements, so that it can be caught without importing them."""


class InputError(ValueError):
    """A value handed in by a person breaks a rule; the message is one line naming both."""
