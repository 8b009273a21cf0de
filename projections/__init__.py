"""How recorded events become rows, and who reads them. Knows contracts only."""
