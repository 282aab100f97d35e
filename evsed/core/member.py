"""One charger of a group that shares power, as its master sees it.

Owns what is known of it and where it stands; what it may do is sharing.py's.
"""

from dataclasses import dataclass, field

from evsed.core.appetite import Appetite
from evsed.core.faults import Fault
from evsed.core.model import NO_CURRENT, Access, Mode, PhaseCurrents
from evsed.core.smart import CHANGE_GAP_MS
from evsed.core.states import RESTING, State
from evsed.core.units import Deciamps, Millis
from evsed.core.wire import (
    COMM_B_OK,
    COMM_C_OK,
    MASTER_LOST_MS,
    NO_METER_BIT,
    NO_POWER_BIT,
    NO_SUN_BIT,
    POLLS_MISSED,
    NodeStatus,
)

GONE_MS = MASTER_LOST_MS + 7_000
"""A node that has vanished may still draw until it has missed its master for 11 s and its car has had 6 s to stop."""

COMES_WITHIN_MS = 60_000
"""One that was asked back or agreed pulses is expected to ask for its contactor within this time; so long its place is
kept."""

_WAITING_BITS = NO_POWER_BIT | NO_METER_BIT | NO_SUN_BIT  # that its master has given it
LOOKS = 3
"""A node that has not answered so many polls since we began is not there, and does not charge."""

_MAY_BE_CLOSED = frozenset({State.C, State.C1, COMM_C_OK})  # the last for a moment, on its way to C
_ASKS_PULSES = frozenset({State.COMM_B, COMM_B_OK})  # or is on its way to B
_OFFERED = frozenset({State.B, State.ACTIVATE, State.COMM_C})
_FLOWS: Deciamps = 30
_METERED_MS = 5_000


