"""Inputs that the control thread reads by itself: residual current, lock feedback, mirror contacts; one ioctl a look.

Owns which lines these are and what their levels mean. The request is the guard's ``Lines``; buttons and switch, which
nothing is lost by reading late, are panel.py's.
"""

import contextlib
import errno
import fcntl
import os
from dataclasses import dataclass
from typing import Final

from evsed.core.ports import BoardLostError
from evsed.hw.guard import ACTIVE_LOW, VALUES, Lines
from evsed.wiring import Line, Pull, Wiring

# linux/gpio.h, gpio_v2
_GET_VALUES: Final = 0xC010_B40E
_INPUT: Final = 1 << 2
_BIAS: Final = {Pull.UP: 1 << 8, Pull.DOWN: 1 << 9, Pull.NONE: 1 << 10}

_NAMES: Final = ("rcm", "lock_feedback", "mirror1", "mirror2")


@dataclass(frozen=True, slots=True)
class LineLook:
    """What the lines say; None: not fitted."""

    rcm: bool = False  # the residual current monitor has tripped
    locked: bool | None = None
    closed1: bool | None = None  # contactor 1: its mirror contact is on while it is open
    closed2: bool | None = None


class InputLines:
    """The fitted ones of these lines, held until ``close``."""

    def __init__(self, wiring: Wiring) -> None:
        """Takes the lines from the kernel. Raises BoardLostError."""
        lines: dict[str, Line | None] = {name: getattr(wiring.pins, name) for name in _NAMES}
        self._fitted = {name: line for name, line in lines.items() if line is not None}
        self._chip = wiring.chip
        self._lines: Lines | None = None
        self._values = bytearray(VALUES.size)
        if not self._fitted:
            return
        flags = [_INPUT | ACTIVE_LOW * line.active_low | _BIAS[line.pull] for line in self._fitted.values()]
        try:
            self._lines = Lines(wiring.chip, [line.gpio for line in self._fitted.values()], flags, ())
        except OSError as error:
            raise BoardLostError(f"{self._where} cannot be used as inputs: {_why(error)}") from error

    @property
    def _where(self) -> str:
        pins = ", ".join(f"GPIO {line.gpio} ({name})" for name, line in self._fitted.items())
        return f"{self._chip}: {pins}"

    def look(self) -> LineLook:
        """One look at all of them. Raises BoardLostError."""
        if self._lines is None:
            return LineLook()
        VALUES.pack_into(self._values, 0, 0, self._lines.all)
        try:
            fcntl.ioctl(self._lines.fd, _GET_VALUES, self._values)
        except OSError as error:
            raise BoardLostError(f"{self._where} cannot be read any more: {_why(error)}") from error
        bits, _ = VALUES.unpack(self._values)
        on = {name: bool(bits >> place & 1) for place, name in enumerate(self._fitted)}
        return LineLook(on.get("rcm", False), on.get("lock_feedback"), _closed(on, "mirror1"), _closed(on, "mirror2"))

    def close(self) -> None:
        """Lets go of the lines."""
        lines, self._lines = self._lines, None
        if lines is not None:
            with contextlib.suppress(OSError):
                lines.close()


def _closed(on: dict[str, bool], mirror: str) -> bool | None:
    return not on[mirror] if mirror in on else None


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EBUSY:
            return "another program holds one of them (`gpioinfo` says which)"
        case errno.EACCES | errno.EPERM:
            return "no permission: the user evsed has to be in the group gpio"
        case errno.ENOENT:
            return "there is no such chip: look at chip in evsed.toml, and at `gpiodetect`"
        case errno.EINVAL:
            return "the chip has no such line, or does not know its pull: look at the pins in evsed.toml"
        case number:
            return os.strerror(number) if number else str(error)
