"""The list of cards, and what a card that is held to the reader does to it in Learn, Delete and DeleteAll."""

from collections.abc import Iterator
from itertools import islice, product

import pytest

from evsed.core.cards import MOST_CARDS, Card, Cards, last_digits, merged
from evsed.core.events import (
    AddCards,
    Button,
    ChangeCard,
    ChangeSetting,
    ChangeSettings,
    Command,
    EraseSettings,
    RemoveCards,
    SwipeCard,
)
from evsed.core.panel_view import EXIT
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.keys import Keys
from tests.core.story import Story, settings

ANN, BOB, EVE = "04A1B2C3D4E5F6", "0A1B2C3D4E5F", "DEADBEEF0000"
UNIX_S = 1_800_000_000


def numbers() -> Iterator[str]:
    return ("".join(digits) for digits in product("0123456789ABCDEF", repeat=12))


def known(*uids: str) -> tuple[Card, ...]:
    return tuple(Card(uid) for uid in uids)


FULL = known(*islice(numbers(), MOST_CARDS))


def with_reader(reader: str, *cards: Card, **given: object) -> Story:
    """A charger without a car."""
    story = Story(Saved(settings=settings(rfidreader=reader, **given), cards=cards))
    story.run(0.5)
    return story


def uids(story: Story) -> tuple[str, ...]:
    return tuple(card.uid for card in story.snapshot.cards)


# ---- Learn, Delete, DeleteAll ----


@pytest.mark.parametrize(
    ("reader", "before", "swiped", "says", "after", "why"),
    [
        ("Disabled", [ANN], ANN, "Not Installed", [ANN], "no card reader is switched on"),
        ("EnableAll", [ANN], BOB, "Invalid", [ANN], "this card is not known"),
        ("EnableOne", [], BOB, "Invalid", [], "this card is not known"),
        ("EnableAll", [ANN], ANN.lower(), "Present", [ANN], ""),
        ("EnableOne", [ANN], ANN, "Present", [ANN], ""),
        ("Learn", [ANN], BOB, "Card Stored", [ANN, BOB], ""),
        ("Learn", [], ANN.lower(), "Card Stored", [ANN], ""),
        ("Learn", [ANN], ANN, "Card already stored", [ANN], ""),
        ("Delete", [ANN, BOB], ANN, "Card Deleted", [BOB], ""),
        ("Delete", [ANN], BOB, "Card not in storage", [ANN], ""),
        ("DeleteAll", [], ANN, "Card not in storage", [], ""),
    ],
)
def test_what_a_card_does_and_says(
    reader: str, before: list[str], swiped: str, says: str, after: list[str], why: str
) -> None:
    story = with_reader(reader, *known(*before))
    verdict = story.command(SwipeCard(swiped))
    assert why in verdict.refused
    assert verdict.accepted is not bool(why)
    assert (story.snapshot.rfid_text, uids(story)) == (says, tuple(after))
    assert story.snapshot.rfid_last == ("" if reader == "Disabled" else swiped.upper())
    assert (story.snapshot.backlight_s > 0) is (reader != "Disabled")
    story.run(15)
    assert story.snapshot.rfid_text == ("Not Installed" if reader == "Disabled" else "Ready to read card")


NO_NUMBERS = ["", "0A1B2C3D4E5", "0A1B2C3D4E5F6", "0A1B2C3D4E5G", "0A1B2C3D4E5F\n", "DEADBEEF"]


@pytest.mark.parametrize("no_number", NO_NUMBERS)
def test_what_is_no_number_is_no_card(no_number: str) -> None:
    story = with_reader("Learn")
    assert "12 or 14 hexadecimal digits" in story.command(SwipeCard(no_number)).refused
    assert (story.snapshot.rfid_last, story.snapshot.rfid_text, uids(story)) == ("", "Ready to read card", ())


def test_the_list_has_room_for_a_hundred() -> None:
    story = with_reader("Learn", *FULL[:-1])
    assert story.command(SwipeCard(ANN)).accepted
    assert "100 cards, and no room" in story.command(SwipeCard(BOB)).refused
    story.run(0.1)
    assert (len(story.snapshot.cards), story.snapshot.rfid_text) == (100, "Card Storage full")
    assert "would be 101" in story.command(ChangeCard(BOB)).refused
    assert story.command(ChangeCard(ANN, enabled=False)).accepted


def test_a_learned_card_has_no_name_is_enabled_and_tells_since_when() -> None:
    story = with_reader("Learn")
    story.command(SwipeCard(ANN))
    story.clock(UNIX_S)
    story.run(0.1)
    story.command(SwipeCard(BOB))
    story.run(0.1)
    assert story.snapshot.cards == (Card(ANN, "", True, None), Card(BOB, "", True, UNIX_S))


@pytest.mark.parametrize("reader", ["Learn", "Delete", "DeleteAll"])
def test_a_car_that_charges_goes_on_while_cards_are_learned_or_deleted(reader: str) -> None:
    story = with_reader("EnableAll", *known(ANN, BOB))
    story.command(SwipeCard(ANN))
    story.charge()
    change = ChangeSettings((("rfidreader", settings(rfidreader=reader).rfidreader),), sure=True)
    assert story.command(change).accepted
    for uid in (ANN, BOB, EVE):
        story.run(1)
        assert story.command(SwipeCard(uid)).accepted
    story.run(5)
    assert (story.state, story.core.desk.cards.holder) == (State.C, ANN)


