"""The LCD's serial interface as luma.lcd wants one: bytes over /dev/spidevX.Y, and a line that says what they are.

Owns the device, its mode and speed, and the words for what goes wrong with it. Nothing ever comes back.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from evsed.hw.lcd.assumed import SPI_MODE
from evsed.hw.lcd.show import LcdError
from evsed.hw.spidev import WR_MODE, Ioctl, OpenDevice

WR_HZ: Final = WR_MODE & 0xC000_FF00 | 4 << 16 | 4  # four bytes, the fourth of the calls
"""``SPI_IOC_WR_MAX_SPEED_HZ``."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel's calls, where nothing else is given."""

    open: OpenDevice | None = None
    ioctl: Ioctl | None = None
    write: Callable[[int, bytes], int] | None = None


KERNEL: Final = Kernel()


def never() -> bool:
    """It is not over."""
    return False


class SpiWire:
    """The opened device. ``is_data`` sets the data/command line, which the controller reads with each byte's end."""

    is_over: Callable[[], bool]
    """Once it says so nothing more is sent, but LcdError raised."""

    def __init__(
        self,
        device: str,
        hz: int,
        is_data: Callable[[bool], None],
        kernel: Kernel = KERNEL,
        is_over: Callable[[], bool] = never,
    ) -> None:
        """Raises LcdError."""
        self.is_over = is_over
        self._device = device
        self._is_data = is_data
        self._write = kernel.write or os.write
        self._fd = -1
        ioctl = kernel.ioctl or fcntl.ioctl
        try:
            self._fd = (kernel.open or os.open)(device, os.O_RDWR | os.O_CLOEXEC)
            ioctl(self._fd, WR_MODE, bytes([SPI_MODE]))
            ioctl(self._fd, WR_HZ, hz.to_bytes(4, "little"))
        except OSError as error:
            self.cleanup()
            raise LcdError(_refused(error)) from error

    def command(self, *cmd: int) -> None:
        """Sends commands. Raises LcdError."""
        self._send(bytes(cmd), is_data=False)

    def data(self, data: Sequence[int]) -> None:
        """Sends bytes for the memory. Raises LcdError."""
        self._send(bytes(data), is_data=True)

    def cleanup(self) -> None:
        """Lets go of the device; once more does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _send(self, sent: bytes, *, is_data: bool) -> None:
        if self.is_over():
            raise LcdError("evsed ends")
        self._is_data(is_data)
        try:
            carried = self._write(self._fd, sent)
        except OSError as error:
            raise LcdError(f"{self._device} is gone: {_words(error)}") from error
        if carried != len(sent):
            raise LcdError(f"{self._device} carried {carried} of {len(sent)} bytes")


def _refused(error: OSError) -> str:
    """Why the device cannot be had. Its name stands before that already."""
    match error.errno:
        case errno.ENOENT:
            return "it is not there: switch SPI on (dtparam=spi=on in /boot/firmware/config.txt) and restart the Pi"
        case errno.EACCES | errno.EPERM:
            return "it may not be opened: add evsed's user to the group spi"
        case errno.ENOTTY | errno.EINVAL:
            return "it takes no SPI mode or speed: is it an SPI device?"
        case _:
            return f"it cannot be opened: {_words(error)}"


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
