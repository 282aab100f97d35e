"""The simulated car: when it closes S2, and how much it draws. Pure; time comes in as ``now``."""

from collections import deque

from evsed.core.duty import current_for
from evsed.core.units import DutyBp, Millis

S2_AFTER_MS = 1_000
DRAWS_AFTER_MS = 2_000
_PULSES = range(800, 9_701)


class Car:
    """A car that follows the pilot with a dead time. ``draw`` is amperes for L1, L2, L3."""

    def __init__(self) -> None:
        self.plugged = False
        self.ready = False
        self.max_current = 16.0
        self.phases = 3
        self.diode = True
        self.lag_s = 2.0
        self.cable = 32
        self.ignores_stop = False
        self.s2_closed = False
        self._pulses_since: Millis | None = None
        self._quiet_since: Millis | None = 0
        self._closed_since: Millis | None = None
        self._duties: deque[tuple[Millis, DutyBp]] = deque()
        self._kept = 0.0

    def advance(self, duty: DutyBp, contactor1: bool, now: Millis) -> None:
        """Lets the car see the pilot's duty and its supply at ``now``."""
        if duty in _PULSES:
            self._quiet_since = None
            self._pulses_since = now if self._pulses_since is None else self._pulses_since
        else:
            self._pulses_since = None
            self._quiet_since = now if self._quiet_since is None else self._quiet_since
        if not contactor1:
            self._closed_since = None
        elif self._closed_since is None:
            self._closed_since = now
        self._move_s2(now)
        if not self._duties or self._duties[-1][1] != duty:
            self._duties.append((now, duty))
        while len(self._duties) > 1 and self._duties[1][0] <= now - self.lag_s * 1000:
            self._duties.popleft()

    def _move_s2(self, now: Millis) -> None:
        if not self.plugged:
            self.s2_closed = False
        elif self.ignores_stop and self.s2_closed:
            pass
        elif not self.ready:
            self.s2_closed = False
        elif self._pulses_since is not None and now - self._pulses_since >= S2_AFTER_MS:
            self.s2_closed = True
        elif self._quiet_since is not None and now - self._quiet_since >= S2_AFTER_MS:
            self.s2_closed = False

    def draw(self, poles: int, now: Millis) -> tuple[float, float, float]:
        """What the car draws while ``poles`` phases (0, 1 or 3) reach it."""
        supplied = self._closed_since is not None and now - self._closed_since >= DRAWS_AFTER_MS
        if poles == 0 or not self.s2_closed or not supplied:
            return (0.0, 0.0, 0.0)
        seen = current_for(self._duties[0][1]) / 10 if self._duties else 0.0
        if self.ignores_stop:
            seen = self._kept = seen or self._kept
        amps = min(self.max_current, seen)
        used = min(poles, self.phases)
        return (amps, amps if used > 1 else 0.0, amps if used > 2 else 0.0)
