"""Solar, as stories in virtual time."""

from evsed.core.events import ChooseMode, Override, PostBattery
from evsed.core.model import ModeChoice, PhaseCurrents
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings


def solar(sun: float, **given: object) -> Story:
    story = Story(Saved(settings=settings(mode="Solar", **given)))
    story.plant.sun = (sun, sun, sun)
    return story


def test_solar_waits_for_start_plus_min_of_the_further_phases() -> None:
    """Deviation 4: the firmware starts 18 A on 4 A of sun."""
    story = solar(6.0)
    story.run(0.5)
    story.plug()
    story.run(20)
    assert (story.state, story.reason, story.snapshot.error_bits) == (State.B1, "no_sun", 1)
    assert story.snapshot.state_text == "Charging Stopped - Waiting for Solar"
    story.plant.sun = (7.0, 7.0, 7.0)
    story.run_until(lambda: story.state is State.C, 40)


def test_solar_begins_at_min_for_40_s_and_then_uses_the_sun_steadily() -> None:
    story = solar(12.0)
    story.run(0.5)
    story.charge()
    assert story.snapshot.offer == 60
    story.run(30)
    assert story.snapshot.offer == 60
    story.run(20)
    offer = story.snapshot.offer
    assert offer == 110
    for _ in range(60):
        story.run(1)
        assert story.snapshot.offer == offer
    story.plant.sun = (10.0, 10.0, 10.0)
    story.run(6)
    assert story.snapshot.offer == 90


def test_solar_import_is_used_up_and_battery_counts_as_surplus() -> None:
    story = solar(8.0, solar_max_import=6)
    story.run(0.5)
    story.charge()
    story.run(60)
    assert story.snapshot.offer == 90
    for _ in range(4):
        story.command(PostBattery(30))
        story.run(10)
    assert story.snapshot.offer == 100
    assert story.snapshot.battery == 30
    story.run(80)
    assert (story.snapshot.battery, story.snapshot.offer) == (0, 90)


def test_one_phase_takes_the_battery_from_l1_alone() -> None:
    story = solar(12.0, enable_C2="Always Off")
    story.run(0.5)
    story.command(PostBattery(-20))
    story.run(0.2)
    mains = story.snapshot.mains
    assert mains == PhaseCurrents(-90, -110, -110)


def test_solar_off_contactor_makes_it_one_phase() -> None:
    story = solar(12.0, enable_C2="Solar Off")
    story.run(0.5)
    story.charge()
    assert (story.snapshot.phases, story.unit.current[1]) == (1, 0.0)
    assert story.snapshot.drawing == (True, False, False)


def test_solar_stops_after_stop_minutes_of_import_and_the_timer_decays() -> None:
    """D35#54: one good sample reset the timer. D35#207: it must not come early."""
    story = solar(8.0, solar_stop_time=2)
    story.run(0.5)
    story.charge()
    story.run(50)
    story.plant.sun = (2.0, 2.0, 2.0)
    story.run(60)
    assert 55 <= story.snapshot.solar_stop_s <= 65
    story.plant.sun = (8.0, 8.0, 8.0)
    story.run(20)
    assert 75 <= story.snapshot.solar_stop_s <= 85
    story.plant.sun = (2.0, 2.0, 2.0)
    took = story.run_until(lambda: story.state is State.C1, 100)
    assert 75 <= took <= 90
    story.run(3)
    assert story.reason == "no_sun"
    assert story.snapshot.solar_stop_s == 0


def test_stop_time_0_goes_on_at_min() -> None:
    story = solar(8.0, solar_stop_time=0)
    story.run(0.5)
    story.charge()
    story.plant.sun = (0.0, 0.0, 0.0)
    story.run(300)
    assert (story.state, story.snapshot.offer, story.snapshot.solar_stop_s) == (State.C, 60, 0)


def test_solar_clears_and_refuses_the_override() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    assert story.command(Override(80)).accepted
    story.command(ChooseMode(ModeChoice.SOLAR))
    story.run(0.1)
    assert story.snapshot.override == 0
    assert "no override" in story.command(Override(80)).refused
    story.command(ChooseMode(ModeChoice.SMART))
    story.run(0.5)
    assert story.snapshot.faults == ()
