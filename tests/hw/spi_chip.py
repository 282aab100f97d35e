"""An MCP3208 on a spidev, in process: takes the ioctls' bytes as the kernel does and clocks every frame through."""

import ctypes
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from evsed.hw.spidev import MOST_BYTES, MOST_FRAMES, WR_MODE, Transfer

Codes = dict[int, Sequence[int]]


def clocked(sent: bytes, code: Callable[[int], int], idle: int = 0) -> bytes:
    """What an MCP3208 answers to ``sent``, bit by bit; the line floats to ``idle`` while the chip does not drive it."""
    bits = [byte >> 7 - at & 1 for byte in sent for at in range(8)]
    start = bits.index(1)
    _single, d2, d1, d0 = bits[start + 1 : start + 5]
    value = code(d2 << 2 | d1 << 1 | d0)
    answer = [idle] * (start + 6) + [0] + [value >> at & 1 for at in range(11, -1, -1)]
    answer = (answer + [0] * len(bits))[: len(bits)]
    return bytes(sum(bit << 7 - at for at, bit in enumerate(answer[i : i + 8])) for i in range(0, len(answer), 8))


@dataclass
class SpiChip:
    """``codes``: what each channel reads, in turns. ``fails``: errors (or a short count) of the next transfers."""

    codes: Codes = field(default_factory=dict)
    line: int | None = None  # the data line is stuck at this byte: 0 or 255
    idle: int = 0
    fails: list[int] = field(default_factory=list)
    carries: int | None = None
    opens: list[str] = field(default_factory=list)
    open_error: int = 0
    mode: int | None = None
    transfers: int = 0
    selected: bool = False
    messages: list[list[tuple[bytes, int, int]]] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)

    def open(self, path: str, flags: int) -> int:
        """``os.open`` of the device."""
        self.opens.append(path)
        if self.open_error:
            raise OSError(self.open_error, os.strerror(self.open_error))
        assert flags & os.O_RDWR
        return os.open(os.devnull, flags)

    def ioctl(self, fd: int, number: int, argument: Any) -> Any:
        """``fcntl.ioctl`` on it."""
        if fd < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if self.fails:
            error = self.fails.pop(0)
            raise OSError(error, os.strerror(error))
        if number == WR_MODE:
            self.mode = argument[0]
            return argument
        return self._message(number, argument)

    def _message(self, number: int, argument: Any) -> int:
        size = ctypes.sizeof(argument)
        assert number == 1 << 30 | size << 16 | ord("k") << 8
        transfers = [Transfer.from_buffer_copy(argument, at) for at in range(0, size, 32)]
        assert len(transfers) <= MOST_FRAMES
        assert sum(each.len for each in transfers) <= MOST_BYTES
        self.messages.append([])
        for each in transfers:
            sent = ctypes.string_at(each.tx_buf, each.len)
            self.messages[-1].append((sent, each.speed_hz, each.cs_change))
            answer = clocked(sent, self._next, self.idle) if self.line is None else bytes([self.line]) * each.len
            ctypes.memmove(each.rx_buf, answer, each.len)
        self.selected = bool(transfers[-1].cs_change)
        return self.carries if self.carries is not None else sum(each.len for each in transfers)

    def _next(self, channel: int) -> int:
        at = self.taken.get(channel, 0)
        self.taken[channel] = at + 1
        codes = self.codes.get(channel, (0,))
        return codes[at % len(codes)]
