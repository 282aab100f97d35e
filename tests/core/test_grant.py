"""With a card reader access is for one plug-in: who starts, who stops, when it ends, and what a restart makes of it."""

import pytest

from evsed.core.cards import Card
from evsed.core.events import (
    ChangeCard,
    ChangeSetting,
    ChooseMode,
    Command,
    DelayedCharging,
    EraseSettings,
    RemoveCards,
    SwipeCard,
)
from evsed.core.model import Access, ModeChoice
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings

ANN, BOB, EVE = "04A1B2C3D4E5F6", "0A1B2C3D4E5F", "DEADBEEF0000"
CARDS = (Card(ANN, "Ann"), Card(BOB, "Bob"), Card(EVE, "Eve", enabled=False))
NOON = 1_800_000_000
ONE_OR_ALL = pytest.mark.parametrize("reader", ["EnableAll", "EnableOne"])


def with_reader(reader: str = "EnableAll", **given: object) -> Story:
    """A charger without a car, and access on before anybody looks."""
    story = Story(Saved(settings=settings(rfidreader=reader, **given), cards=CARDS))
    story.run(0.5)
    return story


def plugged(reader: str = "EnableAll", **given: object) -> Story:
    """... with a car that asks for a card."""
    story = with_reader(reader, **given)
    story.plug()
    story.run(2)
    assert (story.state, story.reason) == (State.A, "card")
    return story


def charging(reader: str = "EnableAll", **given: object) -> Story:
    """... that Ann's card lets charge."""
    story = plugged(reader, **given)
    swipe(story, ANN)
    story.run_until(lambda: story.unit.current[0] > 0, 15)
    return story


def swipe(story: Story, uid: str) -> str:
    """Holds a card to the reader; what that says."""
    story.command(SwipeCard(uid))
    story.run(0.1)
    return story.snapshot.rfid_text


def access(story: Story) -> Access:
    return story.core.desk.access


def holder(story: Story) -> str:
    return story.core.desk.cards.holder


# ---- start and stop ----


@ONE_OR_ALL
def test_a_card_starts_and_the_same_card_stops(reader: str) -> None:
    story = charging(reader)
    assert (holder(story), story.snapshot.holder, story.snapshot.holder_name) == (ANN, ANN, "Ann")
    assert swipe(story, ANN) == "Present"
    story.run(8)
    assert (access(story), holder(story), story.snapshot.holder_name) == (Access.DENY, "", None)
    assert (story.unit.current[0], story.core.outputs.contactor1, story.reason) == (0, False, "card")
    assert swipe(story, ANN) == "Present"
    story.run_until(lambda: story.state is State.C, 30)


def test_with_enable_all_any_card_stops_and_with_enable_one_only_that_which_started() -> None:
    for reader, says, state in (("EnableAll", "Present", State.B1), ("EnableOne", "Invalid", State.C)):
        story = charging(reader)
        assert swipe(story, BOB) == says
        story.run(8)
        assert (story.state, holder(story)) == (state, ANN if state is State.C else "")


def test_another_card_is_told_whose_turn_it_is() -> None:
    assert "another card let this car charge" in charging("EnableOne").command(SwipeCard(BOB)).refused


@ONE_OR_ALL
@pytest.mark.parametrize("uid", [EVE, "112233445566"])
def test_a_card_that_is_switched_off_or_not_known_is_invalid(reader: str, uid: str) -> None:
    story = plugged(reader)
    assert swipe(story, uid) == "Invalid"
    assert story.snapshot.panel.card_says == "Invalid"
    story.run(5)
    assert (story.snapshot.panel.card_says, access(story), holder(story)) == ("", Access.DENY, "")
    story = charging(reader)
    assert swipe(story, uid) == "Invalid"
    assert (story.state, holder(story)) == (State.C, ANN)


@ONE_OR_ALL
@pytest.mark.parametrize("change", [ChangeCard(ANN, enabled=False), RemoveCards(frozenset({ANN}))])
def test_whoever_started_may_stop_whatever_became_of_the_card_and_not_start_again(reader: str, change: Command) -> None:
    story = charging(reader)
    assert story.command(change).accepted
    story.run(5)
    assert story.state is State.C
    assert swipe(story, ANN) == "Present"
    assert access(story) is Access.DENY
    assert swipe(story, ANN) == "Invalid"


