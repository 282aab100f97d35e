"""Lists of cards as files: an export as CSV or JSON, and what a file that somebody brings has in it.

Pure: bytes in, cards out, or every mistake with its place. A name that a spreadsheet would not take for a text goes out
with an apostrophe before it, and comes back without. No card's number is in the text of a mistake.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from evsed.api.problems import Wrong
from evsed.api.v1.bodies import NotTakenError, pointer
from evsed.api.v1.cells import NO, YES, as_it_was, as_text
from evsed.cardstore import FORMAT, SCHEMA
from evsed.core.cards import UID_TOLD, Card, is_uid, wrong_name

COLUMNS: Final = ("uid", "name", "enabled")
_SEPARATORS: Final = ",;\t"
_BETWEEN: Final = str.maketrans("", "", ":- ")
_SPOILT: Final = re.compile(r"[0-9]+[.,]?[0-9]*[Ee]\+?[0-9]+|[0-9]{9,13}")
_YES: Final = frozenset({"", "1", "yes", "on"}) | YES
_NO: Final = frozenset({"0", "no", "off"}) | NO
_MOST_WRONG: Final = 20
_SPREADSHEET: Final = "a spreadsheet has made a number of it: have it take that column as text, and bring the list anew"
_KEYS: Final = frozenset({*COLUMNS, "added"})


def as_csv(cards: Sequence[Card]) -> str:
    """The list with a header, in UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for card in cards:
        writer.writerow([card.uid, as_text(card.name), "true" if card.enabled else "false"])
    return out.getvalue()


def uid_of(text: str) -> str:
    """A card's number as it is kept, whatever stands between its digits; empty when it is none."""
    uid = text.strip().translate(_BETWEEN).upper()
    return uid if is_uid(uid) else ""


def read_list(body: bytes) -> tuple[Card, ...]:
    """The cards in a file: JSON, CSV with or without a header, or a number a line. Raises NotTakenError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise NotTakenError(Wrong(f"line {line}: it is not UTF-8; save it as UTF-8")) from None
    found = _Found()
    if text.lstrip()[:1] in {"{", "["}:
        _read_json(text, found)
    else:
        _read_csv(text, found)
    if not found.wrong and not found.cards:
        found.wrong.append(Wrong("there is no card in it: it has lines of uid,name,enabled, or JSON as exported"))
    if found.wrong:
        raise NotTakenError(*found.wrong[:_MOST_WRONG])
    return tuple(found.cards)


class _Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.cards: list[Card] = []
        self.wrong: list[Wrong] = []
        self._places: dict[str, str] = {}

    def add(self, card: Card, place: str, where: str = "") -> None:
        """A card that stands at ``place``."""
        if card.uid in self._places:
            self.wrong.append(Wrong(f"{place}: this card stands at {self._places[card.uid]} already", pointer=where))
        self._places.setdefault(card.uid, place)
        self.cards.append(card)


# ---- CSV ----


def _read_csv(text: str, found: _Found) -> None:
    columns: Sequence[str] = COLUMNS
    first = True
    for line, cells in _rows(text, found):
        if first and _is_header(cells):
            columns = [cell.strip().casefold() for cell in cells]
            _look_at_header(line, columns, found)
        else:
            _read_row(line, cells, columns, found)
        first = False
        if len(found.wrong) >= _MOST_WRONG:
            return


def _rows(text: str, found: _Found) -> Iterator[tuple[int, list[str]]]:
    """The rows that have anything in them, each with the number of its first line."""
    begin = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=begin.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        found.wrong.append(Wrong(f"line {line}: it is no CSV ({error}); look at its quotes"))


def _is_header(cells: Sequence[str]) -> bool:
    return any(cell.strip().casefold() in _KEYS for cell in cells)


def _look_at_header(line: int, columns: Sequence[str], found: _Found) -> None:
    for place, name in enumerate(columns, 1):
        if name not in _KEYS:
            known = ", ".join(COLUMNS)
            found.wrong.append(Wrong(f"line {line}, column {place}: {name[:20]!a} is no column of cards; {known} are"))
    if "uid" not in columns:
        found.wrong.append(Wrong(f"line {line}: there is no column uid"))


def _read_row(line: int, cells: Sequence[str], columns: Sequence[str], found: _Found) -> None:
    fields = {name: (place, cell.strip()) for place, (name, cell) in enumerate(zip(columns, cells, strict=False), 1)}
    errors: list[Wrong] = []
    if any(cell.strip() for cell in cells[len(columns) :]):
        errors.append(Wrong(f"line {line}, column {len(columns) + 1}: there are more cells than columns"))

    def wrong(name: str, says: str) -> None:
        errors.append(Wrong(f"line {line}, column {fields.get(name, (1, ''))[0]} ({name}): {says}"))

    given = fields.get("uid", (0, ""))[1].lstrip("'")
    uid = uid_of(given)
    if not uid:
        wrong("uid", _SPREADSHEET if _SPOILT.fullmatch(given) else UID_TOLD)
    name = as_it_was(fields.get("name", (0, ""))[1]).strip()
    if says := wrong_name(name):
        wrong("name", says)
    enabled = fields.get("enabled", (0, ""))[1].casefold()
    if enabled not in _YES | _NO:
        wrong("enabled", "it takes true or false")
    if errors:
        found.wrong += errors
    else:
        found.add(Card(uid, name, enabled in _YES), f"line {line}")


# ---- JSON ----


def _read_json(text: str, found: _Found) -> None:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        found.wrong.append(Wrong(f"line {error.lineno}, column {error.colno}: it is not JSON: {error.msg}"))
        return
    except (ValueError, RecursionError):
        found.wrong.append(Wrong("it is not JSON that can be used"))
        return
    rows, under = (document, "") if isinstance(document, list) else (document.get("cards"), "/cards")
    if isinstance(document, dict) and (document.get("format", FORMAT) != FORMAT or document.get("schema", 1) != SCHEMA):
        found.wrong.append(Wrong(f'it is no list of cards of this evsed ("format": "{FORMAT}", "schema": {SCHEMA})'))
    elif not isinstance(rows, list):
        found.wrong.append(Wrong('there is no list "cards" in it', pointer="/cards"))
    else:
        for place, row in enumerate(rows):
            _read_object(place, row, f"{under}/{place}", found)


def _read_object(place: int, row: Any, where: str, found: _Found) -> None:
    told, fields = f"card {place + 1}", {"uid": row} if isinstance(row, str) else row
    if not isinstance(fields, dict):
        found.wrong.append(Wrong(f'{told} is none: {{"uid": ..., "name": ..., "enabled": ...}} is one', pointer=where))
        return
    unknown = [key for key in fields if key not in _KEYS]
    errors = [Wrong(f"{told}: {key[:20]!a} is not known", pointer=where + pointer(key)) for key in unknown]
    uid = uid_of(fields["uid"]) if isinstance(fields.get("uid"), str) else ""
    name, enabled, added = fields.get("name", ""), fields.get("enabled", True), fields.get("added")
    name = name.strip() if isinstance(name, str) else name
    if not uid:
        errors.append(Wrong(f"{told}: {UID_TOLD}", pointer=f"{where}/uid"))
    if says := wrong_name(name) if isinstance(name, str) else "a card's name is text":
        errors.append(Wrong(f"{told}: {says}", pointer=f"{where}/name"))
    if not isinstance(enabled, bool):
        errors.append(Wrong(f"{told}: enabled takes true or false", pointer=f"{where}/enabled"))
    if errors:
        found.wrong += errors
    else:
        known = type(added) is int and 0 < added < 2**40
        found.add(Card(uid, name, enabled, added if known else None), told, where)
