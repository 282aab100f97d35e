"""Runs the command line with ``python -m evsed``."""

from evsed.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
