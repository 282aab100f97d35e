"""The test input of the residual current monitor: its trip signal follows it after 50 ms, in both directions. Pure."""

from evsed.core.units import Millis

FOLLOWS_IN_MS = 50


class ResidualMonitor:
    """A sound monitor on a sound circuit: it trips while it is being tested, and only then."""

    def __init__(self) -> None:
        self.tripped = False
        self._test = False
        self._since: Millis = 0

    def advance(self, test: bool, now: Millis) -> None:
        """Lets the monitor see its test input at ``now``."""
        if test != self._test:
            self._test, self._since = test, now
        if now - self._since >= FOLLOWS_IN_MS:
            self.tripped = test
