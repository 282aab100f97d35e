"""Home Assistant's rules of MQTT discovery, as data, and a judge that holds a message against them.

From its documentation (2026) of the MQTT integration and of the sensor, binary sensor, number, select, switch, text,
button, event and update entities: as far as this charger uses them.
"""

import json
import re
from typing import Any, Final

COMMON: Final = frozenset(
    {"availability_topic", "default_entity_id", "device", "device_class", "entity_category", "icon", "name", "origin"}
    | {"payload_available", "payload_not_available", "unique_id"}
)
STATED: Final = frozenset({"state_topic", "value_template"})
COMMANDED: Final = frozenset({"command_topic", "command_template"})

REQUIRED: Final = {
    "sensor": frozenset({"state_topic"}),
    "binary_sensor": frozenset({"state_topic"}),
    "number": frozenset({"command_topic"}),
    "select": frozenset({"command_topic", "options"}),
    "switch": frozenset({"command_topic"}),
    "text": frozenset({"command_topic"}),
    "button": frozenset({"command_topic"}),
    "update": frozenset(),
    "event": frozenset({"state_topic", "event_types"}),
}
ALLOWED: Final = {
    "sensor": STATED
    | {"expire_after", "json_attributes_topic", "options", "state_class", "suggested_display_precision"}
    | {"unit_of_measurement"},
    "binary_sensor": STATED | {"expire_after", "payload_on", "payload_off"},
    "number": STATED | COMMANDED | {"max", "min", "mode", "step", "unit_of_measurement"},
    "select": STATED | COMMANDED | {"options"},
    "switch": STATED | COMMANDED | {"payload_on", "payload_off", "state_on", "state_off"},
    "text": STATED | COMMANDED | {"max", "min", "mode", "pattern"},
    "button": COMMANDED | {"payload_press"},
    "update": STATED | {"title", "release_url", "latest_version_topic"},
    "event": STATED | {"event_types"},
}
CATEGORIES: Final = {
    domain: {"diagnostic"} if domain in {"sensor", "binary_sensor"} else {"config", "diagnostic"} for domain in ALLOWED
}

DURATIONS: Final = {"d", "h", "min", "s", "ms", "μs"}
# device class: its units, and its state classes; an empty set allows none
SENSORS: Final[dict[str, tuple[set[str], set[str]]]] = {
    "current": ({"A", "mA"}, {"measurement"}),
    "duration": (DURATIONS, {"measurement", "total", "total_increasing"}),
    "energy": ({"Wh", "kWh", "MWh"}, {"total", "total_increasing"}),
    "enum": (set(), set()),
    "power": ({"W", "kW"}, {"measurement"}),
    "signal_strength": ({"dB", "dBm"}, {"measurement"}),
    "temperature": ({"°C", "°F", "K"}, {"measurement"}),
    "timestamp": (set(), set()),
}
NUMBERS: Final = {"current": {"A", "mA"}, "duration": DURATIONS}
DEVICE_CLASSES: Final = {
    "binary_sensor": {"battery_charging", "plug", "power", "problem", "running", "connectivity"},
    "button": {"identify", "restart", "update"},
    "switch": {"outlet", "switch"},
    "update": {"firmware"},
    "select": set[str](),
    "text": set[str](),
}
TOPIC: Final = re.compile(r"[^/+#]+/(?P<domain>\w+)/(?P<id>[a-zA-Z0-9_-]+)/config")
DEVICE_KEYS: Final = frozenset(
    {"configuration_url", "identifiers", "manufacturer", "model", "name", "serial_number", "sw_version"}
)
_DEVICE_LEVEL: Final = frozenset(
    {"availability_topic", "components", "device", "origin", "payload_available", "payload_not_available"}
)


def entities_of(topic: str, payload: str) -> list[tuple[str, dict[str, Any]]]:
    """Domain and keys of every entity that a message announces, after the message itself was judged."""
    match = TOPIC.fullmatch(topic)
    assert match, f"no discovery topic: {topic}"
    document = json.loads(payload)
    judge_device(document)
    if match["domain"] != "device":
        return [(match["domain"], document)]
    assert document.keys() <= _DEVICE_LEVEL, document.keys() - _DEVICE_LEVEL
    entities = []
    for key, component in document["components"].items():
        assert " " not in key
        platform = component.pop("platform")
        if component:  # else Home Assistant removes it
            entities.append((platform, component))
    return entities


def judge_device(document: dict[str, Any]) -> None:
    """The part that all entities share."""
    device, origin = document["device"], document["origin"]
    assert device["identifiers"]
    assert device.keys() <= DEVICE_KEYS
    assert re.match(r"https?://", device["configuration_url"])
    assert origin["name"]
    assert origin.keys() <= {"name", "sw_version", "support_url"}
    assert document["availability_topic"].endswith("/connected")


def judge(domain: str, keys: dict[str, Any]) -> None:
    """One entity."""
    assert keys.keys() >= REQUIRED[domain] | {"name", "unique_id", "default_entity_id"}, keys
    assert keys.keys() <= ALLOWED[domain] | COMMON, keys.keys() - ALLOWED[domain] - COMMON
    assert re.fullmatch(rf"{domain}\.[a-z0-9_]+", keys["default_entity_id"])
    assert keys.get("entity_category", "diagnostic") in CATEGORIES[domain], keys
    assert all(not re.search(r"[+#]", value) for key, value in keys.items() if key.endswith("_topic"))
    assert re.fullmatch(r"mdi:[a-z0-9-]+", keys.get("icon", "mdi:none"))
    options = keys.get("options", [])
    assert len(set(options)) == len(options)
    if domain == "sensor":
        _judge_sensor(keys)
    elif domain == "number":
        assert keys["unit_of_measurement"] in NUMBERS[keys["device_class"]]
        assert keys["min"] < keys["max"]
        assert keys["step"] >= 0.001
    elif domain == "update":
        # Without the latest version its state is unknown for ever.
        assert "latest_version_topic" in keys or "'latest_version'" in keys["value_template"]
        assert "'installed_version'" in keys["value_template"]
    elif "device_class" in keys:
        assert keys["device_class"] in DEVICE_CLASSES[domain], keys


def _judge_sensor(keys: dict[str, Any]) -> None:
    device_class, unit, state_class = (keys.get(key) for key in ("device_class", "unit_of_measurement", "state_class"))
    if device_class is None:
        assert unit is None, "a unit says of what it is"
        assert state_class is None, "a text has no statistics"
        return
    units, state_classes = SENSORS[device_class]
    assert unit in units if units else unit is None, keys
    one_of_many = state_class is None and "json_attributes_topic" in keys  # no statistics of single things
    assert one_of_many or (state_class in state_classes if state_classes else state_class is None), keys
    assert (device_class == "enum") == bool(keys.get("options")), keys
