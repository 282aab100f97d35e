"""The log of sessions: an SQLite file that one thread writes and requests read."""
