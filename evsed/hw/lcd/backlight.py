"""The LCD's backlight as luma.lcd calls it: lit or not, and on the way there a little more or less at each step.

Owns how fast it comes and goes. Whether it is to be lit is the Snapshot's.
"""

from collections.abc import Callable
from typing import Final

from evsed.core.units import Millis

UP_MS: Final = 300
DOWN_MS: Final = 2_000


class Backlight:
    """``shine`` gets the share of time (0 to 1) for which the light is on."""

    def __init__(self, shine: Callable[[float], None]) -> None:
        self._shine = shine
        self._lit = False
        self._level = 0.0  # as the eye has it
        self._at: Millis | None = None

    def __call__(self, is_enabled: bool) -> None:
        """What luma's ``backlight()`` is: from the next step on the light comes or goes."""
        self._lit = is_enabled

    def step(self, now: Millis) -> bool:
        """Drives the light; whether it is still on its way."""
        passed, goal = 0 if self._at is None else now - self._at, float(self._lit)
        self._at = now
        before = self._level
        if self._lit:
            self._level = min(goal, before + passed / UP_MS)
        else:
            self._level = max(goal, before - passed / DOWN_MS)
        if self._level != before:
            self._shine(self._level**2)  # the eye sees squares as even
        return self._level != goal
