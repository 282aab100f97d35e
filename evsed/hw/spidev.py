"""One SPI message of many short frames, as the kernel's /dev/spidevX.Y takes it (linux/spi/spidev.h).

Owns the device, the message that is prepared once, and what an error of the device means. What is in the frames is the
caller's.
"""

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from typing import Any

from evsed.core.ports import BoardLostError

MOST_FRAMES = 511  # the message's size has 14 bits in the ioctl's number
MOST_BYTES = 4_096  # spidev's bufsiz, unless the module was loaded with another
_MODE_0 = 0  # the clock rests low, the first edge takes the bit
_BITS = 8
_WRITE = 1 << 30  # _IOC_WRITE
_MAGIC = ord("k") << 8
WR_MODE = _WRITE | 1 << 16 | _MAGIC | 1

_PASSING = frozenset({errno.EIO, errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT, errno.ENOMEM, errno.EBUSY})
"""What a transfer may say once and not the next time. Everything else says that the device, or our use of it, is no
good: ENODEV, ENXIO and ESHUTDOWN when the driver was unbound, EBADF, EMSGSIZE with a smaller bufsiz, ENOTTY."""

OpenDevice = Callable[[str, int], int]
Ioctl = Callable[[int, int, Any], Any]


class Transfer(ctypes.Structure):
    """``struct spi_ioc_transfer``: 32 bytes, the same for 32 and 64 bit programs."""

    _fields_ = (
        ("tx_buf", ctypes.c_uint64),
        ("rx_buf", ctypes.c_uint64),
        ("len", ctypes.c_uint32),
        ("speed_hz", ctypes.c_uint32),
        ("delay_usecs", ctypes.c_uint16),
        ("bits_per_word", ctypes.c_uint8),
        ("cs_change", ctypes.c_uint8),
        ("tx_nbits", ctypes.c_uint8),
        ("rx_nbits", ctypes.c_uint8),
        ("word_delay_usecs", ctypes.c_uint8),
        ("pad", ctypes.c_uint8),
    )


def message_number(frames: int) -> int:
    """``SPI_IOC_MESSAGE(frames)``."""
    return _WRITE | frames * ctypes.sizeof(Transfer) << 16 | _MAGIC


class Message:
    """An opened device with a message of ``frames`` that is sent whole, chip select released after each frame.

    ``answer`` holds what came back, frame after frame, and is overwritten by the next ``send``.
    """

    def __init__(
        self,
        device: str,
        hz: int,
        frames: Sequence[bytes],
        open_device: OpenDevice | None = None,
        ioctl: Ioctl | None = None,
    ) -> None:
        """Raises BoardLostError, with what to do about it, when the device cannot be used. None: the kernel's calls."""
        count, size = len(frames), sum(map(len, frames))
        if not 0 < count <= MOST_FRAMES or size > MOST_BYTES:
            raise ValueError(
                f"{count} frames of {size} bytes are no SPI message (most {MOST_FRAMES}, {MOST_BYTES} bytes)"
            )
        self._device = device
        self._ioctl = ioctl or fcntl.ioctl
        self._size = size
        self._question = ctypes.create_string_buffer(b"".join(frames), size)  # is referred to by address: must live on
        self.answer = bytearray(size)
        self._answer = (ctypes.c_char * size).from_buffer(self.answer)
        self._transfers = _transfers(frames, hz, ctypes.addressof(self._question), ctypes.addressof(self._answer))
        self._number = message_number(count)
        self.trouble = ""
        """Why the last ``send`` brought nothing; empty when it did."""
        try:
            self._fd = (open_device or os.open)(device, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise BoardLostError(_cannot_open(device, error)) from error
        try:
            self._ioctl(self._fd, WR_MODE, bytes([_MODE_0]))
        except OSError as error:
            self.close()
            raise BoardLostError(f"{device} takes no SPI mode 0 ({error.strerror}): is it an SPI device?") from error

    def send(self) -> bool:
        """Sends all frames in one ioctl, which blocks for as long as the wire takes. False: it brought nothing.

        Raises BoardLostError when the device is gone. The interpreter is free for others meanwhile.
        """
        try:
            sent = self._ioctl(self._fd, self._number, self._transfers)
        except OSError as error:
            if error.errno not in _PASSING:
                raise BoardLostError(f"{self._device} is gone: {error.strerror}") from error
            self.trouble = f"{self._device}: {error.strerror}"
            return False
        if sent != self._size:
            self.trouble = f"{self._device} carried {sent} of {self._size} bytes"
            return False
        self.trouble = ""
        return True

    def close(self) -> None:
        """Lets go of the device; once more does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _transfers(frames: Sequence[bytes], hz: int, question: int, answer: int) -> "ctypes.Array[Transfer]":
    transfers = (Transfer * len(frames))()
    at = 0
    for transfer, frame in zip(transfers, frames, strict=True):
        transfer.tx_buf, transfer.rx_buf, transfer.len = question + at, answer + at, len(frame)
        transfer.speed_hz, transfer.bits_per_word = hz, _BITS
        transfer.cs_change = 1
        at += len(frame)
    transfers[-1].cs_change = 0  # after the last frame it would keep the chip selected instead
    return transfers


def _cannot_open(device: str, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"{device} is not there: switch SPI on (dtparam=spi=on in /boot/firmware/config.txt) and restart the Pi"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{device} may not be opened: add evsed's user to the group spi"
    return f"{device} cannot be opened: {error.strerror}"
