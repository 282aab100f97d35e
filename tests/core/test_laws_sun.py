"""A step test per law of docs/regulation.md, as stories in virtual time: Solar, and one or three phases by the sun."""

import random

import pytest

from evsed.core.events import PostBattery
from evsed.core.states import State
from tests.core.law import begin, changes, charging, law, offer, sunny, values
from tests.core.story import Story


def shining(total: float, *, settle_s: float = 60, car_phases: int = 3, **given: object) -> Story:
    """A car that charges in Solar on a surplus of ``total`` A for ``settle_s``."""
    story = law(**{"mode": "Solar", "current_max": 16, "cycle_ms": 100, **given})  # type: ignore[arg-type]
    sunny(story, total)
    story.unit.car.phases = car_phases
    story.run(6)
    begin(story, settle_s)
    return story


# ---- the offer ----


def test_the_sun_is_shared_by_the_phases_after_40_s_at_min() -> None:
    story = shining(30, settle_s=0)
    seen = changes(story, 60)
    assert values(seen) == [100]
    assert 37 <= seen[0][0] <= 40  # 40 s in C, of which the car let about 2 s pass
    assert story.plant.mains == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "new", "not_before_s", "within_s"),
    [
        (30, 24, 80, 0, 1.1),  # down: at the next measurement
        (30, 12, 60, 0, 1.1),  # never below MIN
        (30, 39, 130, 2, 4.2),  # far up: when a few measurements agree
        (30, 33, 110, 10, 12.2),  # a little up: when it stayed for 10 s
    ],
)
def test_sun_up_and_sun_down(before: float, after: float, new: int, not_before_s: float, within_s: float) -> None:
    story = shining(before)
    assert offer(story) == 100
    sunny(story, after)
    seen = changes(story, 20)
    assert values(seen) == [new]
    assert not_before_s - 1 <= seen[0][0] <= within_s


@pytest.mark.parametrize("after", [28.6, 31.4])
def test_less_than_half_an_ampere_per_phase_changes_nothing(after: float) -> None:
    story = shining(30)
    sunny(story, after)
    assert changes(story, 60) == []


def test_sun_that_goes_at_once_after_a_change_waits_for_5_s_and_for_the_car() -> None:
    story = shining(30)
    sunny(story, 45)
    story.run_until(lambda: offer(story) == 150, 6)
    sunny(story, 24)
    seen = changes(story, 20)
    assert values(seen) == [80]
    assert 4.9 <= seen[0][0] <= 6.2


@pytest.mark.parametrize("ev", [True, False])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_steady_sun_is_a_steady_offer(ev: bool, noise: float) -> None:
    """Owners' bug 1, D35#327: up and down for no reason."""
    dice = random.Random(5)
    story = shining(30, ev=ev)

    def flicker() -> None:
        if story.now % 1_000 == 0:
            l1, l2, l3 = (dice.uniform(-noise, noise) for _ in range(3))
            story.plant.house = (l1, l2, l3)

    assert changes(story, 600, flicker) == []
    assert 93 <= offer(story) <= 100


def test_import_is_used_up() -> None:
    story = shining(24, solar_max_import=6)
    assert offer(story) == 100


# ---- the home battery ----


def test_a_charging_home_battery_is_surplus_for_60_s_from_its_last_word() -> None:
    story = shining(24)
    assert offer(story) == 80
    story.run(1)
    assert story.command(PostBattery(90)).accepted
    seen = changes(story, 80)
    assert values(seen) == [110, 80]
    assert 2 <= seen[0][0] <= 4
    assert 60 <= seen[1][0] <= 61.2


def test_the_home_battery_is_nobodys_surplus_in_smart() -> None:
    story = charging(mode="Smart")
    story.plant.house = (15.0, 1.0, 1.0)
    story.run(15)
    assert story.command(PostBattery(90)).accepted
    assert changes(story, 20) == []
    assert story.command(PostBattery(-90)).accepted
    assert changes(story, 20) == []
    assert offer(story) == 100


