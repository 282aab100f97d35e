"""The external switch in its functions, delayed charging, and the circuit's limit."""

import pytest

from evsed.core.events import ChooseMode, ClearFaults, DelayedCharging, PostCircuit, WallClock
from evsed.core.model import Access, Mode, ModeChoice, PhaseCurrents
from evsed.core.schedule import NO_TIMER, Timer, UtcCalendar, due
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.switch import ExternalSwitch, Function, Wish, command_for
from tests.core.story import Story, settings

NOON = 1_800_000_000


def with_switch(function: int, *, closed: bool = False, **given: object) -> Story:
    story = Story(Saved(settings=settings(switch=function, **given)))
    story.switch_closed = closed
    return story


def press(story: Story, seconds: float = 0.5) -> None:
    story.switch_closed = True
    story.run(seconds)
    story.switch_closed = False
    story.run(0.5)


# ---- the eight functions ----


def test_0_a_push_stops_charging_for_15_s() -> None:
    story = with_switch(0)
    story.charge()
    begun = story.now
    story.switch_closed = True
    story.run_until(lambda: story.state is State.C1, 0.2)
    assert story.reason == "stopped_by_switch"
    story.switch_closed = False
    story.run(5)
    assert (story.state, story.reason) == (State.B1, "stopped_by_switch")
    story.run_until(lambda: story.state is State.B, 15)
    assert 15_000 <= story.now - begun <= 15_300


def test_1_a_button_toggles_access() -> None:
    story = with_switch(1)
    story.charge()
    press(story)
    assert story.snapshot.access is Access.DENY
    press(story, 3)
    assert story.snapshot.access is Access.ALLOW


def test_2_a_switch_is_access_also_at_start_up() -> None:
    story = with_switch(2, closed=False)
    story.run(0.5)
    assert story.snapshot.access is Access.DENY
    story.switch_closed = True
    story.run(0.5)
    assert story.snapshot.access is Access.ALLOW
    story.switch_closed = False
    story.run(0.5)
    assert story.snapshot.access is Access.DENY


def test_2_access_that_the_mode_cannot_have_is_refused_loudly() -> None:
    story = with_switch(2, closed=False, mode="Smart", mains_meter="Disabled")
    story.run(0.5)
    story.switch_closed = True
    story.run(0.5)
    assert story.snapshot.access is Access.DENY
    assert any(note.startswith("switch: Smart needs a mains meter") for note in story.notes())


def test_3_a_short_press_toggles_smart_and_solar_and_a_long_one_stops() -> None:
    story = with_switch(3, mode="Smart")
    story.plant.sun = (12.0, 12.0, 12.0)
    story.charge()
    press(story, 1.4)
    assert story.snapshot.mode is Mode.SOLAR
    press(story, 0.2)
    assert story.snapshot.mode is Mode.SMART
    story.switch_closed = True
    assert 1.5 <= story.run_until(lambda: story.state is State.C1, 2) <= 1.7
    story.switch_closed = False
    story.run(1)
    assert story.snapshot.mode is Mode.SMART


def test_3_in_normal_mode_a_short_press_does_nothing() -> None:
    story = with_switch(3)
    press(story)
    assert story.snapshot.mode is Mode.NORMAL


def test_4_a_switch_is_smart_or_solar_but_leaves_normal_alone() -> None:
    story = with_switch(4, closed=True, mode="Solar")
    story.run(0.5)
    assert story.snapshot.mode is Mode.SMART
    story.switch_closed = False
    story.run(0.5)
    assert story.snapshot.mode is Mode.SOLAR
    story = with_switch(4, closed=False)
    story.run(0.5)
    assert story.snapshot.mode is Mode.NORMAL


@pytest.mark.parametrize(("contactor2", "offer"), [("Always On", 60), ("Always Off", 160)])
def test_5_an_open_grid_relay_leaves_18_a_over_the_phases(contactor2: str, offer: int) -> None:
    story = with_switch(5, closed=True, enable_C2=contactor2, current_max=16)
    story.charge()
    assert story.snapshot.offer == 160
    story.switch_closed = False
    story.run(0.5)
    assert story.snapshot.offer == offer
    story.switch_closed = True
    story.run(6)
    assert story.snapshot.offer == 160


