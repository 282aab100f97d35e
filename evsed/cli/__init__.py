"""The command line: what `evsed` and `evsed-guard` call. Nothing heavy is imported before outputs are safe."""

import sys

from evsed.cli.actions import ACTIONS
from evsed.cli.parser import build

__all__ = ["guard", "main"]


def main(arguments: list[str] | None = None) -> int:
    """Runs ``evsed``; the exit status."""
    options = build().parse_args(arguments)
    return ACTIONS[options.command](options)


def guard() -> int:
    """Runs ``evsed-guard``, which is ``evsed guard``."""
    return main(["guard", *sys.argv[1:]])
