"""What the paths of the firmware answer, as JSON schemas for the OpenAPI document: a row a field, with its unit.

Nothing is checked against them while the charger runs; the tests do that with what it really answers.
"""

from typing import Final

from evsed.api.schemas import TEXT, YES_NO, Schema, known, list_of, named, number, one_of, record, some_of
from evsed.core.events import Button
from evsed.core.model import ModeChoice
from evsed.core.states import State

# ---- GET /settings ----

_DECI: Final = number("0.1 A")
_A: Final = number("A")
_S: Final = number("s")
_UNIX: Final = number("Unix s; 0: never")
_KWH: Final = known(number("kWh", "number"))
_WH: Final = known(number("Wh"))
_CURRENTS: Final = {name: known(_DECI) for name in ("TOTAL", "L1", "L2", "L3")}
_MODES: Final = one_of(*(choice.name for choice in ModeChoice))
_PART: Final = {"type": "integer", "minimum": 0, "maximum": 255}
_COLOR: Final = record({"R": _PART, "G": _PART, "B": _PART})

_OLDER: Final[dict[str, Schema]] = {
    "version": TEXT,
    "serialnr": number(""),
    "mode": _MODES,
    "mode_id": one_of(*(int(choice) for choice in ModeChoice)),
    "car_connected": YES_NO,
    "wifi": record({"status": TEXT, "ssid": TEXT, "rssi": number("dBm"), "bssid": TEXT}),
    "evse": record(
        {
            "temp": known(number("°C")),
            "temp_max": number("°C"),
            "connected": YES_NO,
            "access": YES_NO,
            "mode": {**one_of(0, 1, 2), "description": "Normal, Smart, Solar"},
            "loadbl": number("0 off, 1 master, 2..8 node"),
            "pwm": known(number("0..1024")),
            "solar_stop_timer": _S,
            "state": TEXT,
            "state_id": one_of(*sorted(int(state) for state in State)),
            "error": TEXT,
            "error_id": number("0: none"),
            "rfid": TEXT,
        }
    ),
    "settings": record(
        {
            "charge_current": _DECI,
            "override_current": _DECI,
            "current_min": _A,
            "current_max": _A,
            "current_main": _A,
            "current_max_circuit": _A,
            "current_max_sum_mains": _A,
            "solar_max_import": _A,
            "solar_start_current": _A,
            "solar_stop_time": number("min"),
            "enable_C2": TEXT,
            "modem": one_of("Not present", "Experiment"),
            "mains_meter": TEXT,
            "starttime": _UNIX,
            "stoptime": _UNIX,
            "repeat": one_of(0, 1),
        }
    ),
    "mqtt": record(
        {
            "host": TEXT,
            "port": number(""),
            "topic_prefix": TEXT,
            "username": TEXT,
            "password_set": YES_NO,
            "status": one_of("Connected", "Disconnected"),
        }
    ),
    "home_battery": record({"current": _DECI, "last_update": _UNIX}),
    "ev_meter": record(
        {
            "description": TEXT,
            "address": number(""),
            "import_active_power": known(number("kW", "number")),
            "total_kwh": _KWH,
            "charged_kwh": _KWH,
            "currents": record(_CURRENTS),
            "import_active_energy": _KWH,
            "export_active_energy": _KWH,
        }
    ),
    "mains_meter": record({"import_active_energy": _KWH, "export_active_energy": _KWH}),
    "phase_currents": record(
        {
            **_CURRENTS,
            "last_data_update": _UNIX,
            "charging_L1": YES_NO,
            "charging_L2": YES_NO,
            "charging_L3": YES_NO,
            "original_data": record(_CURRENTS),
        }
    ),
    "backlight": record({"timer": _S, "status": one_of("OFF", "ON", "DIMMED")}),
}


def _with(name: str, **more: Schema) -> Schema:
    return record({**_OLDER[name]["properties"], **more})


_METER: Final = {
    "description": TEXT,
    "address": number(""),
    "import_active_power": known(number("W")),
    "total_wh": _WH,
    "currents": record(_CURRENTS),
    "import_active_energy": _WH,
    "export_active_energy": _WH,
}
_NEWER: Final = {
    **_OLDER,
    "eth": record({"present": YES_NO, "connected": YES_NO, "has_ip": YES_NO, "ip": TEXT, "mac": TEXT}),
    "evse": _with(
        "evse",
        access={**one_of(0, 1, 2), "description": "off, on, pause"},
        custombutton=YES_NO,
        rfidreader=TEXT,
        nrofphases=number(""),
        rfid_lastread=TEXT,
    ),
    "settings": _with(
        "settings",
        max_sum_mains_time=number("min"),
        lcdlock=number(""),
        lock=number(""),
        cablelock=number(""),
        ledmode=number(""),
        capacity_mode=number(""),
        intervals=list_of(number("")),
        required_evccid=TEXT,
    ),
    "mqtt": _with("mqtt", smartevse_server=YES_NO),
    "ocpp": record(
        dict.fromkeys(
            ("mode", "backend_url", "cb_id", "auth_key", "auto_auth", "auto_auth_idtag", "status"),
            TEXT,
        )
    ),
    "ev_meter": record({**_METER, "charged_wh": _WH}),
    "mains_meter": record({"import_active_energy": _WH, "export_active_energy": _WH}),
    "circuit_meter": record(_METER),
    "color": record(dict.fromkeys(("off", "normal", "smart", "solar", "custom"), _COLOR)),
}

