"""The rows of what owners set, each with the ``Set/`` topic that changes it.

MAX and MAINS are not among them: they protect cable and fuse, are the installer's, and an automation must not be able
to raise them. entity_table.py shows them.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from evsed.api.local_time import local_text
from evsed.api.mqtt.entities import NONE, Action, Component, Keys, Payload, Topic, View
from evsed.api.mqtt.entity_table_alerts import TEST_ALERT
from evsed.core import reader
from evsed.core.model import ModeChoice
from evsed.core.setting import Setting
from evsed.core.settings import TABLE, Settings

MODE_NAMES: Final = {choice: choice.name.capitalize() for choice in ModeChoice}
COLOURS: Final = ("Off", "Normal", "Smart", "Solar", "Custom")
RFID_TEXTS: Final = (
    reader.NOT_INSTALLED,
    reader.READY,
    reader.PRESENT,
    reader.STORED,
    reader.DELETED,
    reader.KNOWN,
    reader.NOT_KNOWN,
    reader.FULL,
    reader.INVALID,
)
_DEVICE_CLASSES: Final = {"A": "current", "min": "duration"}


def _here(view: View) -> bool:
    """Not on a node, whose master decides."""
    return view.charger.settings.loadbl <= 1


def _range(row: Setting) -> dict[str, Any]:
    return {"min": row.minimum, "max": row.maximum, "step": 1, "mode": "box"}


def _setting(topic: str, key: str, name: str, about: str, command: str = "", *, everywhere: bool = True) -> Topic:
    """A number among the owner settings."""
    row = TABLE[key]
    component = Component(
        topic,
        "number",
        name,
        _DEVICE_CLASSES[row.unit],
        row.unit,
        category="config",
        command=command or topic,
        more=MappingProxyType(_range(row)),
    )
    present: Callable[[View], bool] = (lambda _: True) if everywhere else _here
    return Topic(topic, lambda v: v.charger.settings[key], about, (component,), retained=True, present=present)


def _override_range(settings: Settings) -> Keys:
    return {"max": settings.current_max}


def _colour(which: str) -> Topic:
    key = f"color_{which.lower()}"
    component = Component(
        f"LEDColor{which}",
        "text",
        f"LED colour {which.lower()}",
        category="config",
        icon="mdi:palette",
        command=f"Color{which}",
        more={"min": 5, "max": 11, "pattern": r"^\d{1,3},\d{1,3},\d{1,3}$"},
    )
    about = "`R,G,B`, 0 to 255 each"
    return Topic(f"LEDColor{which}", lambda v: v.charger.settings[key], about, (component,), retained=True)


def _card_name(view: View) -> Payload:
    """What the card is called that lets this car charge."""
    name = view.charger.holder_name
    return NONE if name is None else name or "a card without a name"


def delayed_text(view: View) -> Payload:
    """The delayed charging as ``Set/DelayedCharging`` takes it."""
    timer = view.charger.timer
    if timer.start_s is None and timer.stop_s is None:
        return NONE
    stop = [] if timer.stop_s is None else [local_text(timer.stop_s)]
    daily = ["daily"] if timer.repeat else []
    if not timer.waits or timer.start_s is None:
        return " ".join(["until", *stop, *daily])  # it has begun
    return " ".join([view.charger.mode.name.capitalize(), local_text(timer.start_s), *stop, *daily])


SET_BY_OWNERS: Final = (
    Topic(
        "Mode",
        lambda v: MODE_NAMES[v.charger.choice],
        ", ".join(f"`{name}`" for name in MODE_NAMES.values()),
        (
            Component(
                "Mode", "select", "Mode", icon="mdi:car-electric", options=tuple(MODE_NAMES.values()), command="Mode"
            ),
        ),
        retained=True,
    ),
    Topic(
        "ChargeCurrentOverride",
        lambda v: v.charger.override,
        "0.1 A, 0 is none",
        (
            Component(
                "ChargeCurrentOverride",
                "number",
                "Charge current override",
                "current",
                "A",
                template="{{ value | int / 10 }}",
                command="CurrentOverride",
                more={
                    "min": 0,
                    "step": 0.1,
                    "mode": "box",
                    "command_template": "{{ (value | float * 10) | round | int }}",
                },
                limits=_override_range,
            ),
        ),
        retained=True,
        present=_here,
    ),
    _setting("MinCurrent", "current_min", "Min current", "A, MIN", everywhere=False),
    _setting("SolarStartCurrent", "solar_start_current", "Solar start current", "A, START"),
    _setting("SolarStopTime", "solar_stop_time", "Solar stop time", "min, STOP; 0 never stops"),
    _setting("SolarMaxImport", "solar_max_import", "Solar max import", "A, IMPORT"),
    _setting(
        "MaxSumMains",
        "current_max_sum_mains",
        "Max sum of mains",
        "A, SUMMAINS; 600 is off",
        "CurrentMaxSumMains",
        everywhere=False,
    ),
    _setting("MaxSumMainsTime", "max_sum_mains_time", "Max sum of mains time", "min, CAP STOP"),
    Topic(
        "EnableC2",
        lambda v: TABLE["enable_C2"].show(v.charger.settings.enable_C2),
        ", ".join(f"`{name}`" for name in TABLE["enable_C2"].choices.values()),
        (
            Component(
                "EnableC2",
                "select",
                "Contactor 2",
                category="config",
                icon="mdi:electric-switch",
                options=tuple(TABLE["enable_C2"].choices.values()),
                command="EnableC2",
            ),
        ),
        retained=True,
    ),
    Topic(
        "CableLock",
        lambda v: v.charger.settings.cablelock,
        "`1` keeps a cable locked without a car, `0`",
        (
            Component(
                "CableLock",
                "switch",
                "Cable lock",
                category="config",
                icon="mdi:lock",
                command="CableLock",
                more={"payload_on": "1", "payload_off": "0", "state_on": "1", "state_off": "0"},
            ),
        ),
        retained=True,
    ),
    Topic(
        "CustomButton",
        lambda v: "On" if v.charger.custom_button else "Off",
        "`On`, `Off`",
        (
            Component(
                "CustomButton",
                "select",
                "Custom button",
                icon="mdi:gesture-tap-button",
                options=("On", "Off"),
                command="CustomButton",
            ),
        ),
    ),
    *(_colour(which) for which in COLOURS),
    Topic(
        "RFID",
        lambda v: v.charger.rfid_text,
        "the card reader's word, as in `evse.rfid` of REST",
        (
            Component(
                "RFID",
                "sensor",
                "RFID",
                "enum",
                category="diagnostic",
                icon="mdi:card-account-details",
                options=RFID_TEXTS,
            ),
        ),
        retained=True,
    ),
    Topic(
        "RFIDLastRead",
        lambda v: v.charger.rfid_last or None,
        "the last card's number in hex; not before the first",
        (Component("RFIDLastRead", "sensor", "RFID last read", category="diagnostic", icon="mdi:nfc-variant"),),
        retained=True,
    ),
    Topic(
        "CardName",
        _card_name,
        f"the name of the card that lets this car charge; `{NONE}`",
        (Component("CardName", "sensor", "Card name", icon="mdi:card-account-details-outline"),),
        retained=True,
    ),
    Topic(
        "DelayedCharging",
        delayed_text,
        "as `Set/DelayedCharging` takes it; `until` and the stop when it has begun; `none`",
        (
            Component(
                "DelayedCharging",
                "text",
                "Delayed charging",
                icon="mdi:clock-start",
                command="DelayedCharging",
                more={"max": 60},
            ),
        ),
        retained=True,
    ),
)

ACTIONS: Final = (
    TEST_ALERT,
    Action(
        Component(
            "Reboot",
            "button",
            "Reboot",
            "restart",
            category="config",
            command="Reboot",
            more={"payload_press": "Reboot"},
        ),
        lambda v: v.reboots,
    ),
)