@pytest.mark.parametrize("function", [6, 7])
def test_6_and_7_change_nothing_here(function: int) -> None:
    story = with_switch(function)
    story.charge()
    press(story, 3)
    assert (story.state, story.snapshot.access) == (State.C, Access.ALLOW)


def test_6_a_custom_button_is_told_as_turned_at_each_press() -> None:
    story = with_switch(6)
    story.run(0.5)
    told = []
    for _ in range(3):
        press(story, 0.5)
        told.append(story.snapshot.custom_button)
    assert told == [True, False, True]


def test_7_a_custom_switch_is_told_as_it_stands_also_at_start_up() -> None:
    story = with_switch(7)
    story.switch_closed = True
    story.run(0.5)
    assert story.snapshot.custom_button
    story.restart()
    story.run(0.5)
    assert story.snapshot.custom_button
    story.switch_closed = False
    story.run(0.5)
    assert not story.snapshot.custom_button


def test_pressing_resets_a_residual_current_fault_whose_cause_is_gone() -> None:
    story = with_switch(1)
    story.charge()
    story.unit.rcm = True
    story.run(0.5)
    press(story)
    assert story.reason == "rcm"
    story.unit.rcm = False
    story.run(0.5)
    press(story)
    assert story.snapshot.error is None


# ---- debouncing ----


@pytest.mark.parametrize(("at", "wishes"), [(199, []), (200, [Wish.RESET, Wish.TOGGLE_ACCESS])])
def test_a_level_has_to_last_for_100_ms(at: int, wishes: list[Wish]) -> None:
    switch = ExternalSwitch()
    assert switch.feed(False, Function.ACCESS_BUTTON, 0) == []
    assert switch.feed(False, Function.ACCESS_BUTTON, 100) == []
    assert switch.feed(True, Function.ACCESS_BUTTON, 100) == []
    assert switch.feed(True, Function.ACCESS_BUTTON, at) == wishes
    assert switch.feed(True, Function.ACCESS_BUTTON, at + 50) == [] or at == 199


def test_a_bouncing_contact_is_one_press() -> None:
    switch = ExternalSwitch()
    wishes = []
    for at in range(0, 2_000, 10):
        closed = at >= 500 and (at > 560 or at % 20 == 0)
        wishes += switch.feed(closed, Function.ACCESS_BUTTON, at)
    assert wishes == [Wish.RESET, Wish.TOGGLE_ACCESS]


def test_a_function_chosen_later_takes_the_position_it_finds() -> None:
    switch = ExternalSwitch()
    for at in (0, 100, 200):
        assert switch.feed(True, Function.ACCESS_BUTTON, at) == []
    assert switch.feed(True, Function.ACCESS_SWITCH, 300) == [Wish.ALLOW_UNLESS_DELAYED]
    assert switch.feed(True, Function.ACCESS_SWITCH, 310) == []
    assert not switch.grid_limited
    switch.feed(False, Function.GRID_RELAY, 320)
    assert not switch.grid_limited
    switch.feed(False, Function.GRID_RELAY, 420)
    assert switch.grid_limited


def test_an_input_that_nobody_can_read_yet_is_no_movement() -> None:
    switch = ExternalSwitch()
    for at in range(0, 3_000, 10):
        assert switch.feed(None, Function.ACCESS_SWITCH, at) == []
    wishes = [wish for at in range(3_000, 3_300, 10) for wish in switch.feed(False, Function.ACCESS_SWITCH, at)]
    assert wishes == [Wish.DENY_UNLESS_DELAYED]  # found open, as at start-up: not opened by somebody


def test_what_moved_while_nobody_could_read_it_is_found_and_a_button_is_not_pushed() -> None:
    for function, expected in (
        (Function.ACCESS_BUTTON, []),
        (Function.DISABLED, []),
        (Function.SMART_SOLAR_BUTTON, []),
        (Function.ACCESS_SWITCH, [Wish.ALLOW_UNLESS_DELAYED]),
    ):
        switch = ExternalSwitch()
        for at in range(0, 500, 10):
            switch.feed(False, function, at)
        assert switch.feed(None, function, 500) == []
        wishes = [wish for at in range(510, 3_000, 10) for wish in switch.feed(True, function, at)]
        assert wishes == expected, function