# ---- start and stop ----


def test_the_stop_timer_runs_back_as_fast_as_it_ran() -> None:
    """Owners' bug 11: one good sample reset it."""
    story = shining(30, solar_stop_time=2)
    sunny(story, 9)
    story.run(90)
    sunny(story, 30)
    story.run(40)
    left = story.core.regulation.regulator.stop_timer.left_ms(2)
    assert left is not None
    assert 68_000 <= left <= 72_000  # 120 - 90 + 40
    sunny(story, 9)
    assert 68 <= story.run_until(lambda: story.state is State.C1, 80) <= 76  # the car is seen a moment late


def test_it_does_not_stop_what_would_begin_again_at_once() -> None:
    """START 4 A and MIN for two more phases: 16 A. MIN for three takes 18 A: what lacks comes from the grid."""
    story = shining(30, solar_stop_time=1)
    sunny(story, 17)
    story.run(300)
    assert (story.state, offer(story), story.closings()) == (State.C, 60, 1)
    sunny(story, 15)
    assert 29 <= story.run_until(lambda: story.state is State.C1, 40) <= 32  # START was met 30 s ago


def test_the_stop_timer_does_not_count_beyond_stop() -> None:
    """An hour with START met and a little less than MIN, ten good minutes, and the first cloud stopped it."""
    story = shining(30, solar_stop_time=2)
    sunny(story, 17)
    story.run(400)
    sunny(story, 30)
    story.run(130)
    sunny(story, 9)
    assert 119 <= story.run_until(lambda: story.state is State.C1, 130) <= 124


@pytest.mark.parametrize("cap_stop", [0, 1])
def test_a_sum_that_is_not_exceeded_never_shortens_the_stop_timer(cap_stop: int) -> None:
    """Owners' bug 12: CAPACITY set, and the session stopped at once, or after CAP STOP instead of STOP minutes."""
    story = shining(30, solar_stop_time=3, current_max_sum_mains=25, max_sum_mains_time=cap_stop)
    sunny(story, 0)
    assert 179 <= story.run_until(lambda: story.state is State.C1, 200) <= 184
    story.run(3)
    assert story.reason == "no_sun"


def test_stop_0_never_stops_and_a_wait_for_sun_looks_again_at_the_moment_of_starting() -> None:
    """Owners' bug 5: the delay ran down without sun, and the car started without any."""
    story = shining(30, solar_stop_time=0)
    sunny(story, 0)
    story.run(900)
    assert (story.state, offer(story)) == (State.C, 60)
    story.unplug()
    story.run(2)
    story.plug()
    story.run(5)
    assert story.reason == "no_sun"
    sunny(story, 30)
    story.run(14)
    sunny(story, 10)
    story.run(120)
    assert (story.closings(), story.reason) == (1, "no_sun")


def test_far_too_little_sun_for_three_phases_starts_nothing_and_min_of_7_a_is_asked_for() -> None:
    """Owners' bug 6: a car that needs 7 A gets 7 A at the start, and START asks for them."""
    story = law(mode="Solar", current_min=7)
    sunny(story, 18)  # 4 + 2 x 7 has to be passed
    story.run(6)
    story.plug()
    story.run(30)
    assert (story.closings(), story.reason) == (0, "no_sun")
    sunny(story, 19)
    story.run_until(lambda: story.unit.current[0] > 0, 40)
    assert story.unit.current == (7.0, 7.0, 7.0)


# ---- a house with one phase ----


def one_phase_house(sun: float, **given: object) -> Story:
    story = law(**{"mode": "Solar", "current_max": 16, "cycle_ms": 100, "enable_C2": "Always On", **given})  # type: ignore[arg-type]
    story.unit.car.phases = 1
    story.plant.house, story.plant.sun = (1.0, 0.0, 0.0), (1.0 + sun, 0.0, 0.0)
    story.run(6)
    story.plug()
    return story