@dataclass(slots=True)
class Member:
    """``index`` 0 is the master itself."""

    index: int
    state: int = State.A
    error: int = 0
    current: Deciamps = 0  # that it says it offers
    most: Deciamps = 0
    mode: Mode | None = None
    in_step: bool = False  # it has had the group's mode: another one is its owner's wish
    solar_s: int = 0
    wants: bool = False  # a car hangs on it and may charge as far as the charger itself goes
    asks_pulses: bool = False
    asks_contactor: bool = False
    asked_at: Millis | None = None  # since then it has had no answer
    missed: int = POLLS_MISSED  # polls in a row; as many: it is not there
    polled: bool = False  # it was heard, or has been looked for often enough
    looked_for: int = 0
    heard: int = 0  # how often; each time may need another order
    refused_inputs: int = 0
    gone_at: Millis | None = None
    admitted: bool = False  # it may draw, or will as soon as the others have made room
    granted: bool = False  # it has been told so
    refused: Fault | None = None  # it has to stop, or wait, for want of this
    since: Millis = 0  # its turn began, or it began to wait
    not_before: Millis = 0  # it is not asked to come back before
    offered_at: Millis | None = None  # it was asked back, or agreed that it may offer
    pulses_agreed: bool = False  # in its present request for them
    share: Deciamps = 0  # what it is told to offer
    given_at: Millis | None = None  # its share changed
    held: Deciamps = 0  # the most that it may still be offering
    legs: int = 3  # phases that its car uses
    metered: PhaseCurrents | None = None
    metered_before: PhaseCurrents = NO_CURRENT  # the reading before: the mains may have been read in between
    metered_at: Millis = 0
    appetite: Appetite = field(default_factory=Appetite)

    @property
    def present(self) -> bool:
        """Whether it answers."""
        return self.missed < POLLS_MISSED

    @property
    def may_be_closed(self) -> bool:
        """Whether its contactor may be closed."""
        return self.state in _MAY_BE_CLOSED or self.granted

    @property
    def drawing(self) -> bool:
        """Whether it has a place among those that share."""
        return self.admitted and self.refused is None and self.present

    @property
    def leaving(self) -> bool:
        """Whether it may still draw though it has no place any more."""
        return not self.drawing and (self.may_be_closed or self.gone_at is not None)

    @property
    def found_charging(self) -> bool:
        """Whether it charges though it was not agreed: it did so before we began, or was made a node just now."""
        return self.present and self.state == State.C and not self.admitted and self.refused is None

    def expected(self, now: Millis) -> bool:
        """Whether a place is kept for it."""
        lately = self.offered_at is not None and now - self.offered_at < COMES_WITHIN_MS
        return lately and self.present and self.wants and self.refused is None and not self.admitted

    def takes(self, now: Millis) -> Deciamps | None:
        """What its car takes, if that is less than its share; None when it takes all, or nobody has measured it."""
        return self.appetite.takes if self.drawn(now) is not None else None

    @property
    def ready(self) -> bool:
        """Whether it offers to a car that does not draw."""
        return self.present and self.refused is None and not self.admitted and self.state in _OFFERED

    @property
    def may_offer(self) -> bool:
        """Whether it offers to a car that does not draw, or will as soon as it hears that it may."""
        return self.ready or (self.present and self.pulses_agreed)

    @property
    def waiting(self) -> bool:
        """Whether it waits for its turn."""
        return self.present and self.refused is not None and self.wants and not self.may_be_closed

    @property
    def told(self) -> Deciamps:
        """What everybody is told of its share; the master's own charger needs no word before it offers."""
        return 0 if self.index == 0 and self.state in RESTING else self.share

    def give(self, share: Deciamps, now: Millis) -> None:
        """It is to offer ``share``."""
        if share != self.share:
            self.share, self.given_at = share, now

    def may_rise(self, now: Millis) -> bool:
        """Whether the last change of its share is long enough ago for its car to be told of more."""
        return self.given_at is None or now - self.given_at >= CHANGE_GAP_MS

    def hear(self, status: NodeStatus) -> None:
        """It answered a poll."""
        self.missed, self.polled, self.gone_at = 0, True, None
        self.heard += 1
        self.error, self.current, self.most = status.error, status.current, status.most
        self.mode, self.solar_s = status.mode, status.solar_s
        self.asks_pulses, self.asks_contactor = status.state in _ASKS_PULSES, status.state == State.COMM_C
        self.moved(status.state)
        may = status.access is Access.ALLOW and not status.error & ~_WAITING_BITS
        self.wants = may and status.state in {State.B1, *_ASKS_PULSES, *_OFFERED, *_MAY_BE_CLOSED}
        if self.found_charging and not self.share:
            self.share = status.current  # it goes on until it has been judged
        if not self.may_be_closed:
            self.held = self.share if self.admitted else 0
        else:
            self.held = max(self.share, self.current)

    def miss(self, now: Millis) -> None:
        """It did not."""
        self.looked_for += 1
        self.polled = self.polled or self.looked_for >= LOOKS
        if self.present and self.missed + 1 == POLLS_MISSED:
            self.gone_at = now if self.may_be_closed else None
            self.asks_pulses = self.asks_contactor = self.in_step = False
        self.missed = min(self.missed + 1, POLLS_MISSED)

    def moved(self, state: int) -> None:
        """It is in ``state`` now."""
        before, self.state = self.state, state
        self.pulses_agreed = self.pulses_agreed and state in _ASKS_PULSES
        if state in _MAY_BE_CLOSED or state == State.COMM_C:
            return
        if self.admitted and (before in _MAY_BE_CLOSED or not self.asks_contactor):
            self.leave()
        self.granted = False
        if state == State.A:
            self.refused = self.offered_at = None
            self.not_before = 0

    def leave(self) -> None:
        """It has no place any more."""
        self.admitted = self.granted = False
        self.legs = 3
        self.appetite.forget()

    def free(self, now: Millis) -> None:
        """A node that vanished has had its time to stop."""
        if self.gone_at is not None and now - self.gone_at >= GONE_MS:
            self.gone_at = self.refused = self.offered_at = None
            self.state = State.A
            self.wants = False
            self.share = self.held = 0
            self.leave()

    def meter(self, currents: PhaseCurrents, now: Millis) -> None:
        """Its EV meter was read."""
        self.metered_before = NO_CURRENT if self.metered is None else self.metered
        self.metered, self.metered_at = currents, now
        highest = max(currents.each())
        if self.drawing and self.granted:
            self.appetite.feed(highest, self.share, now)
        if highest >= _FLOWS:
            self.legs = sum(current * 4 >= highest for current in currents.each())

    def drawn(self, now: Millis) -> PhaseCurrents | None:
        """What its car draws, by its EV meter; None when that has not said lately."""
        if self.metered is None or now - self.metered_at > _METERED_MS:
            return None
        return self.metered.higher(self.metered_before)
