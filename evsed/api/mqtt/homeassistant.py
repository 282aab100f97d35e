"""Home Assistant's discovery: which configuration messages there are, when they are said and when they are taken back.

Pure. The rows are the entity tables', sending is link.py's. Source: Home Assistant's documentation of its MQTT
integration ("Discovery messages"); the rules that each message keeps are tests/api/mqtt/home_assistant_rules.py.
"""

import json
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from evsed import __version__
from evsed.api.mqtt.entities import Component, Topic, View
from evsed.api.mqtt.entity_table_owner import ACTIONS
from evsed.api.mqtt.publishing import TOPICS, Message
from evsed.core.settings import Settings
from evsed.core.units import Millis

READ_BACK_MS: Final = 1_000
"""How long the broker gets to show what it keeps of ours before we announce."""

SETTLE_MS: Final = 2_000
"""Home Assistant removes what was withdrawn before it meets the same unique id again."""

SILENT_S: Final = 30
"""A measurement is unavailable in Home Assistant when it was not said for so long."""

_EXPIRING: Final = frozenset({"sensor", "binary_sensor"})
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_KEPT: Final = 200_000


class Form(IntEnum):
    """The owner setting ``mqtt_discovery``."""

    DEVICE = 0
    ENTITIES = 1
    OFF = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """Who announces. ``unit`` is the serial number, or something as stable where there is none."""

    unit: str
    serial: int  # 0: not set
    prefix: str  # of our topics
    url: str  # the web page
    discovery_prefix: str = "homeassistant"

    @property
    def device(self) -> str:
        """The device's id."""
        return f"evsed_{self.unit}"

    @property
    def device_topic(self) -> str:
        """Where the device form is said."""
        return f"{self.discovery_prefix}/device/{self.device}/config"

    @property
    def birth_topic(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery_prefix}/status"

    def entity_topic(self, component: Component) -> str:
        """Where a component is said in the per-entity form."""
        return f"{self.discovery_prefix}/{component.domain}/{self.device}_{component.key}/config"


_COMPONENTS: Final[tuple[tuple[Component, Topic | None], ...]] = (
    *((component, topic) for topic in TOPICS for component in topic.components),
    *((action.component, None) for action in ACTIONS),
)


def discovery_topics(identity: Identity) -> list[str]:
    """Every topic that we may have announced something at, in either form."""
    return [identity.device_topic, *(identity.entity_topic(component) for component, _ in _COMPONENTS)]


def present(view: View) -> dict[str, tuple[Component, Topic | None]]:
    """The components of this charger as it is now, by key."""
    actions = {action.component.key for action in ACTIONS if action.present(view)}
    return {
        component.key: (component, topic)
        for component, topic in _COMPONENTS
        if (component.key in actions if topic is None else topic.present(view))
    }


def _device(identity: Identity) -> dict[str, Any]:
    device: dict[str, Any] = {
        "identifiers": [identity.device],
        "name": f"SmartEVSE {identity.unit}",
        "manufacturer": "evsed",
        "model": "Raspberry Pi with an EVSE board",
        "sw_version": __version__,
        "configuration_url": identity.url,
    }
    return device | ({"serial_number": str(identity.serial)} if identity.serial else {})


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _entity(component: Component, topic: Topic | None, identity: Identity, settings: Settings) -> dict[str, Any]:
    """The keys of one component, in both forms."""
    slug = f"smartevse_{_slug(identity.unit)}_{_slug(component.name)}"
    keys: dict[str, Any] = {
        "name": component.name,
        "unique_id": f"{identity.device}_{component.key}",
        "default_entity_id": f"{component.domain}.{slug}",
        "device_class": component.device_class,
        "unit_of_measurement": component.unit,
        "state_class": component.state_class,
        "entity_category": component.category,
        "icon": component.icon,
        "value_template": component.template,
        "options": list(component.options),
    }
    keys = {key: value for key, value in keys.items() if value}
    if topic is not None:
        keys["state_topic"] = f"{identity.prefix}/{topic.name}"
        if component.attributes:
            keys["json_attributes_topic"] = keys["state_topic"]
        if not topic.retained and component.domain in _EXPIRING:
            keys["expire_after"] = SILENT_S
    if component.command:
        keys["command_topic"] = f"{identity.prefix}/Set/{component.command}"
    return keys | dict(component.more) | dict(component.limits(settings))