def choose(reader: int, *, sure: bool = False) -> Command:
    return ChangeSettings((("rfidreader", reader),), sure=sure)


@pytest.mark.parametrize("reader", ["Disabled", "EnableAll", "EnableOne", "Learn"])
def test_delete_all_is_not_chosen_by_a_slip(reader: str) -> None:
    story = with_reader(reader, *known(ANN, BOB))
    before = story.core.desk.settings
    for slip in (choose(5), ChangeSetting("rfidreader", "DeleteAll")):
        assert story.command(slip).refused.startswith("DeleteAll forgets every card: choose Delete first")
        story.run(0.1)
        assert (story.core.desk.settings, uids(story)) == (before, (ANN, BOB))
    assert story.command(choose(4)).accepted
    story.run(0.1)
    assert uids(story) == (ANN, BOB)
    assert story.command(choose(5)).accepted
    story.run(0.1)
    assert (uids(story), story.snapshot.rfid_text) == ((), "Card Deleted")
    assert story.command(AddCards(known(EVE))).accepted
    assert story.command(choose(5)).accepted  # it is so already: nothing is chosen
    story.run(0.1)
    assert uids(story) == (EVE,)


def test_nothing_is_lost_where_there_is_no_card() -> None:
    story = with_reader("EnableAll")
    assert story.command(choose(5)).accepted
    story.run(0.1)
    assert story.snapshot.rfid_text == "Card Deleted"


def test_whoever_leaves_the_menu_by_exit_has_seen_what_he_chose() -> None:
    keys = Keys(Saved(settings=settings(rfidreader="EnableAll"), cards=known(ANN)))
    keys.open_menu()
    keys.choose("rfidreader", "DeleteAll")
    assert uids(keys) == (ANN,)
    keys.go(EXIT)
    keys.short(Button.MIDDLE)
    assert (uids(keys), keys.snapshot.settings.rfidreader) == ((), 5)


def test_erased_settings_leave_the_cards() -> None:
    story = with_reader("EnableAll", *known(ANN))
    assert story.command(EraseSettings()).accepted
    story.run(0.1)
    assert (uids(story), story.snapshot.settings.rfidreader) == ((ANN,), 0)


# ---- the list ----


def test_cards_are_added_changed_and_removed_by_their_number() -> None:
    story = with_reader("EnableAll")
    story.clock(UNIX_S)
    story.run(0.1)
    for command in (
        AddCards((Card(ANN, "Ann"), Card(BOB, "Bob", enabled=False))),
        ChangeCard(BOB, enabled=True),
        ChangeCard(ANN, name="Ann's car"),
        ChangeCard(EVE, "Eve", enabled=False),
    ):
        assert story.command(command).accepted
        story.run(1)
    assert story.snapshot.cards == (
        Card(ANN, "Ann's car", True, UNIX_S),
        Card(BOB, "Bob", True, UNIX_S),
        Card(EVE, "Eve", False, UNIX_S + 3),
    )
    assert story.command(RemoveCards(frozenset({ANN, EVE}))).accepted
    assert story.command(RemoveCards(frozenset({ANN, BOB}))).refused == "there is no such card"
    story.run(0.1)
    assert uids(story) == (BOB,)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((Card("0A1B2C3D4E5"),), "12 or 14 hexadecimal digits"),
        ((Card(ANN.lower()),), "12 or 14 hexadecimal digits"),
        ((Card(BOB, "x" * 33),), "at most 32 characters, not 33"),
        ((Card(BOB, "two\nlines"),), "without control characters"),
        ((Card(BOB, "\ud800"),), "without control characters"),
        ((Card(BOB), Card(BOB)), "named twice"),
        ((), "there is no card among them"),
        (FULL + known(ANN), "would be 101"),
    ],
)
def test_if_one_card_is_none_nothing_is_added(given: tuple[Card, ...], why: str) -> None:
    story = with_reader("EnableAll", *known(EVE))
    assert why in story.command(AddCards(given, anew=True)).refused
    story.run(0.1)
    assert uids(story) == (EVE,)


def test_no_card_added_is_no_change() -> None:
    cards = Cards(known(ANN))
    assert cards.add((), None) == ""
    assert cards.all == known(ANN)


def test_names_may_be_in_any_script() -> None:
    name = "Zoë Ørsted 東京 ключ 🚗"
    story = with_reader("EnableAll")
    assert story.command(ChangeCard(ANN, name)).accepted
    story.run(0.1)
    assert story.snapshot.cards == (Card(ANN, name),)


def test_a_new_list_takes_the_place_of_the_old_one_and_keeps_when_a_card_came() -> None:
    old = (Card(ANN, "Ann", True, 1), Card(BOB, "Bob", True, 2))
    new = (Card(EVE, "Eve", True, 3), Card(BOB, "Rob", False, 3))
    assert merged(old, new) == (Card(ANN, "Ann", True, 1), Card(BOB, "Rob", False, 2), Card(EVE, "Eve", True, 3))
    assert merged(old, new, anew=True) == (Card(BOB, "Rob", False, 2), Card(EVE, "Eve", True, 3))
    assert new[1].same != Card(BOB, "Bob").same


@pytest.mark.parametrize(
    ("uid", "told"),
    [("04A1B2C3D4E5F6", "...E5F6"), ("A1B2C3D4E5F6", "...E5F6"), ("A1B2C3D40000", "...C3D4"), ("", "")],
)
def test_of_a_number_the_last_digits_are_told_and_no_zeros_that_fill_it_up(uid: str, told: str) -> None:
    assert last_digits(uid) == told
