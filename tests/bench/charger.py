"""A charger on the Pi's board, in this process: the real loop, core, board, sampler and lease over fake devices.

Owns a car that charges for ever, an ADC that answers ioctls with prepared bytes, and a guard that answers at once.
Nothing here waits for anybody, so that a virtual clock may drive it; ``spi_s`` makes the ADC take its time.
"""

import ctypes
import os
import socket
import time
from dataclasses import replace
from typing import Any

from evsed.core.actions import Outputs, Pilot, PilotDrive
from evsed.core.events import Button, Inputs
from evsed.core.model import Access
from evsed.core.snapshot import Saved
from evsed.hw.absent import PilotByGuard
from evsed.hw.adc import CODES, Sampler
from evsed.hw.board import PiBoard
from evsed.hw.guard import Alive, pack_alive
from evsed.hw.guardlink import GuardLink
from evsed.hw.lease import unpack_feed
from evsed.hw.lines import LineLook
from evsed.hw.simulation import circuit
from evsed.hw.simulation.circuit import Noise, burst
from evsed.hw.spidev import WR_MODE
from evsed.wiring import Adc, Pins, Wiring, guard_document
from tests.core.story import settings

_ADC = Adc()
_WAKES_AFTER = 100  # looks at pulses, until the car closes S2
_BURSTS = 32


class Car:
    """What the ADC's pilot channel sees of a car that wants to charge."""

    def __init__(self) -> None:
        self.pilot = PilotDrive(Pilot.HIGH)
        self._pulses = 0
        self._noise = Noise(1)
        self._bursts: dict[tuple[int, bool], list[bytes]] = {}

    def answer(self) -> bytes:
        """The bytes that come back for a burst of the pilot's channel."""
        self._pulses = self._pulses + 1 if self.pilot.kind is Pilot.PWM else 0
        wakes = self._pulses > _WAKES_AFTER
        prepared = self._bursts.get((self.pilot.duty, wakes))
        if prepared is None:
            prepared = self._bursts[self.pilot.duty, wakes] = [self._burst(wakes) for _ in range(_BURSTS)]
        return prepared[self._pulses % _BURSTS]

    def _burst(self, wakes: bool) -> bytes:
        wiring = circuit.Wiring(plugged=True, s2_closed=wakes, diode=True, fault=None)
        span = _ADC.pilot_full_mv - _ADC.pilot_zero_mv
        codes = [(mv - _ADC.pilot_zero_mv) * CODES // span for mv in burst(wiring, self.pilot, self._noise)]
        return b"".join(bytes([0, code >> 8, code & 255]) for code in codes)


class Spi:
    """The ADC's device: proximity of a 32 A cable and 25 degrees stand behind the pilot's burst from the beginning."""

    def __init__(self, car: Car, spi_s: float) -> None:
        self._car = car
        self._spi_s = spi_s
        self._slow = b"".join(bytes([0, code >> 8, code & 255]) for code in [738] * 3 + [2_048] * 3)

    def open(self, path: str, flags: int) -> int:  # noqa: ARG002 - any will do
        """``os.open``."""
        return os.open(os.devnull, flags)

    def ioctl(self, fd: int, number: int, argument: Any) -> Any:  # noqa: ARG002 - there is one device
        """``fcntl.ioctl``."""
        if number == WR_MODE:
            return argument
        if self._spi_s:
            time.sleep(self._spi_s)
        answer = self._car.answer() + self._slow
        ctypes.memmove(argument[0].rx_buf, answer, len(answer))
        return len(answer)


class AnsweredLink(GuardLink):
    """The guard's link with a guard behind it that answers as soon as it is asked, and tells the car the pilot."""

    def __init__(self, car: Car) -> None:
        self._car = car
        near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        near.setblocking(False)
        super().__init__("memory", lambda _path: near)

    def _answer(self) -> Alive | None:
        fed = unpack_feed(self._far.recv(64))
        assert fed is not None
        outputs: Outputs = fed.outputs
        self._car.pilot = outputs.pilot
        self._far.send(pack_alive(Alive(fed.sequence, outputs.contactor1, outputs.contactor2, 0, 0)))
        return super()._answer()

    def close(self) -> None:
        """See GuardLink."""
        super().close()
        self._far.close()


class StillLines:
    """Inputs that nothing happens on."""

    _seen = LineLook()

    def look(self) -> LineLook:
        """One look."""
        return self._seen

    def close(self) -> None:
        """Nothing to let go of."""


class Untouched:
    """Buttons that nobody presses."""

    def buttons(self) -> frozenset[Button]:
        """None."""
        return frozenset()

    def switch_closed(self) -> bool | None:
        """It is open."""
        return False


class Watched(PiBoard):
    """The Pi's board, noting when each cycle looks at it."""

    def __init__(self, *, spi_s: float = 0.0) -> None:
        car = Car()
        spi = Spi(car, spi_s)
        pins = replace(Pins(), rcm=None, rcm_test=None)
        plan = guard_document(Wiring(pins=pins))
        sampler = Sampler(_ADC, spi.open, spi.ioctl)
        self.steps: list[float] = []
        self.noting = False
        super().__init__(pins, plan, AnsweredLink(car), PilotByGuard(), sampler, StillLines(), Untouched())

    def sample(self) -> Inputs:
        """See Board."""
        if self.noting:
            self.steps.append(time.perf_counter())
        return super().sample()


class Memory:
    """Forgets what is to be kept."""

    def submit(self, saved: Saved, *, at_once: bool) -> None:
        """Nothing is written."""


def saved() -> Saved:
    """An installation that charges as soon as a car asks: Normal mode, no meters, no residual current monitor."""
    return Saved(
        settings=settings(
            mode="Normal", mains_meter="Disabled", ev_meter="Disabled", enable_C2="Not present", rcmon="Disabled"
        ),
        access=Access.ALLOW,
    )
