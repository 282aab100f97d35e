"""The log of sessions."""
