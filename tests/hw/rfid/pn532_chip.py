"""A PN532 on a pseudo-terminal or a spidev: asleep until woken, checks frames, acknowledges, answers, or does not."""

import contextlib
import ctypes
import errno
import os
import random
import select
import threading
import tty
from typing import Any

from evsed.hw.spidev import WR_MODE, Transfer, message_number

_ACK = b"\x00\x00\xff\x00\xff\x00"
_START = b"\x00\x00\xff"


class Chip:
    """``card``: the UID of the card in the field; None: there is none. What it sends goes to ``_send``."""

    def __init__(self) -> None:
        self.card: bytes | None = None
        self.chip = 0x32
        self.silent = False
        self.garbled = 0  # so many answers have a wrong checksum
        self.cut = 0  # so many answers end in the middle
        self.babbles: random.Random | None = None  # says anything instead of an answer
        self.commands: list[bytes] = []
        self.strangers = 0  # what came while it was asleep, or with a wrong checksum
        self._awake = False
        self._fresh = True  # a card answers again only after the field was off

    def _send(self, frame: bytes) -> None:
        raise NotImplementedError

    def _eat(self, data: bytes) -> bytes:
        """Obeys whole frames; gives back what may be the start of one."""
        while (at := data.find(_START)) >= 0 and len(data) >= at + 6:
            if data[at : at + 6] == _ACK:
                data = data[at + 6 :]
                continue
            length = data[at + 3]
            if len(data) < at + 7 + length:
                return data[at:]
            frame, data = data[at : at + 7 + length], data[at + 7 + length :]
            body = frame[5:-2]
            if sum(frame[3:5]) & 0xFF or sum(frame[5:-1]) & 0xFF or body[0] != 0xD4:
                self.strangers += 1
                continue
            self._obey(body[1:])
        return data

    def _obey(self, command: bytes) -> None:
        self.commands.append(command)
        if self.silent:
            return
        if self.babbles is not None:
            kind, size = self.babbles.choice((b"", _ACK, _ACK + _START)), self.babbles.randrange(40)
            self._send(kind + self.babbles.randbytes(size))
            return
        self._send(_ACK)
        body = bytes((0xD5, command[0] + 1)) + self._answer(command)
        check = -sum(body) & 0xFF
        if self.garbled:
            self.garbled, check = self.garbled - 1, check ^ 1
        frame = _START + bytes((len(body), -len(body) & 0xFF)) + body + bytes((check, 0))
        if self.cut:
            self.cut, frame = self.cut - 1, frame[:-4]
        self._send(frame)

    def _answer(self, command: bytes) -> bytes:
        match command[0]:
            case 0x02:
                return bytes((self.chip, 1, 6, 7))
            case 0x32 if command[1:] == b"\x01\x00":
                self._fresh = True
                return b""
            case 0x4A if self.card is not None and self._fresh:
                self._fresh = False
                return bytes((1, 1, 0x00, 0x44, 0x00, len(self.card))) + self.card
            case 0x4A:
                return b"\x00"
            case _:
                return b""


class SerialChip(Chip):
    """On a pseudo-terminal, whose path is ``device``; 0x55 twice wakes it."""

    def __init__(self) -> None:
        super().__init__()
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self._end, self._ending = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The test is over."""
        self.unplug()
        for fd in (self._slave, self._end, self._ending):
            os.close(fd)

    def unplug(self) -> None:
        """The USB adapter is pulled: the port says so to who holds it."""
        os.write(self._ending, b"x")
        self._thread.join(10)
        with contextlib.suppress(OSError):
            os.close(self._master)

    def _send(self, frame: bytes) -> None:
        os.write(self._master, frame)

    def _run(self) -> None:
        data = b""
        while True:
            ready, _, _ = select.select([self._master, self._end], [], [])
            if self._end in ready:
                return
            data = self._woken(data + os.read(self._master, 512))

    def _woken(self, data: bytes) -> bytes:
        if not self._awake:
            if b"\x55\x55" not in data:
                self.strangers += data.count(_START)
                return b""
            self._awake = True
            data = data[data.index(b"\x55\x55") + 2 :]
        return self._eat(data)


class SpiChip(Chip):
    """On a spidev: least significant bit first, one message a selection; the first one only wakes it."""

    def __init__(self) -> None:
        super().__init__()
        self.mode: int | None = None
        self.gone = False
        self._answers: list[bytes] = []
        self._looks = 0

    def open(self, _path: str, flags: int) -> int:
        """``os.open`` of the device."""
        return os.open(os.devnull, flags)

    def _send(self, frame: bytes) -> None:
        self._answers.append(frame)

    def ioctl(self, _fd: int, number: int, argument: Any) -> int:
        """``fcntl.ioctl`` on it."""
        if self.gone:
            raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
        if number == WR_MODE:
            self.mode = argument[0]
            return 0
        assert number == message_number(1)
        transfer: Transfer = argument[0]
        assert transfer.speed_hz <= 5_000_000
        asked = _reversed(ctypes.string_at(transfer.tx_buf, transfer.len))
        answer = _reversed(b"\0" + self._clocked(asked[0], asked[1:]))
        ctypes.memmove(transfer.rx_buf, answer, transfer.len)
        return int(transfer.len)

    def _clocked(self, kind: int, data: bytes) -> bytes:
        if not self._awake:
            self._awake = True
            self.strangers += data.count(_START)
            return bytes(len(data))
        match kind:
            case 1:
                self._answers.clear()
                assert not self._eat(data).strip(b"\0")
            case 2:
                self._looks += 1
                return bytes((bool(self._answers and self._looks % 3 == 0),)) * len(data)  # it takes its time
            case 3:
                answer = self._answers.pop(0) if self._answers else b""
                return answer[: len(data)].ljust(len(data), b"\0")
        return bytes(len(data))


def _reversed(data: bytes) -> bytes:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
