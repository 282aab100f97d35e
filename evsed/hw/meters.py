"""The meter table: where each meter keeps what, and pure functions from registers to values.

Asking the meter is rs485.py's; which meter has which role is the owner's setting.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from evsed.core.model import MeterType, PhaseCurrents
from evsed.core.units import WattHours, Watts, deciamps

HIGHEST_AMPS = 1_000.0


class ImplausibleError(ValueError):
    """Registers that no real meter gives; the text says which value."""


@dataclass(frozen=True, slots=True)
class Block:
    """A row of registers to be read in one request."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class MeterKind:
    """One row of the meter table: float32 meters, high word first, three currents with three powers behind them."""

    name: str
    function: int
    currents: Block
    power: Block
    import_energy: Block
    export_energy: Block


_EASTRON3P = MeterKind(
    name="Eastron3P",
    function=4,
    currents=Block(0x0006, 12),  # three unsigned currents, then at 0x000C three powers that give the sign
    power=Block(0x0034, 2),
    import_energy=Block(0x0048, 2),
    export_energy=Block(0x004A, 2),
)

METERS: Final[Mapping[MeterType, MeterKind]] = MappingProxyType({MeterType.EASTRON3P: _EASTRON3P})
"""The meters that can be read; the other rows of the table come with the issue on meters."""


def floats(registers: Sequence[int]) -> list[float]:
    """Pairs of registers as float32, high word first. Raises ImplausibleError for values that are no numbers."""
    data = struct.pack(f">{len(registers)}H", *registers)
    values = [float(value) for value in struct.unpack(f">{len(registers) // 2}f", data)]
    for value in values:
        if not math.isfinite(value):
            raise ImplausibleError(f"a value is {value}")
    return values


def currents(registers: Sequence[int]) -> PhaseCurrents:
    """Three currents, with the signs of the three powers behind them."""
    amps_and_watts = floats(registers)
    signed = []
    for amps, watts in zip(amps_and_watts[:3], amps_and_watts[3:6], strict=True):
        if abs(amps) > HIGHEST_AMPS:
            raise ImplausibleError(f"a current is {amps:.0f} A")
        signed.append(deciamps(math.copysign(amps, watts) if watts else abs(amps)))
    return PhaseCurrents(*signed)


def watts(registers: Sequence[int]) -> Watts:
    """One power in W."""
    return round(floats(registers)[0])


def watt_hours(registers: Sequence[int]) -> WattHours:
    """One energy, kWh in the registers. Raises ImplausibleError for a negative one."""
    energy = floats(registers)[0]
    if energy < 0:
        raise ImplausibleError(f"an energy is {energy:.1f} kWh")
    return round(energy * 1000)
