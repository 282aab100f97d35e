"""A wait that grows each time something fails again."""

from evsed.core.units import Millis


class Backoff:
    """Doubles from ``first_ms`` to ``longest_ms``; ``forgive`` starts again."""

    def __init__(self, first_ms: Millis, longest_ms: Millis) -> None:
        self._first_ms = first_ms
        self._longest_ms = longest_ms
        self.wait_ms: Millis = 0
        self._until: Millis = 0

    def failed(self, now: Millis) -> None:
        """It failed, again or for the first time."""
        self.wait_ms = min(max(2 * self.wait_ms, self._first_ms), self._longest_ms)
        self._until = now + self.wait_ms

    def over(self, now: Millis) -> bool:
        """Whether it may be tried again."""
        return now >= self._until

    @property
    def until(self) -> Millis | None:
        """When it may be tried again; None when nothing has failed."""
        return self._until or None

    def forgive(self) -> None:
        """It worked, or the car has gone: the next failure is a first one."""
        self.wait_ms = 0
        self._until = 0
