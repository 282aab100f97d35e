"""Settings in a file: an export, or a settings.json that the daemon keeps; and how two sets of them differ.

Pure: texts in, texts out. Secrets, and what one installation says of itself, are in no export and taken from no file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evsed import store
from evsed.cli.rows import OWN, Row, Rows
from evsed.core.setting import Value
from evsed.core.settings import TABLE

FORMAT: Final = "evsed settings"
VERSION: Final = 1
LONGEST: Final = 1_000_000
"""Bytes of a file that is read."""


class DocumentError(Exception):
    """The file is not what it should be; the text says what it is, and where."""


def write(rows: Rows, version: str, now: str) -> str:
    """An export of ``rows``; ``version`` is the charger's, ``now`` the time in ISO 8601."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "evsed": version,
        "exported": now,
        "settings": {key: row.value for key, row in rows.items() if row.carried},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read(raw: bytes) -> dict[str, object]:
    """The settings in an export or a settings.json, as they stand there. Raises DocumentError."""
    if len(raw) > LONGEST:
        raise DocumentError(f"it is longer than {LONGEST} bytes, which no settings are")
    try:
        text = raw.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise DocumentError(f"line {error.lineno}, column {error.colno}: it is not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise DocumentError("it is no text in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"it is not JSON that can be used: {error}") from error
    if not isinstance(document, dict):
        raise DocumentError("it is no export of settings: there is no JSON object in it")
    _check_version(document)
    settings = document.get("settings")
    if not isinstance(settings, dict):
        raise DocumentError('there are no "settings" in it')
    return settings


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice[:40]!a} stands in it twice")
    return found


def _check_version(document: Mapping[str, object]) -> None:
    """An export says its format and version, the daemon's own file its schema."""
    if document.get("format") == FORMAT:
        name, newest = "version", VERSION
    elif "format" not in document and "schema" in document:
        name, newest = "schema", store.SCHEMA
    else:
        raise DocumentError(f'it is neither an export of settings ("format": "{FORMAT}") nor a settings.json')
    number = document.get(name)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise DocumentError(f"its {name} is {str(number)[:40]!a}, which is none")
    if number > newest:
        raise DocumentError(f"its {name} is {number}, and this evsed reads up to {newest}: a newer evsed wrote it")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is not the same on both sides; None: that side does not have it."""

    key: str
    left: Value | None
    right: Value | None


def compared(settings: Mapping[str, object]) -> dict[str, Value]:
    """Of ``settings`` out of a file or of a charger, what can be compared with others."""
    secret = OWN | {key for key, row in TABLE.items() if row.secret}
    return {key: _plain(value) for key, value in settings.items() if key not in secret}


def _plain(value: object) -> Value:
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def values(rows: Rows) -> dict[str, object]:
    """The settings of a charger, as a file would have them."""
    return {key: row.value for key, row in rows.items() if row.carried}


def differences(left: Mapping[str, object], right: Mapping[str, object]) -> list[Difference]:
    """Where two sets of settings differ, in the order of the left one, with what only the right one has at the end."""
    one, other = compared(left), compared(right)
    keys = list(dict.fromkeys([*one, *other]))
    found = [Difference(key, one.get(key), other.get(key)) for key in keys]
    return [each for each in found if each.left != each.right]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do to a charger; nothing while something is ``wrong``."""

    changes: tuple[Difference, ...]
    remarks: tuple[str, ...]
    wrong: tuple[str, ...]


def plan(settings: Mapping[str, object], rows: Rows) -> Plan:
    """What has to change for the charger of ``rows`` to have ``settings``; what is not among these stays."""
    changes: list[Difference] = []
    remarks: list[str] = []
    wrong: list[str] = []
    for key, given in settings.items():
        row = rows.get(key)
        if row is None or not row.carried:
            remarks.append(_left(key, row))
            continue
        try:
            value = row.read(given)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if value != row.value:
            changes.append(Difference(key, row.value, value))
    return Plan(tuple(changes), tuple(remarks), tuple(wrong))


def _left(key: str, row: Row | None) -> str:
    if row is None:
        return f"{key[:40]!a} is no setting of this charger: left out"
    if row.secret:
        return f"{key} is a secret: left as it is"
    return f"{key} is this charger's own: left as it is"