@pytest.mark.parametrize("choice", [ModeChoice.NORMAL, ModeChoice.SMART, ModeChoice.SOLAR])
@ONE_OR_ALL
def test_somebody_without_a_card_lets_it_charge_and_any_card_stops_it(reader: str, choice: ModeChoice) -> None:
    story = plugged(reader)
    story.plant.sun = (16.0, 16.0, 16.0)
    story.command(ChooseMode(choice))
    story.run_until(lambda: story.state is State.C, 60)
    assert holder(story) == ""
    assert swipe(story, BOB) == "Present"
    assert access(story) is Access.DENY


@ONE_OR_ALL
def test_a_pause_keeps_the_holder_who_may_end_it(reader: str) -> None:
    story = charging(reader)
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.run(8)
    assert (story.reason, holder(story)) == ("paused", ANN)
    story.command(ChooseMode(ModeChoice.NORMAL))
    story.run_until(lambda: story.state is State.C, 40)
    assert holder(story) == ANN
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.run(8)
    assert swipe(story, ANN) == "Present"
    assert (access(story), holder(story)) == (Access.DENY, "")


def test_a_pause_that_nobody_charged_in_is_ended_by_a_card() -> None:
    story = plugged()
    story.command(ChooseMode(ModeChoice.PAUSE))
    story.run(1)
    assert (story.reason, access(story)) == ("card", Access.PAUSE)
    assert swipe(story, ANN) == "Present"
    assert (access(story), holder(story)) == (Access.ALLOW, ANN)


def test_off_ends_what_a_card_allowed_and_a_card_starts_anew() -> None:
    story = charging()
    story.command(ChooseMode(ModeChoice.OFF))
    story.run(8)
    assert (holder(story), story.reason) == ("", "card")
    swipe(story, BOB)
    assert (holder(story), access(story)) == (BOB, Access.ALLOW)


# ---- one plug-in ----


@ONE_OR_ALL
def test_access_goes_off_60_s_after_unplugging(reader: str) -> None:
    """SK#148; clients expect the 60 s."""
    story = charging(reader)
    story.unplug()
    story.run_until(lambda: story.state is State.A, 1)
    story.run(59.9)
    assert (access(story), holder(story), story.reason) == (Access.ALLOW, ANN, "card")
    story.run(0.2)
    assert (access(story), holder(story), story.reason) == (Access.DENY, "", "card")
    assert any("it was for one car" in note for note in story.notes())


@ONE_OR_ALL
@pytest.mark.parametrize("by_card", [True, False])
def test_the_next_car_never_charges_free(reader: str, by_card: bool) -> None:
    """SK#148: also within those 60 s, and whoever let the one before it charge."""
    story = plugged(reader)
    story.command(SwipeCard(ANN) if by_card else ChooseMode(ModeChoice.NORMAL))
    story.run_until(lambda: story.state is State.C, 20)
    story.unplug()
    story.run(5)
    story.plug()
    story.run_until(lambda: access(story) is Access.DENY, 1)
    story.run(90)
    assert (story.closings(), story.reason, holder(story)) == (1, "card", "")
    assert swipe(story, BOB) == "Present"
    story.run_until(lambda: story.state is State.C, 20)


@ONE_OR_ALL
def test_a_card_after_the_car_has_gone_is_a_start(reader: str) -> None:
    """BM: the next swipe toggled access off after the car had ended the session."""
    story = charging(reader)
    story.unplug()
    story.run(10)
    assert swipe(story, BOB) == "Present"
    assert (access(story), holder(story)) == (Access.ALLOW, BOB)
    story.plug()
    story.run_until(lambda: story.state is State.C, 20)
    assert holder(story) == BOB


