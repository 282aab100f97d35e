"""What a card allowed, over timers, restarts and the access switch, and how long its cable stays locked."""

import pytest

from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    DelayedCharging,
    SwipeCard,
)
from evsed.core.model import Access, ModeChoice
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.card_story import (
    ANN,
    BOB,
    NOON,
    ONE_OR_ALL,
    access,
    charging,
    holder,
    plugged,
    swipe,
    with_reader,
)
from tests.core.story import Story, settings

# ---- the timer ----


def delayed(reader: str = "EnableAll", **given: object) -> Story:
    """A car that waits for a card, and a timer from noon + 600 s to noon + 4,200 s, every day."""
    story = plugged(reader, **given)
    story.clock(NOON)
    assert story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 600, NOON + 4_200, repeat=True)).accepted
    story.run(1)
    return story


def test_whoever_sets_a_timer_lets_the_car_charge_that_is_there_and_no_other() -> None:
    story = delayed()
    assert (story.reason, holder(story)) == ("delayed", "")
    story.clock(NOON + 600)
    story.run_until(lambda: story.state is State.C, 20)
    story.unplug()
    story.run(2)
    story.plug()
    story.run(2)
    story.clock(NOON + 4_300)
    story.run(1)
    assert (story.reason, access(story)) == ("card", Access.DENY)
    story.clock(NOON + 86_400 + 600)
    story.run(20)
    assert (story.closings(), story.reason) == (1, "card")
    swipe(story, ANN)
    story.run_until(lambda: story.state is State.C, 20)


def test_a_card_lets_a_car_charge_in_every_window_of_its_plug_in() -> None:
    story = delayed()
    story.unplug()
    story.run(65)
    story.plug()
    story.run(1)
    assert story.reason == "card"
    assert swipe(story, ANN) == "Present"
    assert (access(story), story.reason, holder(story)) == (Access.DENY, "delayed", ANN)
    for day in range(2):
        story.clock(NOON + day * 86_400 + 600)
        story.run_until(lambda: story.state is State.C, 30)
        story.clock(NOON + day * 86_400 + 4_200)
        story.run(10)
        assert (story.state, story.reason, holder(story)) == (State.B1, "delayed", ANN)
    assert swipe(story, BOB) == "Present"
    assert (story.reason, holder(story)) == ("card", "")


@pytest.mark.parametrize(("reader", "after"), [("EnableAll", Access.ALLOW), ("EnableOne", Access.DENY)])
def test_after_a_stop_time_a_card_starts_anew_but_with_enable_one_it_frees_the_cable(
    reader: str, after: Access
) -> None:
    story = charging(reader)
    story.clock(NOON)
    story.command(DelayedCharging(ModeChoice.NORMAL, NOON - 1, NOON + 60))
    story.command(ChooseMode(ModeChoice.NORMAL))
    story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 30, NOON + 60))
    story.clock(NOON + 60)
    story.run(10)
    assert (access(story), holder(story)) == (Access.DENY, ANN)
    assert story.reason == ("card" if reader == "EnableAll" else "access_denied")
    assert swipe(story, ANN) == "Present"
    assert (access(story), holder(story)) == (after, ANN if after is Access.ALLOW else "")


def test_a_timer_set_without_a_car_needs_a_card_with_it() -> None:
    story = with_reader()
    story.clock(NOON)
    story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 600))
    story.run(1)
    story.plug()
    story.run(2)
    story.clock(NOON + 700)
    story.run(20)
    assert (story.closings(), story.reason) == (0, "card")
    swipe(story, ANN)
    story.run_until(lambda: story.state is State.C, 20)


# ---- the cable ----


def test_with_enable_one_the_cable_is_locked_while_the_session_lasts() -> None:
    story = plugged("EnableOne", lock="Solenoid")
    assert not story.unit.locked
    swipe(story, ANN)
    story.run_until(lambda: story.state is State.C, 20)
    assert story.unit.locked
    for choice in (ModeChoice.PAUSE, ModeChoice.NORMAL):
        story.command(ChooseMode(choice))
        story.run(20)
        assert story.unit.locked
    story.command(SwipeCard(ANN))
    while story.core.outputs.contactor1:
        story.step()
        assert story.unit.locked
    story.run(2)
    assert (story.unit.locked, story.snapshot.locked, story.snapshot.connected) == (False, False, True)
    swipe(story, BOB)
    story.run_until(lambda: story.state is State.C, 40)
    assert story.unit.locked
    story.unplug()
    story.run(2)
    assert not story.unit.locked


