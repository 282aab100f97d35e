"""`evsed cards`: lists, brings, saves, adds, removes, enables and disables the cards of a charger that runs.

Owns what is printed, and the exit status. The conversation is charger.py's; what a file has in it, the charger reads.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from evsed.cli.charger import Charger, RefusedError, TroubleError, reach
from evsed.cli.words import abandon, flush, say, tell
from evsed.files import put_text

_STDIO: Final = "-"
_PATH: Final = "/api/v1/cards"
_CUT_OFF: Final = 141  # as a shell tells of SIGPIPE
_INTERRUPTED: Final = 130
_LONGEST: Final = 65_536


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    try:
        status = _DEEDS[options.deed or "list"](options)
        flush()
    except TroubleError as error:
        tell(str(error), "cards")
        return error.status
    except BrokenPipeError:  # whoever read it has seen enough, such as head
        abandon()
        return _CUT_OFF
    except OSError as error:
        abandon()
        tell(f"stdout cannot be written: {error.strerror or error}", "cards")
        return os.EX_IOERR
    except KeyboardInterrupt:
        tell("interrupted", "cards")
        return _INTERRUPTED
    except (KeyError, TypeError, AttributeError):
        tell("what answers is not evsed, or an older one without cards; name the charger with --url", "cards")
        return os.EX_UNAVAILABLE
    else:
        return status


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


def _remove(options: argparse.Namespace) -> int:
    charger = reach(options)
    for uid in options.uids:
        charger.ask("DELETE", _path(uid))
        say(f"{uid}: removed")
    return 0


def _able(*, enabled: bool) -> Callable[[argparse.Namespace], int]:
    def deed(options: argparse.Namespace) -> int:
        charger = reach(options)
        known = {card["uid"] for card in charger.ask("GET", _PATH)["cards"]}
        for uid in options.uids:
            bare = uid.translate(str.maketrans("", "", ":- ")).upper()
            if bare not in known:
                raise TroubleError(f"{uid}: there is no such card; evsed cards names all there are")
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
    lines = text.splitlines()
    if options.file == _STDIO:
        say(*lines)
        return 0
    try:
        put_text(Path(options.file), "\n".join(lines) + "\n")
    except OSError as error:
        raise TroubleError(f"{options.file} cannot be written: {error.strerror}", os.EX_CANTCREAT) from error
    say(f"{options.file}: the cards of {charger.url}; whoever has their numbers can charge")
    return 0


def _import(options: argparse.Namespace) -> int:
    shown = "stdin" if options.file == _STDIO else options.file
    try:
        with sys.stdin.buffer if options.file == _STDIO else Path(options.file).open("rb") as file:
            raw = file.read(_LONGEST + 1)
    except OSError as error:
        raise TroubleError(f"{shown} cannot be read: {error.strerror}", os.EX_NOINPUT) from error
    if len(raw) > _LONGEST:
        raise TroubleError(f"{shown} is longer than {_LONGEST} bytes, which no list of cards is", os.EX_DATAERR)
    charger = reach(options)
    way = f"{_PATH}/import?replace={'true' if options.replace else 'false'}"
    try:
        plan = charger.ask("POST", f"{way}&dry_run=true", raw, "text/plain")
    except RefusedError as error:
        raise TroubleError(f"{error}\n{shown} was not taken, nothing was changed", os.EX_DATAERR) from error
    changes = _told(plan)
    if not changes:
        say("nothing to change")
        return 0
    say(*changes)
    if not options.yes and not _agreed(charger, options.file):
        say("nothing was changed")
        return 1
    done = charger.ask("POST", f"{way}&dry_run=false", raw, "text/plain")
    say(f"{len(_told(done))} changed, {done['total']} cards in all")
    return 0


def _told(plan: Mapping[str, Any]) -> list[str]:
    lines = [f"new:     {_line(card, None)}" for card in plan["added"]]
    lines += [f"changed: {_line(each['before'], None)} -> {_line(each['after'], None)}" for each in plan["changed"]]
    return lines + [f"removed: {_line(card, None)}" for card in plan["removed"]]


def _agreed(charger: Charger, source: str) -> bool:
    if source == _STDIO or not sys.stdin.isatty():
        raise TroubleError("nobody can be asked here; --yes changes the cards without\nnothing was changed")
    try:
        return input(f"change the cards of {charger.url}? [y/N] ").strip().casefold() in {"y", "yes"}
    except EOFError:
        return False


_DEEDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "list": _list,
    "import": _import,
    "export": _export,
    "add": _add,
    "remove": _remove,
    "enable": _able(enabled=True),
    "disable": _able(enabled=False),
}
