"""What stands in the place of a part that an installation does not have: it is there, and does nothing."""

from collections.abc import Callable

from evsed.core.actions import PilotDrive
from evsed.core.snapshot import Snapshot


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
