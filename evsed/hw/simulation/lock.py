"""The cable lock's actuator: moves while it is driven for long enough, and stays where it is otherwise. Pure."""

from evsed.core.actions import LockDrive
from evsed.core.units import Millis

MOVES_IN_MS = 300


class Lock:
    """A solenoid or motor with feedback; may be stuck. ``locked`` is where it stands, which is what feedback tells."""

    def __init__(self) -> None:
        self.locked = False
        self.fault: str | None = None
        self._drive = LockDrive.REST
        self._since: Millis = 0

    def advance(self, drive: LockDrive, now: Millis) -> None:
        """Lets the actuator see how it is driven at ``now``."""
        if drive is not self._drive:
            self._drive, self._since = drive, now
        if drive is LockDrive.REST or self.fault is not None or now - self._since < MOVES_IN_MS:
            return
        self.locked = drive is LockDrive.LOCK
