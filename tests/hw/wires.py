"""Lines for tests on real pseudo-terminals: a device that answers as a test likes, and one who hears what is posted."""

import asyncio
import os
import select
import struct
import threading
import time
import tty
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evsed.hw.bus import Bus
from evsed.hw.frames import framed, sound
from evsed.hw.simulation.line import Line as SimulatedLine
from tests.hw.heard import PATIENCE_S

Answer = bytes | Iterable[bytes | float]
"""What a device sends: bytes, or bytes and pauses in seconds."""


def bit_flipped(frame: bytes, bit: int) -> bytes:
    """``frame`` with one bit wrong."""
    return bytes(byte ^ (1 << bit % 8) if index == bit // 8 else byte for index, byte in enumerate(frame))


def registers(request: bytes, words: Callable[[int], int]) -> bytes:
    """The frame of a device that answers a read with ``words`` of each register."""
    first, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
    data = b"".join(words(register).to_bytes(2, "big") for register in range(first, first + count))
    return framed(request[0], bytes((request[1], len(data))) + data)


def numbered(request: bytes) -> bytes:
    """The frame of a device in which each register holds its own number."""
    return registers(request, lambda register: register)


@dataclass
class Wire:
    """A line behind a path, with whoever ``answer`` makes of its devices. Plugged in from the start."""

    answer: Callable[[bytes], Answer]
    link: Path | None = None
    heard: list[bytes] = field(default_factory=list)
    echo: bool = False

    def __post_init__(self) -> None:
        self.plug()

    def plug(self) -> None:
        """A new pseudo-terminal takes the place."""
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        if self.link is not None:
            fresh = self.link.with_suffix(".new")
            fresh.symlink_to(self.device)
            fresh.rename(self.link)
            self.device = str(self.link)
        self._wake, self._over = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def unplug(self) -> None:
        """The line hangs up."""
        os.write(self._over, b"x")
        self._thread.join()
        for end in (self.master, self.slave, self._wake, self._over):
            os.close(end)

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self.master, self._wake], [], [])
            if self._wake in ready:
                return
            request = os.read(self.master, 512)
            self.heard.append(request)
            if self.echo:
                os.write(self.master, request)
            answer = self.answer(request)
            for part in [answer] if isinstance(answer, bytes) else answer:
                if isinstance(part, bytes):
                    os.write(self.master, part)
                else:
                    time.sleep(part)  # the device's own pace


@contextmanager
def wire(answer: Callable[[bytes], Answer], *, echo: bool = False, link: Path | None = None) -> Iterator[Wire]:
    """A Wire for the length of a block."""
    line = Wire(answer, link=link, echo=echo)
    try:
        yield line
    finally:
        line.unplug()


def until(true: Callable[[], bool]) -> None:
    """Waits for what a thread does."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.001)


def frame_from(fd: int) -> bytes:
    """The next bytes on ``fd`` that make up a sound frame."""
    data = b""
    deadline = time.monotonic() + PATIENCE_S
    while not sound(data):
        ready, _, _ = select.select([fd], [], [], deadline - time.monotonic())
        assert ready, f"only {data.hex(' ')} came"
        data += os.read(fd, 512)
    return data


@contextmanager
def running(bus: Bus) -> Iterator[Bus]:
    bus.start()
    try:
        yield bus
    finally:
        bus.close()


def eastron(request: bytes) -> bytes:
    """What an Eastron measures: 10 A on L1, 6.5 A fed back on L2."""
    values = {0x06: 10.0, 0x08: 6.5, 0x0C: 2300.0, 0x0E: -1495.0, 0x34: 805.0, 0x48: 3.0}
    words = {}
    for register, value in values.items():
        words[register], words[register + 1] = struct.unpack(">HH", struct.pack(">f", value))
    return registers(request, lambda register: words.get(register, 0))


@contextmanager
def served_line(make: Callable[[], SimulatedLine]) -> Iterator[SimulatedLine]:
    """A simulated line that an event loop on a thread of its own serves."""
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    made: list[SimulatedLine] = []

    async def serve() -> None:
        made.append(make())
        ready.set()
        await over.wait()
        made[0].close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(PATIENCE_S)
    yield made[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()
