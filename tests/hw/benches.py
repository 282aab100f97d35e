"""The boards there are, each with real processes behind it and somebody who sees what reaches the car.

Owns how each is started and watched; what is asked of all of them alike is test_board_contract.py's.
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from evsed.core.actions import Outputs
from evsed.core.events import Button, Inputs
from evsed.core.ports import Board
from evsed.hw.board import open_board
from evsed.hw.guardplan import guard_plan
from evsed.hw.simulation.board import SimulatedBoard
from evsed.wiring import Driver, Line, Pins, Pwm, Wiring
from tests.scenarios.simulation import free_port, wait_for
from tests.silicon.hooks import install
from tests.silicon.link import Silicon
from tests.silicon.pwmtree import make_tree

MIRRORS = {"mirror1": Line(14), "mirror2": Line(15)}


@dataclass(frozen=True)
class Seen:
    """What reaches the car: contacts, and the pilot in hundredths of a percent of high time; None: disconnected."""

    contactor1: bool
    contactor2: bool
    duty: int | None

    @property
    def safe(self) -> bool:
        return not self.contactor1 and not self.contactor2 and self.duty in {None, 0, 10_000}


class Bench(Protocol):
    """A board's other side."""

    holder: "subprocess.Popen[bytes]"
    """Who holds the outputs."""

    def open(self) -> Board:
        """The adapter under test."""

    def leave_energised(self) -> None:
        """As if a predecessor had died and nothing had noticed."""

    @property
    def seen(self) -> Seen:
        """What reaches the car now."""


class NoTouch:
    """Nobody touches anything."""

    def buttons(self) -> frozenset[Button]:
        return frozenset()

    def switch_closed(self) -> bool | None:
        return None


class SimulationBench:
    """The plant's process."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._door = directory / "board0"
        self._port = free_port()
        command = [sys.executable, "-m", "evsed.hw.simulation.process", "--port", str(self._port)]
        self.holder = started(stack, [*command, "--directory", str(directory)])
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline()
        wait_for(self._answers, "the plant answers")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.seen)
        return False

    def open(self) -> Board:
        board = SimulatedBoard(self._door, lambda: False)
        self._stack.callback(board.close)
        return board

    def leave_energised(self) -> None:
        """Everything a plant does is somebody's feed, so there is a predecessor who feeds, and dies unseen."""
        predecessor = SimulatedBoard(self._door, lambda: False)
        drive(predecessor, Outputs(contactor1=True), lambda: self.seen.contactor1)
        predecessor.close()

    @property
    def seen(self) -> Seen:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/simulation/0", timeout=30) as answer:
            plant: dict[str, Any] = json.loads(answer.read())["plant"]
        off = plant["pilot_high_mv"] == 0
        duty = None if off else round(plant["pilot_duty"] * 100)
        return Seen(plant["contactor1"], plant["contactor2"], duty)


class SiliconBench:
    """Chips, the guard and, for its driver, pigpiod or the kernel's PWM."""

    def __init__(self, driver: Driver, directory: Path, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        pwm = Pwm(base=str(directory / "pwm"))
        pins = replace(Pins(), **MIRRORS)
        port = free_port()
        self.wiring = Wiring(driver, guard=str(directory / "guard"), pins=pins, pwm=pwm, pigpio_port=port)
        options = [] if driver is Driver.PIGPIO else ["--pwm", str(make_tree(directory / "pwm"))]
        document = json.dumps({"pins": {name: [line.gpio, line.active_low] for name, line in MIRRORS.items()}})
        self.silicon = stack.enter_context(Silicon(directory, "--wiring", document, *options))
        self.pigpiod: subprocess.Popen[bytes] | None = None
        if driver is Driver.PIGPIO:
            command = ["tests.silicon.pigpiod", "--port", str(port), "--registers", str(self.silicon.path)]
            self.pigpiod = started(stack, [sys.executable, "-m", *command])
            assert self.pigpiod.stdout is not None
            assert b"listening" in self.pigpiod.stdout.readline()
        plan = directory / "guard.json"
        plan.write_text(json.dumps(guard_plan(self.wiring)))
        self._guard = ["tests.silicon.under", str(self.silicon.path), "evsed.hw.guard", str(plan)]
        self.holder = self._guarded()

    def _guarded(self) -> "subprocess.Popen[bytes]":
        guard = started(self._stack, [sys.executable, "-m", *self._guard])
        wait_for(lambda: Path(self.wiring.guard).exists(), "the guard listens", lambda: runs(guard))
        return guard

    def open(self) -> Board:
        take_away = install(self.silicon.path)
        self._stack.callback(take_away)
        board = open_board(self.wiring, NoTouch())
        self._stack.callback(board.close)
        return board

    def leave_energised(self) -> None:
        """The guard died with a contactor closed and the pulses going, and its lines kept their levels."""
        self.holder.kill()
        self.holder.wait()
        Path(self.wiring.guard).unlink()
        self.silicon.ask("write", gpio=22, level=1)
        if self.pigpiod is None:
            (channel,) = Path(self.wiring.pwm.base).glob("pwmchip*/pwm0")
            (channel / "duty_cycle").write_text("530000\n")
        else:
            self.silicon.ask("hardware_pwm", gpio=12, hz=1_000, duty_ppm=530_000)
        wait_for(lambda: not self.seen.safe, "it is energised")
        self.holder = self._guarded()

    @property
    def seen(self) -> Seen:
        state = self.silicon.state
        duty = None if state["pilot"] == "OFF" else int(state["duty"])
        return Seen(state["contactor1"], state["contactor2"], duty)


def started(stack: contextlib.ExitStack, command: list[str]) -> "subprocess.Popen[bytes]":
    """A process that ends with ``stack``."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    stack.callback(_end, process)
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def runs(process: "subprocess.Popen[bytes]") -> None:
    """Fails when it has ended."""
    assert process.poll() is None, f"ended with {process.returncode}"


def drive(board: Board, outputs: Outputs, true: Any = lambda: True) -> Inputs:
    """Control cycles until ``true`` is, at least two; what the last one saw."""
    inputs = []

    def cycle() -> bool:
        inputs.append(board.sample())
        board.apply(outputs)
        return len(inputs) > 1 and bool(true())

    wait_often(cycle)
    return inputs[-1]


def wait_often(cycle: Any) -> None:
    """Like ``wait_for``, as often as a control loop."""
    until = time.monotonic() + 60.0
    while not cycle():
        assert time.monotonic() < until, "never"
        time.sleep(0.01)
