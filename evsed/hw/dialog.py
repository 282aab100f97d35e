"""What a meter is asked and what its answer says: the records that bus and meters share, and a meter's protocol.

Owns the words only; which meter is asked for what is meters.py's and sensorbox.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evsed.core.model import PhaseCurrents
from evsed.core.units import WattHours, Watts


@dataclass(frozen=True, slots=True)
class Read:
    """One request to a meter: ``count`` registers from ``first``, with function 3 or 4."""

    function: int
    first: int
    count: int

    def holds(self, first: int, end: int) -> bool:
        """Whether its answer contains the registers from ``first`` up to and without ``end``."""
        return self.first <= first and end <= self.first + self.count


@dataclass(frozen=True, slots=True)
class Values:
    """What one answer says; None is "not in it". Currents and power are positive for import."""

    currents: PhaseCurrents | None = None
    power_w: Watts | None = None
    import_wh: WattHours | None = None
    export_wh: WattHours | None = None
    volts: tuple[float, float, float] | None = None  # of L1 to L3; 0.0 on L2 and L3 of a meter of one phase


class Meter(Protocol):
    """The dialog with one meter. Address and timing are the bus's."""

    @property
    def name(self) -> str:
        """As clients and the LCD call its type."""

    @property
    def fixed_address(self) -> int | None:
        """Where it always is, whatever the settings say; None: where the settings say."""

    @property
    def fast(self) -> Read:
        """The currents, with whatever gives their signs; to be asked for as often as the bus carries it."""

    @property
    def slow(self) -> tuple[Read, ...]:
        """Power and energies, as far as ``fast`` has not told them."""

    @property
    def extra(self) -> tuple[Read, ...]:
        """Voltages, for people who look for a fault in the wiring."""

    def take(self, read: Read, words: Sequence[int]) -> Values:
        """What the answer ``words`` to ``read`` says. Raises ImplausibleError, and nothing else."""

    def write(self) -> tuple[int, int, int] | None:
        """What the meter should be told now: function 6, register, value; None: nothing."""