def test_a_grid_relay_that_nobody_can_read_keeps_its_limit_or_the_last_word_it_gave() -> None:
    switch = ExternalSwitch()
    switch.feed(None, Function.GRID_RELAY, 0)
    assert switch.grid_limited  # not yet known counts as open
    for at in range(0, 300, 10):
        switch.feed(True, Function.GRID_RELAY, at)
    assert not switch.grid_limited
    switch.feed(None, Function.GRID_RELAY, 300)
    assert not switch.grid_limited


def test_the_last_word_of_a_grid_relay_counts_for_a_minute() -> None:
    switch = ExternalSwitch()
    for at in range(0, 300, 10):
        switch.feed(True, Function.GRID_RELAY, at)
    switch.feed(None, Function.GRID_RELAY, 290 + 59_999)
    assert not switch.grid_limited
    switch.feed(None, Function.GRID_RELAY, 290 + 60_000)
    assert switch.grid_limited
    switch.feed(True, Function.GRID_RELAY, 70_000)
    assert switch.grid_limited  # until the contact has been closed for a moment
    switch.feed(True, Function.GRID_RELAY, 70_100)
    assert not switch.grid_limited


# ---- delayed charging ----


def test_a_start_and_a_stop_switch_access() -> None:
    story = Story()
    story.core.handle(WallClock(NOON), 0)
    story.charge()
    assert story.command(DelayedCharging(ModeChoice.SMART, NOON + 60, NOON + 120)).accepted
    story.run(5)
    reason = story.snapshot.reason
    assert reason is not None
    assert (story.state, reason.code, reason.until) == (State.B1, "delayed", 60_000)
    assert story.snapshot.mode is Mode.SMART
    story.restart()
    story.core.handle(WallClock(NOON + story.now // 1_000), story.now)
    story.run_until(lambda: story.state is State.C, 70)
    assert 60_000 <= story.now <= 72_000
    story.run_until(lambda: story.state is State.C1, 60)
    assert 120_000 <= story.now <= 121_000
    story.run(5)
    assert (story.reason, story.core.saved.timer) == ("access_denied", NO_TIMER)


def test_any_mode_without_a_start_time_clears_the_timer() -> None:
    for choice in ModeChoice:
        story = Story()
        story.core.handle(WallClock(NOON), 0)
        story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 60))
        assert story.core.saved.timer == Timer(NOON + 60, None)
        assert story.command(ChooseMode(choice)).accepted
        assert story.core.saved.timer == NO_TIMER


def test_what_a_timer_refuses() -> None:
    story = Story()
    assert "time of day" in story.command(DelayedCharging(ModeChoice.NORMAL, NOON)).refused
    story.core.handle(WallClock(NOON), 0)
    assert "Solar decides" in story.command(DelayedCharging(ModeChoice.SOLAR, NOON + 60)).refused
    assert "after the start" in story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 60, NOON + 60)).refused
    assert story.core.saved.timer == NO_TIMER
    assert story.command(DelayedCharging(ModeChoice.NORMAL, NOON - 1)).accepted  # past: start now, no timer
    assert (story.core.saved.timer, story.core.saved.access) == (NO_TIMER, Access.ALLOW)
    story = Story(Saved(settings=settings(mains_meter="Disabled")))
    story.core.handle(WallClock(NOON), 0)
    assert "mains meter" in story.command(DelayedCharging(ModeChoice.SMART, NOON + 60)).refused


def test_times_that_both_passed_leave_access_off() -> None:
    assert due(Timer(10, 20), Access.DENY, 9, UtcCalendar()) == (Timer(10, 20), Access.DENY)
    assert due(Timer(10, 20), Access.DENY, 10, UtcCalendar()) == (Timer(None, 20), Access.ALLOW)
    assert due(Timer(None, 20), Access.ALLOW, 19, UtcCalendar()) == (Timer(None, 20), Access.ALLOW)
    assert due(Timer(10, 20), Access.DENY, 20, UtcCalendar()) == (NO_TIMER, Access.DENY)
    assert due(Timer(10, None), Access.DENY, 10, UtcCalendar()) == (NO_TIMER, Access.ALLOW)


