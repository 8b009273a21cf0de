"""Real servers for tests, one of each for a whole run (servers in tools/)."""
