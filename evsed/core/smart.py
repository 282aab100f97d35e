"""Optimise in Normal and Smart: how the offer climbs again after it was lowered.

Lowering is Protect's. A climb waits until the last change has become visible and goes only as far as there has been
room for a while, so that a kettle does not make the offer swing.
"""

from collections import deque

from evsed.core.units import Deciamps, Millis

CHANGE_GAP_MS = 5_000
"""At least this long between two changes that do not protect anything."""

CLIMB_OVER_MS = 10_000
"""The room that was there all this time is used."""

MEMORY_MS = 20_000
DEAD_BAND: Deciamps = 10


class LeastRoom:
    """The least room there has been lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[Millis, Deciamps]] = deque()  # each the least of all since the one before it
        self._since: Millis | None = None

    def add(self, room: Deciamps, now: Millis) -> None:
        """Remembers a fresh figure."""
        self._since = now if self._since is None else self._since
        while self._seen and self._seen[-1][1] >= room:
            self._seen.pop()
        self._seen.append((now, room))
        while self._seen[0][0] < now - MEMORY_MS:
            self._seen.popleft()

    def forget(self) -> None:
        """Starts anew."""
        self._seen.clear()
        self._since = None

    def known_for(self, over_ms: Millis, now: Millis) -> bool:
        """Whether there have been figures for that long."""
        return self._since is not None and now - self._since >= over_ms

    def least(self, over_ms: Millis, now: Millis) -> Deciamps | None:
        """The least figure of the last ``over_ms``, or else the last one; None when there is none."""
        for at, room in self._seen:
            if at >= now - over_ms:
                return room
        return self._seen[-1][1] if self._seen else None


def climb(offer: Deciamps, target: Deciamps, ceiling: Deciamps) -> Deciamps:
    """The next offer above ``offer``, given what there was room for; small steps are taken only up to the ceiling."""
    reachable = min(target, ceiling)
    worth_it = reachable >= offer + DEAD_BAND or (reachable == ceiling and reachable > offer)
    return reachable if worth_it else offer
