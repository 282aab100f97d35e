"""GET /settings as firmware 3.6 answers it: kilowatt hours and kilowatts with one decimal. Pure.

Keys, order, types and units are the contract of existing clients. What is not known is null, never 0.
"""

from dataclasses import dataclass, field
from typing import Any

from evsed import __version__
from evsed.api.network import UNKNOWN_NETWORK, Network
from evsed.config import Mqtt
from evsed.core.faults import Fault
from evsed.core.model import Access, MeterRole, MeterType, PhaseCurrents
from evsed.core.settings import METER_NAMES
from evsed.core.snapshot import MeterView, Snapshot


@dataclass(frozen=True, slots=True)
class Unit:
    """What clients are told and the Snapshot does not have: the unit, its network and its broker."""

    serial: int = 0
    broker: Mqtt = field(default_factory=Mqtt)
    prefix: str = ""  # of every MQTT topic
    mqtt_connected: bool = False
    modem: bool = False  # whether experiments with the pilot are unlocked
    network: Network = UNKNOWN_NETWORK


def document(snapshot: Snapshot, unit: Unit) -> dict[str, Any]:
    """The whole document."""
    mains = snapshot.meters[MeterRole.MAINS].values
    return {
        "version": __version__,
        "serialnr": unit.serial,
        "mode": snapshot.choice.name,
        "mode_id": int(snapshot.choice),
        "car_connected": snapshot.connected,
        "wifi": {
            "status": unit.network.wifi.status,
            "ssid": unit.network.wifi.ssid,
            "rssi": unit.network.wifi.rssi,
            "bssid": unit.network.wifi.bssid,
        },
        "evse": _evse(snapshot),
        "settings": _settings(snapshot, unit),
        "mqtt": {
            "host": unit.broker.host,
            "port": unit.broker.port,
            "topic_prefix": unit.prefix,
            "username": unit.broker.username,
            "password_set": bool(unit.broker.password),
            "status": "Connected" if unit.mqtt_connected else "Disconnected",
        },
        "home_battery": {
            "current": snapshot.battery,
            "last_update": snapshot.unix_at(snapshot.battery_at) or 0,
        },
        "ev_meter": _ev_meter(snapshot),
        "mains_meter": {
            "import_active_energy": _kilo(mains.import_wh),
            "export_active_energy": _kilo(mains.export_wh),
        },
        "phase_currents": _phase_currents(snapshot),
        "backlight": {"timer": snapshot.backlight_s, "status": "ON" if snapshot.backlight_s else "OFF"},
    }


def error_of(fault: Fault | None) -> tuple[str, int]:
    """Error text and number for clients."""
    return ("None", 0) if fault is None else (fault.value.text, fault.value.error_id)


def charged_wh(snapshot: Snapshot) -> int | None:
    """The energy of this session; 0 before the first one of a meter, None while it is not known."""
    present = snapshot.settings.ev_meter != MeterType.DISABLED
    if snapshot.charged_wh is None and present and not snapshot.saved.session_open:
        return 0
    return snapshot.charged_wh


def _evse(snapshot: Snapshot) -> dict[str, Any]:
    error, error_id = error_of(snapshot.error)
    return {
        "temp": snapshot.temperature_c,
        "temp_max": snapshot.settings.temp_max,
        "connected": snapshot.connected,
        "access": snapshot.access is Access.ALLOW,
        "mode": int(snapshot.mode),
        "loadbl": snapshot.settings.loadbl,
        "pwm": snapshot.outputs.pilot.duty_1024 if snapshot.described else None,
        "solar_stop_timer": snapshot.solar_stop_s,
        "state": snapshot.state_text,
        "state_id": int(snapshot.state),
        "error": error,
        "error_id": error_id,
        "rfid": snapshot.rfid_text,
    }


def _settings(snapshot: Snapshot, unit: Unit) -> dict[str, Any]:
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
        "modem": "Experiment" if unit.modem else "Not present",
        "mains_meter": names["mains_meter"],
        "starttime": snapshot.timer.start_s or 0,
        "stoptime": snapshot.timer.stop_s or 0,
        "repeat": int(snapshot.timer.repeat),
    }


def _ev_meter(snapshot: Snapshot) -> dict[str, Any]:
    view = snapshot.meters[MeterRole.EV]
    return {
        "description": METER_NAMES[snapshot.settings.ev_meter],
        "address": snapshot.settings.ev_meter_address,
        "import_active_power": _kilo(view.values.power_w) if view.heard else None,
        "total_kwh": _kilo(view.values.import_wh),
        "charged_kwh": _kilo(charged_wh(snapshot)),
        "currents": currents_of(view),
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
        "original_data": currents_of(mains),
    }


def currents_of(view: MeterView) -> dict[str, int | None]:
    """What flows through a meter now (dA), and its sum; all None when its last word is too old."""
    return _currents(view.values.currents if view.fresh else None)


def _currents(currents: PhaseCurrents | None) -> dict[str, int | None]:
    if currents is None:
        return {"TOTAL": None, "L1": None, "L2": None, "L3": None}
    return {"TOTAL": currents.total, "L1": currents.l1, "L2": currents.l2, "L3": currents.l3}


def _kilo(value: int | None) -> float | None:
    return None if value is None else round(value / 1000, 1)
