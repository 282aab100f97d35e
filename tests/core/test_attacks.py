"""What a tester found by trying to break the first version; each story names what went wrong."""

import pytest

from evsed.core.events import Button, ChangeSetting, ChooseMode, PostBattery, PostEvMeter
from evsed.core.faults import Fault
from evsed.core.model import ModeChoice
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.hw.simulation.plant import Amperes
from tests.core.story import Story, settings


def story_of(**given: object) -> Story:
    return Story(Saved(settings=settings(**given)))


def test_a_phase_that_the_car_draws_on_unasked_is_protected_too() -> None:
    """A welded contactor 2 put 46 A on L2 while only L1 was looked at. Now the EV meter tells of it."""
    story = story_of(mode="Smart", enable_C2="Always Off", current_max=16)
    story.mirrors = False
    story.unit.contactor2.fault = "welded"
    story.charge()
    assert story.unit.current[1] == 16.0
    story.plant.house = (1.0, 15.0, 1.0)
    story.run(6)
    assert story.plant.mains[1] <= 25.0
    assert story.reason == "welded"


def test_the_home_battery_never_lifts_the_fuses_limit() -> None:
    story = story_of(mode="Solar", solar_stop_time=0)
    story.plant.house = (24.0, 1.0, 1.0)
    story.run(0.5)
    story.plug()
    for _ in range(30):
        story.command(PostBattery(600))
        story.run(1)
        assert story.plant.mains[0] <= 25.0
    assert story.reason == "no_power"


@pytest.mark.parametrize("current_max", [13, 32])
def test_without_an_ev_meter_an_overload_that_stays_leads_to_min_and_then_to_a_stop(current_max: int) -> None:
    """The offer crept down by an ampere per dead time, because the car drew less than it was offered."""
    story = story_of(mode="Smart", ev_meter="Disabled", current_max=current_max)
    story.ev_answers = False
    story.unit.car.max_current = 6
    story.charge()
    story.run(20)
    story.plant.house = (20.0, 1.0, 1.0)
    story.run_until(lambda: story.snapshot.offer == 60, 6)
    story.run_until(lambda: story.plant.mains[0] <= 25.0, 8)
    assert story.reason == "no_power"


def test_a_house_that_exports_leaves_no_more_than_the_fuse() -> None:
    story = story_of(mode="Smart", current_max=32)
    story.plant.sun = (20.0, 20.0, 20.0)
    story.unit.car.max_current = 32
    story.charge()
    assert story.snapshot.offer == 250


def test_a_cable_swapped_during_the_wake_up_is_seen() -> None:
    story = story_of(current_max=32, current_main=63)
    story.unit.car.max_current = 32
    story.run(0.5)
    story.plug(ready=False)
    story.run_until(lambda: story.state is State.ACTIVATE, 32)
    story.unplug()
    story.run(0.5)
    assert story.state is State.A
    story.unit.car.cable = 13
    story.charge()
    assert story.unit.current[0] == 13.0


def test_a_cable_swapped_while_the_pilot_is_off_is_another_session() -> None:
    story = story_of()
    story.charge()
    story.run(60)
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.run(20)
    story.restart()
    story.run(2)
    assert (story.state, story.pilot_is_off) == (State.B1, True)
    story.unplug()
    story.run(1)
    assert story.state is State.A
    assert not story.core.saved.session_open


def test_a_car_unplugged_while_the_daemon_was_dead_is_another_session() -> None:
    story = story_of()
    story.charge()
    story.run(60)
    story.unplug()
    story.restart()
    story.run(1)
    assert not story.core.saved.session_open
    story.charge()
    assert (story.snapshot.charged_wh or 0) < 30


def test_solar_looks_at_the_sun_again_at_the_moment_of_starting() -> None:
    story = story_of(mode="Solar", solar_stop_time=0)
    story.plant.sun = (10.0, 10.0, 10.0)
    story.run(0.5)
    story.plug(ready=False)
    story.run(5)
    assert story.state is State.B
    story.plant.sun = (0.0, 0.0, 0.0)
    story.run(1)
    story.unit.car.ready = True
    story.run(1)
    assert (story.state, story.reason, story.closings()) == (State.B1, "no_sun", 0)


