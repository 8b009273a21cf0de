"""How facts become decisions, and where they are recorded. Knows contracts only."""
