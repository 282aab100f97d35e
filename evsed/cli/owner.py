"""`evsed settings`: lists, reads, changes, saves and compares the owner settings of a charger that runs.

Owns what is printed, and the exit status. The conversation is charger.py's, files are document.py's.
"""

import argparse
import difflib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from evsed.backup import document
from evsed.backup.rows import Row, Rows, told, without_values
from evsed.cli import given
from evsed.cli.charger import Charger, RefusedError, SilentError, TroubleError, reach
from evsed.cli.run import Deed
from evsed.cli.run import run as run_deed
from evsed.cli.words import printable, say, tell
from evsed.core.setting import Value

_STAY: Final = frozenset({"login"})  # who may ask is no setting to be carried
_DIFFER, _NOT_COMPARED = 1, 2


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    deed = options.deed or "list"
    return run_deed("settings", _DEEDS[deed], options, _NOT_COMPARED if deed == "diff" else None)


# ---- seeing ----


def _list(options: argparse.Namespace) -> int:
    """Every setting; the values too, where a charger runs. One that was named has to."""
    try:
        answer = reach(options).document()
        rows = told(answer)
    except SilentError as error:
        if options.url is not None:
            raise
        tell(f"values are unknown: {error}")
        rows = without_values()
        answer = {key: row.untold() for key, row in rows.items()}
    if getattr(options, "json", False):
        say(*json.dumps(answer, indent=2).splitlines())
    else:
        say(*(row.line() for row in rows.values()))
    return 0


def _get(options: argparse.Namespace) -> int:
    rows = reach(options).rows()
    for key in options.keys:
        if key not in rows:
            near = difflib.get_close_matches(key, rows, n=1)
            hint = f"did you mean {near[0]}?" if near else "evsed settings names all there are"
            raise TroubleError(f"there is no setting {key[:40]!a}; {hint}")
    for key in options.keys:
        value = rows[key].value
        if value is None:
            tell(f"{key} is a secret: it is set, and not shown")
        elif options.value:
            say(str(value))
        else:
            say(f"{key}={value}")
    return 1 if any(rows[key].value is None for key in options.keys) else 0


# ---- changing ----


def _set(options: argparse.Namespace) -> int:
    wanted = dict(_assignment(text) for text in options.changes)
    if len(wanted) < len(options.changes):
        raise TroubleError("a setting is named twice", os.EX_USAGE)
    charger = reach(options)
    before = charger.rows()
    changes = {key: before[key].encode(text) if key in before else text for key, text in wanted.items()}
    after = _changed(charger, changes)
    for key in changes:
        say(f"{key}: {_became(before[key], after[key])}")
    return 0


def _became(before: Row, after: Row) -> str:
    """What was changed, in words; a secret that is set may be another than before."""
    if after.secret:
        return "set anew" if after.value is None else "removed" if before.value is None else "not set, as before"
    old, new = before.shown(before.value), after.shown(after.value)
    return f"{old} -> {new}" if old != new else f"{new}, as before"


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise TroubleError(f"set takes KEY=VALUE, not {text[:80]!r}", os.EX_USAGE)
    return key.strip(), value


def _changed(charger: Charger, changes: Mapping[str, Value]) -> Rows:
    try:
        return charger.change(changes)
    except RefusedError as error:
        raise TroubleError(f"{error}\nnothing was changed", error.status) from error
    except TroubleError as error:
        raise TroubleError(f"{error}\nwhether it was changed is unknown: look at it again", error.status) from error


# ---- files ----


def _export(options: argparse.Namespace) -> int:
    charger = reach(options)
    rows = charger.rows()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version, serial = charger.unit()
    text = document.write(rows, version, now, serial)
    given.put(options.file, text, f"{sum(row.carried for row in rows.values())} settings of {charger.url}")
    return 0


def _import(options: argparse.Namespace) -> int:
    _, read = given.read(options.file)
    charger = reach(options)
    rows = charger.rows()
    plan = document.plan(read.settings, rows, read.serial, charger.unit()[1], _STAY)
    for remark in plan.remarks:
        tell(remark)
    if plan.wrong:
        raise TroubleError("\n".join([*plan.wrong, "nothing was changed"]))
    if not plan.changes:
        say("nothing to change")
        return 0
    for change in plan.changes:
        row = rows[change.key]
        say(f"{change.key}: {row.shown(change.left)} -> {row.shown(change.right)}")
    count = "1 setting" if len(plan.changes) == 1 else f"{len(plan.changes)} settings"
    if not options.yes and not given.agreed(f"change {count} of {charger.url}? [y/N] ", options.file):
        say("nothing was changed")
        return 1
    _changed(charger, {change.key: change.right for change in plan.changes if change.right is not None})
    say(f"{count} changed")
    return 0


def _diff(options: argparse.Namespace) -> int:
    left = given.read(options.file)[1].settings
    if options.file2 is None:
        charger = reach(options)
        right: Mapping[str, object] = document.values(charger.rows())
        name = charger.url
    else:
        right, name = given.read(options.file2)[1].settings, options.file2
    found = document.differences(left, right)
    if not found:
        return 0
    table = [("setting", options.file, name), *((each.key, _side(each.left), _side(each.right)) for each in found)]
    table = [(printable(key), printable(one), printable(other)) for key, one, other in table]
    wide = [max(len(row[column]) for row in table) for column in range(2)]
    for key, one, other in table:
        say(f"{key:{wide[0]}}  {one:{wide[1]}}  {other}")
    return _DIFFER


def _side(value: Value | None) -> str:
    if value is None:
        return "(not in it)"
    return str(value) if value != "" else "none"


_DEEDS: Final[Mapping[str, Deed]] = {
    "list": _list,
    "get": _get,
    "set": _set,
    "export": _export,
    "import": _import,
    "diff": _diff,
}
