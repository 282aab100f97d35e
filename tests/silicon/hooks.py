"""Puts the fake chips under a process: ``os.open`` of /dev/gpiochip* and /dev/spidev*, and ``fcntl.ioctl`` on them.

The callers' bytes and pointers are taken as the kernel takes them. A descriptor is a connection to the chip process, so
that the kernel closes it when its owner is killed.
"""

import ctypes
import errno
import fcntl
import os
import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.silicon import gpiochip, wire
from tests.silicon.adc import SPACING_US, Transfer

_DEVICE = re.compile(r"/dev/(gpiochip|spidev)[0-9.]+")
_TRANSFER = struct.Struct("<QQIIHBBBBBB")
_LCD = "/dev/spidev0.0"
_BUFFER = 4096  # spidev's bufsiz
_MOST_TRANSFERS = 511  # what the size field of a request can say
_MAGIC = ord("k")
_MODE, _LSB_FIRST, _BITS, _SPEED, _MODE32 = 1, 2, 3, 4, 5
_SETTING_SIZES = {_MODE: 1, _LSB_FIRST: 1, _BITS: 1, _SPEED: 4, _MODE32: 4}
_KNOWN_MODES = 0x0F  # CPOL, CPHA, CS_HIGH, LSB_FIRST
_LONGEST_ANSWER = 65_536


class Devices:
    """The descriptors of one process that are chips."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gpio: set[int] = set()
        self._spi: dict[int, SpiDevice] = {}

    def open(self, name: str) -> int:
        """A descriptor of /dev/gpiochipN or /dev/spidevX.Y; behind the LCD's chip select is nothing that answers."""
        descriptor = _open("/dev/null", os.O_RDWR) if name == _LCD else self._connect()
        if "spidev" in name:
            self._spi[descriptor] = SpiDevice(descriptor)
        else:
            self._gpio.add(descriptor)
        return descriptor

    def knows(self, descriptor: int) -> bool:
        """Whether this descriptor is a chip."""
        return descriptor in self._gpio or descriptor in self._spi

    def forget(self, descriptor: int) -> None:
        """It was closed."""
        self._gpio.discard(descriptor)
        self._spi.pop(descriptor, None)

    def control(self, descriptor: int, request: int, data: bytes) -> bytes:
        """The struct after an ioctl. Raises OSError."""
        if descriptor in self._spi:
            return self._spi[descriptor].control(request, data)
        if request != gpiochip.GET_LINE:
            return asked(descriptor, wire.pack_gpio(request, data))
        lines = self._connect()
        try:
            answer = asked(lines, wire.pack_gpio(request, data))
        except OSError:
            _close(lines)
            raise
        self._gpio.add(lines)
        return answer[: gpiochip.FD_AT] + struct.pack("=i", lines) + answer[gpiochip.FD_AT + 4 :]

    def carried(self, descriptor: int, request: int) -> int:
        """What the ioctl returns: of an SPI message its bytes, else 0."""
        message = descriptor in self._spi and request & 0xFFFF == _MAGIC << 8
        return self._spi[descriptor].bytes_carried if message else 0

    def _connect(self) -> int:
        chip = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            chip.connect(str(self._path))
        except OSError as error:
            chip.close()
            raise FileNotFoundError(errno.ENOENT, "the chip process is gone") from error
        return chip.detach()


_close, _open = os.close, os.open


def asked(descriptor: int, message: bytes) -> bytes:
    """One request to the chip process. Raises OSError with the kernel's number."""
    try:
        os.write(descriptor, message)
        answer = os.read(descriptor, _LONGEST_ANSWER)
    except ConnectionError as error:
        raise OSError(errno.ENODEV, "the chip process is gone") from error
    return wire.unpack_answer(answer)


