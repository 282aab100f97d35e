"""`evsed backup` and `evsed restore`: what an owner has set, in one file, and back from it.

Owns what is printed, and the exit status. What a restore changes is the charger's to say.
"""

import argparse
import json
from typing import Any, Final

from evsed.cli import given
from evsed.cli.charger import Charger, RefusedError, TroubleError, reach
from evsed.cli.run import run as run_deed
from evsed.cli.run import telling
from evsed.cli.words import say, tell

_PATH: Final = "/api/v1/restore"


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    return run_deed(options.command, _save if options.command == "backup" else _restore, options)


def _save(options: argparse.Namespace) -> int:
    charger = reach(options)
    document = charger.ask("GET", "/api/v1/backup?secrets=true" if options.secrets else "/api/v1/backup")
    with telling("backups"):
        count, cards = len(document["settings"]), len(document.get("cards", ()))
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
    with telling("backups"):
        wrong = [str(text) for text in preview["wrong"]]
        lines = [_line(change) for change in preview["changes"]]
        installers = [str(change["key"]) for change in preview["changes"] if change["installer"]]
        for warning in preview["warnings"]:
            tell(str(warning), options.command)
    if wrong:
        raise TroubleError("\n".join([*wrong, "nothing was changed"]))
    if not lines:
        say("nothing to change")
        return 0
    say(*lines)
    if installers and not _installs(charger):
        raise charger.forbidden(f"only the installer may change {', '.join(installers)}; nothing was changed")
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


def _installs(charger: Charger) -> bool:
    """Whether the one who asks may change what belongs to the installation."""
    with telling("access"):
        return bool(charger.ask("GET", "/api/v1/access")["right"] == "install")


def _line(change: dict[str, Any]) -> str:
    key, before, after = str(change["key"]), change["before"], change["after"]
    who = "  (installer)" if change["installer"] else ""
    if key.startswith("secrets."):
        return f"{key}: as in the file{who}"
    return f"{key}: {'(not there)' if before is None else _shown(before)} -> {_shown(after)}{who}"


def _shown(value: object) -> str:
    return {"": "none", "True": "yes", "False": "no"}.get(str(value), str(value))
