"""What the core may rely on, asked of every board alike: the simulation, pigpio and the kernel's PWM.

Real processes behind each; see benches.py. How fast all is safe when something dies is the crash matrix's.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, SAFE, Outputs, pilot_offering
from evsed.core.ports import Board, BoardLostError
from evsed.hw.guard import LEASE_MS
from evsed.wiring import Driver
from tests.hw.benches import Bench, SiliconBench, SimulationBench, drive, wait_often
from tests.scenarios.simulation import wait_for

pytestmark = pytest.mark.daemon

PULSES = pilot_offering(160)
CLOSED = Outputs(contactor1=True, contactor2=True, pilot=PULSES)
KINDS = ("simulation", *Driver)


def _bench(kind: str, directory: Path, stack: contextlib.ExitStack) -> Bench:
    return SimulationBench(directory, stack) if kind == "simulation" else SiliconBench(Driver(kind), directory, stack)


@pytest.fixture(params=KINDS, ids=str)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with contextlib.ExitStack() as stack:
        yield _bench(request.param, tmp_path, stack)


@pytest.fixture
def pigpio(tmp_path: Path) -> Iterator[SiliconBench]:
    with contextlib.ExitStack() as stack:
        yield SiliconBench(Driver.PIGPIO, tmp_path, stack)


@pytest.fixture
def board(bench: Bench) -> Board:
    return bench.open()


def closed(bench: Bench) -> bool:
    seen = bench.seen
    return seen.contactor1 and seen.contactor2 and seen.duty == PULSES.duty


def test_outputs_are_safe_before_the_board_is_returned(bench: Bench) -> None:
    bench.leave_energised()
    bench.open()
    seen = bench.seen
    assert seen.duty == 10_000
    wait_for(lambda: bench.seen.safe, "contactors have moved")


def test_contactors_and_their_mirrors_follow(bench: Bench, board: Board) -> None:
    inputs = drive(board, CLOSED, lambda: closed(bench) and board.sample().closed1)
    assert board.sample().closed2
    one = Outputs(contactor1=True, pilot=PULSES)
    drive(board, one, lambda: not bench.seen.contactor2)
    assert bench.seen.contactor1
    drive(board, SAFE, lambda: bench.seen.safe)
    inputs = drive(board, SAFE, lambda: not board.sample().closed1)
    assert inputs.closed1 is not None


@pytest.mark.parametrize(
    ("drive_it", "levels"),
    [(PILOT_HIGH, {12}), (PILOT_LOW, {-12}), (PILOT_OFF, {0}), (pilot_offering(60), {12, -12}), (PULSES, {12, -12})],
)
def test_the_pilot_is_seen_as_it_is_driven(bench: Bench, board: Board, drive_it: object, levels: set[int]) -> None:
    outputs = Outputs(pilot=drive_it)  # type: ignore[arg-type]  # a table of drives
    wanted = None if drive_it == PILOT_OFF else outputs.pilot.duty
    drive(board, outputs, lambda: bench.seen.duty == wanted)
    board.apply(outputs)
    burst = board.sample().pilot_mv
    plateaus = {level: [mv for mv in burst if abs(mv - level * 1_000) < 500] for level in levels}
    assert sum(map(len, plateaus.values())) > 0.9 * len(burst), "nothing but plateaus and a few edges"
    for level, seen in plateaus.items():
        assert abs(median(seen) - level * 1_000) < 100
    if len(levels) == 2:
        assert abs(len(plateaus[12]) / len(burst) - outputs.pilot.duty / 10_000) < 0.1


def test_outputs_expire_by_themselves_and_close_only_for_who_has_asked_for_open(bench: Bench, board: Board) -> None:
    drive(board, CLOSED, lambda: closed(bench))
    board.apply(CLOSED)
    fed_at = time.monotonic()
    wait_for(lambda: bench.seen.safe, "the lease runs out")
    took = 1000 * (time.monotonic() - fed_at)
    print(f"safe {took:.0f} ms after the last feed")  # noqa: T201 - measured
    assert took >= LEASE_MS - 50, "a pause that short is no reason"
    for _ in range(20):
        with contextlib.suppress(BoardLostError):
            board.sample()
            board.apply(CLOSED)
            assert not bench.seen.contactor1
    drive(board, SAFE, lambda: bench.seen.safe)
    drive(board, CLOSED, lambda: closed(bench))


def test_a_board_that_is_gone_is_noticed_at_once(bench: Bench, board: Board) -> None:
    drive(board, CLOSED, lambda: closed(bench))
    bench.holder.kill()
    bench.holder.wait()
    longest = _lost(board)
    print(f"longest call {longest:.0f} ms")  # noqa: T201 - measured
    if isinstance(bench, SiliconBench):
        wait_for(lambda: bench.seen.safe, "open without the guard")


def test_a_board_that_hangs_is_lost_or_shows_nothing(bench: Bench, board: Board) -> None:
    drive(board, CLOSED, lambda: closed(bench))
    os.kill(bench.holder.pid, signal.SIGSTOP)
    blind = []

    def lost() -> bool:
        try:
            blind.append(not board.sample().pilot_mv)
            board.apply(CLOSED)
        except BoardLostError:
            return True
        return sum(blind) > 3 and isinstance(bench, SimulationBench)  # whoever feeds it opens by the lease

    wait_often(lost)
    if isinstance(bench, SiliconBench):
        wait_for(lambda: bench.seen.safe, "open without the guard")


def _lost(board: Board) -> float:
    """Cycles until the board is lost; the longest call in ms."""
    calls = []

    def lost() -> bool:
        began = time.monotonic()
        try:
            board.sample()
            board.apply(CLOSED)
        except BoardLostError:
            return True
        finally:
            calls.append(1000 * (time.monotonic() - began))
        return False

    wait_often(lost)
    return max(calls)


def test_close_makes_safe(bench: Bench, board: Board) -> None:
    drive(board, CLOSED, lambda: closed(bench))
    board.close()
    wait_for(lambda: bench.seen.safe, "all is safe")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_pigpiod_the_car_sees_no_pulses(pigpio: SiliconBench, number: signal.Signals) -> None:
    board = pigpio.open()
    drive(board, CLOSED, lambda: closed(pigpio))
    assert pigpio.pigpiod is not None
    os.kill(pigpio.pigpiod.pid, number)
    longest = _lost(board)
    print(f"longest call {longest:.0f} ms")  # noqa: T201 - measured
    wait_for(lambda: pigpio.seen.safe, "open, and no pulses")
