"""The pilot by pigpiod: a start that is safe before anything else, a lease that expires, and a loss that is noticed."""

import logging
import sys
import time
from pathlib import Path

import pytest

from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, Pilot, PilotDrive
from evsed.core.ports import BoardLostError
from evsed.hw.pigpio.client import PigpioLostError, ScriptState
from evsed.hw.pigpio.pilot import LOOK_S, MENDS, MENDS_S, SCRIPT_S, STALE_S, PigpioPilot
from tests.hw.pigpio.wire import PATIENCE_S, PULSES, Clock, Wire, cycle, cycles, lost_in_time, wait_for
from tests.silicon.link import Silicon
from tests.silicon.pigpiod import GDC, HP, MODEG, PROCD, PROCS, READ, WRITE
from tests.silicon.pigpiod_process import Pigpiod

pytestmark = pytest.mark.daemon


def test_only_changes_are_written(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    wire.calls.clear()
    cycles(pilot, clock, 0.2)
    cycle(pilot, PILOT_HIGH)
    cycle(pilot, PILOT_OFF)  # the guard disconnects; the pulses are constant
    cycle(pilot, PILOT_LOW)
    cycle(pilot, PILOT_LOW)
    assert len(wire.named("HP")) == 3
    assert wire.named("WRITE") == []
    assert wire.daemon.ask(GDC, 12) == 0


@pytest.mark.parametrize("pulses", [1_000, 1_001, 5_333, 9_600])
def test_a_ten_thousandth_is_a_hundred_parts_in_a_million(wire: Wire, pulses: int) -> None:
    cycle(wire.start(), PilotDrive(Pilot.PWM, pulses))
    assert wire.daemon.ask(GDC, 12) == 100 * pulses


def test_the_lease_is_renewed_every_50_ms_and_what_stands_is_looked_at(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    wire.calls.clear()
    cycles(pilot, clock, 3.0)
    assert 50 <= len(wire.named("PROCU")) <= 61
    assert 26 <= len(wire.named("GDC")) <= 31
    assert 26 <= len(wire.named("MODEG")) <= 31
    assert 2 <= len(wire.named("PROCP")) <= 3


def test_a_slow_loop_still_looks_at_everything(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    wire.calls.clear()
    for _ in range(60):
        clock.now += 0.06
        cycle(pilot)
    assert all(wire.named(name) for name in ("PROCU", "GDC", "MODEG", "PROCP"))


def test_the_lease_outlasts_the_guards(wire: Wire, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    pilot = wire.start()
    clock.now += 1  # the next drive renews
    renewed = time.monotonic()
    pilot.drive(PULSES)
    wait_for(lambda: wire.daemon.ask(GDC, 12) == 1_000_000)
    took = 1000 * (time.monotonic() - renewed)
    with capsys.disabled():
        sys.stdout.write(f"\nlast renewal to constant: {took:.0f} ms\n")
    assert took > 540


def test_without_renewals_pulses_end_and_contactors_open(wire: Wire) -> None:
    pilot = wire.start()
    cycle(pilot)
    wire.daemon.ask(WRITE, 22, 1)
    wire.daemon.ask(WRITE, 23, 1)
    assert wire.daemon.ask(GDC, 12) == 530_000
    wait_for(lambda: wire.daemon.ask(GDC, 12) == 1_000_000)
    assert (wire.daemon.ask(READ, 22), wire.daemon.ask(READ, 23)) == (0, 0)


def test_after_a_late_loop_the_drive_is_written_again(
    wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    pilot = wire.start()
    cycle(pilot)
    wait_for(lambda: wire.daemon.ask(GDC, 12) == 1_000_000)  # expired
    clock.now += STALE_S + 0.1
    wire.calls.clear()
    cycle(pilot)
    assert wire.calls[0][0] == "PROCU"  # before the pulses: else the script ends them again
    wait_for(lambda: mended(pilot, clock, wire.daemon))
    assert "the control loop was late" in caplog.text


def mended(pilot: PigpioPilot, clock: Clock, daemon: Pigpiod) -> bool:
    cycles(pilot, clock, 0.05)
    return daemon.ask(GDC, 12) == 530_000


def test_a_late_loop_with_a_constant_pilot_is_no_news(
    wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    pilot = wire.start()
    clock.now += 5
    cycle(pilot, PILOT_HIGH)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_what_was_forgotten_is_written_again(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    cycles(pilot, clock, 0.1)
    wire.calls.clear()
    pilot.forget()
    cycle(pilot)
    assert len(wire.named("HP")) == 1


def test_a_pin_that_the_guard_took_is_taken_back_when_it_is_driven_anew(tmp_path: Path) -> None:
    """pigpiod does not notice that the kernel gave the pin away, and hardware PWM alone never brings it back."""
    with Silicon(tmp_path) as silicon, Pigpiod("--registers", str(silicon.path)) as daemon, Wire(daemon) as wire:
        pilot = wire.start()
        cycle(pilot)
        silicon.ask("write", gpio=12, level=1)
        assert silicon.ask("function", gpio=12)["value"] == "out"
        pilot.forget()
        cycle(pilot)
        assert (silicon.ask("function", gpio=12)["value"], silicon.ask("duty", gpio=12)["value"]) == ("pwm", 530_000)


def test_a_pin_that_the_guard_lets_go_of_after_the_start_is_taken_back_at_the_first_drive(tmp_path: Path) -> None:
    """The kernel makes a freed pin an input unless it is an output then: also one that has its PWM again."""
    with Silicon(tmp_path) as silicon, Pigpiod("--registers", str(silicon.path)) as daemon, Wire(daemon) as wire:
        pilot = wire.start()
        silicon.ask("make_input", gpio=12)
        pilot.drive(PILOT_HIGH)
        assert (silicon.ask("function", gpio=12)["value"], silicon.ask("duty", gpio=12)["value"]) == ("pwm", 1_000_000)


def test_another_duty_is_mended_once_and_then_believed(
    wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    pilot = wire.start()
    cycles(pilot, clock, 0.5)
    other_duty(wire.daemon)
    cycles(pilot, clock, 3 * LOOK_S)
    assert wire.daemon.ask(GDC, 12) == 530_000
    assert "the pilot's duty in parts in a million on GPIO 12 reads 200000 instead of 530000" in caplog.text
    other_duty(wire.daemon)
    cycles(pilot, clock, 3 * LOOK_S)  # it was seen right between the two
    other_duty(wire.daemon)
    with pytest.raises(BoardLostError, match="reads 200000 instead of 530000, again: another program drives this pin"):
        other_duty_every_cycle(pilot, clock, wire.daemon)


def other_duty(daemon: Pigpiod) -> None:
    assert daemon.ask(HP, 12, 1_000, (200_000).to_bytes(4, "little")) == 0


def other_duty_every_cycle(pilot: PigpioPilot, clock: Clock, daemon: Pigpiod) -> None:
    for _ in range(100):
        other_duty(daemon)
        clock.now += 0.01
        cycle(pilot)


def test_a_pin_that_was_written_is_mended(wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    pilot = wire.start()
    cycles(pilot, clock, 0.5)
    wire.daemon.ask(WRITE, 12, 0)
    cycles(pilot, clock, 3 * LOOK_S)
    assert (wire.daemon.ask(MODEG, 12), wire.daemon.ask(GDC, 12)) == (4, 530_000)
    assert "; it is written again" in caplog.text  # duty or function, whichever was looked at first


def test_a_function_that_does_not_stand_twice_is_a_lost_board(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    cycles(pilot, clock, 0.5)
    wire.daemon.plant(lie=1, only=MODEG)
    with pytest.raises(BoardLostError, match="the pilot's function on GPIO 12 reads 1 instead of 4, again"):
        cycles(pilot, clock, 1.0)


def test_mending_has_an_end(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    for _ in range(MENDS):
        other_duty(wire.daemon)
        cycles(pilot, clock, 1.0)
    clock.now += MENDS_S
    other_duty(wire.daemon)
    cycles(pilot, clock, 1.0)  # that was long ago
    with pytest.raises(BoardLostError, match="another program drives this pin"):
        mend_often(pilot, clock, wire.daemon)


def mend_often(pilot: PigpioPilot, clock: Clock, daemon: Pigpiod) -> None:
    for _ in range(MENDS + 1):
        other_duty(daemon)
        cycles(pilot, clock, 1.0)


def test_a_script_that_halts_is_a_lost_board(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    wire.daemon.ask(PROCS, 0)
    wait_for(lambda: pilot._client.script_status(0).state == ScriptState.HALTED)
    with pytest.raises(BoardLostError, match=r"pigpiod does not run the pilot's script 0 any more \(state 1\)"):
        cycles(pilot, clock, 2 * SCRIPT_S)


def test_a_script_that_is_deleted_is_a_lost_board(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    wire.daemon.ask(PROCD, 0)
    with pytest.raises(BoardLostError, match="refuses PROCU for script 0: it has no such script"):
        cycles(pilot, clock, 3 * LOOK_S)


def test_the_end_of_pigpiod_is_noticed_in_the_same_cycle(wire: Wire) -> None:
    pilot = wire.start()
    cycle(pilot)
    wire.daemon.kill()
    with lost_in_time("has ended|has broken the connection"):
        pilot.drive(PULSES)
    for call in (pilot.keep, pilot.open_contactors, pilot.close):
        with lost_in_time("has ended|has broken the connection"):
            call()


def test_pigpiod_that_hangs_is_asked_once(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    cycle(pilot)
    wire.daemon.freeze()
    wire.calls.clear()
    with lost_in_time("did not answer PROCU for script 0 within 100 ms"):
        cycles(pilot, clock, 1.0)
    with lost_in_time("did not answer PROCU"):
        pilot.open_contactors()
    assert len(wire.calls) == 1


def test_slow_answers_do_not_add_up(wire: Wire, clock: Clock) -> None:
    """Each is in time, all of a cycle together are not."""
    pilot = wire.start()
    cycle(pilot)
    wire.daemon.plant(late_ms=60)
    clock.now += 3 * LOOK_S
    started = time.monotonic()
    with pytest.raises(PigpioLostError, match="did not answer PROCU"):
        cycle(pilot, PILOT_LOW)
    assert time.monotonic() - started < PATIENCE_S


def test_the_second_path_writes_the_contactors_off(wire: Wire) -> None:
    pilot = wire.start()
    wire.daemon.ask(WRITE, 22, 1)
    wire.daemon.ask(WRITE, 23, 1)
    pilot.open_contactors()
    assert (wire.daemon.ask(READ, 22), wire.daemon.ask(READ, 23)) == (0, 0)


def test_close_leaves_everything_off_and_held_so(wire: Wire) -> None:
    pilot = wire.start()
    cycle(pilot)
    pilot.close()
    assert wire.daemon.ask(GDC, 12) == 1_000_000
    wire.daemon.ask(WRITE, 22, 1)
    wait_for(lambda: wire.daemon.ask(READ, 22) == 0)
    with pytest.raises(PigpioLostError, match="is closed"):
        pilot.drive(PULSES)


def test_nothing_ever_switches_a_contactor_on(wire: Wire, clock: Clock) -> None:
    pilot = wire.start()
    cycles(pilot, clock, 2.0)
    pilot.open_contactors()
    pilot.close()
    assert {call for call in wire.named("WRITE") if call[1] in (22, 23)} == {("WRITE", 22, 0), ("WRITE", 23, 0)}
