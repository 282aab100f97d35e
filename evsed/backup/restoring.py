"""What a file would change in a charger: each change, what is left out and why, and what is wrong with it. Pure.

Owns what a restore leaves alone: the mode, SET UP, credentials, and whatever is not in the file. Doing it is the API's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from evsed.backup.document import Read, plan
from evsed.backup.rows import Rows
from evsed.backup.saving import NEVER, PASSWORD, SECRETS
from evsed.config import Mqtt, wrong_broker
from evsed.core.cards import Card, is_uid, wrong_cards
from evsed.core.setting import Value
from evsed.core.settings import TABLE, Settings
from evsed.migrations import SCHEMA

_STAY: Final = frozenset({"mode", "login"})
"""Nothing that is restored makes a car charge or stop, or says who may ask: credentials are not restored either."""

_READER_DEEDS: Final = frozenset({"Learn", "Delete", "DeleteAll"})
_BROKER: Final = {part.name: type(part.default) for part in fields(Mqtt) if part.name != "password"}
_INSTALLERS_BROKER: Final = frozenset({"tls", "ca", "certificate", "key"})


@dataclass(frozen=True, slots=True)
class Now:
    """The charger as it is; ``rows`` are its ``settings`` as it tells them. ``broker`` None: none can be stored.

    ``open``: who asks may know the secrets. To anybody else a secret in the file is a change in any case: where nothing
    was said of one that is the same, it could be guessed.
    """

    settings: Settings
    rows: Rows
    serial: int
    broker: Mqtt | None
    cards: tuple[Card, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as in the file. None: it is not there, or a secret.

    ``key`` is a setting, or begins with ``broker.``, ``secrets.`` or ``cards.``. ``installer``: he has to ask for it.
    """

    key: str
    before: Value | bool | None
    after: Value | bool | None
    installer: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something in the file that cannot be used; ``pointer`` is where (RFC 6901)."""

    text: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Restoring:
    """All that a restore does; nothing while something is ``wrong``."""

    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    wrong: tuple[Wrong, ...]
    settings: tuple[tuple[str, Value], ...]
    broker: Mqtt | None
    cards: tuple[Card, ...] = ()

    @property
    def installers(self) -> list[str]:
        """The keys of the changes that an installer has to ask for."""
        return [change.key for change in self.changes if change.installer]


class _Notes:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.warnings: list[str] = []
        self.wrong: list[Wrong] = []


def restoring(read: Read, now: Now) -> Restoring:
    """What has to be done for the charger to be as the file says; what is not in the file stays."""
    notes = _Notes()
    _whose(read, now, notes)
    settings = [*_settings(read, now, notes), *_secrets(read.secrets, now, notes)]
    broker = _broker(read, now, notes)
    cards = _cards(read, now, notes)
    return Restoring(
        tuple(notes.changes),
        tuple(notes.warnings),
        tuple(notes.wrong),
        tuple(settings),
        None if broker == now.broker or notes.wrong else broker,
        cards,
    )


def _whose(read: Read, now: Now, notes: _Notes) -> None:
    if read.serial and now.serial and read.serial != now.serial:
        notes.warnings.append(f"the file is of another charger, {read.serial}; this one is {now.serial}")
    if read.schema != SCHEMA:
        notes.warnings.append(f"an older evsed wrote it (schema {read.schema}, and today's is {SCHEMA})")
    notes.warnings += [f"{part[:40]!a} is no part of a backup that this evsed knows: left out" for part in read.strange]


def _settings(read: Read, now: Now, notes: _Notes) -> list[tuple[str, Value]]:
    planned = plan(read.settings, now.rows, read.serial, now.serial, _STAY)
    notes.warnings += planned.remarks
    notes.wrong += [Wrong(text, f"/settings/{text.partition(' ')[0]}") for text in planned.wrong]
    changes: list[tuple[str, Value]] = []
    for each in planned.changes:
        assert each.right is not None  # noqa: S101 - a plan has a value for each
        if each.key == "rfidreader" and each.right in _READER_DEEDS:
            notes.warnings.append(f"rfidreader is left as it is: {each.right} is something to do, not to restore")
            continue
        notes.changes.append(Change(each.key, each.left, each.right, TABLE[each.key].installer))
        changes.append((each.key, TABLE[each.key].parse(each.right)))
    return changes


def _secrets(secrets: Mapping[str, object], now: Now, notes: _Notes) -> list[tuple[str, Value]]:
    """Those that are settings."""
    changes: list[tuple[str, Value]] = []
    for key, given in secrets.items():
        if key in SECRETS:
            try:
                value = TABLE[key].parse(now.rows[key].read(given))
            except ValueError:  # whose text has the secret in it
                notes.wrong.append(Wrong(f"{key} takes {now.rows[key].takes()}", f"/secrets/{key}"))
                continue
            if value != now.settings[key] or not now.open:
                notes.changes.append(Change(f"secrets.{key}", None, None, TABLE[key].installer))
                changes.append((key, value))
        elif key in NEVER:
            notes.warnings.append(f"{key} is never restored: set it at the charger")
        elif key != PASSWORD:
            notes.warnings.append(f"{key[:40]!a} is no secret of this charger: left out")
    return changes


def _broker(read: Read, now: Now, notes: _Notes) -> Mqtt | None:
    """The broker from now on."""
    told = read.broker or {}
    given = {key: value for key, value in told.items() if key in _BROKER}
    notes.warnings += [f"{key[:40]!a} is nothing of a broker: left out" for key in told if key not in given]
    wrong = [key for key, value in given.items() if type(value) is not _BROKER[key]]
    notes.wrong += [Wrong(f"broker.{key} is of the wrong kind", f"/broker/{key}") for key in wrong]
    password = read.secrets.get(PASSWORD)
    if not isinstance(password, str | None):
        notes.wrong.append(Wrong(f"{PASSWORD} is a text", f"/secrets/{PASSWORD}"))
    if now.broker is None or notes.wrong or (read.broker is None and password is None):
        if now.broker is None and given:
            notes.warnings.append("the broker is left as it is: that of this charger is configured in evsed.toml")
        return now.broker
    assert isinstance(password, str | None)  # noqa: S101 - or it was wrong
    broker = replace(now.broker, **given)  # type: ignore[arg-type]  # their kinds were looked at
    if password is None and (broker.host.casefold(), broker.port) != (now.broker.host.casefold(), now.broker.port):
        password = ""  # it never goes to a host that it was not given for
        if broker.host:
            notes.warnings.append(f"the password for the broker {broker.address} is not in the file: set it anew")
    broker = replace(broker, password=now.broker.password if password is None else password)
    if said := wrong_broker(broker):
        notes.wrong.append(Wrong(f"broker.{said}", f"/broker/{said.partition(' ')[0].rstrip(',')}"))
        return now.broker
    for key in _BROKER:
        before, after = getattr(now.broker, key), getattr(broker, key)
        if before != after:
            notes.changes.append(Change(f"broker.{key}", before, after, key in _INSTALLERS_BROKER))
    if broker.password != now.broker.password or (PASSWORD in read.secrets and not now.open):
        notes.changes.append(Change(f"secrets.{PASSWORD}", None, None, False))
    return broker


def _cards(read: Read, now: Now, notes: _Notes) -> tuple[Card, ...]:
    """Those that are added, or become as in the file."""
    known = {card.uid: card for card in now.cards}
    given: list[Card] = []
    for place, row in enumerate(read.cards or ()):
        fields = row if isinstance(row, dict) else {}
        uid, name, enabled = fields.get("uid"), fields.get("name", ""), fields.get("enabled", True)
        if not isinstance(uid, str) or not is_uid(uid) or not isinstance(name, str) or not isinstance(enabled, bool):
            notes.wrong.append(Wrong(f"card {place + 1} is none: it has uid, name and enabled", f"/cards/{place}"))
            continue
        given.append(Card(uid.upper(), name, enabled))
    if wrong := wrong_cards(now.cards, given):
        notes.wrong.append(Wrong(wrong, "/cards"))
    changed = [card for card in given if card.uid not in known or known[card.uid].same != card.same]
    for card in changed:
        before = known.get(card.uid)
        notes.changes.append(Change(f"cards.{card.uid}", None if before is None else _told(before), _told(card), False))
    return tuple(changed)


def _told(card: Card) -> str:
    return f"{card.name or 'without a name'}, {'enabled' if card.enabled else 'disabled'}"
