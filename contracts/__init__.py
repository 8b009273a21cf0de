"""The words and the terms that engine and projections both speak. Knows no other room."""
