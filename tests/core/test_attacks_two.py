"""What a tester found in the complete core, each as a story that must not happen again."""

from evsed.core.actions import LockDrive
from evsed.core.events import ChangeSetting, ChooseMode, ClearFaults, DelayedCharging, WallClock
from evsed.core.lock import CableLock
from evsed.core.model import ModeChoice
from evsed.core.rcm import ResidualCurrentMonitor, Test
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings

NOON = 1_800_000_000


def story_of(**given: object) -> Story:
    return Story(Saved(settings=settings(**given)))


def test_a_late_ev_meter_after_a_restart_is_no_weld() -> None:
    """The time a meter may be late began at 0 and not at the start: a latched weld after every restart."""
    story = story_of(current_max=16)
    story.mirrors = False
    story.charge()
    late = story.unit.current
    story.restart()
    begun = story.now
    story.ev_says = lambda: late if story.now - begun < 1_900 else story.unit.current
    story.run(20)
    assert story.snapshot.error is None


def test_auto_does_not_switch_to_three_phases_that_it_would_not_start() -> None:
    story = story_of(mode="Solar", enable_C2="Auto", current_max=16, solar_start_current=8, solar_max_import=3)
    story.plant.house, story.plant.sun = (0.0, 0.0, 0.0), (6.4, 6.4, 6.4)
    story.run(0.5)
    story.charge()
    story.run(150)
    assert (story.state, story.closings()) == (State.C, 1)


def test_an_access_switch_found_closed_does_not_cancel_delayed_charging() -> None:
    story = story_of(switch=2)
    story.switch_closed = True
    story.core.handle(WallClock(NOON), 0)
    story.run(0.5)
    story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 10_000))
    story.plug()
    story.restart()
    story.run(20)
    assert (story.closings(), story.reason) == (0, "delayed")


def test_another_mode_by_switch_or_setting_keeps_delayed_charging() -> None:
    story = Story()
    story.core.handle(WallClock(NOON), 0)
    story.run(0.5)
    story.command(DelayedCharging(ModeChoice.SMART, NOON + 30))
    assert story.command(ChangeSetting("mode", 0)).accepted
    story.plug()
    story.run(5)
    assert story.reason == "delayed"
    story.run_until(lambda: story.state is State.C, 45)


def test_a_lock_without_feedback_is_not_believed_after_a_pulse_that_was_broken_off() -> None:
    lock = CableLock()
    lock.step(True, 0)
    lock.step(True, 600)
    assert lock.holds
    lock.step(False, 1_000)
    lock.step(False, 1_450)  # the actuator has moved by now
    lock.step(True, 1_460)
    assert (lock.holds, lock.drive(1_460)) == (False, LockDrive.LOCK)
    lock.step(True, 2_060)
    assert lock.holds


def test_a_self_test_waits_for_the_signal_of_the_one_before_to_go() -> None:
    monitor = ResidualCurrentMonitor()
    monitor.step(wanted=True, now=0)
    monitor.feed(True, 50)
    monitor.step(wanted=False, now=60)
    monitor.feed(True, 70)
    monitor.step(wanted=True, now=70)
    assert (monitor.test, monitor.tripped) == (Test.NOT_RUN, False)
    monitor.feed(False, 110)
    monitor.step(wanted=True, now=110)
    assert monitor.test is Test.DRIVEN


def test_stop_0_never_stops_in_auto_either() -> None:
    story = story_of(mode="Solar", enable_C2="Auto", current_max=16, solar_stop_time=0)
    story.plant.sun = (12.0, 12.0, 12.0)
    story.run(0.5)
    story.charge()
    story.plant.sun = (0.0, 0.0, 0.0)
    story.run(60)
    assert (story.state, story.snapshot.offer) == (State.C, 60)


def test_a_circuit_meter_that_fell_silent_is_not_believed_for_ever() -> None:
    story = story_of(circuit_meter="API", current_max=16)
    story.circuit = (14.0, 0.0, 0.0)
    story.run(1.5)
    story.plug()
    story.run(20)
    assert story.reason == "no_power"
    story.circuit = None
    story.run_until(lambda: story.state is State.C, 60)
    assert story.snapshot.offer == 60


def test_auto_takes_one_phase_where_three_do_not_fit_the_mains() -> None:
    story = story_of(mode="Solar", enable_C2="Auto", current_max=16)
    story.plant.house, story.plant.sun = (0.0, 22.0, 0.0), (24.0, 0.0, 22.0)
    story.run(0.5)
    story.charge()
    assert (story.state, story.snapshot.phases) == (State.C, 1)


def test_contactor_2_declared_while_charging_is_no_weld() -> None:
    story = story_of(current_max=16)
    story.mirrors = False
    story.charge()
    three = story.unit.current
    assert three[1] > 0
    story.ev_says = lambda: three if story.core.outputs.contactor1 else story.unit.current
    story.command(ChangeSetting("enable_C2", 3))
    story.run(10)
    assert (story.state, story.snapshot.error) == (State.C, None)


def test_keep_goes_on_without_the_mains_meter_for_a_new_car_too() -> None:
    story = story_of(current_max=16, normal_without_meter="Keep")
    story.mains_answers = False
    story.charge()
    assert story.snapshot.offer == 160
    story.run(20)
    assert story.snapshot.offer == 160


def test_a_weld_told_by_a_meter_that_is_no_more_can_be_cleared() -> None:
    story = Story()
    story.ev_says = lambda: (5.0, 0.0, 0.0)
    story.mirrors = False
    story.run(10)
    assert story.reason == "welded"
    story.command(ChangeSetting("ev_meter", 0))
    story.run(1)
    assert story.command(ClearFaults()).accepted
    story.run(10)
    assert story.command(ChooseMode(ModeChoice.NORMAL)).accepted
    assert story.snapshot.error is None
