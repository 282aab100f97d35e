"""Whether the contactors do what they are told: by their mirror contacts, and by the current the EV meter sees.

Owns the judgement of welded and failed contactors, and the contactors' rest (closings in an hour, bouncing cars).
"""

from collections import deque

from evsed.core.actions import Outputs
from evsed.core.model import PhaseCurrents
from evsed.core.units import Deciamps, Millis

MOVES_WITHIN_MS = 500
"""A contactor takes 20 to 50 ms; after this long its mirror contact has to agree."""

FLOWS: Deciamps = 10
METER_SETTLES_MS = 2_000
POSTED_SETTLES_MS = 15_000
"""How long after a contactor moved the EV meter may still tell the current from before."""

FLOWS_FOR_MS = 3_000

HOUR_MS = 3_600_000
SHORT_CHARGE_MS = 300_000
FREE_BOUNCES = 2
_FIRST_PAUSE_MS = 5_000
_LONGEST_PAUSE_MS = 300_000


class _Mirror:
    """One contactor: what it is told against what its mirror contact says."""

    def __init__(self, now: Millis) -> None:
        self._told = False
        self._told_at: Millis = now
        self._differs_since: Millis | None = None
        self.closed: bool | None = None

    def feed(self, told: bool, closed: bool | None, now: Millis) -> None:
        if told != self._told:
            self._told, self._told_at = told, now
        self.closed = closed
        if closed is None or closed is told:
            self._differs_since = None
        elif self._differs_since is None:
            self._differs_since = now

    @property
    def lingers(self) -> bool:
        """Whether it is closed and was told to be open, for however short a time."""
        return self.closed is True and not self._told

    def open_for(self, now: Millis) -> Millis:
        """How long it has been told to be open; 0 while it is told to be closed."""
        return 0 if self._told else now - self._told_at

    def _wrong(self, now: Millis) -> bool:
        since = self._differs_since
        return since is not None and now - max(since, self._told_at) >= MOVES_WITHIN_MS

    def welded(self, now: Millis) -> bool:
        return not self._told and self._wrong(now)

    def failed(self, now: Millis) -> bool:
        return self._told and self._wrong(now)


class ContactorWatch:
    """Both contactors. ``feed`` comes with every look at the board, ``metered`` with every word of the EV meter."""

    def __init__(self, now: Millis) -> None:
        self._first = _Mirror(now)
        self._second = _Mirror(now)
        self._flows_since: Millis | None = None
        self._flows_at: Millis = 0
        self._quiet = False  # the EV meter has said that nothing flows while all is open

    def feed(self, told: Outputs, closed1: bool | None, closed2: bool | None, now: Millis) -> None:
        """What the contactors were told until now, and what their mirror contacts say; None: not fitted."""
        self._first.feed(told.contactor1, closed1, now)
        self._second.feed(told.contactor2, closed2, now)

    def metered(self, currents: PhaseCurrents, now: Millis, *, posted: bool, second_fitted: bool) -> None:
        """What the EV meter says; ``posted``: it comes from outside, and late."""
        settles_ms = POSTED_SETTLES_MS if posted else METER_SETTLES_MS
        flows = self._first.open_for(now) >= settles_ms and max(currents.each()) >= FLOWS
        if second_fitted and self._second.open_for(now) >= settles_ms:
            flows = flows or max(currents.l2, currents.l3) >= FLOWS
        self._flows_at = now
        self._quiet = not flows and self._first.open_for(now) >= settles_ms
        if not flows:
            self._flows_since = None
        elif self._flows_since is None:
            self._flows_since = now

    def meter_changed(self) -> None:
        """Another EV meter, or none: what the old one said counts for nothing."""
        self._flows_since = None
        self._quiet = False

    def welded(self, now: Millis) -> bool:
        """Whether a contactor is closed, or current flows, that was told to be open."""
        flowed = self._flows_since is not None and self._flows_at - self._flows_since >= FLOWS_FOR_MS
        return flowed or self._first.welded(now) or self._second.welded(now)

    def weld_gone(self, *, metered: bool) -> bool:
        """Whether nothing speaks for a weld any more, and a mirror contact or the EV meter (``metered``) says so.

        Where neither is there the owner's word has to do.
        """
        if self._flows_since is not None or self._first.lingers or self._second.lingers:
            return False
        return self._quiet or self._first.closed is False or not metered

    def failed(self, now: Millis) -> bool:
        """Whether a contactor that was told to close has not."""
        return self._first.failed(now) or self._second.failed(now)


class Rest:
    """Spares contactor 1: closings in an hour are capped, and a car that bounces between B and C waits ever longer."""

    def __init__(self) -> None:
        self._closings: deque[Millis] = deque()
        self._bounces = 0
        self._until: Millis = 0

    def closed(self, now: Millis) -> None:
        """Contactor 1 was closed."""
        self._closings.append(now)

    def released(self, charged_ms: Millis, now: Millis) -> None:
        """The car went from C back to B by itself, after ``charged_ms``."""
        self._bounces = self._bounces + 1 if charged_ms < SHORT_CHARGE_MS else 0
        extra = self._bounces - FREE_BOUNCES
        if extra > 0:
            self._until = now + min(_FIRST_PAUSE_MS * 2 ** min(extra - 1, 10), _LONGEST_PAUSE_MS)

    def unplugged(self) -> None:
        """The next car starts with a clean record; the closings of the hour stay counted."""
        self._bounces = 0
        self._until = 0

    def until(self, closings_per_hour: int, now: Millis) -> Millis:
        """Until when the contactor has to rest; in the past when it has not."""
        while self._closings and self._closings[0] <= now - HOUR_MS:
            self._closings.popleft()
        worn = len(self._closings) >= closings_per_hour
        return max(self._until, self._closings[-closings_per_hour] + HOUR_MS) if worn else self._until
