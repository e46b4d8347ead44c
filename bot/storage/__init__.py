"""The database: tables, set-up and one store a table group."""
