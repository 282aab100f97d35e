"""With a card reader access is for one plug-in: who starts, who stops, when it ends, and what a restart makes of it."""

import pytest

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
from tests.core.card_story import (
    ANN,
    BOB,
    CARDS,
    EVE,
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