def _shared(identity: Identity) -> dict[str, Any]:
    return {
        "device": _device(identity),
        "origin": {"name": "evsed", "sw_version": __version__},
        "availability_topic": f"{identity.prefix}/connected",
        "payload_available": "online",
        "payload_not_available": "offline",
    }


def configs(identity: Identity, view: View, form: Form, gone: dict[str, str]) -> dict[str, str]:
    """The configuration messages by topic. ``gone``: keys and domains that the device form has to remove."""
    settings = view.charger.settings
    entities = {
        key: (component, _entity(component, topic, identity, settings))
        for key, (component, topic) in present(view).items()
    }
    if form is Form.ENTITIES:
        shared = _shared(identity)
        return {
            identity.entity_topic(component): json.dumps(keys | shared, ensure_ascii=False)
            for component, keys in entities.values()
        }
    if form is Form.DEVICE:
        components: dict[str, dict[str, Any]] = {
            key: {"platform": component.domain} | keys for key, (component, keys) in entities.items()
        }
        # A component that has its platform only is one that Home Assistant removes.
        components |= {key: {"platform": domain} for key, domain in gone.items() if key not in entities}
        document = _shared(identity) | {"components": components}
        return {identity.device_topic: json.dumps(document, ensure_ascii=False)}
    return {}


class Announcing:
    """What one broker keeps of ours, and what is to be said or taken back."""

    def __init__(self, identity: Identity, now: Millis) -> None:
        self._identity = identity
        self._ours = frozenset(discovery_topics(identity))
        self._said: dict[str, str] = {}
        self._kept: set[str] = set()  # that we did not say ourselves since we are connected
        self._components: dict[str, str] = {}  # keys and domains in the device message that is out there
        self._announce_at = now + READ_BACK_MS
        self._judged: tuple[object, ...] = ()  # what the last judgement was made of

    def again(self) -> None:
        """Home Assistant has started: all of it is said anew."""
        self._said = dict.fromkeys(self._said, "")
        self._judged = ()

    def kept(self, topic: str, payload: str) -> None:
        """The broker keeps this configuration message of ours from before."""
        if topic not in self._ours or not payload or topic in self._said:
            return
        self._kept.add(topic)
        self._judged = ()
        if topic == self._identity.device_topic:
            self._components |= _components_of(payload)

    def messages(self, now: Millis, view: View, form: Form) -> list[Message]:
        """What is to be published at ``now`` (monotonic); nothing on most looks."""
        judged = (view.charger.settings, view.wifi is None, view.modem, view.reboots, form, now >= self._announce_at)
        if judged == self._judged:
            return []
        self._judged = judged
        there = present(view)
        gone = {key: domain for key, domain in self._components.items() if key not in there}
        wanted = configs(self._identity, view, form, gone)
        withdrawn = sorted((self._said.keys() | self._kept) - wanted.keys())
        messages = [Message(topic, "", retained=True) for topic in withdrawn]
        if withdrawn:
            self._said = {topic: payload for topic, payload in self._said.items() if topic in wanted}
            self._announce_at = now + SETTLE_MS
        if self._kept - wanted.keys():
            self.again()  # Home Assistant has refused what it knew from there already
        self._kept.clear()
        if now < self._announce_at:
            return messages
        for topic, payload in wanted.items():
            if self._said.get(topic) != payload:
                messages.append(Message(topic, payload, retained=True))
                self._said[topic] = payload
        self._remember(there, form, gone, now)
        return messages

    def _remember(self, there: dict[str, Any], form: Form, gone: dict[str, str], now: Millis) -> None:
        device = form is Form.DEVICE
        self._components = {key: component.domain for key, (component, _) in there.items()} if device else {}
        if device and gone:  # said with what is to be removed: once more without, when that is done
            self._announce_at = now + SETTLE_MS
            self._judged = ()


def _components_of(payload: str) -> dict[str, str]:
    """Keys and platforms in a device message that the broker kept; empty when it is none."""
    if len(payload) > _LONGEST_KEPT:
        return {}
    try:
        components = json.loads(payload)["components"]
        return {
            key: platform
            for key, platform in ((key, value["platform"]) for key, value in components.items())
            if _WORD.fullmatch(key) and isinstance(platform, str) and _WORD.fullmatch(platform)
        }
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}
