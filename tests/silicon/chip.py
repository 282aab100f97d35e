"""A process that is the Pi's chips and what hangs on them. One thread, one Unix socket, a message a request.

It outlives whoever uses it, so that one can see what happened, and ends with the process that started it.
``python -m tests.silicon.chip SOCKET [--wiring JSON] [--pwm DIRECTORY] [--strict] [--single]``
"""

import argparse
import contextlib
import errno
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from evsed.core.events import Button
from evsed.core.units import Millis
from evsed.wiring import Adc, Line, Pins, Wiring
from tests.silicon import wire
from tests.silicon.adc import SPACING_US, Mcp3208
from tests.silicon.gpiochip import GpioChip
from tests.silicon.pwmtree import PwmTree
from tests.silicon.registers import PinsInMemory
from tests.silicon.surroundings import STEP_MS, Surroundings

_LONGEST = 65_536
Json = dict[str, Any]


def wiring_of(document: Json) -> Wiring:
    """The reference board, but for ``{"pins": {name: [gpio, active_low] or null}, "adc": {...}}``."""
    pins: Json = {name: None if pin is None else Line(*pin) for name, pin in document.get("pins", {}).items()}
    return Wiring(pins=replace(Pins(), **pins), adc=replace(Adc(), **document.get("adc", {})))


def _now() -> Millis:
    return time.monotonic_ns() // 1_000_000


class Chips:
    """Pins, gpiochip, ADC, PWM and what hangs on them, with the requests that reach them."""

    def __init__(self, options: argparse.Namespace) -> None:
        wiring = wiring_of(json.loads(options.wiring))
        self._pins = PinsInMemory()
        single = options.single or wiring.pins.contactor2 is None
        self._outside = Surroundings(wiring, self._pins, options.seed, _now(), single=single)
        self._kernel = GpioChip(self._pins, persist=not options.strict)
        self._phase = 0
        self._adc = Mcp3208(lambda channel, us: self._outside.code(channel, self._phase + us))
        self._adc_error = 0
        self._pwm = PwmTree(options.pwm, self._pins) if options.pwm is not None else None
        self._looks = 0
        self._looked_at: Millis | None = None
        self._worst_gap: Millis = 0
        self._asked: dict[str, Callable[[Json], object]] = {
            "write": lambda words: self._pins.write(words["gpio"], words["level"]),
            "read": lambda words: self._pins.read(words["gpio"]),
            "hardware_pwm": lambda words: self._pins.hardware_pwm(words["gpio"], words["hz"], words["duty_ppm"]),
            "pull": lambda words: self._pins.pull(words["gpio"], words["pull"]),
            "make_input": lambda words: self._pins.make_input(words["gpio"]),
            "function": lambda words: self._pins.function(words["gpio"]),
            "duty": lambda words: self._pins.duty(words["gpio"]),
            "state": lambda _words: self._state(),
            "car": self._car,
            "press": self._press,
            "switch": lambda words: setattr(self._outside, "switch_closed", words["closed"]),
            "fault": self._fault,
            "watch": lambda _words: self._watch_anew(),
        }

    def advance(self) -> None:
        """Brings everything to this moment."""
        self._outside.advance(_now())
        if self._pwm is not None:
            self._pwm.look()

    def handle(self, holder: int, message: bytes) -> bytes:
        """The answer to a request."""
        self.advance()
        match message[:1]:
            case wire.GPIO:
                return _answered(lambda: self._kernel.control(holder, *wire.unpack_gpio(message)))
            case wire.SPI:
                return _answered(lambda: self._look(message))
        words = json.loads(message)
        try:
            answer = self._asked[words.pop("op")](words)
        except (KeyError, AttributeError, ValueError) as error:
            return json.dumps({"refused": repr(error)}).encode()
        self._outside.advance(_now())
        return json.dumps(answer if isinstance(answer, dict) else {"value": answer}).encode()

    def release(self, holder: int) -> None:
        """A connection has ended: its holder has closed it, or died."""
        self.advance()
        self._kernel.release(holder)

    # ---- the ADC ----

    def _look(self, message: bytes) -> bytes:
        now = _now()
        if self._looked_at is not None:
            self._worst_gap = max(self._worst_gap, now - self._looked_at)
        self._looks, self._looked_at = self._looks + 1, now
        if self._adc_error:
            raise OSError(self._adc_error, "broken")
        self._phase = self._outside.begin_look()
        mode, transfers = wire.unpack_spi(message)
        return b"".join(self._adc.exchange(transfers, mode, SPACING_US))

    # ---- for tests ----

    def _state(self) -> Json:
        gap = 0 if self._looked_at is None else _now() - self._looked_at
        complaints = self._adc.complaints + (self._pwm.complaints if self._pwm is not None else [])
        return self._outside.state | {
            "complaints": complaints,
            "holders": self._kernel.holders,
            "looks": self._looks,
            "worst_gap_ms": max(self._worst_gap, gap),
        }

    def _watch_anew(self) -> None:
        self._worst_gap, self._looks = 0, 0

    def _car(self, words: Json) -> None:
        """Attributes of the simulated car."""
        car = self._outside.unit.car
        for name, value in words.items():
            if not hasattr(car, name):
                raise KeyError(name)
            setattr(car, name, value)

    def _press(self, words: Json) -> None:
        self._outside.unit.press(Button(words["button"]), words["hold_ms"], self._outside.now)

    def _fault(self, words: Json) -> None:
        """``adc``: None, dead, low, high. ``adc_error``, ``lines``: an errno's name or None, whether they fail.

        ``pilot``, ``contactor1``, ``contactor2``, ``lock``: as in the simulation. ``rcm``: a residual current flows.
        """
        unit = self._outside.unit
        for name, value in words.items():
            match name:
                case "adc":
                    self._adc.fault = value
                case "adc_error":
                    self._adc_error = 0 if value is None else getattr(errno, value)
                case "lines":
                    self._kernel.broken = value
                case "pilot":
                    unit.pilot_fault = value
                case "rcm" | "temperature":
                    setattr(unit, name, value)
                case "contactor1" | "contactor2" | "lock":
                    getattr(unit, name).fault = value
                case _:
                    raise KeyError(name)


