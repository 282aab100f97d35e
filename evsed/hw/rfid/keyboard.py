"""A card reader that types like a keyboard: digits and Enter, read from its /dev/input/by-id/...-event-kbd.

Owns the events (linux/input.h) and keeping them from the console. What the typed digits mean is uid.py's.
"""

import errno
import fcntl
import logging
import os
import select
import struct
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from evsed.hw.rfid.reader import ReaderError, refused
from evsed.hw.rfid.uid import from_typed

_EVENT: Final = struct.Struct("@llHHi")  # struct input_event: 24 bytes on 64 bits
_EVIOCGRAB: Final = 0x4004_4590
_EV_SYN: Final = 0
_SYN_DROPPED: Final = 3  # the kernel's queue was full: what came before is not all there
_EV_KEY: Final = 1
_DOWN: Final = 1
_MOST = 64  # events in a read
_LOOK_S = 0.25
_STALE_S = 1.0  # a reader types a number in a few milliseconds: what has no Enter by then was cut off
_LONGEST = 32

_ROW = dict(zip(range(2, 12), "1234567890", strict=True))
_KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
_LETTERS = dict(zip((30, 48, 46, 32, 18, 33), "ABCDEF", strict=True))
KEYS: Final = _ROW | _KEYPAD | _LETTERS
"""What each key of linux/input-event-codes.h types. Shift is not looked at: A and a are the same digit."""

ENTER: Final = frozenset({28, 96})
_SILENT: Final = frozenset({42, 54, 58, 69})  # Shift, Caps Lock and Num Lock, which some readers press around letters

_LOG = logging.getLogger(__name__)

Ioctl: TypeAlias = Callable[[int, int, int], Any]


class Keyboard:
    """The opened reader, for this process alone."""

    def __init__(self, device: str, ioctl: Ioctl = fcntl.ioctl) -> None:
        """Opens ``device`` and takes its keys away from the console. Raises ReaderError."""
        self._device = device
        self._typed = ""
        self._typed_at = 0.0
        self._holes = False  # keys were lost since the last Enter
        try:
            self._fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise refused(device, error) from error
        try:
            ioctl(self._fd, _EVIOCGRAB, 1)
        except OSError as error:
            os.close(self._fd)
            if error.errno == errno.EBUSY:
                raise ReaderError(f"{device}: another program uses it already") from error
            if error.errno in {errno.ENOTTY, errno.EINVAL}:
                raise ReaderError(f"{device}: it is no input device; name one of /dev/input/by-id/") from error
            raise refused(device, error) from error

    def close(self) -> None:
        """Lets go of it; the kernel ends the grab with it."""
        os.close(self._fd)

    def read(self) -> str | None:
        """The card that was typed, if one was; waits for a quarter of a second at most. Raises ReaderError."""
        ready, _, _ = select.select([self._fd], [], [], _LOOK_S)
        if not ready:
            return None
        try:
            data = os.read(self._fd, _MOST * _EVENT.size)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ReaderError(f"{self._device}: it was unplugged ({os.strerror(error.errno or 0)})") from error
        if not data:
            raise ReaderError(f"{self._device}: it was unplugged")
        card = None
        for at in range(0, len(data) - len(data) % _EVENT.size, _EVENT.size):
            _, _, kind, code, value = _EVENT.unpack_from(data, at)
            if kind == _EV_SYN and code == _SYN_DROPPED:
                self._holes = True
            elif kind == _EV_KEY and value == _DOWN:
                card = self._pressed(code) or card
        return card

    def _pressed(self, code: int) -> str | None:
        now = time.monotonic()
        if now - self._typed_at > _STALE_S:
            self._typed = ""
        self._typed_at = now
        if code in ENTER:
            typed, self._typed = self._typed, ""
            holes, self._holes = self._holes, False
            if holes:
                _LOG.warning("card reader %s: keys were lost, this number does not count; swipe again", self._device)
                return None
            card = from_typed(typed)
            if card is None and typed:
                _LOG.warning(
                    "card reader %s: %d keys are no card's number; 10 decimal or 8 to 14 hexadecimal digits are",
                    self._device,
                    len(typed),
                )
            return card
        if code not in _SILENT and len(self._typed) < _LONGEST:
            self._typed += KEYS.get(code, "?")
        return None
