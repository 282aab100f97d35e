"""`evsed cards`: lists, brings, saves, adds, removes, enables and disables the cards of a charger that runs.

Owns what is printed, and the exit status. The conversation is charger.py's; what a file has in it, the charger reads.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from evsed.cli import given
from evsed.cli.charger import Charger, ForbiddenError, RefusedError, TroubleError, reach
from evsed.cli.given import STDIO
from evsed.cli.run import Deed, telling
from evsed.cli.run import run as run_deed
from evsed.cli.words import say

_COMMAND: Final = "cards"
_PATH: Final = "/api/v1/cards"
_LONGEST: Final = 65_536


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    return run_deed(_COMMAND, _understood, options)


def _understood(options: argparse.Namespace) -> int:
    with telling("cards"):
        return _DEEDS[options.deed or "list"](options)


def _list(options: argparse.Namespace) -> int:
    answer = reach(options).ask("GET", _PATH)
    if getattr(options, "json", False):
        say(*json.dumps(answer, indent=2).splitlines())
        return 0
    say(*(_line(card, answer["holder"]) for card in answer["cards"]))
    say(f"{len(answer['cards'])} of {answer['most']} cards; RFID is {answer['reader']}")
    return 0


def _line(card: Mapping[str, Any], holder: str | None) -> str:
    state = "enabled" if card["enabled"] else "disabled"
    now = ", lets the car charge now" if card["uid"] == holder else ""
    return f"{card['uid']:14}  {state + now:8}  {card['name']}".rstrip()


# ---- one by one ----


def _path(uid: str) -> str:
    return f"{_PATH}/{quote(uid, safe='')}"


def _add(options: argparse.Namespace) -> int:
    charger = reach(options)
    known = {card["uid"] for card in charger.ask("GET", _PATH)["cards"]}
    body = {"enabled": not options.disabled} | ({} if options.name is None else {"name": options.name})
    after = charger.ask("PUT", _path(options.uid), body)["cards"]
    new = [card for card in after if card["uid"] not in known]
    say("added" if new else "it was known already, and is now as said")
    return 0


def _known(charger: Charger, uids: list[str]) -> list[str]:
    """``uids``, each of which is a card of the charger. Raises TroubleError before anything is changed."""
    known = {card["uid"] for card in charger.ask("GET", _PATH)["cards"]}
    for uid in uids:
        if uid.translate(str.maketrans("", "", ":- ")).upper() not in known:
            told = f"{uid[:40]}: there is no such card; evsed cards names all there are\nnothing was changed"
            raise TroubleError(told)
    return uids


def _remove(options: argparse.Namespace) -> int:
    charger = reach(options)
    for uid in _known(charger, options.uids):
        charger.ask("DELETE", _path(uid))
        say(f"{uid}: removed")
    return 0


def _able(*, enabled: bool) -> Deed:
    def deed(options: argparse.Namespace) -> int:
        charger = reach(options)
        for uid in _known(charger, options.uids):
            charger.ask("PUT", _path(uid), {"enabled": enabled})
            say(f"{uid}: {'enabled' if enabled else 'disabled'}")
        return 0

    return deed


# ---- files ----


def _export(options: argparse.Namespace) -> int:
    charger = reach(options)
    kind = "json" if options.json or options.file.endswith(".json") else "csv"
    text = charger.text(f"{_PATH}.{kind}")
    if kind == "json":
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    told = f"the cards of {charger.url}; whoever has their numbers can charge"
    given.put(options.file, "\n".join(text.splitlines()) + "\n", told)
    return 0


def _import(options: argparse.Namespace) -> int:
    shown = "stdin" if options.file == STDIO else options.file
    try:
        with sys.stdin.buffer if options.file == STDIO else Path(options.file).open("rb") as file:
            raw = file.read(_LONGEST + 1)
    except OSError as error:
        raise TroubleError(f"{shown} cannot be read: {error.strerror}", os.EX_NOINPUT) from error
    if len(raw) > _LONGEST:
        raise TroubleError(f"{shown} is longer than {_LONGEST} bytes, which no list of cards is", os.EX_DATAERR)
    charger = reach(options)
    way = f"{_PATH}/import?replace={'true' if options.replace else 'false'}"
    try:
        plan = charger.ask("POST", f"{way}&dry_run=true", raw, "text/plain")
    except ForbiddenError:
        raise
    except RefusedError as error:
        raise TroubleError(f"{error}\n{shown} was not taken, nothing was changed", os.EX_DATAERR) from error
    changes = _told(plan)
    if not changes:
        say("nothing to change")
        return 0
    say(*changes)
    if not options.yes and not given.agreed(f"change the cards of {charger.url}? [y/N] ", options.file):
        say("nothing was changed")
        return 1
    done = charger.ask("POST", f"{way}&dry_run=false", raw, "text/plain")
    say(f"{len(_told(done))} changed, {done['total']} cards in all")
    return 0


def _told(plan: Mapping[str, Any]) -> list[str]:
    lines = [f"new:     {_line(card, None)}" for card in plan["added"]]
    lines += [f"changed: {_line(each['before'], None)} -> {_line(each['after'], None)}" for each in plan["changed"]]
    return lines + [f"removed: {_line(card, None)}" for card in plan["removed"]]


_DEEDS: Final[Mapping[str, Deed]] = {
    "list": _list,
    "import": _import,
    "export": _export,
    "add": _add,
    "remove": _remove,
    "enable": _able(enabled=True),
    "disable": _able(enabled=False),
}
