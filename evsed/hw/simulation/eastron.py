"""An Eastron SDM630 as seen from its Modbus side: float32 input registers of what it measures. Pure.

Like the real one it gives unsigned currents and signed powers, and answers a read of undocumented registers with zeros.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from evsed.hw.simulation.plant import Amperes
from evsed.hw.simulation.unit import VOLTS

_LAST_REGISTER = 0x0180


@dataclass(frozen=True, slots=True)
class Eastron:
    """A meter at ``address`` that measures ``current`` and counts ``imported`` and ``exported`` (Wh)."""

    address: int
    current: Callable[[], Amperes]
    imported: Callable[[], float]
    exported: Callable[[], float]
    silent: Callable[[], bool]

    def read(self, first: int, count: int) -> list[int] | None:
        """``count`` input registers from ``first``; None where the meter has none."""
        if first + count > _LAST_REGISTER:
            return None
        words: dict[int, int] = {}
        for register, value in self._values().items():
            high, low = struct.unpack(">HH", struct.pack(">f", value))
            words[register], words[register + 1] = high, low
        return [words.get(register, 0) for register in range(first, first + count)]

    def _values(self) -> dict[int, float]:
        amps = self.current()
        watts = [ampere * VOLTS for ampere in amps]
        values = {0x0034: sum(watts), 0x0046: 50.0, 0x0048: self.imported() / 1000, 0x004A: self.exported() / 1000}
        for phase in range(3):
            values[2 * phase] = VOLTS
            values[0x0006 + 2 * phase] = abs(amps[phase])
            values[0x000C + 2 * phase] = watts[phase]
        return values