# ---- echoes ----

_REFUSED: Final[Schema] = {"const": "Value not allowed!"}


def _echo(schema: Schema) -> Schema:
    return {"anyOf": [schema, _REFUSED]}


_NUMBER_ECHO: Final = _echo(number(""))
_ECHOED_NUMBERS: Final = (
    "current_min current_max_sum_mains max_sum_mains_time solar_start_current solar_max_import cablelock lcdlock "
    "override_current Backlight override_pwm starttime stoptime repeat mqtt_port"
)
_ECHOED_TEXTS: Final = (
    "mode disable_override_current enable_C2 required_evccid mqtt_update mqtt_host mqtt_topic_prefix mqtt_username "
    "mqtt_password backlight"
)
_SETTINGS_ECHO: Final = some_of(
    {
        **dict.fromkeys(_ECHOED_NUMBERS.split(), _NUMBER_ECHO),
        **dict.fromkeys(_ECHOED_TEXTS.split(), TEXT),
        "settings": record({"enable_C2": TEXT}),
        "stop_timer": YES_NO,
        "custombutton": _echo(YES_NO),
        "mqtt_password_set": YES_NO,
    }
)
_PHASES: Final = ("L1", "L2", "L3")
_CURRENTS_ECHO: Final = some_of(
    {
        "battery_current": _NUMBER_ECHO,
        "original": record(dict.fromkeys(_PHASES, _DECI)),
        **dict.fromkeys(_PHASES, _NUMBER_ECHO),
        "TOTAL": {"anyOf": [_DECI, {"const": "not allowed on slave"}]},
    }
)
_ENERGIES: Final = ("import_active_energy", "export_active_energy", "import_active_power")
_ENERGY_ECHO: Final = _echo(_WH)
_EV_METER_ECHO: Final = some_of(
    {
        "ev_meter": some_of(
            {
                "currents": {"anyOf": [record({**dict.fromkeys(_PHASES, _DECI), "TOTAL": _DECI}), {"type": "null"}]},
                **dict.fromkeys(_PHASES, _REFUSED),
                **dict.fromkeys(_ENERGIES, _ENERGY_ECHO),
            }
        )
    }
)
_BUTTONS: Final = record({button.value: one_of("up", "down") for button in Button})


def _with_reason(**fields: Schema) -> Schema:
    return record({**fields, "reason": TEXT}, may_miss=("reason",))


COMPONENTS: Final[dict[str, Schema]] = {
    "Settings36": record(_OLDER),
    "Settings311": record(_NEWER),
    "Refusal": record({"detail": {**TEXT, "description": "what is wrong and what to do, for people"}}),
}

ANSWERS: Final[dict[tuple[str, str], Schema]] = {
    ("get", "/settings"): {"anyOf": [named("Settings36"), named("Settings311")]},
    ("post", "/settings"): _SETTINGS_ECHO,
    ("post", "/currents"): _CURRENTS_ECHO,
    ("post", "/ev_meter"): _EV_METER_ECHO,
    ("post", "/modem"): record({"pwm": _NUMBER_ECHO, "reason": TEXT}, may_miss=("pwm", "reason")),
    ("post", "/rfid"): record({"rfid": TEXT, "rfid_status": TEXT, "reason": TEXT}, may_miss=("rfid", "reason")),
    **{
        ("post", f"/color_{name}"): some_of({**dict.fromkeys("RGB", _REFUSED), "color": record({name: _COLOR})})
        for name in ("off", "normal", "smart", "solar", "custom")
    },
    ("post", "/reboot"): record({"reboot": {"const": True}}),
    ("delete", "/erasesettings"): _with_reason(erasesettings=_echo({"const": True})),
    ("post", "/lcd-verify-password"): _with_reason(success=YES_NO),
    ("post", "/lcd"): _with_reason(button=_echo(_BUTTONS)),
}
"""By method and path: the JSON with which a request that is understood is answered, status 200."""
