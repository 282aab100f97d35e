"""The pilot by pigpiod starts safe before anything else, and says what keeps it from starting."""

from pathlib import Path

import pytest

from evsed.core.actions import PILOT_LOW
from evsed.wiring import Line, Pins
from tests.hw.pigpio.wire import FOREVER, Wire, cycle, lost_in_time, wait_for
from tests.silicon.link import Silicon
from tests.silicon.pigpiod import GDC, MODEG, PROC, PROCR, PROCS, READ
from tests.silicon.pigpiod_process import Pigpiod

pytestmark = pytest.mark.daemon


def test_the_pilot_is_constant_before_anything_else_and_contactors_are_written_off_before_scripts(wire: Wire) -> None:
    wire.start()
    names = [name for name, *_ in wire.calls]
    assert wire.calls[:3] == [("MODEG", 12, 0), ("WRITE", 12, 1), ("HP", 12, 1_000)]
    assert wire.calls[3:5] == [("WRITE", 22, 0), ("WRITE", 23, 0)]
    assert set(names[:5]) == {"MODEG", "WRITE", "HP"}
    assert wire.named("WRITE")[1:] == [("WRITE", 22, 0), ("WRITE", 23, 0)]
    assert (wire.daemon.ask(MODEG, 12), wire.daemon.ask(GDC, 12)) == (4, 1_000_000)
    assert (wire.daemon.ask(MODEG, 22), wire.daemon.ask(READ, 22)) == (1, 0)


def test_polarities(wire: Wire) -> None:
    wire.pins = Pins(pilot=Line(13, active_low=True), contactor1=Line(10, active_low=True), contactor2=None)
    pilot = wire.start()
    assert (wire.daemon.ask(GDC, 13), wire.daemon.ask(READ, 10)) == (0, 1)
    assert wire.named("WRITE") == [("WRITE", 13, 0), ("WRITE", 10, 1)]
    cycle(pilot)
    assert wire.daemon.ask(GDC, 13) == 470_000
    cycle(pilot, PILOT_LOW)
    assert wire.daemon.ask(GDC, 13) == 1_000_000


def test_a_predecessors_pulses_end_without_a_glitch(wire: Wire) -> None:
    """The pin stays with its PWM: no write takes it out."""
    cycle(wire.start())
    wire.calls.clear()
    wire.start()
    assert wire.calls[:3] == [("MODEG", 12, 0), ("GDC", 12, 0), ("HP", 12, 1_000)]
    assert wire.daemon.ask(GDC, 12) == 1_000_000


def test_leftovers_of_a_crashed_predecessor_are_deleted_running_or_not(wire: Wire) -> None:
    daemon = wire.daemon
    for number in range(32):
        assert daemon.ask(PROC, extension=FOREVER) == number
    for number in (0, 7, 31):
        wait_for(lambda number=number: daemon.ask(PROCR, number) == 0)  # type: ignore[misc]
    pilot = wire.start()
    assert [number for number in range(32) if daemon.ask(PROCS, number) == 0] == [0]
    assert daemon.ask(PROCR, 0) == 0  # ours again, after that stop
    cycle(pilot)


@pytest.mark.parametrize("refusals", [1, 20])
def test_a_script_that_refuses_to_run_is_asked_again(wire: Wire, refusals: int) -> None:
    wire.daemon.plant(refuse_runs=refusals)
    cycle(wire.start())
    assert len(wire.named("PROCR")) == refusals + 1


def test_a_script_that_takes_its_time_is_waited_for() -> None:
    with Pigpiod("--initialising-ms", "150") as daemon, Wire(daemon) as wire:
        cycle(wire.start())


def test_a_script_that_is_never_set_up_ends_the_start() -> None:
    with Pigpiod("--initialising-ms", "60000") as daemon, lost_in_time("did not set up the pilot's script within 1 s"):
        Wire(daemon).start()


def test_a_script_that_never_runs_ends_the_start(wire: Wire) -> None:
    wire.daemon.plant(refuse_runs=1_000_000)
    with lost_in_time(r"did not start the pilot's script within 1 s; restart it: systemctl restart pigpiod"):
        wire.start()


def test_a_slow_daemon_does_not_stretch_the_start(wire: Wire) -> None:
    wire.daemon.plant(late_ms=60)
    with lost_in_time("did not answer"):
        wire.start()


def test_no_daemon_is_said_at_once() -> None:
    with Pigpiod() as daemon:
        daemon.kill()
        with lost_in_time("cannot be reached.*systemctl status pigpiod"):
            Wire(daemon).start()


def test_a_pin_without_hardware_pwm_is_named(wire: Wire) -> None:
    wire.pins = Pins(pilot=Line(17))
    with lost_in_time("board.pins.pilot: GPIO 17 has no hardware PWM; use 12, 13, 18 or 19"):
        wire.start()


def test_a_mask_without_our_pins_is_named() -> None:
    with Pigpiod("-x", hex(1 << 12)) as daemon, lost_in_time("refuses WRITE for GPIO 22: its option -x"):
        Wire(daemon).start()


def test_a_start_takes_the_pin_back(tmp_path: Path) -> None:
    with Silicon(tmp_path) as silicon, Pigpiod("--registers", str(silicon.path)) as daemon, Wire(daemon) as wire:
        cycle(wire.start())
        silicon.ask("write", gpio=12, level=1)
        cycle(wire.start())
        assert (silicon.ask("function", gpio=12)["value"], silicon.ask("duty", gpio=12)["value"]) == ("pwm", 530_000)
