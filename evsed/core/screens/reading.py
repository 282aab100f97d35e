"""A screen as words, for who hears it instead of seeing it. What is said is what is drawn, and no more."""

from enum import Enum
from typing import assert_never

from evsed.core.screens.menu_page import standing
from evsed.core.screens.screen import Flow, MenuPage, Screen, Words


class Kind(Enum):
    """What kind of screen it is."""

    WORDS = "words"
    FLOW = "flow"  # its lines change all the time
    MENU = "menu"


def lines(screen: Screen) -> tuple[Kind, tuple[str, ...]]:
    """The texts on ``screen``, the weightiest first; in the menu name, value and meaning."""
    match screen:
        case Words():
            kind, found = Kind.WORDS, screen.lines
        case Flow():
            kind, found = Kind.FLOW, (screen.line, *screen.mains, screen.charge, screen.energy, screen.countdown)
        case MenuPage():
            kind, found = Kind.MENU, (screen.name, screen.value, standing(screen.below))
        case _:
            assert_never(screen)
    return kind, tuple(line for line in found if line)
