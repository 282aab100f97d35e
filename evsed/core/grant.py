"""Whether the car that is there may charge: with a card reader, what was allowed ends with the plug-in.

Owns who allowed it, and for how long that counts. Access itself is the desk's: ``step`` says what it has to be. With
the reader Disabled nothing is tied to a plug-in.
"""

from typing import Final

from evsed.core.model import Access
from evsed.core.units import Millis

ALONE_MS: Final[Millis] = 60_000
"""So long access stays on without a car: after a card was read, and after the car was unplugged."""


class Grant:
    """What one plug-in was allowed. ``step`` in every cycle, before anything is decided."""

    def __init__(self, *, given: bool = False, holder: str = "", tied: bool = False) -> None:
        """As it was kept. ``tied``: a card reader is switched on."""
        self.given = given
        """Somebody let this plug-in charge, or the next one; access may be paused all the same, or wait for a timer."""

        self.holder = holder if given else ""
        """The card that did; empty: it was no card."""

        self._over = False  # what access is was meant for a plug-in that has ended
        self._ends_at: Millis | None = None  # no car is there, and none comes in time
        self._car: bool | None = None  # None: nobody has looked yet
        self._tied = tied

    @property
    def valid(self) -> bool:
        """Whether it counts for the car that is there, or for one that comes in time."""
        return self.given and not self._over

    @property
    def kept(self) -> bool:
        """Whether it outlives a restart: what was not yet, or is no longer, the plug-in's own does not."""
        return self.valid and self._car is not False

    def begin(self, holder: str, now: Millis) -> None:
        """The card ``holder`` lets this plug-in charge, or one that begins soon; empty: somebody without a card."""
        self.given, self.holder, self._over = True, holder, False
        self._ends_at = now + ALONE_MS if self._car is False else None

    def end(self) -> None:
        """Whoever wants to charge needs another one."""
        self.given, self.holder, self._over, self._ends_at = False, "", False, None

    def chosen(self, before: Access, after: Access, now: Millis, *, delayed: bool) -> None:
        """Somebody chose a mode, or a start time (``delayed``: which is still to come); that allows or ends it.

        Access that is on already is not given anew: who changes the mode of a car that has gone lets no other charge.
        """
        if after is Access.DENY and not delayed:
            self.end()
        elif not self._tied or self.valid or (self._over and before is not Access.DENY):
            return
        elif (after is Access.ALLOW and not delayed) or (delayed and self._car is True):
            self.begin("", now)

    def timed(self, before: Access, after: Access) -> Access:
        """What a timer makes of access: it lets charge only whom somebody has let."""
        return after if after is not Access.ALLOW or self.valid or not self._tied else before

    def step(self, access: Access, car: bool | None, now: Millis, *, tied: bool) -> Access:
        """What access has to be. ``car`` None: nobody knows now whether one is there."""
        found, came, went = self._moves(car)
        switched_on, self._tied = tied and not self._tied, tied
        if not tied:
            return self._untied(access)
        if switched_on:
            self.given, self._over = access is not Access.DENY and self._car is True, False
        if went:
            self._over, self._ends_at = True, now + ALONE_MS
        no_car_in_time = self._ends_at is not None and now >= self._ends_at
        if (found and not self._car) or (came and self._over) or no_car_in_time:
            self.end()
            access = Access.DENY
        if came or found:
            self._ends_at = None
        return Access.DENY if access is Access.ALLOW and not self.given else access

    def _moves(self, car: bool | None) -> tuple[bool, bool, bool]:
        """Whether it is seen for the first time if a car is there; whether one was plugged in; or unplugged."""
        before, self._car = self._car, self._car if car is None else car
        if before is None:
            return self._car is not None, False, False
        return False, self._car is True and not before, self._car is False and before

    def _untied(self, access: Access) -> Access:
        self.given, self._over, self._ends_at = False, False, None
        if access is Access.DENY or self._car is False:
            self.holder = ""
        return access
