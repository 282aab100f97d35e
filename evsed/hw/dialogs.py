"""The dialog with one meter, as a client of the bus leads it: what to read, and what the answer says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evsed.core.model import MeterType, PhaseCurrents
from evsed.core.settings import Settings
from evsed.core.units import WattHours, Watts
from evsed.hw import meters


@dataclass(frozen=True, slots=True)
class Read:
    """A row of registers."""

    function: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Values:
    """What one answer says; None: not in it."""

    currents: PhaseCurrents | None = None
    power_w: Watts | None = None
    import_wh: WattHours | None = None
    export_wh: WattHours | None = None


class Meter(Protocol):
    """The dialog with one meter."""

    name: str

    @property
    def fast(self) -> Read: ...
    @property
    def slow(self) -> tuple[Read, ...]: ...
    def take(self, read: Read, words: Sequence[int]) -> Values: ...
    def write(self) -> tuple[int, int, int] | None: ...


class _Table:
    def __init__(self, kind: meters.MeterKind) -> None:
        self.name = kind.name
        self._reads = [
            Read(kind.function, block.first, block.count)
            for block in (kind.currents, kind.power, kind.import_energy, kind.export_energy)
        ]

    @property
    def fast(self) -> Read:
        return self._reads[0]

    @property
    def slow(self) -> tuple[Read, ...]:
        return tuple(self._reads[1:])

    def take(self, read: Read, words: Sequence[int]) -> Values:
        match self._reads.index(read):
            case 0:
                return Values(currents=meters.currents(words))
            case 1:
                return Values(power_w=meters.watts(words))
            case 2:
                return Values(import_wh=meters.watt_hours(words))
            case _:
                return Values(export_wh=meters.watt_hours(words))

    def write(self) -> tuple[int, int, int] | None:
        return None


def meter_for(kind: MeterType, settings: Settings) -> Meter | None:  # noqa: ARG001
    """None: not on the bus."""
    row = meters.METERS.get(kind)
    return None if row is None else _Table(row)
