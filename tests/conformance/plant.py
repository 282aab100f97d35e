"""The house and the car of a recorded run: what the pilot shows, what flows. Integers: dA, mV and ms.

The car's habits are those that the recordings' README describes, and not those of evsed's own simulation.
"""

from collections import deque
from functools import cache
from typing import Final

from evsed.core.actions import Outputs, Pilot, PilotDrive
from evsed.core.duty import current_for
from evsed.core.model import PhaseCurrents
from tests.conformance.runs import CarModel

SHORT: Final = 255
INVALID: Final = 0
NOT_FORCED: Final = -1
_PULSES = range(800, 9_701)
_SAMPLES = 100
_PERIODS = 3
_HIGH_MV = {12: 12_000, 9: 9_000, 6: 6_000, 3: 3_000, SHORT: 0, INVALID: 1_500, -12: -12_000}


@cache
def burst(level: int, duty: int, diode: bool) -> tuple[int, ...]:
    """Samples of the pilot while ``duty`` (0..10000) is driven and the car pulls its high half to ``level`` volts."""
    high = _HIGH_MV[level]
    low = high if level in {SHORT, -12} else -12_000 if diode or level == 12 else -high
    phases = (at * _PERIODS * 10_000 // _SAMPLES % 10_000 for at in range(_SAMPLES))
    return tuple(high if phase < duty else low for phase in phases)


@cache
def level_names() -> frozenset[int]:
    """The levels that a recording may force upon the pilot."""
    return frozenset(_HIGH_MV)


class RecordedCar:
    """The car. ``advance`` goes in ticks of 10 ms."""

    def __init__(self, model: CarModel) -> None:
        self.habits: dict[str, int] = {key: getattr(model, key) for key in CarModel.__dataclass_fields__}
        self.plugged = False
        self.wants = False
        self.forced = NOT_FORCED
        self.s2_closed = False
        self._asked_since: int | None = None
        self._quiet_since: int | None = None
        self._supplied_since: int | None = None
        self._duties: deque[tuple[int, int]] = deque()

    def advance(self, outputs: Outputs, now: int) -> None:
        """Lets the car see the charger's ``outputs`` at ``now``."""
        pilot = outputs.pilot
        duty = pilot.pulses if pilot.kind is Pilot.PWM and self.plugged and self._pilot_reaches_it else 0
        pulses = duty in _PULSES
        self._asked_since = (self._asked_since or now) if pulses and self.wants else None
        self._quiet_since = None if pulses else (self._quiet_since or now)
        if not outputs.contactor1:
            self._supplied_since = None
        elif self._supplied_since is None:
            self._supplied_since = now
        self._move_s2(now)
        self._remember(current_for(duty), now)

    @property
    def _pilot_reaches_it(self) -> bool:
        return self.forced in {NOT_FORCED, 3, 6, 9}

    def _move_s2(self, now: int) -> None:
        habits = self.habits
        if not self.plugged or not self.wants:
            self.s2_closed = False
        elif self._asked_since is not None:
            self.s2_closed = self.s2_closed or now - self._asked_since >= habits["c_delay"]
        elif self._quiet_since is not None and now - self._quiet_since >= habits["stop_delay"]:
            self.s2_closed = False

    def _remember(self, current: int, now: int) -> None:
        if not self._duties or self._duties[-1][1] != current:
            self._duties.append((now, current))
        while len(self._duties) > 1 and self._duties[1][0] <= now - self.habits["dead"]:
            self._duties.popleft()

    @property
    def level(self) -> int:
        """The pilot's high half in volts, as the recordings name it."""
        if self.forced != NOT_FORCED:
            return self.forced
        return 12 if not self.plugged else 6 if self.s2_closed else 9

    def samples(self, drive: PilotDrive) -> tuple[int, ...]:
        """A burst as the charger sees it while it drives ``drive``."""
        if drive.kind is Pilot.OFF:
            return (0,) * _SAMPLES
        return burst(self.level, drive.duty, not self.habits["nodiode"])

    def draw(self, outputs: Outputs, now: int, *, single: bool) -> PhaseCurrents:
        """What the car draws; ``single``: one contactor switches every phase."""
        since = self._supplied_since
        if not outputs.contactor1 or since is None or now - since < self.habits["start_delay"] or not self.s2_closed:
            return PhaseCurrents(0, 0, 0)
        current = min(self.habits["evmax"], self._duties[0][1])
        others = current if self.habits["evphases"] == 3 and (single or outputs.contactor2) else 0
        return PhaseCurrents(current, others, others)
