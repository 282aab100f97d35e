"""How this evsed was installed, and where its documentation lies then."""

import sys
from enum import Enum
from pathlib import Path
from typing import Final

BUNDLE: Final = Path("/usr/lib/evsed")
"""Where the package puts evsed and what it brings."""

_PAGES: Final = Path("/usr/share/doc/evsed")


class Installed(Enum):
    """How this evsed was installed."""

    BY_PACKAGE = "the .deb"
    IN_VENV = "a virtual environment"
    IN_SYSTEM = "the system's Python"


def installed() -> Installed:
    """How the evsed that asks was installed."""
    if Path(__file__).resolve().is_relative_to(BUNDLE):
        return Installed.BY_PACKAGE
    return Installed.IN_VENV if sys.prefix != sys.base_prefix else Installed.IN_SYSTEM


def page(name: str) -> str:
    """Where an owner finds a page of the documentation: board.md, evsed.toml or safety.md."""
    return str(_PAGES / name) if installed() is Installed.BY_PACKAGE else f"docs/{name}"
