"""Less current as the board gets hot, and cars that draw more than they are offered."""

import pytest

from evsed.core.derating import Derating
from evsed.core.events import ClearFaults, Override
from evsed.core.overdraw import Overdraw
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.hw.simulation.car import Car
from tests.core.story import Story, settings


class GreedyCar(Car):
    """Draws 16 A, whatever it is offered."""

    def draw(self, poles: int, now: int) -> tuple[float, float, float]:
        """All that its fuse carries, while it is supplied."""
        offered = super().draw(poles, now)
        amps = 16.0 if offered[0] and self.phases else 0.0
        return (amps, amps, amps)


def greedy() -> Story:
    story = Story(Saved(settings=settings(current_max=16)))
    story.unit.car = GreedyCar()
    story.charge()
    return story


def warm(celsius: int, **given: object) -> Story:
    story = Story(Saved(settings=settings(current_max=16, **given)))
    story.charge()
    story.unit.temperature = celsius
    story.run(6)
    return story


@pytest.mark.parametrize(
    ("celsius", "offer"), [(25, 160), (56, 160), (57, 128), (59, 128), (60, 96), (62, 96), (63, 60), (65, 60)]
)
def test_steps_before_the_limit(celsius: int, offer: int) -> None:
    """SK PR#48: a hard stop on a hot day left the car empty."""
    story = warm(celsius)
    assert (story.state, story.snapshot.offer) == (State.C, offer)
    if offer < 160:
        assert story.snapshot.limited_by == "temperature"


def test_the_owner_may_do_without_steps_but_not_without_the_limit() -> None:
    story = warm(65, derating=0)
    assert story.snapshot.offer == 160
    story.unit.temperature = 66
    story.run(2)
    assert (story.state, story.reason) == (State.B1, "temperature")


def test_a_step_is_left_two_degrees_lower() -> None:
    derating, given = Derating(), settings(current_max=20)
    offers = []
    for celsius in (56, 57, 56, 55, 54, 64, 62, 61, 60, 58, None, 57, 54):
        derating.feed(celsius, given)
        cap = derating.cap(given)
        offers.append(200 if cap is None else cap.current)
    assert offers == [200, 160, 160, 160, 200, 60, 60, 60, 120, 120, 120, 160, 200]


def test_min_is_offered_at_least() -> None:
    derating, given = Derating(), settings(current_max=10, current_min=8)
    derating.feed(60, given)
    cap = derating.cap(given)
    assert cap is not None
    assert cap.current == 80


# ---- overdraw ----


def test_a_car_that_ignores_a_lower_offer_is_stopped_after_7_s_and_tried_again() -> None:
    story = greedy()
    story.command(Override(60))
    took = story.run_until(lambda: story.state is State.C1, 10)
    assert 7 <= took <= 7.5
    error = story.snapshot.error
    assert error is not None
    assert (error.value.text, error.value.error_id) == ("Overdraw", 13)
    story.command(Override(0))
    assert 50 <= story.run_until(lambda: story.state is State.C, 90) <= 70


def test_the_owner_may_end_the_wait_after_overdraw() -> None:
    story = greedy()
    story.command(Override(60))
    story.run(20)
    story.command(Override(0))
    assert story.reason == "overdraw"
    assert story.command(ClearFaults()).accepted
    story.run_until(lambda: story.state is State.C, 20)


@pytest.mark.parametrize("lag", [2.0, 4.9])
def test_a_slow_car_that_follows_is_no_overdraw(lag: float) -> None:
    story = Story()
    story.unit.car.lag_s = lag
    story.charge()
    for amps in (110, 90, 70, 60):
        story.command(Override(amps))
        story.run(5)
        assert story.state is State.C
    assert story.snapshot.error is None


@pytest.mark.parametrize(("drawn", "found"), [(176, False), (177, True)])
def test_a_tenth_more_is_allowed(drawn: int, found: bool) -> None:
    overdraw = Overdraw()
    for at in (0, 6_999):
        overdraw.feed(drawn, 160, 160, at)
        assert not overdraw.found
    overdraw.feed(drawn, 160, 160, 7_000)
    assert overdraw.found is found
    overdraw.feed(160, 160, 160, 7_200)
    assert not overdraw.found


def test_the_last_2_s_have_to_be_above_all_that_was_offered_of_late() -> None:
    overdraw = Overdraw()
    for at in range(0, 10_001, 500):
        overdraw.feed(160, 60, 160 if at < 9_000 else 60, at)
        assert not overdraw.found
    overdraw.feed(160, 60, 60, 11_000)
    assert overdraw.found
    overdraw.forget()
    assert not overdraw.found
