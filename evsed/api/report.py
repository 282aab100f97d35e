"""The answer of GET /settings: one document from one Snapshot, in the shape that existing clients read. Pure.

Keys, order and units are those of the charger firmware this replaces. What is not known is null, never 0.
"""

from typing import Any

from evsed import __version__
from evsed.config import Installation
from evsed.core.faults import Fault
from evsed.core.model import Access, MeterRole, MeterType, PhaseCurrents
from evsed.core.settings import METER_NAMES
from evsed.core.snapshot import MeterView, Snapshot


def settings_document(snapshot: Snapshot, installation: Installation, *, mqtt_connected: bool) -> dict[str, Any]:
    """The whole document."""
    return {
        "version": __version__,
        "serialnr": installation.serial,
        "mode": snapshot.choice.name,
        "mode_id": int(snapshot.choice),
        "car_connected": snapshot.connected,
        "wifi": {"status": "WL_NO_SHIELD", "ssid": "", "rssi": 0, "bssid": ""},
        "evse": _evse(snapshot),
        "settings": _settings(snapshot),
        "mqtt": {
            "host": installation.mqtt.host,
            "port": installation.mqtt.port,
            "topic_prefix": installation.mqtt_prefix,
            "username": installation.mqtt.username,
            "password_set": bool(installation.mqtt.password),
            "status": "Connected" if mqtt_connected else "Disconnected",
        },
        "home_battery": {
            "current": snapshot.battery,
            "last_update": snapshot.unix_at(snapshot.battery_at) or 0,
        },
        "ev_meter": _ev_meter(snapshot),
        "mains_meter": {
            "import_active_energy": _kilo(snapshot.meters[MeterRole.MAINS].values.import_wh),
            "export_active_energy": _kilo(snapshot.meters[MeterRole.MAINS].values.export_wh),
        },
        "phase_currents": _phase_currents(snapshot),
        "backlight": {"timer": 0, "status": "OFF"},
    }


def error_of(fault: Fault | None) -> tuple[str, int]:
    """Error text and number for clients."""
    return ("None", 0) if fault is None else (fault.value.text, fault.value.error_id)


def _evse(snapshot: Snapshot) -> dict[str, Any]:
    error, error_id = error_of(snapshot.error)
    return {
        "temp": snapshot.temperature_c,
        "temp_max": snapshot.settings.temp_max,
        "connected": snapshot.connected,
        "access": snapshot.access is Access.ALLOW,
        "mode": int(snapshot.mode),
        "loadbl": snapshot.settings.loadbl,
        "pwm": snapshot.outputs.pilot.duty_1024,
        "solar_stop_timer": snapshot.solar_stop_s,
        "state": snapshot.state_text,
        "state_id": int(snapshot.state),
        "error": error,
        "error_id": error_id,
        "rfid": "Not Installed",
    }


def _settings(snapshot: Snapshot) -> dict[str, Any]:
    names = snapshot.settings.names()
    numbers = snapshot.settings
    return {
        "charge_current": snapshot.offer,
        "override_current": snapshot.override,
        "current_min": numbers.current_min,
        "current_max": numbers.current_max,
        "current_main": numbers.current_main,
        "current_max_circuit": numbers.current_max_circuit,
        "current_max_sum_mains": numbers.current_max_sum_mains,
        "solar_max_import": numbers.solar_max_import,
        "solar_start_current": numbers.solar_start_current,
        "solar_stop_time": numbers.solar_stop_time,
        "enable_C2": names["enable_C2"],
        "modem": "Not present",
        "mains_meter": names["mains_meter"],
        "starttime": 0,
        "stoptime": 0,
        "repeat": 0,
    }


def _ev_meter(snapshot: Snapshot) -> dict[str, Any]:
    settings = snapshot.settings
    view = snapshot.meters[MeterRole.EV]
    present = settings.ev_meter != MeterType.DISABLED
    charged = snapshot.charged_wh
    if charged is None and present and not snapshot.saved.session_open:
        charged = 0
    return {
        "description": METER_NAMES[settings.ev_meter],
        "address": settings.ev_meter_address,
        "import_active_power": _kilo(view.values.power_w) if view.heard else None,
        "total_kwh": _kilo(view.values.import_wh),
        "charged_kwh": _kilo(charged),
        "currents": _currents(_fresh(view)),
        "import_active_energy": _kilo(view.values.import_wh),
        "export_active_energy": _kilo(view.values.export_wh),
    }


def _phase_currents(snapshot: Snapshot) -> dict[str, Any]:
    mains = snapshot.meters[MeterRole.MAINS]
    l1, l2, l3 = snapshot.drawing
    return {
        **_currents(snapshot.mains),
        "last_data_update": snapshot.unix_at(mains.values.currents_at) or 0,
        "charging_L1": l1,
        "charging_L2": l2,
        "charging_L3": l3,
        "original_data": _currents(_fresh(mains)),
    }


def _fresh(view: MeterView) -> PhaseCurrents | None:
    return view.values.currents if view.fresh else None


def _currents(currents: PhaseCurrents | None) -> dict[str, int | None]:
    if currents is None:
        return {"TOTAL": None, "L1": None, "L2": None, "L3": None}
    return {"TOTAL": currents.total, "L1": currents.l1, "L2": currents.l2, "L3": currents.l3}


def _kilo(value: int | None) -> float | None:
    return None if value is None else round(value / 1000, 1)
