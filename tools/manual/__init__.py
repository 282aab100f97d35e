"""``python -m tools.manual OUT``: the man pages and the completion for bash and zsh, all below the folder OUT."""
