"""A pilot that is watched: what it asks of pigpiod is kept, and its clock is the test's."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import pytest

from evsed.core.actions import Pilot, PilotDrive
from evsed.core.ports import BoardLostError
from evsed.hw.pigpio.client import Client, Command
from evsed.hw.pigpio.pilot import PigpioPilot
from evsed.wiring import Pins, Wiring
from tests.silicon.pigpiod_process import Pigpiod

PATIENCE_S = 3.0
"""One call on the control thread takes 0.1 s at most; these machines may stall."""

PULSES = PilotDrive(Pilot.PWM, 5_300)
FOREVER = b"tag 1 mils 10 jmp 1"


@dataclass
class Clock:
    """The control loop's clock, moved by the test; the client keeps the real one."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Wire:
    """Starts pilots, and keeps what they ask for."""

    daemon: Pigpiod
    pins: Pins = field(default_factory=Pins)
    clock: Callable[[], float] = time.monotonic
    calls: list[tuple[str, int, int]] = field(default_factory=list)
    pilots: list[PigpioPilot] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pilot in self.pilots:
            pilot._client.close()

    def start(self) -> PigpioPilot:
        wire = self

        class Noted(Client):
            def _ask(self, command: Command, p1: int, p2: int, extension: bytes, ends: float) -> int:
                wire.calls.append((command.name, p1, p2))
                return super()._ask(command, p1, p2, extension, ends)

        pilot = PigpioPilot(Wiring(pigpio_port=self.daemon.port, pins=self.pins), Noted, self.clock)
        self.pilots.append(pilot)
        return pilot

    def named(self, name: str) -> list[tuple[str, int, int]]:
        return [call for call in self.calls if call[0] == name]


def wait_for(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends


def cycle(pilot: PigpioPilot, drive: PilotDrive = PULSES) -> None:
    pilot.drive(drive)
    pilot.keep()


def cycles(pilot: PigpioPilot, clock: Clock, seconds: float) -> None:
    """The control loop for so long, every 10 ms."""
    for _ in range(round(seconds * 100)):
        clock.now += 0.01
        cycle(pilot)


@contextmanager
def lost_in_time(match: str) -> Iterator[None]:
    started = time.monotonic()
    with pytest.raises(BoardLostError, match=match):
        yield
    assert time.monotonic() - started < PATIENCE_S
