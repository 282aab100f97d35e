"""`evsed backup` and `evsed restore`: what an owner has set, in one file, and back from it.

Owns what is printed, and the exit status. What a restore changes is the charger's to say.
"""

import argparse
import json
import os
from typing import Any, Final

from evsed.cli import given
from evsed.cli.charger import Charger, RefusedError, TroubleError, reach
from evsed.cli.words import abandon, flush, say, tell

_CUT_OFF: Final = 141  # as a shell tells of SIGPIPE
_INTERRUPTED: Final = 130
_WRONG: Final = (KeyError, TypeError, AttributeError)
_PATH: Final = "/api/v1/restore"


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    command = options.command
    try:
        status = _save(options) if command == "backup" else _restore(options)
        flush()
    except TroubleError as error:
        tell(str(error), command)
        return error.status
    except BrokenPipeError:
        abandon()
        return _CUT_OFF
    except OSError as error:
        abandon()
        tell(f"stdout cannot be written: {error.strerror or error}", command)
        return os.EX_IOERR
    except KeyboardInterrupt:
        tell("interrupted", command)
        return _INTERRUPTED
    return status


def _save(options: argparse.Namespace) -> int:
    charger = reach(options)
    document = charger.ask("GET", "/api/v1/backup?secrets=true" if options.secrets else "/api/v1/backup")
    try:
        count, cards = len(document["settings"]), len(document.get("cards", ()))
    except _WRONG as error:
        raise _stranger(charger) from error
    parts = [f"{count} settings", "the broker", *([f"{cards} cards"] if "cards" in document else [])]
    secrets = ", with secrets" if "secrets" in document else ""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    given.put(options.file, text, f"{', '.join(parts)} of {charger.url}{secrets}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    raw, _ = given.read(options.file)
    document = json.loads(raw.decode("utf-8-sig"))
    charger = reach(options)
    preview = charger.ask("POST", f"{_PATH}?dry_run=true", document)
    try:
        wrong = [str(text) for text in preview["wrong"]]
        lines = [_line(change) for change in preview["changes"]]
        for warning in preview["warnings"]:
            tell(str(warning), options.command)
    except _WRONG as error:
        raise _stranger(charger) from error
    if wrong:
        raise TroubleError("\n".join([*wrong, "nothing was changed"]))
    if not lines:
        say("nothing to change")
        return 0
    say(*lines)
    count = "1 change" if len(lines) == 1 else f"{len(lines)} changes"
    if options.dry_run:
        say(f"{count} would be made")
        return 0
    if not options.yes and not given.agreed(f"make {count} to {charger.url}? [y/N] ", options.file):
        say("nothing was changed")
        return 1
    try:
        charger.ask("POST", _PATH, document)
    except RefusedError as error:
        raise TroubleError(f"{error}\nnothing was changed", error.status) from error
    except TroubleError as error:
        raise TroubleError(f"{error}\nwhether it was changed is unknown: look at it again", error.status) from error
    say(f"{count} made")
    return 0


def _line(change: dict[str, Any]) -> str:
    key, before, after = str(change["key"]), change["before"], change["after"]
    who = "  (installer)" if change["installer"] else ""
    if key.startswith("secrets."):
        return f"{key}: as in the file{who}"
    return f"{key}: {'(not there)' if before is None else _shown(before)} -> {_shown(after)}{who}"


def _shown(value: object) -> str:
    return {"": "none", "True": "yes", "False": "no"}.get(str(value), str(value))


def _stranger(charger: Charger) -> TroubleError:
    return TroubleError(f"{charger.url} answers, but it is no evsed that knows backups", os.EX_UNAVAILABLE)
