"""Rows in versions: what events bring to them, a file a subject."""
