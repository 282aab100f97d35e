"""Settings in a file: an export, a backup, or a settings.json that the daemon keeps; and how two sets of them differ.

Pure: texts in, texts out. Secrets, and what one installation says of itself, are in no export and taken from no file;
a backup has its secrets apart from the settings, and only where they were asked for.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from evsed.backup.rows import OWN, PLACE, Row, Rows
from evsed.core.setting import Value
from evsed.core.settings import TABLE
from evsed.migrations import OLDEST, SCHEMA, migrated

FORMAT: Final = "evsed settings"
BACKUP: Final = "evsed backup"
LONGEST: Final = 1_000_000
"""Bytes of a file that is read."""


class DocumentError(Exception):
    """The file is not what it should be; the text says what it is, and where."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says: the settings, and the serial number of the charger that they are of, 0 where it does not.

    ``schema`` is the one that it was written in. A backup has more; None: this file does not have that.
    """

    settings: Mapping[str, object]
    serial: int = 0
    schema: int = SCHEMA
    broker: Mapping[str, object] | None = None
    cards: tuple[object, ...] | None = None
    secrets: Mapping[str, object] = field(default_factory=dict, repr=False)
    strange: tuple[str, ...] = ()
    """Parts of a backup that this evsed does not know."""


_PARTS: Final = frozenset({"format", "schema", "evsed", "serial", "created", "settings", "broker", "cards", "secrets"})


def write(rows: Rows, version: str, now: str, serial: int = 0) -> str:
    """An export of ``rows``; ``version`` and ``serial`` are the charger's, ``now`` the time in ISO 8601."""
    document = {
        "format": FORMAT,
        "schema": SCHEMA,
        "evsed": version,
        "serial": serial,
        "exported": now,
        "settings": {key: row.value for key, row in rows.items() if row.carried},
    }
    return json.dumps(document, indent=2) + "\n"


def read(raw: bytes) -> Read:
    """The settings in an export, a backup or a settings.json, also of an older evsed. Raises DocumentError."""
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
    schema = _schema(document)
    if not isinstance(document.get("settings"), dict):
        raise DocumentError('there are no "settings" in it')
    serial = document.get("serial")
    read = Read(_settings(document, schema), serial if type(serial) is int else 0, schema)
    return _more(read, document) if document.get("format") == BACKUP else read


def _settings(document: dict[str, Any], schema: int) -> Mapping[str, object]:
    """The settings of today; what only their migration would add is not in the file."""
    stored = document["settings"]
    added = migrated({**document, "settings": {}}, schema)["settings"]
    today = migrated(document, schema)["settings"]
    return {key: value for key, value in today.items() if key in stored or key not in added or value != added[key]}


def _more(read: Read, document: Mapping[str, Any]) -> Read:
    """``read`` with what a backup has beside settings. Raises DocumentError."""
    broker, cards, secrets = document.get("broker"), document.get("cards"), document.get("secrets", {})
    if not isinstance(broker, dict | None):
        raise DocumentError('its "broker" is no JSON object')
    if not isinstance(cards, list | None):
        raise DocumentError('its "cards" are no list')
    if not isinstance(secrets, dict):
        raise DocumentError('its "secrets" are no JSON object')
    strange = tuple(key for key in document if key not in _PARTS)
    return replace(read, broker=broker, cards=None if cards is None else tuple(cards), secrets=secrets, strange=strange)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice[:40]!a} stands in it twice")
    return found


def _schema(document: Mapping[str, object]) -> int:
    """The schema of the settings in ``document``, which the daemon's own file names in the same way as an export."""
    if document.get("format", FORMAT) not in {FORMAT, BACKUP} or "schema" not in document:
        known = f'an export of settings ("format": "{FORMAT}") nor a backup ("{BACKUP}") nor a settings.json'
        raise DocumentError(f"it is neither {known}")
    schema = document["schema"]
    known = f"this evsed reads {OLDEST} to {SCHEMA}"
    if type(schema) is not int or schema < OLDEST:
        raise DocumentError(f"its schema is {str(schema)[:40]!a}, and {known}")
    if schema > SCHEMA:
        raise DocumentError(f"its schema is {schema}, and {known}: a newer evsed wrote it")
    return schema


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


def plan(
    settings: Mapping[str, object], rows: Rows, source: int = 0, target: int = 0, stay: Collection[str] = ()
) -> Plan:
    """What has to change for the charger of ``rows`` to have ``settings``; what is not among these stays.

    ``source`` and ``target``: the serial numbers of the charger that the settings are of, and of this one; 0: unknown.
    ``stay``: settings that are left as they are.
    """
    changes: list[Difference] = []
    remarks: list[str] = []
    wrong: list[str] = []
    for key, given in settings.items():
        row = rows.get(key)
        if row is None or not row.carried or key in stay:
            remarks += _left(key, given, row)
            continue
        try:
            value = row.read(given)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if value == row.value:
            continue
        if key in PLACE and source != target and source and target:
            remarks.append(f"{key} is left as it is: the file is of another charger, {source}; this one is {target}")
            continue
        if key in PLACE and not (source and target):
            remarks.append(f"{key} is right only if the file is of this very charger, which it does not say")
        changes.append(Difference(key, row.value, value))
    return Plan(tuple(changes), tuple(remarks), tuple(wrong))


def _left(key: str, given: object, row: Row | None) -> list[str]:
    """What is said of a setting that is not brought; nothing of one that is the same."""
    if row is None:
        return [f"{key[:40]!a} is no setting of this charger: left out"]
    if given == row.value:
        return []
    why = "a secret" if row.secret else "of this charger alone" if key in OWN else "chosen at the charger"
    return [f"{key} is {why}: left as it is"]
