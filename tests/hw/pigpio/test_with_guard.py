"""Two leases on one board, the guard's and the script's: neither undoes what the other has done."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed.core.actions import SAFE, Outputs, Pilot, PilotDrive
from evsed.hw.guard import LEASE_MS
from evsed.wiring import Driver
from tests.hw.benches import SiliconBench, drive
from tests.scenarios.simulation import wait_for

pytestmark = pytest.mark.daemon

CHARGING = Outputs(contactor1=True, pilot=PilotDrive(Pilot.PWM, 5_300))
ALMOST_S = 0.45
"""A renewal was 50 ms before the last feed, and the guard still lends."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SiliconBench]:
    with contextlib.ExitStack() as stack:
        yield SiliconBench(Driver.PIGPIO, tmp_path, stack)


def charges(bench: SiliconBench) -> bool:
    return bench.seen.contactor1 and bench.seen.duty == 5_300


def test_after_both_have_expired_the_pilots_pin_is_taken_back(bench: SiliconBench) -> None:
    board = bench.open()
    drive(board, CHARGING, lambda: charges(bench))
    wait_for(lambda: bench.seen.safe and bench.silicon.ask("function", gpio=12)["value"] == "out", "the guard took it")
    drive(board, SAFE)
    drive(board, CHARGING, lambda: charges(bench))
    assert bench.silicon.ask("function", gpio=12)["value"] == "pwm"


def test_a_loop_that_is_almost_too_late_does_not_make_the_contactor_bounce(bench: SiliconBench) -> None:
    """Had the script expired first, the guard would have closed again what it had opened."""
    board = bench.open()
    drive(board, CHARGING, lambda: charges(bench))
    bounces = 0
    for _ in range(5):
        cycles = bench.silicon.state["cycles"]
        late = time.monotonic()
        wait_for(lambda late=late: time.monotonic() - late > ALMOST_S, "it is late")  # type: ignore[misc]
        drive(board, CHARGING)
        stalled = time.monotonic() - late > LEASE_MS / 1000  # this machine was later than the test wanted
        bounces += not stalled and (bench.silicon.state["cycles"] != cycles or not bench.seen.contactor1)
        drive(board, SAFE if stalled else CHARGING)
        drive(board, CHARGING, lambda: charges(bench))
    assert bounces == 0
