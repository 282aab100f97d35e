"""Less current in steps as the board gets hot, before MAX TEMP ends the charge.

Steps of 3 degrees below MAX TEMP: 80 %, 60 %, MIN. A step is left 2 degrees lower than it was entered.
"""

from evsed.core.limits import Cap
from evsed.core.settings import Settings
from evsed.core.units import Celsius, Deciamps

_STEPS = ((3, 0), (6, 60), (9, 80))
"""Degrees below MAX TEMP from which on this share of MAX (%) is offered, hottest first; 0 is MIN."""

_LEFT_BY = 2


class Derating:
    """The step that is in force."""

    def __init__(self) -> None:
        self._step: int | None = None  # index into _STEPS

    def feed(self, temperature: Celsius | None, settings: Settings) -> None:
        """One look at the board's temperature; None (no sensor, no answer) changes nothing."""
        if temperature is None:
            return
        entered = _step_at(temperature, settings.temp_max)
        left = _step_at(temperature + _LEFT_BY, settings.temp_max)
        if self._step is None or (entered is not None and entered <= self._step):
            self._step = entered
        else:
            self._step = left if left is None else max(left, self._step)

    def cap(self, settings: Settings) -> Cap | None:
        """What may be offered; None while the board is cool or the owner does not want derating."""
        if self._step is None or not settings.derating:
            return None
        share = _STEPS[self._step][1]
        lowest: Deciamps = settings.current_min * 10
        return Cap("temperature", max(lowest, settings.current_max * 10 * share // 100))


def _step_at(temperature: Celsius, limit: Celsius) -> int | None:
    for index, (below, _share) in enumerate(_STEPS):
        if temperature > limit - below:
            return index
    return None
