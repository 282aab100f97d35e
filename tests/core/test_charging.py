"""The whole path of a charge, as stories in virtual time."""

import pytest

from evsed.core.actions import Note, Pilot, Severity
from evsed.core.events import Button, ChooseMode, Leaving, Override, Tick, WallClock
from evsed.core.model import Access, ModeChoice
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


def test_a_car_charges_with_max_within_15_s(story: Story) -> None:
    story.run(1)
    assert (story.state, story.reason) == (State.A, "no_car")
    story.plug()
    seen = []
    while story.unit.current[0] == 0:
        story.step()
        if story.state not in seen:
            seen.append(story.state)
        assert story.now < 16_000
    assert seen == [State.A, State.B, State.C]
    assert story.unit.current == (13.0, 13.0, 13.0)
    assert story.snapshot.reason is None
    assert story.snapshot.offer == 130
    assert story.snapshot.outputs.pilot.duty_1024 == 222


def test_unplugging_opens_within_100_ms(charging: Story) -> None:
    begun = charging.now
    charging.unplug()
    charging.run(0.2)
    assert charging.opened_within(begun, 100)
    assert charging.state is State.A


def test_loss_of_6_v_opens_within_100_ms_and_goes_back_to_b(charging: Story) -> None:
    begun = charging.now
    charging.unit.car.ready = False
    charging.run(0.2)
    assert charging.opened_within(begun, 100)
    assert charging.state is State.B
    assert charging.reason == "car_not_ready"


