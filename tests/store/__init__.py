"""The database, on SQLite and on PostgreSQL wherever both are meant."""
