"""One or three phases, as stories in virtual time."""

import pytest

from evsed.core.actions import Outputs
from evsed.core.events import ChangeSetting, ChooseMode
from evsed.core.model import ModeChoice
from evsed.core.phases import FALLEN_MS, FALLS_WITHIN_MS, LONGEST_HELD_MS, SPARE_HELD_MS, Phases, Sky, Sun
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings


class Watched(Story):
    """A story that looks at contactor 2 in every cycle."""

    def step(self) -> None:
        """One cycle; contactor 2 has not moved while contactor 1 was closed before and after it."""
        before: Outputs = self.core.outputs
        super().step()
        after = self.core.outputs
        if before.contactor1 and after.contactor1:
            assert before.contactor2 == after.contactor2
        assert after.contactor1 or not after.contactor2


def sunny(sun: float, **given: object) -> Watched:
    story = Watched(Saved(settings=settings(**{"mode": "Solar", "enable_C2": "Auto", "current_max": 16, **given})))
    story.plant.sun = (sun, sun, sun)
    story.run(0.5)
    return story


@pytest.mark.parametrize(
    ("contactor2", "mode", "phases"),
    [("Not present", "Smart", 3), ("Not present", "Solar", 3), ("Always Off", "Smart", 1), ("Always Off", "Solar", 1),
     ("Solar Off", "Smart", 3), ("Solar Off", "Solar", 1), ("Solar Off", "Normal", 3), ("Always On", "Solar", 3),
     ("Auto", "Smart", 3), ("Auto", "Normal", 3), ("Auto", "Solar", 3)],
)  # fmt: skip
def test_each_setting_in_each_mode(contactor2: str, mode: str, phases: int) -> None:
    story = sunny(12.0, mode=mode, enable_C2=contactor2)
    story.charge()
    assert story.snapshot.phases == phases
    assert [current > 0 for current in story.unit.current] == [True, phases == 3, phases == 3]
    assert story.unit.contactor2.closed == (phases == 3 and contactor2 != "Not present")


def test_auto_starts_with_one_phase_on_little_sun_and_with_three_on_much() -> None:
    """Deviation 4, and its good side: 7.5 A of sun are enough for one phase."""
    story = sunny(3.5)
    story.charge()
    assert (story.snapshot.phases, story.unit.current[1]) == (1, 0.0)
    story.unplug()
    story.run(1)
    story.plant.sun = (12.0, 12.0, 12.0)
    story.charge()
    assert (story.snapshot.phases, story.unit.current[2] > 0) == (3, True)


def test_one_phase_becomes_three_when_there_is_enough_for_60_s() -> None:
    story = sunny(3.5)
    story.charge()
    story.run(45)
    story.plant.sun = (12.0, 12.0, 12.0)
    story.run_until(lambda: story.snapshot.offer == 160, 40)
    assert 59 <= story.run_until(lambda: story.state is State.C1, 75) <= 61
    assert story.reason == "switching_phases"
    story.run_until(lambda: story.state is State.B1, 2)
    assert story.pilot_is_off
    reason = story.snapshot.reason
    assert reason is not None
    assert (reason.code, reason.until is not None) == ("switching_phases", True)
    assert not story.core.outputs.contactor1
    assert 13 <= story.run_until(lambda: story.state is State.B, 20) <= 15
    story.run_until(lambda: story.state is State.C, 5)
    story.run(5)
    assert (story.snapshot.phases, story.snapshot.error_bits) == (3, 0)
    assert story.unit.current[2] > 0


def test_a_minute_that_is_not_whole_changes_nothing() -> None:
    story = sunny(3.5)
    story.charge()
    story.run(45)
    for _ in range(3):
        story.plant.sun = (12.0, 12.0, 12.0)
        story.run(55)
        story.plant.sun = (5.0, 5.0, 5.0)
        story.run(2)
    assert (story.state, story.closings()) == (State.C, 1)


def test_three_phases_become_one_after_30_s_of_far_too_little_sun_without_an_error() -> None:
    """Deviation 5: the firmware always runs into error 1 and waits a minute."""
    story = sunny(12.0)
    story.charge()
    story.run(60)
    story.plant.sun = (3.5, 3.5, 3.5)
    assert 29 <= story.run_until(lambda: story.state is State.C1, 40) <= 32
    while story.state is not State.C:
        assert story.snapshot.error_bits == 0
        story.step()
    story.run(5)
    assert (story.snapshot.phases, story.unit.current[1]) == (1, 0.0)


def test_three_phases_become_one_after_stop_minutes_of_a_little_too_little_sun() -> None:
    story = sunny(12.0, solar_stop_time=1)
    story.charge()
    story.run(60)
    story.plant.sun = (5.5, 5.5, 5.5)  # 13.5 A left for 18 A
    assert 58 <= story.run_until(lambda: story.state is State.C1, 75) <= 64
    story.run_until(lambda: story.state is State.C, 30)
    assert story.snapshot.phases == 1


def test_without_sun_for_even_one_phase_it_waits_for_the_sun() -> None:
    story = sunny(12.0)
    story.charge()
    story.run(60)
    story.plant.sun = (1.5, 1.5, 1.5)
    story.run_until(lambda: story.state is State.B1, 40)
    story.run(60)
    assert (story.state, story.reason) == (State.B1, "no_sun")


def test_changes_in_an_hour_are_capped() -> None:
    """evcc owners saw relays switch all day: the owner says how often at most."""
    story = sunny(12.0, phase_switches_per_hour=1)
    story.charge()
    story.run(50)
    story.plant.sun = (3.5, 3.5, 3.5)
    story.run_until(lambda: story.state is State.C1, 40)
    story.run_until(lambda: story.state is State.C, 30)
    story.plant.sun = (12.0, 12.0, 12.0)
    story.run(150)
    assert (story.state, story.snapshot.phases, story.closings()) == (State.C, 1, 2)


