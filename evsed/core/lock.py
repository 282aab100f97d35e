"""The cable lock of a socket: a pulse to the actuator, checked by its feedback, tried again until it has moved.

Owns the pulses and the tries. Whether the cable is to be locked comes in; what a lock that does not move means for
charging is faults.py's. Solenoid and motor get the same pulse; which wire that is, is the board's.
"""

from evsed.core.actions import LockDrive
from evsed.core.units import Millis

PULSE_MS = 600
RETRY_MS = 5_000
TRIES = 3


class CableLock:
    """``feed`` tells the feedback, ``step`` what is wanted; ``drive`` is the actuator's output."""

    def __init__(self) -> None:
        self.failed = False
        """Three pulses in a row did not bring the lock to where it was wanted; it is tried further."""

        self._position: bool | None = None  # True: locked; None: not known
        self._feedback = False
        self._target: bool | None = None
        self._pulsed_at: Millis | None = None
        self._tries = 0

    def feed(self, locked: bool | None) -> None:
        """The feedback's word; None when the lock has none: then a whole pulse is believed."""
        self._feedback = locked is not None
        if locked is not None:
            self._position = locked

    def step(self, wanted: bool | None, now: Millis) -> None:
        """Brings the lock towards ``wanted``; None when no lock is fitted."""
        if wanted is not self._target:
            self._target = wanted
            self._begin_anew()
        if wanted is None or self._pulsing(now):
            return
        if self._pulsed_at is not None and not self._feedback:
            self._position = wanted
        if self._position is wanted:
            self._begin_anew()
        elif self._pulsed_at is None:
            self._pulse(now)
        else:
            self.failed = self.failed or self._tries >= TRIES
            if now - self._pulsed_at >= RETRY_MS:
                self._pulse(now)

    def let_go(self, wanted: bool | None, now: Millis) -> bool | None:
        """What is wanted of a lock that the owner has given up: as it is while a car is there, and then unlocked."""
        if wanted is not False:
            return self._target
        tried = self._tries >= TRIES and not self._pulsing(now)
        over = self._target is False and (self._position is False or tried)
        return None if self._target is None or over else False

    def _begin_anew(self) -> None:
        self._pulsed_at, self._tries, self.failed = None, 0, False

    def _pulse(self, now: Millis) -> None:
        self._pulsed_at = now
        self._tries += 1
        if not self._feedback:
            self._position = None  # on its way: a pulse that is broken off leaves it anywhere

    def _pulsing(self, now: Millis) -> bool:
        return self._pulsed_at is not None and now - self._pulsed_at < PULSE_MS

    def drive(self, now: Millis) -> LockDrive:
        """What the actuator gets now."""
        if not self._pulsing(now):
            return LockDrive.REST
        return LockDrive.LOCK if self._target else LockDrive.UNLOCK

    @property
    def locked(self) -> bool | None:
        """Whether the cable is locked; None without a lock, or when nobody knows."""
        return None if self._target is None else self._position

    @property
    def holds(self) -> bool:
        """Whether charging may begin as far as the lock goes."""
        return self._target is None or self._position is True