def test_sun_that_comes_back_in_time_keeps_the_offer() -> None:
    story = story_of(mode="Solar")
    story.plant.sun = (10.0, 10.0, 10.0)
    story.run(0.5)
    story.plug(ready=False)
    for sun in (0.0, 10.0, 0.0, 10.0):
        story.plant.sun = (sun, sun, sun)
        story.run(6)
    assert story.state is State.B


def test_a_residual_current_fault_outlives_the_daemon() -> None:
    story = story_of()
    story.charge()
    story.unit.rcm = True
    story.run(1)
    story.unit.rcm = False
    story.restart()
    story.run(30)
    assert (story.snapshot.error, story.closings()) == (Fault.RCM, 1)


def test_normal_does_not_wait_for_a_meter_that_is_silent() -> None:
    story = story_of()
    story.charge()
    story.plant.house = (24.0, 1.0, 1.0)
    story.run(10)
    assert story.reason == "no_power"
    story.mains_answers = False
    story.plant.house = (1.0, 1.0, 1.0)
    story.run_until(lambda: story.state is State.C, 60)
    assert story.snapshot.offer == 60


def test_an_api_ev_meter_that_posts_energies_only_is_alive() -> None:
    story = story_of(mode="Smart", ev_meter="API")
    story.ev_answers = False
    story.run(0.5)
    story.plug()
    for second in range(80):
        story.command(PostEvMeter(None, 1_000 + second, 0, 1_000))
        story.run(1)
    assert story.snapshot.error is None
    assert story.state is State.C


def test_cap_stop_minutes_at_min_before_summains_stops() -> None:
    story = story_of(mode="Smart", current_max_sum_mains=24, max_sum_mains_time=2)
    story.charge()
    story.plant.house = (3.0, 3.0, 3.0)
    story.run(60)
    assert (story.state, story.snapshot.offer) == (State.C, 60)
    story.run_until(lambda: story.reason == "no_power", 70)
    none = story_of(mode="Smart", current_max_sum_mains=24)
    none.charge()
    none.plant.house = (3.0, 3.0, 3.0)
    none.run_until(lambda: none.reason == "no_power", 6)


def test_a_short_before_charging_is_said_so() -> None:
    story = story_of()
    story.run(0.5)
    story.plug(ready=False)
    story.run(2)
    story.unit.pilot_fault = "short"
    story.run(1)
    assert (story.state, story.reason) == (State.B, "pilot")


def test_a_change_of_contact_2_counts_at_the_next_start() -> None:
    story = story_of(enable_C2="Always Off")
    story.charge()
    story.command(ChangeSetting("enable_C2", 3))
    story.run(5)
    assert (story.unit.current, story.snapshot.phases) == ((13.0, 0.0, 0.0), 1)
    story.unplug()
    story.run(1)
    story.charge()
    assert (story.unit.current, story.snapshot.phases) == ((13.0, 13.0, 13.0), 3)


# ---- the second round ----


@pytest.mark.parametrize("wrong", ["mains", "double", "frozen"])
def test_an_ev_meter_that_lies_does_not_switch_the_fuse_off(wrong: str) -> None:
    """The same address for both meters, a wrong current transformer, a meter that hangs."""
    story = story_of(mode="Smart", current_max=16)
    story.charge()
    real = story.ev_says

    def lie() -> Amperes:
        l1, l2, l3 = story.plant.mains if wrong == "mains" else real()
        factor = 2 if wrong == "double" else 1
        return (16.0, 16.0, 16.0) if wrong == "frozen" else (factor * l1, factor * l2, factor * l3)

    story.ev_says = lie
    story.plant.house = (24.0, 1.0, 1.0)
    story.run_until(lambda: story.plant.mains[0] <= 25.0, 15)


