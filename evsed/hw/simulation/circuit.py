"""The pilot as a circuit: source, cable, car, and the samples that an ADC takes of it. Pure; noise comes seeded.

IEC 61851-1 Annex A: ±12 V through 1 kΩ; in the car a diode, 2.74 kΩ, and 1.3 kΩ (and 270 Ω) switched in parallel.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add

from evsed.core.actions import Pilot, PilotDrive
from evsed.core.units import Millivolts

SOURCE_MV = 12_000
SOURCE_OHMS = 1_000
DIODE_MV = 700
R2_OHMS = 2_740
R2_R3_OHMS = 882  # 2.74 kΩ in parallel with 1.3 kΩ: S2 closed
INVALID_OHMS = 76  # about 1.5 V: no level of the norm
PERIOD_US = 1_000
SPACING_US = 30
BURST = 100
EDGE_US = 6
NOISE_MV = 25

PROXIMITY_OHMS = {13: 1_500, 16: 680, 20: 680, 32: 220, 63: 100}


@dataclass(frozen=True, slots=True)
class Wiring:
    """What hangs on the pilot wire."""

    plugged: bool
    s2_closed: bool
    diode: bool
    fault: str | None  # None, "short", "open", "no_diode" or "invalid"

    def plateau(self, source: Millivolts) -> Millivolts:
        """The voltage at the charger's end while ``source`` is driven."""
        if self.fault == "short":
            return 0
        if not self.plugged or self.fault == "open":
            return source
        if source < 0 and self.diode and self.fault != "no_diode":
            return source
        ohms = INVALID_OHMS if self.fault == "invalid" else R2_R3_OHMS if self.s2_closed else R2_OHMS
        diode = DIODE_MV if source > 0 and self.diode and self.fault != "no_diode" else 0
        return (source - diode) * ohms // (SOURCE_OHMS + ohms) + diode


class Noise:
    """Seeded noise of the ADC, and the phase at which it happens to start."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._table = [round(self._random.gauss(0, NOISE_MV)) for _ in range(4 * BURST)]

    def on(self, clean: Sequence[Millivolts]) -> list[Millivolts]:
        """``clean`` with noise on it."""
        start = self._random.randrange(len(self._table) - len(clean))
        return list(map(add, clean, self._table[start : start + len(clean)]))

    def phase(self) -> int:
        """A moment within the pulses' period, in microseconds."""
        return self._random.randrange(PERIOD_US)


def burst(wiring: Wiring, drive: PilotDrive, noise: Noise) -> list[Millivolts]:
    """About 100 samples, 30 µs apart, at a random phase of the 1 kHz pulses."""
    if drive.kind is Pilot.OFF:
        return noise.on(_level(0))
    high, low = wiring.plateau(SOURCE_MV), wiring.plateau(-SOURCE_MV)
    on_us = PERIOD_US * drive.duty // 10_000
    if on_us in {0, PERIOD_US}:
        return noise.on(_level(high if on_us else low))
    at = noise.phase()
    return noise.on(_pulses(on_us, high, low)[at : at + BURST * SPACING_US : SPACING_US])


@lru_cache(maxsize=64)  # 8 chargers take 800 bursts a second
def _level(millivolts: Millivolts) -> tuple[Millivolts, ...]:
    return (millivolts,) * BURST


@lru_cache(maxsize=64)
def _pulses(on_us: int, high: Millivolts, low: Millivolts) -> tuple[Millivolts, ...]:
    """The pilot in every microsecond of a period, often enough for a burst from any phase."""
    period = tuple(_at_phase(phase, on_us, high, low) for phase in range(PERIOD_US))
    return period * (1 + BURST * SPACING_US // PERIOD_US)


def _at_phase(phase: int, on_us: int, high: Millivolts, low: Millivolts) -> Millivolts:
    if phase < EDGE_US:
        return low + (high - low) * phase // EDGE_US
    if on_us <= phase < on_us + EDGE_US:
        return high + (low - high) * (phase - on_us) // EDGE_US
    return high if phase < on_us else low
