"""Stories in which cards let cars charge."""

import pytest

from evsed.core.cards import Card
from evsed.core.events import (
    SwipeCard,
)
from evsed.core.model import Access
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