def test_with_enable_one_a_cable_that_waits_for_its_timer_is_locked() -> None:
    story = delayed("EnableOne", lock="Motor")
    assert (story.reason, story.unit.locked) == ("delayed", True)


def test_the_option_keeps_a_cable_locked_that_no_card_holds() -> None:
    story = plugged("EnableOne", lock="Motor", cablelock=1)
    assert story.unit.locked


def test_a_cable_of_a_welded_contactor_stays_locked() -> None:
    story = charging("EnableOne", lock="Motor")
    story.unit.contactor1.fault = "welded"
    swipe(story, ANN)
    story.run(12)
    assert (story.reason, story.unit.locked) == ("welded", True)


def test_with_enable_all_the_cable_is_locked_from_plug_in_to_unplugging() -> None:
    story = plugged("EnableAll", lock="Motor")
    assert story.unit.locked
    swipe(story, ANN)
    swipe(story, ANN)
    story.run(20)
    assert story.unit.locked


# ---- restart ----


@ONE_OR_ALL
def test_a_restart_keeps_the_holder_and_the_session_goes_on(reader: str) -> None:
    story = charging(reader)
    story.restart()
    assert story.core.saved.granted
    story.run_until(lambda: story.state is State.C, 20)
    assert holder(story) == ANN
    story.restart()
    story.run(2)
    assert swipe(story, BOB) == ("Present" if reader == "EnableAll" else "Invalid")


@pytest.mark.parametrize("by_card", [True, False])
def test_a_restart_that_finds_no_car_ends_it(by_card: bool) -> None:
    story = plugged()
    story.command(SwipeCard(ANN) if by_card else ChooseMode(ModeChoice.NORMAL))
    story.run_until(lambda: story.state is State.C, 20)
    saved = story.core.saved
    story.unplug()
    story.run(1)
    story.core = story.new_core(saved)
    story.run(0.5)
    assert (access(story), holder(story)) == (Access.DENY, "")


@pytest.mark.parametrize("ready", [True, False])
def test_what_was_not_yet_or_no_longer_a_plug_in_s_does_not_outlive_a_restart(ready: bool) -> None:
    story = charging() if ready else with_reader()
    story.unplug()
    story.run(1)
    if not ready:
        swipe(story, ANN)
    assert access(story) is Access.ALLOW
    story.restart()
    story.plug()
    story.run(30)
    assert (access(story), story.reason, holder(story)) == (Access.DENY, "card", "")


def test_a_paused_session_and_one_that_waits_for_its_timer_outlive_a_restart() -> None:
    story = charging()
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.run(8)
    story.restart()
    story.run(2)
    assert (story.reason, holder(story)) == ("paused", ANN)
    story = delayed()
    story.restart()
    story.clock(NOON + 10)
    story.run(2)
    assert story.reason == "delayed"
    story.clock(NOON + 600)
    story.run_until(lambda: story.state is State.C, 20)


def test_a_reader_that_was_on_with_an_older_file_goes_on_with_the_car_that_is_there() -> None:
    saved = Saved(settings=settings(rfidreader="EnableAll"), granted=True)
    story = Story(saved)
    story.plug()
    story.run_until(lambda: story.state is State.C, 20)
    assert (holder(story), story.snapshot.holder_name) == ("", None)


# ---- the access switch ----


@ONE_OR_ALL
@pytest.mark.parametrize("after", ["a restart", "0.3 s without a look", "61 s without a look", "SWITCH was chosen"])
def test_a_switch_that_is_found_closed_lets_no_car_charge(reader: str, after: str) -> None:
    story = plugged(reader, switch=0 if after == "SWITCH was chosen" else 2)
    story.switch_closed = None if story.core.desk.settings.switch else True
    story.run(61 if "61" in after else 0.3)
    story.switch_closed = True
    if after == "a restart":
        story.restart()
    story.command(ChangeSetting("switch", 2))
    story.run(20)
    assert (access(story), story.core.outputs.contactor1) == (Access.DENY, False)


@ONE_OR_ALL
def test_whoever_moves_the_switch_lets_the_car_charge_that_is_there_and_no_other(reader: str) -> None:
    story = plugged(reader, switch=2)
    story.switch_closed = True
    story.run_until(lambda: story.unit.current[0] > 0, 15)
    assert holder(story) == ""
    story.unplug()
    story.run(3)
    story.plug()
    story.run(20)
    assert (access(story), story.core.outputs.contactor1) == (Access.DENY, False)
