"""A node's side of power sharing: what its master has told it, and what follows when the master falls silent.

Owns the master's last words. What the node's own protections allow besides is regulation.py's and safety.py's.
"""

from evsed.core.faults import Fault
from evsed.core.model import Mode
from evsed.core.smart import CHANGE_GAP_MS
from evsed.core.states import CLOSED, OFFERING, State
from evsed.core.units import Deciamps, Millis
from evsed.core.wire import (
    COMM_B_OK,
    COMM_C_OK,
    MASTER_LOST_MS,
    NO_METER_BIT,
    NO_POWER_BIT,
    NO_SUN_BIT,
    MasterOffered,
    MasterTold,
)

STOPPING_TIME_MS = 2_000
"""The master counts as lost this much before the 11 s, so that after 11 s the car has stopped."""

SILENT_MS = 5_000
"""A master that is silent for this long, two offers missed, lowers the offer to MIN."""

_LACKS = NO_POWER_BIT | NO_SUN_BIT
_AGREES = {COMM_B_OK: State.COMM_B, COMM_C_OK: State.COMM_C}


class Node:
    """``told`` and ``offered`` take the master's words; the rest says what they come to."""

    def __init__(self) -> None:
        self._offer: Deciamps | None = None  # None: nothing was offered since the master agreed to pulses
        self._heard_at: Millis | None = None
        self._since: Millis | None = None
        self._error = 0
        self._agreed_in: State | None = None
        self._solar_ends: Millis | None = None
        self._given: Deciamps | None = None  # to the car; None: nothing was offered to it
        self._given_at: Millis = 0

    def begin(self, now: Millis) -> None:
        """It is a node from now on: the master has its full time to be heard."""
        self._since = now if self._since is None else self._since

    # ---- what the master says ----

    def told(self, told: MasterTold, state: State, now: Millis) -> None:
        """The master wrote into our status block while we were in ``state``."""
        self._agreed_in = state if told.state is not None and _AGREES.get(told.state) is state else self._agreed_in
        self._error = self._error if told.error is None else told.error
        forgiven = told.error is not None and not told.error & _LACKS and self._sun_is_over(now)
        if told.solar_s is not None:
            self._solar_ends = now + told.solar_s * 1000 if told.solar_s else None
        elif forgiven:
            self._solar_ends = None

    def offered(self, offered: MasterOffered, now: Millis) -> None:
        """The master told every node what it offers."""
        self._offer = offered.offer
        self._heard_at = now

    def moved(self, state: State, now: Millis) -> None:
        """The charger is in another state now. What the master lacked for one car says nothing of the next."""
        if state is State.A:
            self._error &= ~_LACKS
            self._solar_ends = None if self._sun_is_over(now) else self._solar_ends
        if self._agreed_in is State.COMM_B and state is State.B:
            self._offer = None
        self._agreed_in = None

    # ---- what follows ----

    def gently(self, state: State, offer: Deciamps, now: Millis) -> Deciamps:
        """``offer``, but what the car in ``state`` is told does not rise right after a change."""
        if state not in OFFERING:
            self._given = None
            return offer
        before = offer if self._given is None else self._given
        if offer > before and now - self._given_at < CHANGE_GAP_MS:
            return before
        if offer != self._given:
            self._given, self._given_at = offer, now
        return offer

    def agreed(self, state: State) -> bool:
        """Whether the master agrees to what ``state`` asks for; to the contactor also by having said how much."""
        return self._agreed_in is state and (state is State.COMM_B or self._offer is not None)

    def _silent_ms(self, now: Millis) -> Millis:
        heard = self._since if self._heard_at is None else self._heard_at
        return 0 if heard is None else now - heard

    def lost(self, now: Millis) -> bool:
        """Whether the master has been silent for too long, or has itself lost the mains meter."""
        return self._silent_ms(now) >= MASTER_LOST_MS - STOPPING_TIME_MS or bool(self._error & NO_METER_BIT)

    def _sun_is_over(self, now: Millis) -> bool:
        return self._solar_ends is not None and now >= self._solar_ends

    def lack(self, mode: Mode, now: Millis) -> Fault | None:
        """What the master has not enough of for us.

        When the stop timer that it gave us is over it relies on our stopping by ourselves, until it forgives that.
        """
        if not self._error & _LACKS and not (mode is Mode.SOLAR and self._sun_is_over(now)):
            return None
        return Fault.NO_SUN if mode is Mode.SOLAR else Fault.NO_POWER

    def offer(self, state: State, minimum: Deciamps, now: Millis) -> Deciamps:
        """What we may offer to the car in ``state``; before the master was asked, ``minimum``.

        With the contactor closed nothing is offered that the master has not said.
        """
        if self._offer is None and state in CLOSED:
            return 0
        if state not in {State.B, State.COMM_C, State.C, State.C1, State.ACTIVATE} or self._offer is None:
            return minimum
        return min(self._offer, minimum) if self._silent_ms(now) >= SILENT_MS else self._offer

    def solar_stop_ms(self, now: Millis) -> Millis | None:
        """What is left of the master's solar stop timer; None while it does not run."""
        return None if self._solar_ends is None else max(0, self._solar_ends - now)