def test_a_one_phase_house_starts_with_start_and_gives_all_its_sun_to_one_phase() -> None:
    """Owners' bug 10: three phases were taken for granted, and the stop rule was wrong for one."""
    story = one_phase_house(3.9)
    story.run(30)
    assert story.closings() == 0
    story.plant.sun = (10.0, 0.0, 0.0)
    story.run_until(lambda: story.unit.current[0] > 0, 40)
    story.run(60)
    assert (offer(story), story.plant.mains[0]) == (90, 0.0)


def test_a_one_phase_house_stops_after_stop_minutes_below_start_and_not_before() -> None:
    """Owners' bug 10."""
    story = one_phase_house(9.0, solar_stop_time=2)
    story.run_until(lambda: story.unit.current[0] > 0, 40)
    story.run(60)
    story.plant.sun = (5.5, 0.0, 0.0)  # 4.5 A: less than MIN, and more than START
    story.run(200)
    assert (story.state, offer(story)) == (State.C, 60)
    story.plant.sun = (10.0, 0.0, 0.0)
    story.run(130)
    story.plant.sun = (4.5, 0.0, 0.0)
    assert 119 <= story.run_until(lambda: story.state is State.C1, 130) <= 124


# ---- Auto ----


@pytest.mark.parametrize("ev", [True, False])
def test_a_one_phase_car_in_auto_never_loops(ev: bool) -> None:
    """Owners' bug 13, D35#153: contactor 2 on and off until the car gave up. And its sun is all for one phase."""
    story = shining(9, car_phases=1, enable_C2="Auto", ev=ev)
    assert (offer(story), story.snapshot.phases) == (90, 1)
    sunny(story, 30)
    story.run(400)
    closings = story.closings()
    assert closings <= 2
    assert offer(story) == 160
    story.run(600)
    sunny(story, 9)
    story.run(300)
    assert (story.closings(), story.unit.current) == (closings, (9.0, 0.0, 0.0))


def test_auto_up_after_60_s_at_the_top_and_down_after_30_s_of_far_too_little() -> None:
    story = shining(9, enable_C2="Auto")
    assert story.snapshot.phases == 1
    sunny(story, 30)
    story.run_until(lambda: offer(story) == 160, 15)
    assert 59 <= story.run_until(lambda: story.state is State.C1, 70) <= 62
    story.run_until(lambda: story.state is State.C, 30)
    story.run(60)
    assert (story.snapshot.phases, offer(story)) == (3, 100)
    sunny(story, 8)
    assert 29 <= story.run_until(lambda: story.state is State.C1, 40) <= 32
    story.run_until(lambda: story.state is State.C, 30)
    story.run(60)
    assert (story.snapshot.phases, offer(story), story.closings()) == (1, 81, 3)  # a third of 8 A is 2.67: 2.7


def test_auto_goes_down_after_stop_minutes_of_a_little_too_little() -> None:
    story = shining(30, enable_C2="Auto", solar_stop_time=2)
    assert story.snapshot.phases == 3
    sunny(story, 14)
    assert 119 <= story.run_until(lambda: story.state is State.C1, 130) <= 123
    story.run_until(lambda: story.state is State.C, 30)
    story.run(60)
    assert (story.snapshot.phases, offer(story)) == (1, 141)  # a third of 14 A is 4.67: 4.7


def test_each_fall_of_the_sun_doubles_the_60_s() -> None:
    story = shining(30, enable_C2="Auto")
    for held_s in (120, 240):
        sunny(story, 8)
        story.run_until(lambda: story.snapshot.phases == 1, 50)
        story.run_until(lambda: story.state is State.C, 30)
        story.run(50)
        sunny(story, 30)
        story.run_until(lambda: offer(story) == 160, 15)
        assert held_s - 1 <= story.run_until(lambda: story.state is State.C1, held_s + 10) <= held_s + 2
        story.run_until(lambda: story.state is State.C, 30)
        story.run(60)
        assert story.snapshot.phases == 3
