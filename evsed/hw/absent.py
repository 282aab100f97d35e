"""What stands in the place of a part that an installation does not have: it is there, and does nothing."""

from collections.abc import Callable

from evsed.core.actions import Outputs, PilotDrive
from evsed.core.events import Inputs
from evsed.core.model import Equipment
from evsed.core.snapshot import Snapshot

NOTHING_SEEN = Inputs(pilot_mv=(), buttons=None)


class AbsentBoard:
    """Implements Board where nobody has said which board there is: no pin, bus or process is touched."""

    @property
    def equipment(self) -> Equipment:
        """See Board."""
        return Equipment(needs_set_up=True, described=False)

    def sample(self) -> Inputs:
        """See Board. Nothing is known."""
        return NOTHING_SEEN

    def apply(self, outputs: Outputs) -> None:
        """See Board. There is nothing that could be driven."""

    def close(self) -> None:
        """See Board."""


class PilotByGuard:
    """With the kernel's PWM the guard makes the pulses, from the feed: nothing is left to do. See board.PilotDriver."""

    def drive(self, drive: PilotDrive) -> None:
        """The guard has been told."""

    def keep(self) -> None:
        """The guard's lease is the pilot's."""

    def forget(self) -> None:
        """The guard writes by itself."""

    def open_contactors(self) -> None:
        """There is no second way to them beside ``evsed-safe``'s."""

    def close(self) -> None:
        """The guard makes it constant."""


class NoPanel:
    """Buttons, light and buzzer of a board without them, or of one that reports its buttons itself."""

    def start(self, look: Callable[[], Snapshot | None]) -> None:
        """See panel.Panel."""

    def close(self) -> None:
        """See panel.Panel."""
