"""What the papers claim: definitions, bounds with their exact constants, and statements, as data."""
