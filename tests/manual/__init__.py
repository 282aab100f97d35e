"""The man pages and the completion that a package brings."""
