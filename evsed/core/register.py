"""What the EV meter's import register has advanced by, as far as it can be believed.

Owns doubt: one odd reading counts nothing. What fell, or is further on than a car can draw, counts when readings agree.
"""

from typing import Final, NamedTuple

from evsed.core.units import Millis, WattHours

BACK: Final[WattHours] = 10
"""A register that falls by this much at most is rounded now this way and now that."""

JUMP: Final[WattHours] = 200_000
"""No car takes so much; a register that is further on is another meter's."""

AGREEING: Final = 3
"""So many readings that agree are believed, where a car can have drawn it."""

EXCHANGED_MS: Final[Millis] = 60_000
"""And for so long they have to agree before another meter's register is counted on from."""

_MOST_W: Final = 2 * 3 * 80 * 230
"""Twice what three phases of 80 A at 230 V are."""

_AT_ONCE_MS: Final[Millis] = 60_000
_AT_ONCE: Final[WattHours] = 100
_COARSE: Final[WattHours] = 1_000
"""A register in steps of 1 kWh tells them late."""


class Advance(NamedTuple):
    """A reading that is believed."""

    energy_wh: WattHours = 0
    exchanged: bool = False  # another meter counts


class Register:
    """``read`` with every reading."""

    def __init__(self, wh: WattHours | None = None) -> None:
        """``wh``: what was believed last, nobody knows when; None: nothing was."""
        self.wh = wh
        self._at: Millis | None = None
        self._moved_at: Millis | None = None  # some meters refresh their register every few minutes only
        self._first: WattHours | None = None  # of readings that agree with one another and not with ``wh``
        self._first_at: Millis = 0
        self._newest: WattHours = 0
        self._newest_at: Millis = 0
        self._agreeing = 0

    def read(self, wh: WattHours, now: Millis) -> Advance | None:
        """One reading; None: it counts nothing, or nothing yet."""
        advanced = 0 if self.wh is None else wh - self.wh
        if self.wh is not None and -BACK <= advanced < 0:
            wh, advanced = self.wh, 0
        if 0 <= advanced <= _drawn(_AT_ONCE_MS if self._at is None else now - self._at):
            return self._believe(wh, now, Advance(advanced))
        self._doubt(wh, now)
        if self._agreeing < AGREEING:
            return None
        if 0 < advanced <= self._most(now):
            return self._believe(wh, now, Advance(advanced))
        if now - self._first_at < EXCHANGED_MS:
            return None
        return self._believe(wh, now, Advance(max(0, wh - (self._first or 0)), exchanged=True))

    def _doubt(self, wh: WattHours, now: Millis) -> None:
        agrees = self._first is not None and -BACK <= wh - self._newest <= _possible(now - self._newest_at)
        if not agrees:
            self._first, self._first_at, self._agreeing = wh, now, 0
        self._newest, self._newest_at = wh, now
        self._agreeing += 1

    def _most(self, now: Millis) -> WattHours:
        """What a car can have drawn since the register moved last."""
        return JUMP if self._moved_at is None else min(JUMP, _COARSE + _possible(now - self._moved_at))

    def _believe(self, wh: WattHours, now: Millis, advance: Advance) -> Advance:
        if self._at is not None and wh != self.wh:
            self._moved_at = now
        self.wh, self._at, self._first, self._agreeing = wh, now, None, 0
        return advance


def _drawn(span: Millis) -> WattHours:
    """What may have been drawn within ``span`` without anybody's doubt."""
    return _possible(min(span, _AT_ONCE_MS))


def _possible(span: Millis) -> WattHours:
    """What a car can have drawn within ``span``."""
    return min(JUMP, _AT_ONCE + _MOST_W * span // 3_600_000)
