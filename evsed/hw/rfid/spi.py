"""A PN532's frames over SPI, as nfcpy's ``Chipset`` sends and reads them.

Owns the chip's three kinds of message (user manual UM0701, 6.2.5): data out, status, data in; least significant bit
first, which the Pi's SPI cannot do by itself. Each is one selection of the chip.
"""

import ctypes
import errno
import fcntl
import os
import time
from typing import Final

from evsed.hw.port import LineError
from evsed.hw.spidev import WR_MODE, Ioctl, OpenDevice, Transfer, message_number

_HZ: Final = 1_000_000
_MODE_0: Final = 0
_BITS: Final = 8
_OUT, _STATUS, _IN = 1, 2, 3
_READY: Final = 1
_ACK: Final = b"\x00\x00\xff\x00\xff\x00"
_LONGEST: Final = 48  # bytes of an answer that is read in one go: a card's is 22
_LOOK_S: Final = 0.002
_WAKING_S: Final = 0.002  # the chip needs so long after the selection that wakes it

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class SpiTransport:
    """The opened device. OSError for what fails on the way to the chip, LineError when the device is gone."""

    def __init__(self, device: str, open_device: OpenDevice = os.open, ioctl: Ioctl = fcntl.ioctl) -> None:
        """Raises LineError."""
        self._device = device
        self._ioctl = ioctl
        self._acknowledged = True
        try:
            self._fd = open_device(device, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise LineError(f"{device} cannot be opened: {_words(error)}") from error
        try:
            ioctl(self._fd, WR_MODE, bytes([_MODE_0]))
        except OSError as error:
            self.close()
            raise LineError(f"{device} takes no SPI mode 0: {_words(error)}") from error

    def wake(self) -> None:
        """Ends the sleep in which the chip is after power-up: being selected does."""
        self._send(_STATUS, b"\0")
        time.sleep(_WAKING_S)

    def write(self, frame: bytes) -> None:
        """Sends a frame; the next to be read is its acknowledgement."""
        self._acknowledged = False
        self._send(_OUT, bytes(frame))

    def read(self, timeout_ms: int) -> bytearray:
        """The next frame. Raises OSError with ETIMEDOUT when none has come, with EIO when it is none.

        [?] How long an answer is stands in the answer, and what is not read in the same selection is lost: more is read
        than can come, and cut. Boards agree, the manual does not say what comes after the end.
        """
        until = time.monotonic() + max(timeout_ms, 50) / 1_000
        while not self._send(_STATUS, b"\0")[0] & _READY:
            if time.monotonic() > until:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            time.sleep(_LOOK_S)
        if not self._acknowledged:
            self._acknowledged = True
            return bytearray(self._send(_IN, bytes(len(_ACK))))
        answer = self._send(_IN, bytes(_LONGEST))
        start = answer.find(b"\x00\xff")  # the first zero may be missing: the chip had it ready too early
        if start < 0 or len(answer) < start + 4 or len(answer) < start + 6 + answer[start + 2]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return bytearray(b"\0" + answer[start : start + 6 + answer[start + 2]])

    def close(self) -> None:
        """Lets go of the device."""
        os.close(self._fd)

    def _send(self, kind: int, data: bytes) -> bytes:
        """What came back while ``data`` went out."""
        sent = (bytes((kind,)) + data).translate(_REVERSED)
        out, back = ctypes.create_string_buffer(sent, len(sent)), ctypes.create_string_buffer(len(sent))
        transfer = (Transfer * 1)()
        transfer[0].tx_buf, transfer[0].rx_buf = ctypes.addressof(out), ctypes.addressof(back)
        transfer[0].len, transfer[0].speed_hz, transfer[0].bits_per_word = len(sent), _HZ, _BITS
        try:
            self._ioctl(self._fd, message_number(1), transfer)
        except OSError as error:
            raise LineError(f"{self._device} failed: {_words(error)}") from error
        return back.raw[1:].translate(_REVERSED)


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
