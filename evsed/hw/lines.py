"""The inputs that the control thread reads itself: residual current monitor, lock feedback, mirror contacts.

One request of the kernel's GPIO device holds them all, and one call reads them, which never waits. Buttons and the
external switch are panel.py's.
"""

import fcntl
from dataclasses import dataclass

from evsed.core.ports import BoardLostError
from evsed.hw.guard import ACTIVE_LOW, VALUES, Lines
from evsed.wiring import Pull, Wiring

_GET_VALUES = 0xC010_B40E  # GPIO_V2_LINE_GET_VALUES_IOCTL of linux/gpio.h
_INPUT = 4
_BIAS = {Pull.UP: 256, Pull.DOWN: 512, Pull.NONE: 1024}
_NAMES = ("rcm", "lock_feedback", "mirror1", "mirror2")


@dataclass(frozen=True, slots=True)
class LineLook:
    """One look. None: not fitted."""

    rcm: bool  # the monitor has tripped
    locked: bool | None
    closed1: bool | None  # contactor 1 is closed: its mirror contact is off
    closed2: bool | None


class InputLines:
    """Reads the inputs that are fitted. Not thread-safe: the control thread owns it."""

    def __init__(self, wiring: Wiring) -> None:
        """Takes the lines. Raises BoardLostError."""
        fitted = {name: line for name in _NAMES if (line := getattr(wiring.pins, name)) is not None}
        self._names = list(fitted)
        self._chip = wiring.chip
        self._gpios = ", ".join(f"{line.gpio} ({name})" for name, line in fitted.items())
        self._lines: Lines | None = None
        flags = [_INPUT | ACTIVE_LOW * line.active_low | _BIAS[line.pull] for line in fitted.values()]
        try:
            if fitted:
                self._lines = Lines(wiring.chip, [line.gpio for line in fitted.values()], flags, [])
        except OSError as error:
            raise self._lost("taken", error) from error

    def look(self) -> LineLook:
        """Reads every line. Raises BoardLostError."""
        on = dict.fromkeys(_NAMES)
        if self._lines is not None:
            values = bytearray(VALUES.pack(0, self._lines.all))
            try:
                fcntl.ioctl(self._lines.fd, _GET_VALUES, values)
            except OSError as error:
                raise self._lost("read", error) from error
            bits = VALUES.unpack(values)[0]
            on.update({name: bool(bits >> index & 1) for index, name in enumerate(self._names)})
        mirror1, mirror2 = on["mirror1"], on["mirror2"]
        return LineLook(
            rcm=bool(on["rcm"]),
            locked=on["lock_feedback"],
            closed1=None if mirror1 is None else not mirror1,
            closed2=None if mirror2 is None else not mirror2,
        )

    def _lost(self, what: str, error: OSError) -> BoardLostError:
        return BoardLostError(
            f"{self._chip}: the inputs at GPIO {self._gpios} cannot be {what}: {error.strerror}; "
            "evsed doctor says who holds them"
        )

    def close(self) -> None:
        """Lets go of the lines."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None
