"""The read store: tables of views on SQLite and on PostgreSQL."""
