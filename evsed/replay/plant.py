"""The house, the sun, the car and the contactors of a replay. Integers: dA and ms.

The plant of the reference runs: nothing changes between two ``next_event`` times, so time may be taken in long steps.
Owns what flows; what is measured of it is measures.py's.
"""

from collections import deque
from dataclasses import dataclass

from evsed.core.actions import SAFE, Outputs, Pilot
from evsed.core.duty import current_for
from evsed.core.model import PhaseCurrents
from evsed.core.units import Deciamps, Millis

PLUGGED_MS = 5_000
WANTS_MS = 6_000
S2_CLOSES_MS = 1_000
S2_OPENS_MS = 1_000
DRAWS_MS = 2_000
_PULSES = range(800, 9_701)
_NOTHING = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Car:
    """What kind of car it is: its dead time, the phases it draws from (1 to 3), and the most it draws on each."""

    lag_ms: Millis = 2_000
    phases: int = 3
    most: Deciamps = 160


class Plant:
    """``drive`` it with the charger's outputs, let time pass with ``advance``, and see what flows."""

    def __init__(self, car: Car, *, single: bool) -> None:
        """``single``: contactor 1 switches all phases; else L2 and L3 are contactor 2's."""
        self.house: tuple[Deciamps, ...] = _NOTHING
        self.sun: tuple[Deciamps, ...] = _NOTHING
        self.drawn: tuple[Deciamps, ...] = _NOTHING
        self.s2_closed = False
        self._car = car
        self._single = single
        self._now: Millis = 0
        self._outputs = SAFE
        self._pulses_since: Millis | None = None
        self._quiet_since: Millis | None = 0
        self._supplied_since: Millis | None = None
        self._offers: deque[tuple[Millis, Deciamps]] = deque([(-car.lag_ms, 0)])

    @property
    def plugged(self) -> bool:
        """Whether the car hangs on the charger."""
        return self._now >= PLUGGED_MS

    @property
    def volts(self) -> int:
        """The high half of the pilot."""
        return 12 if not self.plugged else 6 if self.s2_closed else 9

    @property
    def mains(self) -> tuple[Deciamps, ...]:
        """What flows through the main fuse on each phase; positive is import."""
        (h1, h2, h3), (s1, s2, s3), (c1, c2, c3) = self.house, self.sun, self.drawn
        return (h1 - s1 + c1, h2 - s2 + c2, h3 - s3 + c3)

    def measured(self) -> tuple[PhaseCurrents, PhaseCurrents]:
        """What meters of mains and car show."""
        return PhaseCurrents(*self.mains), PhaseCurrents(*self.drawn)

    def drive(self, outputs: Outputs) -> None:
        """The charger's outputs are these from now on."""
        now, duty = self._now, outputs.pilot.pulses if outputs.pilot.kind is Pilot.PWM else 0
        if duty in _PULSES:
            self._pulses_since = now if self._pulses_since is None else self._pulses_since
            self._quiet_since = None
        else:
            self._pulses_since = None
            self._quiet_since = now if self._quiet_since is None else self._quiet_since
        if not outputs.contactor1:
            self._supplied_since = None
        elif self._supplied_since is None:
            self._supplied_since = now
        offer = current_for(duty)
        if offer != self._offers[-1][1]:
            self._offers.append((now, offer))
        self._outputs = outputs
        self._settle()

    def advance(self, now: Millis) -> None:
        """Time passes until ``now``, which is not later than ``next_event``."""
        self._now = now
        self._settle()

    def next_event(self) -> Millis | None:
        """When something will change by itself; None when nothing will."""
        times = [self._s2_moves_at()]
        times += [start for start in (PLUGGED_MS, WANTS_MS) if start > self._now]
        if self._supplied_since is not None and self._supplied_since + DRAWS_MS > self._now:
            times.append(self._supplied_since + DRAWS_MS)
        if len(self._offers) > 1:
            times.append(self._offers[1][0] + self._car.lag_ms)
        return min((time for time in times if time is not None), default=None)

    def _s2_moves_at(self) -> Millis | None:
        if self._pulses_since is not None and not self.s2_closed:
            return max(self._pulses_since + S2_CLOSES_MS, WANTS_MS)
        if self._quiet_since is not None and self.s2_closed:
            return self._quiet_since + S2_OPENS_MS
        return None

    def _settle(self) -> None:
        now = self._now
        moves_at = self._s2_moves_at()
        if moves_at is not None and now >= moves_at:
            self.s2_closed = not self.s2_closed
        while len(self._offers) > 1 and self._offers[1][0] + self._car.lag_ms <= now:
            self._offers.popleft()
        since = self._supplied_since
        if since is None or now < since + DRAWS_MS or not self.s2_closed:
            self.drawn = _NOTHING
            return
        current = min(self._car.most, self._offers[0][1])
        reach = 3 if self._single or self._outputs.contactor2 else 1
        phases = min(reach, self._car.phases)
        self.drawn = tuple(current if phase < phases else 0 for phase in range(3))