def test_a_cap_of_none_never_changes_while_charging_and_keeps_the_phases_after_a_stop() -> None:
    story = sunny(3.5, phase_switches_per_hour=0)
    story.charge()
    story.run(45)
    story.plant.sun = (12.0, 12.0, 12.0)
    story.run(120)
    assert story.closings() == 1
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.run(20)
    story.command(ChooseMode(ModeChoice.SOLAR))
    story.run_until(lambda: story.state is State.C, 30)
    assert story.snapshot.phases == 1


@pytest.mark.parametrize("choice", [ModeChoice.SMART, ModeChoice.NORMAL])
def test_another_mode_takes_its_phases_at_once(choice: ModeChoice) -> None:
    """S3#91: from Solar on one phase to Smart stayed on one until replugged."""
    story = sunny(3.5)
    story.charge()
    assert story.snapshot.phases == 1
    story.command(ChooseMode(choice))
    took = story.run_until(lambda: story.state is State.C, 1) + story.run_until(lambda: story.closings() == 2, 15)
    assert 6 <= took <= 11
    story.run(5)
    assert story.unit.current[2] > 0


def test_smart_to_solar_with_solar_off_goes_on_with_one_phase() -> None:
    """D35#288: it switched and never started."""
    story = sunny(12.0, mode="Smart", enable_C2="Solar Off")
    story.charge()
    story.command(ChooseMode(ModeChoice.SOLAR))
    story.run_until(lambda: story.closings() == 2, 30)
    story.run(5)
    assert (story.snapshot.phases, story.unit.current[1]) == (1, 0.0)


def test_the_setting_moves_the_contactor_only_at_the_next_c() -> None:
    story = sunny(12.0, mode="Smart", enable_C2="Always Off")
    story.charge()
    story.command(ChangeSetting("enable_C2", 3))
    story.run(10)
    assert (story.state, story.closings(), story.unit.contactor2.closed) == (State.C, 1, False)
    story.unit.car.ready = False
    story.run(1)
    story.unit.car.ready = True
    story.run_until(lambda: story.unit.current[0] > 0, 10)
    assert story.unit.contactor2.closed


def test_auto_is_refused_on_a_node() -> None:
    story = Story(Saved(settings=settings(loadbl="Node 1")))
    assert "cannot be Auto" in story.command(ChangeSetting("enable_C2", 4)).refused
    story = Story(Saved(settings=settings(enable_C2="Auto")))
    assert "cannot be Auto" in story.command(ChangeSetting("loadbl", 2)).refused
    assert story.command(ChangeSetting("loadbl", 1)).accepted


def test_three_phases_that_the_mains_has_no_room_for_are_left_alone() -> None:
    story = sunny(3.5)
    story.charge()
    story.run(45)
    story.plant.sun, story.plant.house = (30.0, 30.0, 0.0), (1.0, 1.0, 20.0)
    story.run(120)
    assert (story.closings(), story.snapshot.phases) == (1, 1)


def test_a_lost_mains_meter_forgets_the_sun() -> None:
    story = sunny(3.5)
    story.charge()
    story.mains_answers = False
    story.run(20)
    assert story.reason == "meter_lost"
    story.mains_answers = True
    story.run_until(lambda: story.state is State.C, 40)
    assert story.snapshot.phases == 1


def test_smart_to_solar_in_auto_leaves_the_choice_to_the_sun() -> None:
    """What Smart saw of the sun does not count: the 30 s begin with Solar."""
    story = sunny(3.5, mode="Smart")
    story.charge()
    story.run(60)
    story.command(ChooseMode(ModeChoice.SOLAR))
    assert 29 <= story.run_until(lambda: story.state is State.C1, 40) <= 36
    story.run_until(lambda: story.state is State.C, 30)
    assert (story.snapshot.phases, story.snapshot.error_bits) == (1, 0)


def test_changes_are_forgotten_after_an_hour() -> None:
    given = settings(mode="Solar", enable_C2="Auto", phase_switches_per_hour=1)
    phases = Phases()
    phases.at_rest(given, 0)
    phases.began_charging(0)
    phases.observe(Sun(three_start=True, one_starts=True, large_shortage=False, spare=True), 0, at_top=True)
    phases.at_rest(given, 1_000)
    phases.began_charging(1_000)
    assert phases.in_use == 3
    phases.observe(Sun(three_start=False, one_starts=True, large_shortage=True, spare=False), 2_000, at_top=False)
    for at, one in ((3_600_999, False), (3_601_000, True)):
        assert phases.one_would_do(given, at) is one


def test_falls_of_the_last_hour_count_and_an_hour_is_the_longest() -> None:
    sky = Sky()
    for fall in range(8):
        at = fall * 60_000
        sky.feed(at, bright=True, dark=False)
        sky.feed(at + 1_000, bright=False, dark=True)
        sky.feed(at + 1_000 + FALLEN_MS - 1, bright=False, dark=True)
        assert sky.held_ms(at + 20_000) == min(SPARE_HELD_MS << fall, LONGEST_HELD_MS)
        sky.feed(at + 1_000 + FALLEN_MS, bright=False, dark=True)
    assert sky.held_ms(500_000) == LONGEST_HELD_MS
    first = 1_000 + FALLEN_MS + FALLS_WITHIN_MS
    assert sky.held_ms(first + 6 * 60_000) == 2 * SPARE_HELD_MS
    assert sky.broken(first + 7 * 60_000 - 1)
    assert not sky.broken(first + 7 * 60_000)
