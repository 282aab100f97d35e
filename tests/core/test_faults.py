"""Faults of pilot, diode, residual current and temperature, as stories in virtual time."""

import pytest

from evsed.core.events import Button
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def charging() -> Story:
    story = Story()
    story.charge()
    return story


def test_no_diode_no_power(story: Story) -> None:
    story.unit.car.diode = False
    story.plug()
    story.run(20)
    assert story.closings() == 0
    assert story.snapshot.error is not None
    assert (story.reason, story.snapshot.error.value.error_id) == ("diode", 12)
    story.unplug()
    story.run(6)
    assert story.snapshot.error is None


def test_a_diode_that_fails_while_charging_opens_within_3_s(charging: Story) -> None:
    """D35#133."""
    begun = charging.now
    charging.unit.pilot_fault = "no_diode"
    charging.run(3)
    assert charging.opened_within(begun, 3_000)
    assert charging.reason == "diode"


@pytest.mark.parametrize("fault", ["short", "invalid"])
def test_a_faulty_pilot_opens_within_500_ms_and_is_tried_again_after_a_growing_wait(
    charging: Story, fault: str
) -> None:
    begun = charging.now
    charging.unit.pilot_fault = fault
    charging.run(0.5)
    assert charging.opened_within(begun, 500)
    assert (charging.state, charging.reason) == (State.B1, "pilot")
    charging.unit.pilot_fault = None
    first = charging.run_until(lambda: charging.state is State.C, 40)
    charging.unit.pilot_fault = fault
    charging.run(1)
    charging.unit.pilot_fault = None
    assert charging.run_until(lambda: charging.state is State.C, 60) > first + 10


@pytest.mark.parametrize("plugged", [True, False])
def test_a_pilot_that_stays_faulty_while_nothing_is_energised_is_an_error_after_10_s(
    story: Story, plugged: bool
) -> None:
    story.run(0.5)
    if plugged:
        story.plug(ready=False)
    story.run(5)
    story.unit.pilot_fault = "short"
    story.run(9.9)
    assert story.snapshot.error is None
    story.run(1)
    error = story.snapshot.error
    assert error is not None
    assert error.value.error_id == 11
    assert story.state is (State.B1 if plugged else State.A)
    story.unit.pilot_fault = None
    story.unit.car.ready = True
    story.plug()
    story.run_until(lambda: story.state is State.C, 20)


def test_a_board_that_shows_no_pilot_is_an_error_too(story: Story) -> None:
    story.samples = False
    story.run(1)
    assert (story.snapshot.error, story.reason) == (None, "pilot")
    story.run(11)
    assert story.snapshot.error is not None
    assert story.snapshot.error.value.error_id == 11
    assert story.snapshot.reason is not None
    assert "held up" in story.snapshot.reason.text


def test_a_broken_pilot_wire_looks_unplugged_and_opens_at_once(charging: Story) -> None:
    begun = charging.now
    charging.unit.pilot_fault = "open"
    charging.run(0.2)
    assert charging.opened_within(begun, 100)


def test_without_samples_the_contactor_opens_after_100_ms(charging: Story) -> None:
    begun = charging.now
    charging.samples = False
    charging.run(0.3)
    assert charging.opened_within(begun, 120)
    assert charging.reason == "pilot"


def test_residual_current_opens_at_once_and_is_reset_by_a_button_only_without_the_signal(charging: Story) -> None:
    charging.unit.rcm = True
    charging.step()
    assert not charging.core.outputs.contactor1
    assert charging.snapshot.error is not None
    assert (charging.state, charging.snapshot.error.value.error_id) == (State.B1, 5)
    charging.unit.press(Button.MIDDLE, 200, charging.now)
    charging.run(1)
    assert charging.reason == "rcm"
    charging.unit.rcm = False
    charging.run(30)
    assert charging.reason == "rcm"
    charging.unit.press(Button.MIDDLE, 200, charging.now)
    charging.run_until(lambda: charging.state is State.C, 30)


def test_without_a_monitor_its_input_means_nothing() -> None:
    story = Story(Saved(settings=settings(rcmon="Disabled")))
    story.charge()
    story.unit.rcm = True
    story.run(1)
    assert story.state is State.C


def test_temperature_stops_and_resumes_10_degrees_lower(charging: Story) -> None:
    charging.unit.temperature = 66
    charging.run(2)
    assert (charging.state, charging.reason) == (State.B1, "temperature")
    charging.unit.temperature = 55
    charging.run(30)
    assert charging.reason == "temperature"
    charging.unit.temperature = 54
    charging.run_until(lambda: charging.state is State.C, 20)
