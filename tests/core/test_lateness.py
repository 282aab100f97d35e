"""Samples that come late, disagree, or not at all."""

import pytest

from evsed.core.pilot import Level, SteadyLevel
from evsed.core.states import State
from tests.core.story import Story


def held_6v() -> SteadyLevel:
    steady = SteadyLevel()
    for at in range(-600, 0, 10):
        steady.feed(Level.WANTS_POWER, at)
    assert steady.level is Level.WANTS_POWER
    return steady


@pytest.mark.parametrize("bursts", [(0, 1), (0, 10), (0, 39), (0, 90), (0, 100)])
@pytest.mark.parametrize("level", [Level.UNPLUGGED, Level.CONNECTED])
def test_the_last_of_these_bursts_decides_and_none_before(bursts: tuple[int, ...], level: Level) -> None:
    steady = held_6v()
    for at in bursts[:-1]:
        steady.feed(level, at)
        assert steady.level is Level.WANTS_POWER
    steady.feed(level, bursts[-1])
    assert steady.level is level


def test_9_v_and_12_v_agree_that_6_v_is_gone() -> None:
    """A plug that is pulled goes from 6 V over 9 V to 12 V."""
    steady = held_6v()
    steady.feed(Level.CONNECTED, 0)
    assert steady.level is Level.WANTS_POWER
    steady.feed(Level.UNPLUGGED, 10)
    assert steady.level is Level.CONNECTED
    steady = held_6v()
    steady.feed(Level.CONNECTED, 0)
    steady.feed(Level.UNPLUGGED, 90)
    assert steady.level is Level.CONNECTED


def test_3_v_while_charging_is_an_orderly_stop_and_no_pilot_fault() -> None:
    steady = held_6v()
    for at in range(0, 300, 10):
        steady.feed(Level.WANTS_VENTILATION, at)
        assert steady.level is Level.WANTS_POWER
    steady.feed(Level.WANTS_VENTILATION, 300)
    assert steady.level is Level.WANTS_VENTILATION


@pytest.mark.parametrize(("at", "level"), [(399, Level.WANTS_POWER), (400, Level.INVALID)])
def test_readings_that_disagree_for_400_ms_are_invalid(at: int, level: Level) -> None:
    steady = held_6v()
    steady.feed(Level.WANTS_POWER, 0)
    for moment in range(10, 390, 10):
        steady.feed(Level.SHORT if moment % 20 else Level.INVALID, moment)
    steady.feed(Level.WANTS_VENTILATION, at)
    assert steady.level is level


def test_without_6_v_before_they_do_not() -> None:
    steady = SteadyLevel()
    for at in range(0, 200, 10):
        steady.feed(Level.CONNECTED if at % 20 else Level.UNPLUGGED, at)
        assert steady.level is None


@pytest.fixture
def charging() -> Story:
    story = Story()
    story.charge()
    return story


def hold_up(story: Story, stall_ms: int) -> None:
    """The control loop stands still; the plant and its lease go on."""
    for _ in range(stall_ms // 10):
        story.now += 10
        story.plant.advance(story.now)
    story.step()


def test_a_stall_that_outlived_the_permit_never_closes_again_under_load(charging: Story) -> None:
    """The guard has opened by then: going on as before would close the contactor onto a car that draws."""
    hold_up(charging, 500)
    assert not charging.core.outputs.contactor1
    assert (charging.state, charging.reason) == (State.B1, "pilot")
    took = charging.run_until(lambda: charging.state is State.C, 40)
    assert took >= 5
    assert charging.closings() == 2


def why(story: Story) -> str:
    reason = story.snapshot.reason
    return "" if reason is None else reason.text


@pytest.mark.parametrize("unsampled", [False, True])
def test_the_car_is_not_blamed_for_a_stall_and_its_wait_does_not_grow(charging: Story, unsampled: bool) -> None:
    for _ in range(4):
        if unsampled:
            charging.samples = False
            charging.run(0.3)
            charging.samples = True
        else:
            hold_up(charging, 500)
        error = charging.snapshot.error
        assert error is not None
        assert error.value.error_id == 11
        assert "held up" in why(charging)
        assert "cable" not in why(charging)
        assert charging.run_until(lambda: charging.state is State.C, 15) >= 5
        charging.run(1)
    told = [note for note in charging.notes() if note.startswith("Pilot Fault: The")]
    assert len(told) == 4
    assert all("held up" in note for note in told)


def test_a_wrong_level_that_is_seen_after_a_stall_is_the_car_s_or_the_cable_s(charging: Story) -> None:
    hold_up(charging, 500)
    assert "held up" in why(charging)
    charging.unit.pilot_fault = "short"
    charging.run(8)
    assert "check cable and plug" in why(charging)
    charging.unit.pilot_fault = None
    assert charging.run_until(lambda: charging.state is State.C, 40) >= 15


def test_a_wrong_level_counts_as_such_also_when_nobody_looks_any_more(charging: Story) -> None:
    charging.unit.pilot_fault = "short"
    charging.run(1)
    charging.samples = False
    charging.run(1)
    assert "check cable and plug" in why(charging)


def test_a_hiccup_is_no_reason_to_open_under_load(charging: Story) -> None:
    hold_up(charging, 300)
    assert (charging.state, charging.core.outputs.contactor1) == (State.C, True)


def test_a_pilot_that_is_not_sampled_any_more_never_leads_to_c() -> None:
    story = Story()
    story.run(0.5)
    story.plug()
    story.run_until(lambda: story.unit.car.s2_closed, 5)
    story.run(0.45)
    story.samples = False
    story.run(2)
    assert (story.closings(), story.state) == (0, State.B)
    assert story.reason == "pilot"


@pytest.mark.parametrize("cycle_ms", [10, 20, 50])
def test_pilot_and_cable_are_known_together_so_that_a_car_is_offered_at_once(cycle_ms: int) -> None:
    """With cycles of 20 ms the pilot was known first: no cable, no offer, and 5 s in B1."""
    story = Story(cycle_ms=cycle_ms)
    story.run(0.5)
    story.plug()
    story.run_until(lambda: story.state is not State.A, 1)
    assert story.state is State.B
