"""What a tester found in the regulation: each story ended in an overload that stayed, or in stops without a reason."""

import pytest

from evsed.core.model import ALL_PHASES, ONLY_L1
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings


def smart(**given: object) -> Story:
    """A 25 A house without a meter of the car; the mains is measured once a second."""
    wanted = {"current_main": 25, "current_max": 16, "ev_meter": "Disabled"} | given
    story = Story(Saved(settings=settings(mode="Smart", **wanted)), meter_ms=1_000)
    story.ev_answers = wanted["ev_meter"] != "Disabled"
    return story


def test_a_one_phase_car_that_takes_the_other_phases_later_is_limited_on_them() -> None:
    story = smart()
    story.unit.car.phases = 1
    story.charge()
    story.run(20)
    story.plant.house = (15.0, 1.0, 1.0)
    story.run(15)
    story.plant.house = (1.0, 1.0, 1.0)
    story.run(20)
    assert story.core.regulation.car.uses == ONLY_L1
    story.unit.car.phases = 3
    story.run(5)
    story.plant.house = (1.0, 20.0, 1.0)
    story.run_until(lambda: story.plant.mains[1] <= 25.0, 7)
    assert story.core.regulation.car.uses == ALL_PHASES


def test_a_meter_that_shows_one_of_three_phases_does_not_hide_the_others() -> None:
    story = Story(Saved(settings=settings(mode="Smart", current_main=25, current_max=16)))
    story.ev_says = lambda: (story.unit.current[0], 0.0, 0.0)
    story.charge()
    story.run(25)
    story.plant.house = (1.0, 20.0, 1.0)
    story.run_until(lambda: story.plant.mains[1] <= 25.0, 6)


@pytest.mark.parametrize("phases", [1, 3])
def test_a_car_that_takes_less_than_offered_from_the_start_is_not_stopped(phases: int) -> None:
    """Its 8 A of 11 were taken for the house's, and MIN no longer fitted: 30 stops in 12 minutes."""
    story = smart()
    story.unit.car.phases, story.unit.car.max_current = phases, 8
    story.plant.house = (14.0, 14.0, 14.0)
    story.charge()
    story.run(120)
    assert (story.state, story.closings()) == (State.C, 1)


def test_an_overload_that_min_cures_stops_no_car() -> None:
    """A lowering that changed nothing and 6 s of overload came together, a second before MIN could help."""
    story = smart()
    story.unit.car.phases, story.unit.car.max_current = 1, 13
    story.charge()
    story.run(60)
    story.plant.house = (17.0, 17.0, 17.0)
    story.run_until(lambda: story.plant.mains[0] <= 25.0, 10)
    story.run(60)
    assert (story.state, story.closings()) == (State.C, 1)
