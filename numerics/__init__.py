"""How quantities are computed: arithmetic, integration, statistics. Knows no paper, no statement and no verdict."""
