"""A car that draws more than it was offered.

Judged on each word of the EV meter: more than a tenth above the offer for 7 s, of which the last 2 s above even the
most that was offered within the 5 s that IEC 61851-1 gives a car to follow. So a car that follows late is none.
"""

from evsed.core.units import Deciamps, Millis

TOO_LONG_MS = 7_000
LATE_MS = 2_000


class Overdraw:
    """``feed`` with every measurement of the car's current; ``found`` tells."""

    def __init__(self) -> None:
        self._over_since: Millis | None = None
        self._late_since: Millis | None = None
        self._at: Millis = 0

    def feed(self, drawn: Deciamps, offered: Deciamps, most_offered: Deciamps, now: Millis) -> None:
        """``drawn`` on the highest phase; ``offered`` now, ``most_offered`` within the car's lag."""
        self._at = now
        self._over_since = _since(self._over_since, drawn * 10 > offered * 11, now)
        self._late_since = _since(self._late_since, drawn * 10 > max(offered, most_offered) * 11, now)

    def forget(self) -> None:
        """The car does not charge."""
        self._over_since = self._late_since = None

    @property
    def found(self) -> bool:
        """Whether the car has drawn too much for too long."""
        over, late = self._over_since, self._late_since
        return over is not None and late is not None and self._at - over >= TOO_LONG_MS and self._at - late >= LATE_MS


def _since(before: Millis | None, true: bool, now: Millis) -> Millis | None:
    if not true:
        return None
    return now if before is None else before
