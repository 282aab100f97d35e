"""The control loop with a board that a test controls."""

import threading
from dataclasses import dataclass, field

import pytest

from evsed.core.actions import SAFE, Outputs
from evsed.core.events import ChooseMode, Inputs, Override
from evsed.core.model import Access, Equipment, ModeChoice
from evsed.core.ports import BoardLostError
from evsed.core.snapshot import Saved
from evsed.runtime import Runtime

PATIENCE_S = 30.0


@dataclass
class Board:
    """Sees 12 V; ``breaks`` raises from then on."""

    applied: list[Outputs] = field(default_factory=list)
    breaks: Exception | None = None

    @property
    def equipment(self) -> Equipment:
        return Equipment()

    def sample(self) -> Inputs:
        if self.breaks is not None:
            raise self.breaks
        return Inputs(pilot_mv=(12_000,) * 100)

    def apply(self, outputs: Outputs) -> None:
        self.applied.append(outputs)
        if self.breaks is not None:
            raise self.breaks

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class Keeper:
    """Remembers what it was told to keep."""

    kept: list[tuple[Saved, bool]] = field(default_factory=list)

    def submit(self, saved: Saved, *, at_once: bool) -> None:
        self.kept.append((saved, at_once))


def start(board: Board, keeper: Keeper, failed: threading.Event | None = None) -> Runtime:
    runtime = Runtime(board, keeper, Saved(), (failed or threading.Event()).set)
    runtime.start()
    return runtime


def end(runtime: Runtime) -> None:
    runtime.leave()
    assert runtime.join(PATIENCE_S)


def test_a_command_is_answered_when_the_snapshot_shows_it_and_it_is_on_its_way_to_the_disk() -> None:
    keeper = Keeper()
    runtime = start(Board(), keeper)
    assert runtime.submit(ChooseMode(ModeChoice.OFF)).result(PATIENCE_S).accepted
    assert runtime.snapshot.access is Access.DENY
    assert (keeper.kept[-1][0].access, keeper.kept[-1][1]) == (Access.DENY, True)
    assert "60 to 130" in runtime.submit(Override(7)).result(PATIENCE_S).refused
    end(runtime)


def test_whoever_stops_waiting_does_not_stop_the_loop() -> None:
    runtime = Runtime(Board(), Keeper(), Saved(), threading.Event().set)
    answer = runtime.submit(ChooseMode(ModeChoice.PAUSE))
    assert not answer.cancel()
    runtime.start()
    assert answer.result(PATIENCE_S).accepted
    end(runtime)


def test_a_loop_that_hangs_is_known_to_hang() -> None:
    board, held, go_on = Board(), threading.Event(), threading.Event()
    runtime = start(board, Keeper())
    assert not runtime.hangs
    sample = board.sample

    def hold() -> Inputs:
        held.set()
        go_on.wait(PATIENCE_S)
        return sample()

    board.sample = hold  # type: ignore[method-assign]
    assert held.wait(PATIENCE_S)
    stuck = threading.Event()
    while not runtime.hangs:
        stuck.wait(0.05)
    go_on.set()
    end(runtime)


def test_leaving_ends_with_safe_outputs() -> None:
    board = Board()
    runtime = start(board, Keeper())
    end(runtime)
    assert board.applied[-1] == SAFE
    assert runtime.failure is None


@pytest.mark.parametrize("error", [BoardLostError("gone"), ZeroDivisionError("a bug")])
def test_a_loop_that_cannot_go_on_tries_to_be_safe_and_says_so(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    board, failed = Board(), threading.Event()
    runtime = start(board, Keeper(), failed)
    board.breaks = error
    assert failed.wait(PATIENCE_S)
    assert runtime.join(PATIENCE_S)
    assert runtime.failure is error
    assert board.applied[-1] == SAFE
    assert "the control loop stopped" in caplog.text
    assert "they expire by themselves" in caplog.text
