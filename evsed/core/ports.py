"""What the control loop needs from the outside, as protocols; the adapters live in ``evsed.hw`` and ``evsed.store``."""

from typing import Protocol, runtime_checkable

from evsed.core.actions import LogSession, Outputs
from evsed.core.events import Inputs
from evsed.core.model import Equipment
from evsed.core.snapshot import Saved
from evsed.core.units import Millis


class BoardLostError(Exception):
    """The board's outputs can no longer be driven, and expire by themselves. The text says which part is gone."""


class Board(Protocol):
    """A charger's inputs and outputs.

    Guarantees: outputs are safe (contactors open, pilot constant) before the adapter is returned; they go safe by
    themselves 500 ms after the last ``apply``; no call takes longer than 100 ms.
    """

    @property
    def equipment(self) -> Equipment:
        """What this board is fitted with."""

    def sample(self) -> Inputs:
        """One look at every input. An input that cannot be read is empty or None. Raises BoardLostError."""

    def apply(self, outputs: Outputs) -> None:
        """Drives every output and renews the lease. Raises BoardLostError when it did not take."""

    def close(self) -> None:
        """Makes the outputs safe and lets go of the board."""


@runtime_checkable
class Leased(Protocol):
    """A board whose outputs somebody outside this process holds, and acknowledges."""

    acknowledged_at: Millis | None  # when it last drove just what was asked (monotonic); None: not yet

    @property
    def expiries(self) -> int:
        """How often it let go by itself, because it was not fed."""


class Keeper(Protocol):
    """Keeps what outlives the process. Never blocks."""

    def submit(self, saved: Saved, *, at_once: bool) -> None:
        """Takes the newest state to be written; ``at_once`` or within a minute."""


class SessionLog(Protocol):
    """Logs sessions. Never blocks."""

    def submit(self, told: LogSession) -> None:
        """Takes what is to be logged, in the order in which it is told."""