@pytest.mark.parametrize("gap_ms", [10, 40, 60, 90])
def test_late_sampling_still_opens_within_100_ms_of_the_first_look(charging: Story, gap_ms: int) -> None:
    charging.unplug()
    charging.step()  # the first look at 12 V
    first = charging.now
    while charging.opened_at() is None:
        for _ in range(gap_ms // 10 - 1):  # the control loop is held up, the plant goes on
            charging.now += 10
            charging.plant.advance(charging.now)
        charging.step()
    assert charging.opened_within(first, 100)


def test_contactor_opens_6_s_after_stop_if_the_car_keeps_drawing(charging: Story) -> None:
    charging.unit.car.ignores_stop = True
    charging.command(ChooseMode(ModeChoice.OFF))
    charging.step()
    begun = charging.now
    assert charging.state is State.C1
    while charging.now < begun + 5_990:
        charging.step()
    assert charging.core.outputs.contactor1
    charging.step()
    assert not charging.core.outputs.contactor1
    assert charging.now == begun + 6_000
    assert charging.state is State.B1


def test_off_stops_the_car_before_the_contactor_opens(charging: Story) -> None:
    charging.command(ChooseMode(ModeChoice.OFF))
    took = charging.run_until(lambda: not charging.unit.contactor1.closed, 2)
    assert 1.0 <= took <= 1.2
    assert charging.state is State.B1
    assert (charging.reason, charging.snapshot.choice) == ("access_denied", ModeChoice.OFF)
    charging.run(60)
    assert charging.closings() == 1


def test_off_repeated_each_second_keeps_it_off(charging: Story) -> None:
    """SK#136: an energy manager that repeats OFF must not start a loop."""
    for _ in range(30):
        assert charging.command(ChooseMode(ModeChoice.OFF)).accepted
        charging.run(1)
    assert charging.closings() == 1
    assert charging.core.saved.access is Access.DENY


def test_on_again_after_off_waits_for_the_charge_delay_and_charges(charging: Story) -> None:
    charging.command(ChooseMode(ModeChoice.OFF))
    charging.run(3)
    charging.command(ChooseMode(ModeChoice.NORMAL))
    charging.step()
    assert charging.reason == "charge_delay"
    took = charging.run_until(lambda: charging.state is State.C, 20)
    assert 12 <= took <= 15


def test_pause_is_not_off_and_goes_on_at_full_current(charging: Story) -> None:
    """D35#315: Normal after a pause stayed at 6 A."""
    charging.command(ChooseMode(ModeChoice.PAUSE))
    charging.run(20)
    assert (charging.state, charging.reason) == (State.B1, "paused")
    charging.command(ChooseMode(ModeChoice.NORMAL))
    charging.run_until(lambda: charging.unit.current[0] == 13.0, 20)


def test_an_unplug_while_paused_is_seen(charging: Story) -> None:
    """D35#347."""
    charging.command(ChooseMode(ModeChoice.PAUSE))
    charging.run(20)
    charging.unplug()
    charging.run(0.2)
    assert (charging.state, charging.snapshot.connected) == (State.A, False)


def test_a_car_plugged_in_while_paused_leaves_a(story: Story) -> None:
    """D35#205: or else its cable is never locked."""
    story.run(0.1)
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.plug()
    story.run(6)
    assert (story.state, story.reason) == (State.B1, "paused")
    assert story.snapshot.connected


def test_a_car_plugged_in_while_off_is_connected_and_starts_when_switched_on(story: Story) -> None:
    story.run(1)
    story.command(ChooseMode(ModeChoice.OFF))
    story.plug()
    story.run(6)
    assert (story.state, story.snapshot.connected, story.reason) == (State.A, True, "access_denied")
    story.command(ChooseMode(ModeChoice.NORMAL))
    story.run(0.05)
    assert story.state is State.B


def test_a_sleeping_car_is_woken_once(story: Story) -> None:
    story.run(1)
    story.plug(ready=False)
    story.run(0.1)
    assert story.state is State.B
    story.run_until(lambda: story.state is State.ACTIVATE, 31)
    assert story.reason == "waking_car"
    assert story.core.outputs.pilot.kind is Pilot.LOW
    took = story.run_until(lambda: story.state is State.B, 4)
    assert 2.9 <= took <= 3.1
    story.run(120)
    assert story.state is State.B


def test_a_full_car_is_not_woken(charging: Story) -> None:
    charging.unit.car.ready = False
    charging.run(60)
    assert charging.state is State.B


def test_a_car_that_is_switched_off_while_being_woken_goes_to_b1(story: Story) -> None:
    story.run(1)
    story.plug(ready=False)
    story.run_until(lambda: story.state is State.ACTIVATE, 32)
    story.command(ChooseMode(ModeChoice.OFF))
    story.step()
    assert story.state is State.B1


@pytest.mark.parametrize(("cable", "offer"), [(13, 130), (20, 160), (32, 320), (63, 400)])
def test_the_cable_limits_the_offer(cable: int, offer: int) -> None:
    story = Story(Saved(settings=settings(current_max=40, current_main=200)))
    story.unit.car.cable = cable
    story.charge()
    assert story.snapshot.offer == offer
    assert story.snapshot.cable == {13: 130, 20: 160, 32: 320, 63: 630}[cable]


def test_without_a_cable_resistor_nothing_is_offered(story: Story) -> None:
    story.unit.car.cable = 0
    story.run(0.1)
    story.plug()
    story.run(10)
    assert (story.state, story.reason) == (State.B1, "no_cable")
    assert not story.core.outputs.contactor1


def test_a_fixed_cable_has_no_resistor() -> None:
    story = Story(Saved(settings=settings(config="Fixed", current_max=16)))
    story.unit.car.cable = 0
    story.charge()
    assert story.snapshot.offer == 160


def test_after_a_kill_the_car_is_noticed_and_the_same_session_goes_on(charging: Story) -> None:
    charging.run(60)
    before = charging.snapshot.charged_wh
    assert before is not None
    assert before > 100
    charging.restart()
    charging.step()
    assert not charging.core.outputs.contactor1
    seen = [charging.run_until(lambda: charging.state is State.B1, 1)]
    assert charging.reason == "pilot_restart"
    assert charging.core.outputs.pilot.kind is Pilot.OFF
    seen.append(charging.run_until(lambda: charging.state is State.B, 7))
    assert seen[1] >= 5
    charging.run_until(lambda: charging.unit.current[0] == 13.0, 10)
    charging.run(60)
    after = charging.snapshot.charged_wh
    assert after is not None
    assert after > before + 100


def test_access_and_mode_outlive_a_restart(charging: Story) -> None:
    charging.command(ChooseMode(ModeChoice.SMART))
    charging.command(ChooseMode(ModeChoice.OFF))
    charging.restart()
    charging.run(20)
    assert (charging.state, charging.reason, charging.snapshot.mode.name) == (State.B1, "access_denied", "SMART")
    assert charging.closings() == 1


def test_energy_starts_at_zero_with_the_next_plug_in(charging: Story) -> None:
    charging.run(60)
    charging.unplug()
    charging.run(2)
    last = charging.snapshot.charged_wh
    assert last is not None
    assert last > 100
    charging.plug()
    charging.run_until(lambda: charging.state is State.C, 10)
    charging.run(0.3)
    again = charging.snapshot.charged_wh
    assert again is not None
    assert again < 10


def test_leaving_stops_the_car_in_order_and_keeps_access(charging: Story) -> None:
    charging.core.handle(Leaving(), charging.now)
    took = charging.run_until(lambda: not charging.unit.contactor1.closed, 2)
    assert took <= 1.2
    assert charging.reason == "leaving"
    assert charging.core.saved.access is Access.ALLOW


def test_second_contactor_follows_its_setting() -> None:
    story = Story(Saved(settings=settings(enable_C2="Always On", mode="Normal")))
    story.charge()
    assert (story.unit.contactor2.closed, story.unit.current) == (True, (13.0, 13.0, 13.0))
    one = Story(Saved(settings=settings(enable_C2="Always Off")))
    one.charge()
    assert (one.unit.contactor2.closed, one.unit.current) == (False, (13.0, 0.0, 0.0))
    assert one.snapshot.phases == 1


def test_hold_left_is_off_and_hold_right_is_on_again(charging: Story) -> None:
    charging.unit.press(Button.LEFT, 1_990, charging.now)
    charging.run(2.5)
    assert charging.snapshot.access is Access.ALLOW
    charging.unit.press(Button.LEFT, 2_100, charging.now)
    charging.run(2.5)
    assert charging.snapshot.access is Access.DENY
    charging.unit.press(Button.RIGHT, 2_100, charging.now)
    charging.run(2.5)
    assert charging.snapshot.access is Access.ALLOW


def test_short_left_toggles_smart_and_solar_only_when_regulated_and_allowed(story: Story) -> None:
    def press() -> str:
        story.unit.press(Button.LEFT, 100, story.now)
        story.run(0.5)
        return story.snapshot.mode.name

    assert press() == "NORMAL"
    story.command(ChooseMode(ModeChoice.SMART))
    assert [press(), press()] == ["SOLAR", "SMART"]
    story.command(ChooseMode(ModeChoice.OFF))
    assert press() == "SMART"
    assert story.snapshot.access is Access.DENY


def test_hold_right_is_refused_loudly_without_a_mains_meter() -> None:
    story = Story(Saved(settings=settings(mode="Smart", mains_meter="Disabled"), access=Access.DENY))
    story.run(0.1)
    story.unit.press(Button.RIGHT, 2_100, story.now)
    story.run(2.5)
    assert story.snapshot.access is Access.DENY
    assert any("needs a mains meter" in note for note in story.notes())


def test_smart_without_a_mains_meter_does_not_charge() -> None:
    story = Story(Saved(settings=settings(mode="Smart", mains_meter="Disabled")))
    story.plug()
    story.run(20)
    assert (story.closings(), story.reason) == (0, "meter_lost")


def test_override_is_the_offer_and_ends(charging: Story) -> None:
    assert charging.command(Override(80)).accepted
    charging.run(0.05)
    assert charging.snapshot.offer == 80
    assert charging.command(Override(0)).accepted
    charging.run(6)
    assert charging.snapshot.offer == 130


def test_the_log_names_states_and_causes(charging: Story) -> None:
    charging.unit.rcm = True
    charging.step()
    assert "state A to B: car connected, current to offer, no reason against" in charging.notes()
    assert "state C to B1: a fault that opens at once (RCM Tripped)" in charging.notes()
    assert any(isinstance(deed, Note) and deed.severity is Severity.ERROR for _, deed in charging.deeds)


def test_time_of_day_is_unknown_until_it_is_told(story: Story) -> None:
    assert story.snapshot.unix_s is None
    assert story.snapshot.unix_at(0) is None
    story.core.handle(WallClock(1_700_000_000), story.now)
    story.core.handle(Tick(), story.now)
    story.run(2)
    assert story.snapshot.unix_s == 1_700_000_002
    assert story.snapshot.unix_at(story.now - 2_000) == 1_700_000_000