def test_without_a_clock_nothing_starts() -> None:
    story = Story(Saved(settings=settings(), access=Access.DENY, timer=Timer(NOON, None)))
    story.plug()
    story.run(60)
    reason = story.snapshot.reason
    assert reason is not None
    assert (story.closings(), reason.code, reason.until) == (0, "delayed", None)
    story.core.handle(WallClock(NOON + 5), story.now)
    story.run_until(lambda: story.state is State.C, 15)


# ---- circuit ----


def on_circuit(others: float, **given: object) -> Story:
    story = Story(Saved(settings=settings(circuit_meter="API", current_max=16, **given)))
    story.circuit = (others, 0.0, 0.0)
    story.run(1.5)
    story.charge()
    return story


@pytest.mark.parametrize("mode", ["Smart", "Normal"])
def test_other_loads_on_the_circuit_are_left_room(mode: str) -> None:
    """Deviation 12: also in Normal."""
    story = on_circuit(0.0, mode=mode)
    story.run(10)
    assert story.snapshot.offer == 160
    story.circuit = (6.0, 0.0, 0.0)
    story.run(2)
    assert (story.snapshot.offer, story.snapshot.limited_by) == (100, "CIRCUIT")
    for _ in range(20):
        story.run(1)
        assert story.snapshot.offer == 100
    story.circuit = (0.0, 0.0, 0.0)
    story.run(20)
    assert story.snapshot.offer == 160


def test_a_circuit_without_room_for_min_stops_and_comes_back() -> None:
    story = on_circuit(0.0, mode="Smart")
    story.circuit = (11.0, 0.0, 0.0)
    assert story.run_until(lambda: story.state is State.C1, 8) >= 3
    story.run(3)
    assert story.reason == "no_power"
    story.circuit = (0.0, 0.0, 0.0)
    story.run_until(lambda: story.state is State.C, 30)


@pytest.mark.parametrize("ev_answers", [True, False])
def test_a_circuit_without_room_is_found_out_without_an_ev_meter_too(ev_answers: bool) -> None:
    story = Story(Saved(settings=settings(circuit_meter="API", current_max=16, mode="Smart")))
    story.ev_answers = ev_answers
    story.circuit = (0.0, 0.0, 0.0)
    story.run(1.5)
    story.charge()
    story.run(12)
    story.circuit = (11.0, 0.0, 0.0)
    story.run_until(lambda: story.state is State.C1, 9)


def test_a_silent_circuit_meter_stops_smart_after_20_s_and_leaves_min_in_normal() -> None:
    story = on_circuit(0.0, mode="Smart")
    story.circuit = None
    assert 18 <= story.run_until(lambda: story.state is State.C1, 25) <= 21
    error = story.snapshot.error
    assert error is not None
    assert (error.value.text, error.value.error_id) == ("Circuit Meter Comm Error", 7)
    story = on_circuit(0.0)
    story.circuit = None
    story.run(25)
    assert (story.state, story.snapshot.offer, story.snapshot.limited_by) == (State.C, 60, "circuit meter silent")


def test_posted_circuit_currents_need_the_meter_and_a_plausible_value() -> None:
    story = Story()
    assert "not of type API" in story.command(PostCircuit(PhaseCurrents(0, 0, 0))).refused
    story = Story(Saved(settings=settings(circuit_meter="API")))
    assert "within" in story.command(PostCircuit(PhaseCurrents(0, 2_001, 0))).refused
    assert story.command(ClearFaults()).accepted


def test_what_each_wish_stands_for_when_delayed_charging_waits() -> None:
    def asked(wish: Wish) -> object:
        return command_for(wish, Mode.NORMAL, Access.DENY, delayed=True)

    assert asked(Wish.ALLOW) == ChooseMode(ModeChoice.NORMAL)
    assert asked(Wish.ALLOW_UNLESS_DELAYED) is None
    found = command_for(Wish.ALLOW_UNLESS_DELAYED, Mode.NORMAL, Access.DENY, delayed=False)
    assert found == ChooseMode(ModeChoice.NORMAL)
