"""The broker in POST /settings: ``mqtt_update=1`` and what is new about it. Pure; storing it is the MQTT client's.

What is not sent stays as it is, but for the password: it never goes to a host that it was not given for.
"""

import re
from dataclasses import replace
from typing import Any, Final

from evsed.api.firmware.parameters import Parameters
from evsed.api.firmware.values import TWICE, NotTakenError
from evsed.config import Mqtt

BROKER: Final = ("mqtt_host", "mqtt_port", "mqtt_topic_prefix", "mqtt_username", "mqtt_password")
GROUP: Final = ("mqtt_update", *BROKER)
TAKES: Final[dict[str, dict[str, Any]]] = {
    "mqtt_update": {"type": "integer", "enum": [1], "description": "1: store the broker and connect to it"},
    "mqtt_host": {"type": "string", "maxLength": 255, "description": "name or address; empty: no broker"},
    "mqtt_port": {"type": "integer", "minimum": 0, "maximum": 65_535, "description": "0 is 1883"},
    "mqtt_topic_prefix": {"type": "string", "maxLength": 64, "description": "empty: SmartEVSE-<serial>"},
    "mqtt_username": {"type": "string", "maxLength": 256},
    "mqtt_password": {"type": "string", "maxLength": 256, "description": "empty: none; never shown again"},
}
_USUAL_PORT: Final = 1883
_HIGHEST_PORT: Final = 65_535
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{0,255}")
_PREFIX: Final = re.compile(r"([A-Za-z0-9_.-][A-Za-z0-9_./-]{0,63})?")
_CREDENTIAL: Final = re.compile(r"[^\x00-\x1f\x7f]{0,256}")
_PRINTABLE: Final = "at most 256 printable characters"


def broker_of(given: Parameters, now: Mqtt) -> Mqtt:
    """The broker that ``given`` asks for, where ``now`` is in use. Raises NotTakenError, which names the parameter."""
    if given.doubled(*GROUP):
        raise NotTakenError(TWICE)
    if given.text("mqtt_update").strip() != "1":
        raise NotTakenError("a broker is stored only together with mqtt_update=1")
    host = _text(given, "mqtt_host", now.host, _HOST, "a host name or an address of at most 255 characters, or nothing")
    port = _port(given, now)
    stays = (host.casefold(), port) == (now.host.casefold(), now.port)  # another port may be another program
    return replace(
        now,
        host=host,
        port=port,
        prefix=_text(given, "mqtt_topic_prefix", now.prefix, _PREFIX, "at most 64 letters, digits, and - _ . / in it"),
        username=_text(given, "mqtt_username", now.username, _CREDENTIAL, _PRINTABLE),
        password=_text(given, "mqtt_password", now.password if stays else "", _CREDENTIAL, _PRINTABLE),
    )


def echo_of(given: Parameters, broker: Mqtt, prefix: str) -> dict[str, Any]:
    """What a client is told of the broker that is now stored: what it sent, and whether there is a password."""
    said = {
        "mqtt_host": broker.host,
        "mqtt_port": broker.port,
        "mqtt_topic_prefix": prefix,
        "mqtt_username": broker.username,
    }
    return {**{name: said[name] for name in given.only(*said)}, "mqtt_password_set": bool(broker.password)}


def _text(given: Parameters, name: str, now: str, pattern: re.Pattern[str], takes: str) -> str:
    if name not in given:
        return now
    text = given.text(name)
    if not pattern.fullmatch(text):
        raise NotTakenError(f"{name} takes {takes}")
    return text


def _port(given: Parameters, now: Mqtt) -> int:
    if "mqtt_port" not in given:
        return now.port
    port = 0 if given.left_empty("mqtt_port") else given.whole("mqtt_port")
    if port is None or not 0 <= port <= _HIGHEST_PORT:
        raise NotTakenError(f"mqtt_port takes a whole number from 1 to {_HIGHEST_PORT}; 0 is {_USUAL_PORT}")
    return port or _USUAL_PORT
