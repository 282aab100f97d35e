"""The kinds of screen of the LCD, as what is on them: equal screens are equal pictures."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

DOT_STEPS = 8
"""After so many steps the moving dots are where they were."""


@dataclass(frozen=True, slots=True)
class Words:
    """Centred lines over the whole picture: two large ones of at most 10 characters, or up to four of 16."""

    lines: tuple[str, ...]


class Direction(Enum):
    """Which way energy flows along a line; ``NONE``: it does not, or nobody knows."""

    NONE = 0
    OUT = 1  # grid to house, house to car, sun to house
    BACK = -1  # house to grid


@dataclass(frozen=True, slots=True)
class Flow:
    """Grid, house and car, and the sun in Solar mode, with the energy that moves between them.

    A text that is empty is not drawn. ``step`` (0 to DOT_STEPS - 1) moves the dots.
    """

    sun: bool  # it is drawn: Solar mode
    shining: bool  # dots from the sun: there is surplus
    grid: Direction
    car: bool  # one hangs on the charger
    charging: Direction
    step: int
    mains: tuple[str, ...]  # beside the grid, at most 3 lines of 6 characters: "L1 12A", or "SUM", "-4A", or "?"
    charge: str  # over the line to the car, at most 6 characters: "16.0A", "11.0kW"
    energy: str  # at the car, at most 8 characters: "12.3kWh"
    countdown: str  # "09:58"; at most 5 characters
    line: str  # the large line at the bottom, at most 12 characters


@dataclass(frozen=True, slots=True)
class MenuPage:
    """One item of the menu. ``below`` runs through the bottom row and stands ``shift`` pixels to the left by now."""

    address: str  # on the top row, left; at most 15 characters
    clock: str  # on the top row, right: "23:31"
    name: str  # at most 9 characters
    value: str  # empty at EXIT
    below: str
    shift: int
    editing: bool


Screen: TypeAlias = Words | Flow | MenuPage
