"""GET /settings as firmware 3.11 answers it (evcc's ``smart-evse`` reads it so): whole watt hours and watts. Pure.

What it says otherwise than 3.6, and what it says beyond it; all else is report_older.py's. Unknown is null, as there.
"""

from typing import Any, Final

from evsed.api.firmware.report_older import Unit, charged_wh, currents_of
from evsed.api.firmware.report_older import document as older
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.model import MeterRole
from evsed.core.settings import METER_NAMES
from evsed.core.snapshot import MeterView, Snapshot

SUM_OFF: Final = 0
"""``current_max_sum_mains`` while there is no such limit."""

_COLORS: Final = ("off", "normal", "smart", "solar", "custom")
_DISABLED, _FIXED = 0, 1  # of capacity_mode; the firmware's two others need a tariff, which evsed knows none of


def document(snapshot: Snapshot, unit: Unit) -> dict[str, Any]:
    """The whole document."""
    said = older(snapshot, unit)
    mains = snapshot.meters[MeterRole.MAINS].values
    ethernet = unit.network.ethernet
    later = {key: said[key] for key in ("home_battery", "phase_currents", "backlight")}
    return {
        **{key: said[key] for key in ("version", "serialnr", "mode", "mode_id", "car_connected", "wifi")},
        "eth": {
            "present": ethernet.present,
            "connected": ethernet.connected,
            "has_ip": ethernet.has_ip,
            "ip": ethernet.ip,
            "mac": ethernet.mac,
        },
        "evse": _evse(snapshot, said["evse"]),
        "settings": _settings(snapshot, said["settings"]),
        "mqtt": {**said["mqtt"], "smartevse_server": False},
        "ocpp": {
            "mode": "Disabled",
            "backend_url": "",
            "cb_id": "",
            "auth_key": "",
            "auto_auth": "Disabled",
            "auto_auth_idtag": "",
            "status": "Disconnected",
        },
        "home_battery": later["home_battery"],
        "ev_meter": {
            **_meter(snapshot.meters[MeterRole.EV], snapshot.settings.ev_meter, snapshot.settings.ev_meter_address),
            "charged_wh": charged_wh(snapshot),
        },
        "mains_meter": {"import_active_energy": mains.import_wh, "export_active_energy": mains.export_wh},
        "circuit_meter": _meter(
            snapshot.meters[MeterRole.CIRCUIT], snapshot.settings.circuit_meter, snapshot.settings.circuit_meter_address
        ),
        "phase_currents": later["phase_currents"],
        "backlight": later["backlight"],
        "color": {name: color(str(snapshot.settings[f"color_{name}"])) for name in _COLORS},
    }


def color(text: str) -> dict[str, int]:
    """``R,G,B`` as clients see it."""
    return dict(zip("RGB", (int(part) for part in text.split(",")), strict=True))


def sum_mains(limit: int) -> int:
    """The limit on the sum of the mains currents (A) as this dialect says it."""
    return SUM_OFF if limit == SUM_MAINS_OFF else limit


def _evse(snapshot: Snapshot, said: dict[str, Any]) -> dict[str, Any]:
    return {
        **said,
        "access": int(snapshot.access),
        "custombutton": snapshot.custom_button,
        "rfidreader": snapshot.settings.names()["rfidreader"],
        "nrofphases": snapshot.phases,
        "rfid_lastread": snapshot.rfid_last,
    }


def _settings(snapshot: Snapshot, said: dict[str, Any]) -> dict[str, Any]:
    numbers = snapshot.settings
    limit = sum_mains(numbers.current_max_sum_mains)
    return {
        **said,
        "current_max_sum_mains": limit,
        "max_sum_mains_time": numbers.max_sum_mains_time,
        "lcdlock": numbers.lcdlock,
        "lock": numbers.lock,
        "cablelock": numbers.cablelock,
        "ledmode": numbers.led_mode,
        "capacity_mode": _DISABLED if limit == SUM_OFF else _FIXED,
        "intervals": [],
        "required_evccid": numbers.required_evccid,
    }


def _meter(view: MeterView, kind: int, address: int) -> dict[str, Any]:
    return {
        "description": METER_NAMES[kind],
        "address": address,
        "import_active_power": view.values.power_w if view.heard else None,
        "total_wh": view.values.import_wh,
        "currents": currents_of(view),
        "import_active_energy": view.values.import_wh,
        "export_active_energy": view.values.export_wh,
    }
