"""When the LCD's controller is set up anew: its registers and its memory do not survive what contactors send out.

Owns the moments and how thoroughly. Nothing comes back from an ST7567 on SPI, so an upset one cannot be noticed: it is
set up whenever it may have been upset, and now and then besides.
"""

from collections.abc import Hashable
from enum import IntEnum
from typing import Final

from evsed.core.units import Millis


class Care(IntEnum):
    """How thoroughly; the higher one does what the lower one does, and more."""

    NONE = 0
    REGISTERS = 1
    """Every register and the whole picture once more, while it is on: nobody sees that."""

    RESET = 2
    """The reset line as well, which helps whatever is wrong; the picture is away for a moment."""


AFTER_SWITCHING: Final = ((300, Care.RESET), (2_000, Care.REGISTERS))
"""So long (ms) after a contactor's order: when it has moved and stopped bouncing; and once its load has settled."""

EVERY_MS: Final = 10_000
"""A page takes well under a millisecond of the bus, so this costs next to nothing, and no guest reads what a spark of
the neighbour's, or of the car's own contactor, left behind for longer."""


class Upkeep:
    """What is due. The light's coming on counts too: somebody looks, and a key press is what people try first."""

    def __init__(self) -> None:
        self._switched: Hashable = None
        self._lit = False
        self._due: list[tuple[Millis, Care]] = []
        self._last: Millis | None = None

    def due(self, switched: Hashable, lit: bool, now: Millis) -> Care:
        """What has to be done at ``now``, once. ``switched`` is another whenever a contactor was told to move."""
        if self._last is None:
            self._switched, self._lit, self._last = switched, lit, now
            return Care.RESET
        if switched != self._switched:
            self._due = [(now + wait, care) for wait, care in AFTER_SWITCHING]
        comes_on, self._switched, self._lit = lit and not self._lit, switched, lit
        ripe = [care for when, care in self._due if now >= when]
        self._due = [(when, care) for when, care in self._due if now < when]
        if comes_on:
            ripe.append(Care.RESET)
        if now - self._last >= EVERY_MS:
            ripe.append(Care.REGISTERS)
        if ripe:
            self._last = now
        return max(ripe, default=Care.NONE)
