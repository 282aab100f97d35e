"""When charging may begin again after it had to stop for want of power or of sun.

Owns the lack itself and the wait after it. Charging rests for at least 15 s, and until there has been room for a while.
The busier the house has been lately, the more room than MIN is asked for: where the next load takes nothing away, there
is nothing to wait for. That ends after a minute, and after twice as long each time it repeats, up to five. Many stops
within an hour are spread over it. Want of sun waits 15 s from when the sun is back, and twice as long each time it
repeats.
"""

from collections import deque

from evsed.core.backoff import Backoff
from evsed.core.contactors import HOUR_MS
from evsed.core.faults import Fault
from evsed.core.units import Deciamps, Millis

FIRST_WAIT_MS = 15_000
LONGEST_FIRST_MS = 60_000
LONGEST_WAIT_MS = 300_000
FORGIVEN_AFTER_MS = 600_000

MANY_STOPS = 15
AFTER_MANY_MS = 240_000
"""After 15 stops in an hour, half of the closings that a contactor may make, the wait is 4 min however much room there
is: the other half lasts for the rest of the hour then, and the contactor never has to rest to its end."""

OVER_AFTER_MS = 1_000
"""A lack is over when it was not there for this long."""

STEADY_MS = 5_000
"""Room counts when it has been there for this long; in a restless house for up to ``RESTLESS_MS`` more."""

RESTLESS_MS = 10_000
BUSY_OVER_MS = 1_200_000
"""How far back the house's habits are looked at, as the time constant of a fading mean."""

MORE_ROOM: Deciamps = 300
MOST_MORE: Deciamps = 160
"""After the first 15 s a house that left no room for a tenth of the time has to leave 3 A more than MIN, one that left
none for half of it 15 A, most of what cars take. That shrinks to nothing by the end of the longest wait."""


class Busyness:
    """How much of the last 20 min the house left no room for MIN: 0..1, the older the less it counts."""

    def __init__(self) -> None:
        self.share = 0.0
        self._at: Millis | None = None

    def feed(self, now: Millis, *, short: bool) -> None:
        """One fresh look."""
        if self._at is not None:
            elapsed = min(now - self._at, BUSY_OVER_MS)
            self.share += (short - self.share) * elapsed / BUSY_OVER_MS
        self._at = now


class Waits:
    """``gave_up`` when charging stops, ``watch`` while none is; ``lack`` and ``retry_at`` say what is waited for."""

    def __init__(self) -> None:
        self.lack: Fault | None = None
        self.retry_at: Millis | None = None
        self.busyness = Busyness()
        self._since: Millis | None = None  # charging stopped, or could not begin
        self._lacked_at: Millis = 0
        self._power = Backoff(LONGEST_FIRST_MS, LONGEST_WAIT_MS)
        self._sun = Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS)
        self._sun_until: Millis | None = None
        self._stops: deque[Millis] = deque(maxlen=MANY_STOPS)  # of charges; unplugging forgets none

    def forgive(self) -> None:
        """The car was unplugged or the mode changed: waits start from the beginning."""
        self.lack = self.retry_at = self._since = self._sun_until = None
        self._power.forgive()
        self._sun.forgive()

    def offered(self) -> None:
        """Current is offered: nothing is waited for."""
        self.retry_at = self._sun_until = None

    def gave_up(self, lack: Fault, now: Millis, *, charged_ms: Millis) -> None:
        """Charging has to stop after it went on for ``charged_ms``, or cannot begin."""
        if charged_ms >= FORGIVEN_AFTER_MS:
            self._power.forgive()
            self._sun.forgive()
        (self._sun if lack is Fault.NO_SUN else self._power).failed(now)
        if charged_ms > 0:
            self._stops.append(now)
        self._since = self._lacked_at = now
        self.lack = lack
        self.retry_at = self._sun_until = None

    @property
    def steady_ms(self) -> Millis:
        """For how long room has to have been there."""
        if self._since is None:
            return 0
        return STEADY_MS + min(RESTLESS_MS, round(2 * RESTLESS_MS * self.busyness.share))

    def lacking(self, lack: Fault, now: Millis) -> None:
        """There is too little of it now."""
        self._since = now if self._since is None else self._since
        self._lacked_at = now
        self.lack = lack
        self.retry_at = None

    def looks_back_ms(self, now: Millis) -> Millis:
        """Over how long the least room is asked for: ``steady_ms``, but not what was before the lack was over."""
        return max(0, min(self.steady_ms, now - self._lacked_at - 1))

    def enough(self, spare: Deciamps, now: Millis) -> None:
        """There is enough now. ``spare``: the least room beyond MIN, as far as one looks back."""
        if self.lack is not None and now - self._lacked_at < OVER_AFTER_MS:
            return
        if self.lack is Fault.NO_SUN:
            again = self._sun_until is not None  # sun went and came back during the wait, which goes on
            wait_ms = STEADY_MS if again else self._sun.wait_ms or FIRST_WAIT_MS
            self._sun_until = max(self._sun_until or 0, now + wait_ms)
        self.lack = None
        self.retry_at = self._room_at(spare) if self._sun_until is None else self._sun_until

    def _room_at(self, spare: Deciamps) -> Millis | None:
        """When ``spare`` is enough."""
        if self._since is None:
            return None
        longest_ms = self._power.wait_ms or LONGEST_FIRST_MS
        asked = min(MOST_MORE, MORE_ROOM * self.busyness.share)
        missing = max(0.0, 1 - max(0, spare) / asked) if asked > 0 else 0.0
        many = len(self._stops) == MANY_STOPS and self._since - self._stops[0] < HOUR_MS
        first_ms = AFTER_MANY_MS if many else FIRST_WAIT_MS
        shrunk_at = self._since + first_ms + round(missing * max(0, longest_ms - first_ms))
        return max(shrunk_at, self._lacked_at + self.steady_ms)