def test_one_odd_proximity_sample_changes_no_limit() -> None:
    story = story_of(current_max=32, current_main=63)
    story.unit.car.max_current = 32
    story.unit.car.cable = 13
    story.run(0.5)
    story.plug()
    while story.state is not State.C:
        story.unit.car.cable = 63 if story.now % 50 == 0 else 13
        story.step()
        assert story.now < 15_000
    story.unit.car.cable = 13
    story.run(10)
    assert story.unit.current[0] == 13.0
    story.unit.car.cable = 0
    story.step()
    story.unit.car.cable = 63
    story.run(5)
    assert (story.state, story.snapshot.cable) == (State.C, 130)


def test_a_bigger_cable_counts_after_half_a_second_and_a_smaller_one_at_once() -> None:
    story = story_of(current_max=32, current_main=63)
    story.run(0.5)
    story.plug(ready=False)
    story.run(1)
    assert story.snapshot.cable == 320
    story.unit.car.cable = 13
    story.run(0.04)
    assert story.snapshot.cable == 130
    story.unit.car.cable = 32
    story.run(0.4)
    assert story.snapshot.cable == 130
    story.run(0.2)
    assert story.snapshot.cable == 320


def test_the_wait_after_pilot_faults_is_forgotten_after_ten_good_minutes() -> None:
    story = story_of()
    story.charge()
    waits = []
    for minutes in (0, 0, 11):
        story.run(60 * minutes)
        story.unit.pilot_fault = "short"
        story.run(1)
        story.unit.pilot_fault = None
        waits.append(story.run_until(lambda: story.state is State.C, 100))
    assert waits[1] > waits[0] + 10
    assert abs(waits[2] - waits[0]) < 2


def test_the_solar_stop_timer_does_not_count_while_the_car_is_away() -> None:
    story = story_of(mode="Solar", solar_stop_time=2)
    story.plant.sun = (10.0, 10.0, 10.0)
    story.charge()
    story.run(45)
    story.plant.sun = (2.0, 2.0, 2.0)
    story.run(10)
    story.unit.car.ready = False
    story.run(1)
    story.plant.sun = (10.0, 10.0, 10.0)
    story.run(150)
    story.unit.car.ready = True
    story.run(20)
    assert (story.state, story.closings()) == (State.C, 2)


def test_a_button_that_resets_a_fault_does_nothing_else() -> None:
    story = story_of(mode="Smart")
    story.charge()
    story.unit.rcm = True
    story.run(1)
    story.unit.rcm = False
    story.unit.press(Button.LEFT, 100, story.now)
    story.run(1)
    assert story.snapshot.faults == ()
    assert story.snapshot.mode.name == "SMART"
    story.unit.press(Button.LEFT, 100, story.now)
    story.run(1)
    assert story.snapshot.mode.name == "SOLAR"


def test_a_residual_current_fault_is_not_reset_by_its_setting() -> None:
    story = story_of()
    story.charge()
    story.unit.rcm = True
    story.run(1)
    story.unit.rcm = False
    story.command(ChangeSetting("rcmon", "Disabled"))
    story.run(30)
    assert story.reason == "rcm"


def test_protection_does_not_wait_for_an_ev_meter_that_falls_silent() -> None:
    story = story_of(mode="Smart")
    story.charge()
    story.ev_answers = False
    story.plant.house = (24.0, 1.0, 1.0)
    assert story.run_until(lambda: story.snapshot.offer == 60, 5) <= 0.6


def test_another_ev_meter_counts_on_from_what_is_charged() -> None:
    story = story_of()
    story.charge()
    story.run(60)
    before = story.snapshot.charged_wh or 0
    story.unit.energy_wh += 8_000_000
    story.command(ChangeSetting("ev_meter_address", 20))
    story.run(1)
    assert 0 <= (story.snapshot.charged_wh or 0) - before < 10


def test_a_short_without_a_car_is_not_called_no_car() -> None:
    story = story_of()
    story.unit.pilot_fault = "short"
    story.run(1)
    assert (story.state, story.reason) == (State.A, "pilot")
