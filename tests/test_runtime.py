"""The control loop with a board that a test controls."""

import queue
import threading
from dataclasses import dataclass, field

import pytest

from evsed.core.actions import SAFE, Outputs
from evsed.core.controller import Controller
from evsed.core.events import ChooseMode, Command, Event, Inputs, MeterRead, Override, Verdict
from evsed.core.model import Access, Equipment, MeterRole, ModeChoice, PhaseCurrents
from evsed.core.ports import BoardLostError
from evsed.core.snapshot import Saved
from evsed.core.units import Millis
from evsed.runtime import MOST_WAITING, TAKING_MS, Runtime

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


def test_the_watchdog_is_fed_by_complete_cycles_only() -> None:
    """A loop that looks but cannot drive, or is stuck on the way there, has to look dead to systemd."""
    board, cycles, failed = Board(), queue.SimpleQueue[Outputs](), threading.Event()
    runtime = Runtime(board, Keeper(), Saved(), failed.set, cycled=lambda: cycles.put(board.applied[-1]))
    runtime.start()
    assert cycles.get(timeout=PATIENCE_S) == SAFE, "after the outputs were driven"
    cycles.get(timeout=PATIENCE_S)

    def fail(outputs: Outputs) -> None:
        assert outputs == SAFE
        while not cycles.empty():
            cycles.get()
        raise BoardLostError("gone")

    board.apply = fail  # type: ignore[method-assign]
    assert failed.wait(PATIENCE_S)
    assert cycles.empty()


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


# ---- a flood, on a clock of the test's own ----


@dataclass
class Clock:
    """Stands still, except that each command and each event costs the control thread ``costs_ms``."""

    now: Millis = 1_000_000
    costs_ms: Millis = 1
    events: int = 0

    def __call__(self) -> Millis:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    carry_out, handle = Controller.command, Controller.handle

    def command(core: Controller, command: Command, now: Millis) -> Verdict:
        clock.now += clock.costs_ms
        return carry_out(core, command, now)

    def event(core: Controller, event: Event, now: Millis) -> object:
        if isinstance(event, MeterRead):
            clock.now += clock.costs_ms
            clock.events += 1
        return handle(core, event, now)

    monkeypatch.setattr("evsed.runtime.monotonic_ms", clock)
    monkeypatch.setattr(Controller, "command", command)
    monkeypatch.setattr(Controller, "handle", event)
    return clock


def held() -> Runtime:
    """A loop that goes on by one cycle when a test says so."""
    return Runtime(Board(), Keeper(), Saved(), threading.Event().set)


def test_a_burst_of_commands_is_spread_over_cycles_and_answered_in_order(clock: Clock) -> None:
    runtime = held()
    choices = [ModeChoice.OFF, ModeChoice.NORMAL, ModeChoice.PAUSE, ModeChoice.NORMAL] * 10
    answers = [runtime.submit(ChooseMode(choice)) for choice in choices]
    answered = 0
    while answered < len(answers):
        began = clock.now
        runtime._cycle(clock.now)
        assert clock.now - began <= TAKING_MS
        now_answered = sum(answer.done() for answer in answers)
        assert now_answered - answered == min(TAKING_MS, len(answers) - answered)
        assert all(answer.done() for answer in answers[:now_answered]), "in their order"
        assert runtime.snapshot.choice is choices[now_answered - 1], "what was answered is shown"
        answered = now_answered


def test_a_command_that_takes_long_is_the_only_one_of_its_cycle(clock: Clock) -> None:
    runtime, clock.costs_ms = held(), 10
    answers = [runtime.submit(ChooseMode(ModeChoice.OFF)) for _ in range(3)]
    for done in range(1, 4):
        runtime._cycle(clock.now)
        assert sum(answer.done() for answer in answers) == done


def test_meters_are_heard_through_a_flood_of_commands_and_commands_through_one_of_meters(clock: Clock) -> None:
    runtime = held()
    answers = [runtime.submit(ChooseMode(ModeChoice.OFF)) for _ in range(100)]
    reading = MeterRead(MeterRole.MAINS, PhaseCurrents(60, 50, 40))
    runtime.post(reading)
    runtime._cycle(clock.now)
    assert clock.events == 1
    for _ in range(50):
        runtime.post(reading)
    before, began = sum(answer.done() for answer in answers), clock.now
    runtime._cycle(clock.now)
    assert clock.now - began == TAKING_MS + clock.costs_ms
    assert sum(answer.done() for answer in answers) == before + 1


def test_leaving_does_not_wait_behind_commands(clock: Clock) -> None:
    runtime = held()
    for _ in range(100):
        runtime.submit(ChooseMode(ModeChoice.SMART))
    runtime.leave()
    runtime._cycle(clock.now)
    assert runtime._done(clock.now)


def test_more_commands_than_can_be_carried_out_soon_are_refused_at_once(clock: Clock) -> None:
    runtime = held()
    answers = [runtime.submit(ChooseMode(ModeChoice.OFF)) for _ in range(MOST_WAITING + 50)]
    assert not any(answer.done() for answer in answers[:MOST_WAITING])
    assert {answer.result(0).refused for answer in answers[MOST_WAITING:]} == {"the control loop is busy"}
    runtime._cycle(clock.now)
    assert not runtime.submit(ChooseMode(ModeChoice.OFF)).done(), "there is room again"


def test_nobody_waits_for_a_loop_that_has_ended() -> None:
    runtime = held()
    answers = [runtime.submit(ChooseMode(ModeChoice.OFF)) for _ in range(MOST_WAITING)]
    runtime.leave()
    runtime.start()
    assert runtime.join(PATIENCE_S)
    assert "has ended" in runtime.submit(ChooseMode(ModeChoice.OFF)).result(0).refused
    assert all(answer.done() for answer in answers)
    assert "has ended" in answers[-1].result(0).refused