class SpiDevice:
    """One opened spidev; drivers/spi/spidev.c."""

    def __init__(self, descriptor: int) -> None:
        self.bytes_carried = 0
        self._descriptor = descriptor
        self._settings = {_MODE: 0, _LSB_FIRST: 0, _BITS: 8, _SPEED: 125_000_000, _MODE32: 0}

    def control(self, request: int, data: bytes) -> bytes:
        """An ioctl."""
        write, size, number = request >> 30 == 1, request >> 16 & 0x3FFF, request & 0xFF
        if request >> 8 & 0xFF != _MAGIC or size != len(data):
            raise OSError(errno.ENOTTY, "no ioctl of spidev")
        if number == 0:
            if not write or size % _TRANSFER.size or size // _TRANSFER.size > _MOST_TRANSFERS:
                raise OSError(errno.EINVAL, "not a whole number of transfers")
            self._message([_TRANSFER.unpack_from(data, at) for at in range(0, size, _TRANSFER.size)])
            return data
        if _SETTING_SIZES.get(number) != size:
            raise OSError(errno.ENOTTY, "no ioctl of spidev")
        if not write:
            return self._settings[number].to_bytes(size, "little")
        value = int.from_bytes(data, "little")
        if (number in {_MODE, _MODE32} and value & ~_KNOWN_MODES) or (number == _BITS and value not in {0, 8}):
            raise OSError(errno.EINVAL, "the controller cannot do that")
        if number == _SPEED and not value:
            raise OSError(errno.EINVAL, "no speed")
        self._settings[number] = value
        return data

    def _message(self, raw: list[tuple[int, ...]]) -> None:
        """One SPI_IOC_MESSAGE; takes as long as the bus would."""
        began = time.monotonic()
        self.bytes_carried = sum(each[2] for each in raw)
        if self.bytes_carried > _BUFFER:
            raise OSError(errno.EMSGSIZE, f"more than {_BUFFER} bytes")
        transfers = []
        for tx, _, length, hz, _, bits, cs_change, *_ in raw:
            if bits not in {0, 8}:
                raise OSError(errno.EINVAL, "a transfer that spidev refuses")
            said = ctypes.string_at(tx, length) if tx else bytes(length)
            transfers.append(Transfer(said, bool(cs_change), hz or self._settings[_SPEED]))
        answer = asked(self._descriptor, wire.pack_spi(self._settings[_MODE] & 3, transfers))
        at = 0
        for _, rx, length, *_ in raw:
            if rx:
                ctypes.memmove(rx, answer[at : at + length], length)
            at += length
        time.sleep(max(0.0, began + len(raw) * SPACING_US / 1e6 - time.monotonic()))


def install(path: Path) -> Callable[[], None]:
    """From now on this process has the chips at ``path``; before anything is imported that keeps ``os.open``.

    What is returned takes them away again.
    """
    devices = Devices(path)
    real_open, real_ioctl = os.open, fcntl.ioctl

    def fake_open(name: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if isinstance(name, str | os.PathLike) and _DEVICE.fullmatch(str(name)):
            return devices.open(str(name))
        return real_open(name, flags, mode, dir_fd=dir_fd)

    def fake_close(descriptor: int) -> None:
        devices.forget(descriptor)
        _close(descriptor)

    def fake_ioctl(fd: Any, request: int, arg: Any = 0, mutate_flag: bool = True) -> Any:
        descriptor = fd if isinstance(fd, int) else fd.fileno()
        if not devices.knows(descriptor):
            return real_ioctl(fd, request, arg, mutate_flag)
        answer = _with_argument(lambda data: devices.control(descriptor, request & 0xFFFF_FFFF, data), request, arg)
        return devices.carried(descriptor, request) if answer == 0 else answer

    def take_away() -> None:
        os.open, os.close, fcntl.ioctl = real_open, _close, real_ioctl

    os.open = fake_open  # type: ignore[assignment]  # parameters of other names
    os.close = fake_close  # type: ignore[assignment]  # same
    fcntl.ioctl = fake_ioctl
    return take_away


def _with_argument(control: Callable[[bytes], bytes], request: int, arg: Any) -> Any:
    """Takes the struct from a buffer and puts it back, or returns it where the buffer is not to be changed."""
    if isinstance(arg, int):
        raise OSError(errno.EFAULT, "an ioctl with a number in place of a struct")
    if isinstance(arg, bytes):
        return control(arg)
    size = request >> 16 & 0x3FFF
    buffer = (ctypes.c_char * size).from_buffer(arg)  # raises ValueError when the caller's buffer is too small
    after = control(buffer.raw)
    ctypes.memmove(buffer, after, len(after))
    return 0
