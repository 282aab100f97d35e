"""What a backup of a charger has in it: settings, broker and cards; secrets apart, and only where they are asked for.

Who may log in (access.json) is in none, nor what happened (sessions.db), nor whether SET UP is done.
"""

from dataclasses import asdict
from typing import Any, Final

from evsed.backup.document import BACKUP
from evsed.backup.rows import OWN
from evsed.config import Mqtt
from evsed.core.cards import Card
from evsed.core.settings import TABLE, Settings
from evsed.migrations import SCHEMA

PASSWORD: Final = "mqtt_password"  # noqa: S105 - its name
NEVER: Final = frozenset({"installer_pin"})
"""Credentials, which are of one charger and its people: never saved, never brought back."""

SECRETS: Final = tuple(key for key, row in TABLE.items() if row.secret and key not in NEVER)
"""Settings that are in a backup with secrets."""


def backup(
    settings: Settings,
    broker: Mqtt,
    cards: tuple[Card, ...] | None,
    *,
    version: str,
    serial: int,
    created: str,
    secrets: bool,
) -> dict[str, Any]:
    """The document. ``version`` and ``serial`` are the charger's, ``created`` is the time in ISO 8601.

    ``cards`` None: whoever asks may not see them, because their numbers open the charger.
    """
    names = settings.names()
    stored = {key: value for key, value in names.items() if not TABLE[key].secret and key not in OWN}
    document = {
        "format": BACKUP,
        "schema": SCHEMA,
        "evsed": version,
        "serial": serial,
        "created": created,
        "settings": stored,
        "broker": {key: value for key, value in asdict(broker).items() if key != "password"},
    }
    if cards is not None:
        document["cards"] = [{"uid": card.uid, "name": card.name, "enabled": card.enabled} for card in cards]
    if secrets:
        document["secrets"] = {key: names[key] for key in SECRETS} | {PASSWORD: broker.password}
    return document
