"""The cards that a charger knows: number, name, whether each may be used; and whose card lets the car charge now.

Owns the list with its limits, and what adding, changing and removing make of it: all that was asked, or nothing. What
a card held to the reader does is reader.py's, how long it counts grant.py's.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evsed.core.grant import Grant

MOST_CARDS: Final = 100
LONGEST_NAME: Final = 32
VEIL: Final = "..."
UID_FORM: Final = "[0-9A-F]{12}(?:[0-9A-F]{2})?"
UID_TOLD: Final = "a card's number is 12 or 14 hexadecimal digits; one of 8 digits has 0000 behind them"

_UID: Final = re.compile(UID_FORM)


@dataclass(frozen=True, slots=True)
class Card:
    """One card. ``uid``: 12 or 14 hexadecimal digits, upper case; ``added``: since when it is known (Unix seconds)."""

    uid: str
    name: str = ""
    enabled: bool = True
    added: int | None = None  # None: nobody knows

    @property
    def same(self) -> tuple[str, str, bool]:
        """What makes two entries say the same."""
        return (self.uid, self.name, self.enabled)


def last_digits(uid: str) -> str:
    """The end of a card's number, by which its owner knows it and nobody makes another; empty for none.

    The zeros that fill a short number up are no part of it.
    """
    own = uid.removesuffix("0000") if len(uid) == 12 else uid
    return f"{VEIL}{own[-4:]}" if uid else ""


def wrong_name(name: str) -> str:
    """Why ``name`` is none for a card; empty when it is one."""
    if len(name) > LONGEST_NAME:
        return f"a card's name has at most {LONGEST_NAME} characters, not {len(name)}"
    return "" if name.isprintable() else "a card's name is text in one line, without control characters"


def wrong_card(card: Card) -> str:
    """What is wrong with ``card``; empty when nothing is."""
    return wrong_name(card.name) if _UID.fullmatch(card.uid) else UID_TOLD


def merged(cards: Sequence[Card], given: Iterable[Card], *, anew: bool = False) -> tuple[Card, ...]:
    """``cards`` with those ``given``, which replace entries of their number; ``anew``: with no others.

    An entry stays in its place and keeps the time it was added.
    """
    known = {card.uid: card for card in cards}
    asked = {card.uid: card for card in given}
    kept = [asked.get(card.uid, card) for card in cards if card.uid in asked or not anew]
    kept += [card for uid, card in asked.items() if uid not in known]
    return tuple(replace(card, added=known[card.uid].added) if card.uid in known else card for card in kept)


def wrong_cards(cards: Sequence[Card], given: Sequence[Card], *, anew: bool = False) -> str:
    """Why ``given`` cannot be added to ``cards``, or take their place; empty when they can."""
    if wrong := next((wrong for card in given if (wrong := wrong_card(card))), ""):
        return wrong
    if max(Counter(card.uid for card in given).values(), default=0) > 1:
        return "a card is named twice"
    if anew and not given:
        return "there is no card among them: choose DeleteAll under RFID to forget all cards"
    count = len(merged(cards, given, anew=anew))
    return f"there is room for {MOST_CARDS} cards, and these would be {count}" if count > MOST_CARDS else ""


class Cards:
    """The list, and what the cards have let happen."""

    def __init__(self, cards: tuple[Card, ...] = (), grant: Grant | None = None) -> None:
        self.all = cards
        self.grant = grant or Grant()

    @property
    def holder(self) -> str:
        """The number of the card that lets this car charge; empty: no card does."""
        return self.grant.holder

    @property
    def full(self) -> bool:
        """Whether there is no room for one more."""
        return len(self.all) >= MOST_CARDS

    def find(self, uid: str) -> Card | None:
        """The card of that number."""
        return next((card for card in self.all if card.uid == uid), None)

    def add(self, given: Sequence[Card], unix_s: int | None, *, anew: bool = False) -> str:
        """Adds them, or has them take the place of all; why not, or empty. ``unix_s``: the time of day, if known."""
        wrong = wrong_cards(self.all, given, anew=anew)
        if not wrong:
            stamped = [card if card.added is not None else replace(card, added=unix_s) for card in given]
            self.all = merged(self.all, stamped, anew=anew)
        return wrong

    def change(self, uid: str, name: str | None, enabled: bool | None, unix_s: int | None) -> str:
        """Changes a card, or adds it; None leaves a part as it is. Why not, or empty."""
        card = self.find(uid) or Card(uid)
        card = replace(
            card,
            name=card.name if name is None else name,
            enabled=card.enabled if enabled is None else enabled,
        )
        return self.add((card,), unix_s)

    def remove(self, uids: Collection[str]) -> str:
        """Forgets cards; why not, or empty."""
        if not set(uids) <= {card.uid for card in self.all}:
            return "there is no such card"
        self.all = tuple(card for card in self.all if card.uid not in uids)
        return ""


def is_uid(text: str) -> bool:
    """Whether ``text`` is a card's number, in capital or small letters."""
    return _UID.fullmatch(text.upper()) is not None


def name_of(cards: Iterable[Card], uid: str) -> str | None:
    """What the card of that number is called; None when there is none of that number."""
    return next((card.name for card in cards if card.uid == uid), None)
