"""Texts in cells of a CSV that every spreadsheet takes for texts, and back. Pure.

Spreadsheets compute formulas, and make numbers, dates, times and truths of what looks like one in any language: an
apostrophe before it keeps them from that.
"""

import re
from typing import Final

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = re.compile(r"\W*[0-9]")  # 1-2, 12:30, 0012, 1e5, .5, €5, (5), and what else begins with a digit
_MONTH: Final = re.compile(
    r"(jan|feb|fév|fev|mar|mär|mrt|maa|apr|avr|abr|may|mai|mei|mag|maj|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|oct|okt"
    r"|ott|out|nov|dec|dez|déc|dic|ene|gen)\w*\W*[0-9]",
    re.IGNORECASE,
)
YES: Final = frozenset({"true", "wahr", "vrai", "waar", "vero", "verdadero", "verdadeiro", "sant", "sand"})
"""What true is called in spreadsheets."""

NO: Final = frozenset({"false", "falsch", "faux", "onwaar", "falso", "falskt", "falsk"})
"""And false."""


def uncomputed(text: str) -> str:
    """``text``, with an apostrophe before what would be a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) or text.lstrip().startswith(_FORMULAS) else text


def as_text(text: str) -> str:
    """``text``, with an apostrophe before what would be anything but a text, or begins with one already."""
    read = text.strip()
    is_value = _NUMBER.match(read) or _MONTH.match(read) or read.casefold() in YES | NO or read[:1] in {"'", "#"}
    return f"'{text}" if is_value else uncomputed(text)


def as_it_was(cell: str) -> str:
    """What ``as_text`` has made this cell of; any other as it is."""
    return cell[1:] if cell[:1] == "'" and as_text(cell[1:]) == cell else cell
