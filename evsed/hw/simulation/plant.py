"""The simulated installation as a whole: chargers, house and sun, brought forward in time. Pure."""

from evsed.core.units import Millis
from evsed.hw.simulation.unit import VOLTS, Unit

STEP_MS = 10
_LONGEST_GAP_MS = 5_000

Amperes = tuple[float, float, float]


class Plant:
    """Everything outside the daemons. ``advance`` brings it to ``now``; nothing happens in between calls."""

    def __init__(self, chargers: int, seed: int, now: Millis) -> None:
        self.units = [Unit(seed + index) for index in range(chargers)]
        self.house: Amperes = (1.0, 1.0, 1.0)
        self.sun: Amperes = (0.0, 0.0, 0.0)
        self.mains_silent = False
        self.ev_silent = [False] * chargers
        self.offline = [False] * chargers
        self.imported_wh = 0.0
        self.exported_wh = 0.0
        self._now = now

    @property
    def now(self) -> Millis:
        """The time the plant has been brought to."""
        return self._now

    def advance(self, now: Millis) -> None:
        """Lets time pass in steps of 10 ms; after a pause of the process the missing time is made up, up to 5 s."""
        self._now = max(self._now, now - _LONGEST_GAP_MS)
        while now - self._now >= STEP_MS:
            self._now += STEP_MS
            for unit in self.units:
                unit.advance(self._now, STEP_MS)
            watts = sum(self.mains) * VOLTS
            energy_wh = abs(watts) * STEP_MS / 3_600_000
            if watts > 0:
                self.imported_wh += energy_wh
            else:
                self.exported_wh += energy_wh

    @property
    def mains(self) -> Amperes:
        """What flows through the main fuse: house, minus sun, plus every car; negative is export."""
        l1, l2, l3 = (
            house - sun + sum(unit.current[phase] for unit in self.units)
            for phase, (house, sun) in enumerate(zip(self.house, self.sun, strict=True))
        )
        return (l1, l2, l3)
