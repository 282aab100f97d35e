"""The text of a settings file: a Saved as JSON and back, also from an older schema. Names, not numbers.

Owns what a file says, and when it cannot be used. Which files there are, and which of them counts, is the store's.
"""

import json
from dataclasses import dataclass
from typing import Any

from evsed import __version__
from evsed.core.cards import is_uid
from evsed.core.faults import LATCHED
from evsed.core.model import Access
from evsed.core.schedule import DAY_MINUTES, LAST_DAY, LAST_S, Timer
from evsed.core.setting import SettingError
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.logbook.fields import kept_fields, kept_of
from evsed.migrations import OLDEST, SCHEMA, UNSIGNED, Document, migrated

LOOK = "SET UP is Not done: look through the settings, then set it to Done"

_LOOKED_AT_TOO = ("enable_C2",)  # an owner's, and what it says of the wiring is signed with SET UP
_MOST_WH = 10**12
_ACCESS_NAMES = {Access.DENY: "Deny", Access.ALLOW: "Allow", Access.PAUSE: "Pause"}
_ACCESS_OF = {name: access for access, name in _ACCESS_NAMES.items()}


class DamagedError(Exception):
    """A settings file that cannot be used; the text says why."""


class NewerError(DamagedError):
    """A settings file of a newer evsed. ``schema`` is its own, the text says who wrote it."""

    def __init__(self, schema: int, writer: object) -> None:
        self.schema = schema
        self.writer = writer if isinstance(writer, str) else "of a later version"
        super().__init__(f"evsed {self.writer} wrote it (schema {schema}), and this is {__version__} (schema {SCHEMA})")


def encode(saved: Saved) -> str:
    """``saved`` as the file's text."""
    document = {
        "schema": SCHEMA,
        "evsed": __version__,
        "access": _ACCESS_NAMES[saved.access],
        "session": {
            "open": saved.session_open,
            "start_wh": saved.session_start_wh,
            "charged_wh": saved.charged_wh,
        },
        "sessions": kept_fields(saved.kept),
        "latched": [fault.value.code for fault in saved.latched],
        "timer": _timer_fields(saved.timer),
        "grant": {"given": saved.granted, "card": saved.holder},
        "settings": saved.settings.names(),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The state in a file's text. ``remarks`` are for the log; ``bad`` names values that could not be used."""

    saved: Saved
    remarks: tuple[str, ...]
    bad: tuple[str, ...]
    schema: int = SCHEMA  # that the text was written in


def _document(text: str) -> tuple[Document, int]:
    """A file's text as a document of our schema, and the schema it had. Raises DamagedError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"it is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise DamagedError("it has no settings in it")
    schema = document.get("schema")
    if type(schema) is not int or schema < OLDEST:
        raise DamagedError(f"its schema is {schema!r}, and this evsed reads {OLDEST} to {SCHEMA}")
    if schema > SCHEMA:
        raise NewerError(schema, document.get("evsed"))
    stored = document.get("settings")
    if not isinstance(stored, dict) or not stored:
        raise DamagedError("it has no settings in it")
    return migrated(document, schema), schema


def decode(text: str) -> Decoded:
    """The state in a file's text, also of an older schema. Raises DamagedError when it cannot be used."""
    document, schema = _document(text)
    remarks: list[str] = []
    bad: list[str] = []
    if schema <= UNSIGNED and document["settings"]["set_up"] != "Done":
        remarks.append(f"nobody set in it what an installer sets: {LOOK}")
    access = _ACCESS_OF.get(str(document.get("access")))
    if access is None:
        access = Access.DENY
        bad.append(f"access is {document.get('access')!r}")
    session = document.get("session")
    fields = session if isinstance(session, dict) else {}
    kept, doubts = kept_of(document.get("sessions"))
    remarks += doubts
    latched = document.get("latched")
    timer = document.get("timer")
    granted, holder = _grant(document.get("grant"), access)
    saved = Saved(
        settings=_settings(document["settings"], remarks, bad),
        access=access,
        session_open=fields.get("open") is True,
        session_start_wh=_energy(fields.get("start_wh")),
        charged_wh=_energy(fields.get("charged_wh")),
        latched=tuple(fault for fault in LATCHED if isinstance(latched, list) and fault.value.code in latched),
        timer=_timer(timer if isinstance(timer, dict) else {}),
        kept=kept,
        granted=granted,
        holder=holder,
    )
    return Decoded(saved, tuple(remarks), tuple(bad), schema)


def _grant(stored: object, access: Access) -> tuple[bool, str]:
    """Whether somebody let the car charge, and the card that did. Before there was such a word, access was it."""
    if stored is None:
        return access is not Access.DENY, ""
    fields = stored if isinstance(stored, dict) else {}
    given, card = fields.get("given") is True, fields.get("card")
    return given, card.upper() if given and isinstance(card, str) and is_uid(card) else ""


def _timer_fields(timer: Timer) -> dict[str, int | bool | None]:
    fields: dict[str, int | bool | None] = {"start": timer.start_s, "stop": timer.stop_s}
    if timer.repeat:
        fields |= {"daily": True, "first_day": timer.first_day}
        fields |= {"start_minute": timer.start_minute, "stop_minute": timer.stop_minute}
    return fields


def _timer(fields: dict[str, Any]) -> Timer:
    start_s, stop_s = (_below(LAST_S, fields.get(name)) or None for name in ("start", "stop"))
    if fields.get("daily") is not True:
        return Timer(start_s, stop_s)
    first_day = _below(LAST_DAY, fields.get("first_day"))
    start_minute, stop_minute = (_below(DAY_MINUTES, fields.get(name)) for name in ("start_minute", "stop_minute"))
    whole = start_s is not None and stop_s is not None
    if not whole or first_day is None or start_minute is None or stop_minute is None or start_minute == stop_minute:
        return Timer()
    return Timer(start_s, stop_s, True, first_day, start_minute, stop_minute)


def _below(end: int, value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end else None


def _settings(stored: dict[str, Any], remarks: list[str], bad: list[str]) -> Settings:
    settings = Settings()
    kept = {key: row for key, row in TABLE.items() if row.kept}
    lost = {key for key in kept if key not in stored}
    remarks += [f"setting {key!r} is not in it: the default is used" for key in kept if key in lost]
    for key, value in stored.items():
        if key not in kept:
            remarks.append(f"setting {key!r} is not known to this evsed: left out")
            continue
        try:
            settings = settings.replace(key, value)
        except SettingError as error:
            bad.append(str(error))
            lost.add(key)
    unlooked = [key for key, row in kept.items() if (row.installer or key in _LOOKED_AT_TOO) and key in lost]
    if unlooked and settings.set_up:
        remarks.append(f"nobody chose {', '.join(unlooked)} as it is now: {LOOK}")
        return settings.replace("set_up", "Not done")
    return settings


def _energy(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_WH else None
