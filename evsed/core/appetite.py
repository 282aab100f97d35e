"""What a car takes of its share, by its EV meter, once it has left some of it for a while.

Owns that one figure; what others get of the rest is split.py's. Pure.
"""

from evsed.core.units import Deciamps, Millis

LESS_FOR_MS = 30_000
"""A car has to have left some of its share for this long."""

SPARE: Deciamps = 15
"""It keeps this much more than it draws, so that it can show when it wants more."""

NEAR: Deciamps = 5
"""As close to its offer it draws all that it may."""


class Appetite:
    """``feed`` every reading of a car that charges; ``takes`` is None unless it leaves some of its offer."""

    def __init__(self) -> None:
        self.takes: Deciamps | None = None
        self._since: Millis | None = None
        self._highest: Deciamps = 0

    def forget(self) -> None:
        """It does not charge, or draws all it is offered."""
        self.takes = self._since = None

    def feed(self, drawn: Deciamps, offered: Deciamps, now: Millis) -> None:
        """Its meter says ``drawn`` on the phase that carries most, while it is ``offered`` so much."""
        if drawn >= offered - NEAR:
            self.forget()
            return
        if self.takes is not None:
            self.takes = max(self.takes, drawn + SPARE)
        if drawn + SPARE >= (offered if self.takes is None else self.takes):
            self._since = None
            return
        if self._since is None:
            self._since, self._highest = now, drawn
        self._highest = max(self._highest, drawn)
        if now - self._since >= LESS_FOR_MS:
            self.takes, self._since = self._highest + SPARE, None
