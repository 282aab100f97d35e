"""What builds, packages and describes evsed; nothing of it is installed."""
