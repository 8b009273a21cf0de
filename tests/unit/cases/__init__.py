"""Cases of calendar arithmetic: read, and answered."""