@ONE_OR_ALL
def test_a_car_that_ends_the_charge_itself_is_stopped_by_the_next_swipe(reader: str) -> None:
    story = charging(reader)
    story.unit.car.ready = False
    story.run(40)
    assert (story.reason, access(story)) == ("car_not_ready", Access.ALLOW)
    assert swipe(story, ANN) == "Present"
    assert (access(story), story.reason) == (Access.DENY, "card")


@ONE_OR_ALL
def test_without_a_car_a_card_allows_one_for_60_s(reader: str) -> None:
    story = with_reader(reader)
    assert (access(story), story.reason) == (Access.DENY, "card")
    swipe(story, ANN)
    story.run(59.5)
    assert (access(story), story.reason) == (Access.ALLOW, "no_car")
    story.run(0.5)
    assert (access(story), story.reason) == (Access.DENY, "card")
    swipe(story, ANN)
    story.run(55)
    story.plug()
    story.run(60)
    assert (story.state, holder(story)) == (State.C, ANN)


def test_without_a_car_the_same_card_again_takes_it_back() -> None:
    story = with_reader("EnableOne")
    swipe(story, ANN)
    assert swipe(story, BOB) == "Invalid"
    swipe(story, ANN)
    assert (access(story), holder(story)) == (Access.DENY, "")


def test_a_mode_chosen_after_unplugging_lets_no_other_car_charge() -> None:
    """As programs do that choose Solar again whenever a car has left."""
    story = charging()
    story.unplug()
    story.run(5)
    for choice in (ModeChoice.SMART, ModeChoice.PAUSE, ModeChoice.NORMAL):
        story.command(ChooseMode(choice))
        story.run(1)
    story.plug()
    story.run(60)
    assert (story.closings(), story.reason) == (1, "card")


def test_a_mode_chosen_without_a_car_allows_one_for_60_s() -> None:
    story = with_reader()
    story.command(ChooseMode(ModeChoice.NORMAL))
    story.run(59)
    assert access(story) is Access.ALLOW
    story.command(ChooseMode(ModeChoice.SMART))  # it is on already
    story.run(2)
    assert access(story) is Access.DENY


def test_without_a_reader_access_stays_as_it_is() -> None:
    story = Story(Saved(settings=settings(), cards=CARDS))
    for _ in range(2):
        story.charge()
        story.unplug()
        story.run(70)
        assert access(story) is Access.ALLOW


def test_a_faulty_pilot_is_no_unplugging() -> None:
    story = plugged()
    story.clock(NOON)
    story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 600))
    story.run(1)
    story.unit.pilot_fault = "short"
    story.run(5)
    story.unit.pilot_fault = None
    story.run(5)
    assert story.reason == "delayed"


# ---- other reader modes ----


@pytest.mark.parametrize("reader", ["EnableAll", "EnableOne", "Learn", "Delete"])
def test_a_reader_that_is_switched_on_ends_access_unless_a_car_has_it(reader: str) -> None:
    story = Story(Saved(settings=settings(), cards=CARDS))
    story.run(0.5)
    story.command(ChangeSetting("rfidreader", reader))
    story.run(0.1)
    assert access(story) is Access.DENY
    story = Story(Saved(settings=settings(), cards=CARDS))
    story.charge()
    story.command(ChangeSetting("rfidreader", reader))
    story.run(5)
    assert (story.state, holder(story)) == (State.C, "")
    story.unplug()
    story.run(5)
    story.plug()
    story.run(20)
    assert (story.closings(), access(story)) == (1, Access.DENY)


def test_the_holder_stays_the_holder_in_every_reader_mode() -> None:
    story = charging()
    for reader in ("EnableOne", "Learn", "Delete", "Disabled", "EnableOne"):
        story.command(ChangeSetting("rfidreader", reader))
        story.run(2)
        assert (story.state, holder(story)) == (State.C, ANN)
    assert swipe(story, BOB) == "Invalid"
    story.command(ChangeSetting("rfidreader", "Disabled"))
    story.unplug()
    story.run(1)
    assert (access(story), holder(story)) == (Access.ALLOW, "")


def test_erased_settings_forget_the_holder() -> None:
    story = charging()
    story.command(EraseSettings())
    story.run(8)
    assert (access(story), holder(story)) == (Access.DENY, "")


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
