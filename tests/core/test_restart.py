"""After a restart, a crash or a power cut with the car plugged in: the same session goes on, and no fault is forgotten.

The process ends at some moment of every state; the next one has what was saved, and outputs that are safe. The car
stays plugged and is never pulled.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evsed.core.actions import SAFE, LockDrive, Pilot
from evsed.core.events import Button, ChooseMode, ClearFaults, DelayedCharging, Tick, WallClock
from evsed.core.faults import LATCHED, Fault
from evsed.core.model import Access, Contactor2, Mode, ModeChoice
from evsed.core.schedule import NO_TIMER
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.bench import V3, V6, V9, Bench, configured

NOW_S = 1_800_000_000
CHOICES = {Mode.NORMAL: ModeChoice.NORMAL, Mode.SMART: ModeChoice.SMART, Mode.SOLAR: ModeChoice.SOLAR}

every_mode = pytest.mark.parametrize("mode", Mode)


def charging(mode: Mode, **given: object) -> Bench:
    usual = {"mode": int(mode), "mains_meter": "Eastron3P", "ev_meter": "Eastron3P", "rcmon": 1, "lock": 1}
    bench = Bench(Saved(settings=configured(**usual | given)))
    bench.mirror1 = bench.mirror2 = bench.feedback = "follows"
    bench.charge()
    bench.run(5_000, 50)
    return bench


def stopped_in(state: State, mode: Mode) -> Bench:
    """A session that has begun, at a moment in ``state``."""
    bench = charging(mode)
    choice = CHOICES[mode]
    match state:
        case State.C:
            return bench
        case State.C1:
            bench.change(ChooseMode(ModeChoice.OFF))
            bench.change(ChooseMode(choice))
        case State.B1:
            bench.change(ChooseMode(ModeChoice.OFF))
            bench.high = V9
            bench.run_to(State.B1, 100)
            bench.change(ChooseMode(choice))
        case State.B:
            bench.high = V9
            bench.run_to(State.B, 100)
    assert bench.state is state
    return bench


def comes_back(bench: Bench) -> None:
    """From the first look on: nothing closed, pilot off for 5 s, then B, the diode, and C."""
    begun = bench.now
    bench.core.handle(Tick(), bench.now)
    assert replace(bench.outputs, lock=LockDrive.REST) == SAFE
    bench.run_to(State.B1, 600)
    pilot_off_at = bench.now
    while bench.state is State.B1:
        assert not bench.closed
        assert (bench.outputs.pilot.kind is Pilot.OFF) == (bench.now - pilot_off_at < 5_000)
        bench.cycle()
        assert bench.now - begun < 30_000, bench.reason
    assert bench.state is State.B
    assert bench.now - pilot_off_at >= 5_000
    bench.high = V6
    while bench.state is State.B:
        assert not bench.closed
        bench.cycle()
    assert bench.state is State.C
    assert bench.core.pilot.diode_seen
    assert bench.closed


# ---- every state, every mode ----


@every_mode
@pytest.mark.parametrize("level", [V6, V9, V3])
@pytest.mark.parametrize("state", [State.B, State.C, State.C1, State.B1])
def test_the_same_session_goes_on_from_every_state(state: State, mode: Mode, level: int) -> None:
    bench = stopped_in(state, mode)
    saved = bench.core.saved
    assert saved.session_open
    charged = saved.charged_wh
    assert charged is not None
    bench.high = level
    bench.restart()
    comes_back(bench)
    assert bench.core.saved.session_start_wh == saved.session_start_wh
    bench.run(5_000, 50)
    later = bench.core.saved.charged_wh
    assert later is not None
    assert later > charged
    assert bench.core.desk.settings.mode == mode


@every_mode
def test_a_car_that_was_being_woken_is_offered_again(mode: Mode) -> None:
    bench = Bench(Saved(settings=configured(mode=int(mode), mains_meter="Eastron3P")))
    bench.meter_sunny()
    bench.run(1_500, 50)
    bench.high = V9
    bench.run_to(State.ACTIVATE, 40_000, 50)
    bench.restart()
    comes_back(bench)


@pytest.mark.parametrize("access", [Access.DENY, Access.PAUSE])
@every_mode
def test_access_off_stays_off_in_a_and_begins_when_it_is_on(mode: Mode, access: Access) -> None:
    bench = Bench(Saved(settings=configured(mode=int(mode), mains_meter="Eastron3P"), access=Access.DENY))
    bench.meter_sunny()
    bench.run(1_500, 50)
    bench.high = V9
    bench.run(3_000, 50)
    assert bench.state is State.A
    bench.restart(replace(bench.core.saved, access=access))
    bench.high = V6
    bench.run(60_000, 50)
    assert bench.state is State.B1
    assert bench.core.desk.access is access
    assert bench.outputs.pilot.kind is Pilot.HIGH
    bench.change(ChooseMode(CHOICES[mode]))
    bench.run_to(State.C, 3_000)


@pytest.mark.parametrize("choice", [ModeChoice.OFF, ModeChoice.PAUSE])
@pytest.mark.parametrize("state", [State.C1, State.B1])
def test_access_that_went_off_while_charging_stays_off(state: State, choice: ModeChoice) -> None:
    bench = charging(Mode.SMART)
    bench.change(ChooseMode(choice))
    if state is State.B1:
        bench.high = V9
        bench.run_to(State.B1, 100)
    kept = bench.core.saved
    bench.restart()
    bench.high = V6
    bench.run(60_000, 50)
    assert bench.state is State.B1
    assert replace(bench.core.saved, charged_wh=kept.charged_wh) == kept
    assert bench.outputs.pilot.kind is Pilot.HIGH


# ---- every fault ----


def _tested(bench: Bench) -> None:
    bench.residual = True


def _welded(bench: Bench) -> None:
    bench.high = V9
    bench.run(200)
    bench.mirror1 = True


def _failed(bench: Bench) -> None:
    bench.mirror1 = False


def _hot(bench: Bench) -> None:
    bench.temperature = 80


def _shorted(bench: Bench) -> None:
    bench.high = 0


def _diodeless(bench: Bench) -> None:
    bench.diode = False


CAUSES: dict[Fault, Callable[[Bench], None]] = {
    Fault.RCM: _tested,
    Fault.WELDED: _welded,
    Fault.CONTACTOR_FAILED: _failed,
    Fault.TEMPERATURE: _hot,
    Fault.PILOT: _shorted,
    Fault.DIODE: _diodeless,
}


@every_mode
@pytest.mark.parametrize("fault", CAUSES)
def test_a_fault_whose_cause_is_still_there_is_found_again(fault: Fault, mode: Mode) -> None:
    bench = charging(mode)
    CAUSES[fault](bench)
    bench.run(4_000)
    assert bench.has(fault)
    closings = bench.closings()
    bench.restart()
    assert bench.has(fault) == (fault in LATCHED)
    if fault is Fault.CONTACTOR_FAILED:  # seen only when it is told to close: tried again, and off again
        bench.run(60_000, 10)
        assert bench.has(fault)
        assert not bench.closed
        return
    bench.run(60_000, 50)
    assert bench.closings() == closings
    assert bench.has(fault) or fault is Fault.PILOT  # a shorted pilot looks like no car until it is one
    assert not bench.closed


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault in LATCHED])
def test_a_latched_fault_blocks_after_every_restart_until_somebody_resets_it(fault: Fault) -> None:
    bench = charging(Mode.NORMAL)
    CAUSES[fault](bench)
    bench.run(2_000)
    for _ in range(3):
        bench.restart()
        bench.residual, bench.mirror1, bench.high = False, "follows", V6
        bench.run(40_000, 50)
        assert bench.has(fault)
        assert (bench.state, bench.closed) == (State.B1, False)
    assert bench.core.snapshot(bench.now).reason is not None
    if fault is Fault.WELDED:
        assert bench.command(ClearFaults()).accepted
    bench.buttons = frozenset({Button.MIDDLE})
    bench.cycle()
    assert not bench.has(fault)
    assert bench.core.saved.latched == ()
    bench.run_to(State.C, 10_000)


# ---- lock, timer, phases, power cut ----


@pytest.mark.parametrize("level", [V6, V9])
def test_the_lock_is_not_moved_before_the_pilot_is_known(level: int) -> None:
    bench = charging(Mode.NORMAL)
    bench.high = level
    bench.feedback = True
    bench.restart()
    for _ in range(200):
        bench.cycle()
        assert bench.outputs.lock is not LockDrive.UNLOCK


@pytest.mark.parametrize("late_s", [0, 1, 3_600])
def test_delayed_charging_outlives_a_restart(late_s: int) -> None:
    bench = charging(Mode.NORMAL)
    bench.event(WallClock(NOW_S))
    assert bench.command(DelayedCharging(ModeChoice.NORMAL, NOW_S + 600, NOW_S + 7_200)).accepted
    bench.cycle()
    bench.high = V9
    bench.run(1_000)
    timer = bench.core.saved.timer
    assert timer != NO_TIMER
    bench.restart()
    bench.high = V6
    bench.run(20_000, 50)
    assert (bench.core.saved.timer, bench.core.desk.access) == (timer, Access.DENY)  # the time of day is not known
    bench.event(WallClock(NOW_S + 599))
    bench.run(900)
    assert (bench.state, bench.core.desk.access) == (State.B1, Access.DENY)
    bench.event(WallClock(NOW_S + 600 + late_s))
    bench.run_to(State.C, 20_000)
    bench.event(WallClock(NOW_S + 7_200))
    assert bench.run_to(State.C1, 100) <= 100


@pytest.mark.parametrize("second", Contactor2)
def test_contactor_2_is_closed_with_contactor_1_and_not_before(second: Contactor2) -> None:
    bench = charging(Mode.SOLAR, enable_C2=int(second))
    before = bench.outputs.contactor2
    bench.restart()
    comes_back(bench)
    assert bench.outputs.contactor2 == before


@pytest.mark.parametrize("wait_ms", [0, 4_000, 60_000])
def test_a_random_wait_after_a_power_cut_is_added(wait_ms: int) -> None:
    bench = charging(Mode.NORMAL)
    bench.restart_wait_ms = wait_ms
    bench.restart()
    begun = bench.now
    took = bench.run_to(State.B, 70_000)
    assert took >= max(5_000, wait_ms)
    assert took <= max(6_100, wait_ms + 100)  # with twice 6 V for 500 ms
    assert begun < bench.now


def test_a_car_that_was_pulled_meanwhile_is_a_new_session() -> None:
    bench = charging(Mode.NORMAL)
    bench.restart()
    bench.high = 12_000
    bench.run(1_000)
    assert not bench.core.saved.session_open
    bench.high = V9
    bench.run_to(State.B, 200)