def _answered(act: Callable[[], bytes]) -> bytes:
    try:
        return wire.pack_answer(act())
    except OSError as error:
        return wire.pack_answer(number=error.errno or errno.EIO)


class Server:
    """The chips' socket. A connection is a holder."""

    def __init__(self, path: Path, chips: Chips) -> None:
        self._chips = chips
        self._selector = selectors.DefaultSelector()
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.bind(str(path))
        self._door.listen(64)
        self._selector.register(self._door, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        self._numbers: dict[socket.socket, int] = {}
        self._next = 0

    def run(self) -> None:
        """Serves until the other end of stdin is closed."""
        while True:
            ready = self._selector.select(STEP_MS / 1000)
            if not ready:
                self._chips.advance()
            for key, _ in ready:
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is self._door:
                    user, _ = self._door.accept()
                    self._next += 1
                    self._numbers[user] = self._next
                    self._selector.register(user, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    self._serve(key.fileobj)

    def _serve(self, user: socket.socket) -> None:
        try:
            message = user.recv(_LONGEST)
            if message:
                user.send(self._chips.handle(self._numbers[user], message))
                return
        except ConnectionError:
            pass
        self._selector.unregister(user)
        self._chips.release(self._numbers.pop(user))
        user.close()


def main(arguments: list[str]) -> int:
    """Runs the chips."""
    parser = argparse.ArgumentParser(prog="chip")
    parser.add_argument("socket", type=Path)
    parser.add_argument("--wiring", default="{}")
    parser.add_argument("--pwm", type=Path, default=None)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    server = Server(options.socket, Chips(options))
    with contextlib.suppress(OSError):  # where it may, the fake hardware is as punctual as real one
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    server.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
