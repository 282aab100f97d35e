"""The broker that an owner set while the daemon ran, kept in the state directory, readable for the daemon only.

Owns the file and who wins: what was set while running, until somebody edits [mqtt] in the configuration after that.
"""

import hashlib
import hmac
import json
import logging
import secrets
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from evsed.config import Mqtt, wrong_broker
from evsed.files import replace_text

log = logging.getLogger(__name__)

_SCHEMA: Final = 1
_MODE: Final = 0o600  # there is a password in it
_SHOWN: Final = 80


class BrokerStore:
    """The file of one charger."""

    def __init__(self, directory: Path, configured: Mqtt) -> None:
        self._path = directory / "mqtt.json"
        self._configured = configured

    def load(self) -> Mqtt:
        """The broker to use. Never raises: what cannot be used is said, and the configuration counts."""
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            stored, salt, mark = _broker(document["broker"]), str(document["salt"]), str(document["configured"])
            if document["schema"] != _SCHEMA:
                raise ValueError(f"its schema is {document['schema']!r}")  # noqa: TRY301 - one place says it
        except FileNotFoundError:
            return self._configured
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.error("%s cannot be used (%s): [mqtt] of the configuration counts", self._path, str(error)[:_SHOWN])  # noqa: TRY400
            return self._configured
        if not hmac.compare_digest(mark, _mark(self._configured, salt)):
            log.warning(
                "[mqtt] of the configuration was changed after the broker %s was set: the configuration counts",
                stored.address,
            )
            return self._configured
        return stored

    def save(self, broker: Mqtt) -> None:
        """Keeps ``broker``. Raises OSError."""
        salt = secrets.token_hex(16)
        document = {
            "schema": _SCHEMA,
            "broker": asdict(broker),
            "configured": _mark(self._configured, salt),
            "salt": salt,
        }
        replace_text(self._path, json.dumps(document, indent=2, ensure_ascii=False) + "\n", mode=_MODE)


def _mark(configured: Mqtt, salt: str) -> str:
    """Tells whether the configuration is still the same, without keeping its password twice."""
    text = json.dumps(asdict(configured), sort_keys=True)
    return hashlib.sha256((salt + text).encode()).hexdigest()


def _broker(stored: dict[str, Any]) -> Mqtt:
    """Raises ValueError or TypeError for what is no broker."""
    default = Mqtt()
    for key in fields(Mqtt):
        if type(stored.get(key.name, getattr(default, key.name))) is not type(getattr(default, key.name)):
            raise ValueError(f"{key.name} is of the wrong kind")  # its value may be a secret
    broker = Mqtt(**stored)
    if wrong := wrong_broker(broker):
        raise ValueError(wrong)
    return broker
