"""The man pages: evsed(1) out of its parser and what more.1 adds to it, the others out of short texts beside this."""

import argparse
import os
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from unittest.mock import patch

from argparse_manpage.manpage import Manpage

from evsed import __version__
from evsed.cli.parser import build

_HERE: Final = Path(__file__).parent
_OTHERS: Final = ("evsed-guard.8", "evsed-safe.8", "evsed-update.8")
_WIDE: Final = {"COLUMNS": "100000", "HOME": "/root", "XDG_STATE_HOME": ""}
_COLUMNS: Final = 80


def pages(epoch_s: int | None) -> dict[str, str]:
    """The text of each page by its name; ``epoch_s``: the date on it, in Unix seconds, and none without."""
    date = datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d") if epoch_s is not None else ""
    others = {name: (_HERE / name).read_text(encoding="utf-8") for name in _OTHERS}
    return {
        name: f'.TH {name[:-2].upper()} {name[-1]} "{date}" "evsed {__version__}" "evsed"\n{text}'
        for name, text in {"evsed.1": _evsed(), **others}.items()
    }


def _evsed() -> str:
    """The page of the parser, without its head."""
    with patch.dict(os.environ, _WIDE):  # each usage in one line, which man breaks where the terminal ends
        parser = build()
        parser.description = None  # more.1 has a better one
        data = {"project_name": "evsed", "description": "smart car charger", "include": str(_HERE / "more.1")}
        text = str(Manpage(parser, data, format="single-commands-section"))
    _, _, body = text.partition("\n")
    body = re.sub(r"^usage: (.*)$", r".RS 4\n\1\n.RE", body, flags=re.MULTILINE)
    body = re.sub(r"\n\n+(?=\.)", "\n", body)  # a macro of its own makes the space
    body = body.replace(".SH\nCOMMANDS", ".SH COMMANDS")
    return "\n".join(piece for line in body.splitlines() for piece in _broken(line)) + "\n"


def _broken(line: str) -> list[str]:
    """A line of text in lines that an editor shows; a piece that begins with a dot is none of the text's."""
    if line.startswith(".") or len(line) <= _COLUMNS:
        return [line]
    pieces = textwrap.wrap(line, _COLUMNS, break_long_words=False, break_on_hyphens=False)
    return [rf"\&{piece}" if piece.startswith((".", "'")) else piece for piece in pieces]


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Every long option that ``parser`` and the parsers below it have."""
    found: set[str] = set()
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to see them
        found.update(option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - same
            for below in action.choices.values():
                found |= options_of(below)
    return found
