"""What one look does for the LCD: light, picture, care for the controller; and when the next one is due.

Owns the rhythm. Time is an argument; the thread that brings it is thread.py's.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis
from evsed.hw.lcd.care import Care, Upkeep

Picture: TypeAlias = Any
"""A PIL.Image.Image, 128 x 64 in mode "1", 1 is ink. Pillow is not imported here: it is slow to load."""

Look: TypeAlias = Callable[[], Snapshot | None]
Face: TypeAlias = Callable[[], Picture]

PICTURE_MS: Final = 150
"""Six to seven pictures a second while somebody may look: the dots move, and a key is answered at once."""

DARK_PICTURE_MS: Final = 1_000
LOOK_MS: Final = 50
FADE_MS: Final = 25


class LcdError(Exception):
    """The LCD cannot be opened, or was lost; the text says which part, why, and what to do."""


class Display(Protocol):
    """An LCD, one thread's; only ``cut`` may be called from another. All but ``close`` and ``cut`` raise LcdError."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Reset line and backlight, when they cannot be used: at which pin, why, and what to do."""

    def open(self, is_over: Callable[[], bool]) -> None:
        """Takes SPI and lines, the light off. Once ``is_over`` says so, ``show`` soon raises, the picture half done."""

    def show(self, picture: Picture, care: Care) -> None:
        """Brings ``picture`` to the glass, with as much care for the controller."""

    def light(self, lit: bool, now: Millis) -> bool:
        """Lets the light come or go; whether it is still on its way."""

    def close(self) -> None:
        """Light off, picture cleared, everything let go of."""

    def cut(self) -> None:
        """Makes a call that hangs in another thread fail at once, where that can be done."""


class Show:
    """``display`` is open and stays so."""

    def __init__(self, display: Display, look: Look, face: Face) -> None:
        self._display = display
        self._look = look
        self._face = face
        self._upkeep = Upkeep()
        self._lit = False
        self._next: Millis = 0

    def turn(self, now: Millis) -> Millis:
        """One look; for how long there is nothing to do. Raises LcdError."""
        snapshot = self._look()
        if snapshot is None:
            return LOOK_MS
        lit = snapshot.backlight_s > 0
        outputs = snapshot.outputs
        care = self._upkeep.due((outputs.contactor1, outputs.contactor2, snapshot.closings), lit, now)
        if care is not Care.NONE or lit is not self._lit or now >= self._next:
            self._display.show(self._face(), care)
            self._next = now + (PICTURE_MS if lit else DARK_PICTURE_MS)
        self._lit = lit
        return FADE_MS if self._display.light(lit, now) else LOOK_MS
