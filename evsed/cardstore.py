"""The list of cards on disk: cards.json, with a schema of its own and the copy before it.

A damaged file is put aside and the last good copy used: never a wipe, never a crash; and without a good copy no card is
known, and nobody charges by one. When it is written is store.py's.
"""

import json
import logging
import re
from pathlib import Path
from typing import Any, Final

from evsed.core.cards import LONGEST_NAME, MOST_CARDS, Card, wrong_cards
from evsed.files import replace_text

log = logging.getLogger(__name__)

SCHEMA: Final = 1
FORMAT: Final = "evsed cards"
_ONLY_US: Final = 0o600  # a card's number opens the charger


class DamagedCardsError(Exception):
    """A file of cards that cannot be used; the text says why. ``schema``: that of a newer evsed, else 0."""

    def __init__(self, text: str, schema: int = 0) -> None:
        super().__init__(text)
        self.schema = schema


def document_of(cards: tuple[Card, ...]) -> dict[str, Any]:
    """``cards`` as a file has them, and an export."""
    rows = [{"uid": card.uid, "name": card.name, "enabled": card.enabled, "added": card.added} for card in cards]
    return {"format": FORMAT, "schema": SCHEMA, "cards": rows}


def encode(cards: tuple[Card, ...]) -> str:
    """``cards`` as the file's text."""
    return json.dumps(document_of(cards), indent=2, ensure_ascii=False) + "\n"


def decode(text: str) -> tuple[Card, ...]:
    """The cards in a file's text. Raises DamagedCardsError; a card's number is not in its text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedCardsError(f"it is not JSON ({error})") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is not int or schema < SCHEMA:
        raise DamagedCardsError(f"it is no list of cards of schema {SCHEMA}")
    if schema > SCHEMA:
        raise DamagedCardsError(f"a newer evsed wrote it (schema {schema}, and this evsed reads {SCHEMA})", schema)
    rows = document.get("cards")
    if not isinstance(rows, list) or len(rows) > MOST_CARDS:
        raise DamagedCardsError(f"it has no list of at most {MOST_CARDS} cards")
    cards = tuple(_card(place, row) for place, row in enumerate(rows, 1))
    if wrong := wrong_cards((), cards):
        raise DamagedCardsError(wrong)
    return cards


def _card(place: int, row: object) -> Card:
    fields = row if isinstance(row, dict) else {}
    uid, name, enabled, added = (fields.get(key) for key in ("uid", "name", "enabled", "added"))
    if not isinstance(uid, str) or not isinstance(name, str) or not isinstance(enabled, bool):
        raise DamagedCardsError(f"card {place} is none: it has a uid, a name of {LONGEST_NAME} characters, and enabled")
    return Card(uid, name, enabled, added if type(added) is int and added > 0 else None)


class CardFile:
    """cards.json of one charger. ``load`` first; one thread at a time."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "cards.json"
        self._previous = directory / "cards.json.previous"
        self._written: tuple[Card, ...] | None = None  # what the file has; None: not what it should

    def load(self) -> tuple[Card, ...]:
        """The last good list; empty when there is none."""
        lost = False
        for path in (self._path, self._previous):
            try:
                cards = decode(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            except (DamagedCardsError, OSError, UnicodeDecodeError) as error:
                self._put_aside(path, error)
                lost = True
                continue
            if path == self._previous:
                log.warning("%s: using this last good copy of the cards", path)
            else:
                self._written = cards
            return cards
        if lost:
            log.error("%s: no good copy is left: no card is known until they are learned or imported again", self._path)
        else:
            self._written = ()
        return ()

    def write(self, cards: tuple[Card, ...]) -> None:
        """Writes them, if the file does not have them. Raises OSError; then the old file is still there."""
        if cards != self._written:
            replace_text(self._path, encode(cards), self._previous, _ONLY_US)
            self._written = cards

    def _put_aside(self, path: Path, error: Exception) -> None:
        schema = error.schema if isinstance(error, DamagedCardsError) else 0
        aside = path.with_name(f"{path.name}.schema{schema}" if schema else f"{path.name}.damaged")
        why = re.sub(r"\b[0-9A-Fa-f]{12,14}\b", "...", str(error))
        log.error("%s cannot be used: %s. It is kept as %s", path, why, aside.name)
        try:
            path.replace(aside)
        except OSError as problem:
            log.error("%s: could not be renamed: %s", path, problem)  # noqa: TRY400 - for the owner, not a traceback
