"""Runs a module with the fake chips under it: ``python -m tests.silicon.under SOCKET MODULE ARGUMENTS...``."""

import runpy
import sys
from pathlib import Path

from tests.silicon.hooks import install


def main(arguments: list[str]) -> None:
    """Runs the module as its own main program."""
    path, module, *rest = arguments
    install(Path(path))
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
