"""The table of published values: MQTT topics, Home Assistant's discovery and the tables of docs/mqtt.md are made of it.

Owns the rows of what the charger does and of what its meters measure; what owners set stands in entity_table_owner.py,
what is known of the unit itself in entity_table_unit.py.
"""

from collections.abc import Callable
from typing import Final

from evsed.api.firmware.report import error_of
from evsed.api.mqtt.entities import NONE, Component, Moment, Payload, Topic, View
from evsed.core.faults import Fault
from evsed.core.metering import BATTERY_STALE_MS
from evsed.core.model import Access, MeterRole, MeterType, PhaseCurrents
from evsed.core.states import State

_ACCESS_NAMES: Final = {Access.DENY: "Deny", Access.ALLOW: "Allow", Access.PAUSE: "Pause"}
_ERRORS: Final = ("No error", *(fault.value.text for fault in Fault if not fault.value.waiting))
_TENTHS: Final = "{{ value | int / 10 }}"
_ROLE_NAMES: Final = {MeterRole.MAINS: "Mains", MeterRole.EV: "EV", MeterRole.CIRCUIT: "Circuit"}


# ---- components ----


def _current(key: str, name: str, template: str = _TENTHS, *, diagnostic: bool = False) -> Component:
    return Component(
        key,
        "sensor",
        name,
        "current",
        "A",
        "measurement",
        category="diagnostic" if diagnostic else "",
        template=template,
        more={"suggested_display_precision": 1},
    )


def _energy(key: str, name: str) -> Component:
    # A session's energy is one, too: it begins again at 0, which is what total_increasing allows.
    return Component(key, "sensor", name, "energy", "Wh", "total_increasing")


def _text(key: str, name: str, icon: str, *, diagnostic: bool = True) -> Component:
    return Component(key, "sensor", name, category="diagnostic" if diagnostic else "", icon=icon)


def _enum(key: str, name: str, options: tuple[str, ...], icon: str, template: str = "") -> Component:
    return Component(key, "sensor", name, "enum", icon=icon, options=options, template=template)


def _moment(key: str, name: str) -> Component:
    template = "{{ value if value != 'none' else None }}"
    return Component(key, "sensor", name, "timestamp", template=template)


def _binary(key: str, name: str, device_class: str, on: str) -> Component:
    template = "{{ 'ON' if " + on + " else 'OFF' }}"
    return Component(key, "binary_sensor", name, device_class, template=template)


# ---- values ----


def _has(role: MeterRole) -> Callable[[View], bool]:
    key = f"{role}_meter"
    return lambda v: v.charger.settings[key] != MeterType.DISABLED


def _has_currents(role: MeterRole) -> Callable[[View], bool]:
    has = _has(role)
    # A node has the mains currents from its master.
    return lambda v: has(v) or (role is MeterRole.MAINS and v.charger.settings.loadbl > 1)


def _currents(view: View, role: MeterRole) -> PhaseCurrents | None:
    if role is MeterRole.MAINS:
        return view.charger.mains
    meter = view.charger.meters[role]
    return meter.values.currents if meter.fresh else None


def _phase(role: MeterRole, phase: int) -> Callable[[View], Payload]:
    def value(view: View) -> Payload:
        currents = _currents(view, role)
        return None if currents is None else currents.each()[phase]

    return value


def _phases(role: MeterRole, about: str) -> tuple[Topic, ...]:
    who = _ROLE_NAMES[role]
    return tuple(
        Topic(
            f"{who}CurrentL{phase + 1}",
            _phase(role, phase),
            about,
            (_current(f"{who}CurrentL{phase + 1}", f"{who} current L{phase + 1}"),),
            present=_has_currents(role),
        )
        for phase in range(3)
    )


def _energies(role: MeterRole) -> tuple[Topic, ...]:
    who = _ROLE_NAMES[role]
    about = f"Wh, by the {'EV' if role is MeterRole.EV else role} meter"
    return (
        Topic(
            f"{who}ImportActiveEnergy",
            lambda v: v.charger.meters[role].values.import_wh,
            about,
            (_energy(f"{who}ImportActiveEnergy", f"{who} imported energy"),),
            present=_has(role),
        ),
        Topic(
            f"{who}ExportActiveEnergy",
            lambda v: v.charger.meters[role].values.export_wh,
            about,
            (_energy(f"{who}ExportActiveEnergy", f"{who} exported energy"),),
            present=_has(role),
        ),
    )


def _charge_power(view: View) -> Payload:
    meter = view.charger.meters[MeterRole.EV]
    return meter.values.power_w if meter.heard else None


def _battery(view: View) -> Payload:
    told_at = view.charger.battery_at
    stale = told_at is None or view.charger.now - told_at > BATTERY_STALE_MS
    return None if stale else view.charger.battery


def _limit(view: View) -> Payload:
    """In ampere, as ``Set/Limit`` takes it."""
    lent = view.charger.lent
    return NONE if lent is None else f"{lent.current / 10:g}"


def _reason_code(view: View) -> Payload:
    return NONE if view.charger.reason is None else view.charger.reason.code


def _reason_text(view: View) -> Payload:
    return "Charging" if view.charger.reason is None else view.charger.reason.text


def _plug(view: View) -> Payload:
    if not view.charger.described:
        return None
    return "Connected" if view.charger.connected else "Disconnected"


def _at(unix_s: int | None) -> Payload:
    return NONE if unix_s is None else Moment(unix_s)


def _reason_until(view: View) -> Payload:
    reason = view.charger.reason
    return _at(None if reason is None else view.charger.unix_at(reason.until))


# ---- the rows ----

DOES: Final = (
    Topic(
        "State",
        lambda v: v.charger.state_text,
        "the state, and behind a dash what is waited for",
        (_text("State", "State", "mdi:ev-station", diagnostic=False),),
        retained=True,
    ),
    Topic(
        "StateID",
        lambda v: v.charger.state.name,
        ", ".join(f"`{state.name}`" for state in State),
        (
            _enum("StateID", "State letter", tuple(state.name for state in State), "mdi:state-machine"),
            _binary("Charging", "Charging", "battery_charging", "value == 'C'"),
        ),
        retained=True,
    ),
    Topic(
        "NotChargingReason",
        _reason_code,
        "the one reason for not charging as a code; `none` while it charges",
        (_text("NotChargingReason", "Reason for not charging (code)", "mdi:identifier"),),
        retained=True,
    ),
    Topic(
        "NotChargingText",
        _reason_text,
        "the same for people; `Charging` while it charges",
        (_text("NotChargingText", "Reason for not charging", "mdi:help-circle-outline", diagnostic=False),),
        retained=True,
    ),
    Topic(
        "NotChargingUntil",
        _reason_until,
        "until when (ISO 8601, UTC); `none` where nobody can say",
        (_moment("NotChargingUntil", "Not charging until"),),
        retained=True,
    ),
    Topic(
        "StartTime",
        lambda v: _at(v.charger.timer.start_s),
        "when delayed charging begins (ISO 8601, UTC), or `none`",
        (_moment("StartTime", "Delayed charging start"),),
        retained=True,
    ),
    Topic(
        "StopTime",
        lambda v: _at(v.charger.timer.stop_s),
        "when delayed charging ends (ISO 8601, UTC), or `none`",
        (_moment("StopTime", "Delayed charging stop"),),
        retained=True,
    ),
    Topic(
        "Error",
        lambda v: error_of(v.charger.error)[0],
        "`None`, or the most severe fault",
        (
            _enum("Error", "Error", _ERRORS, "mdi:alert", "{{ 'No error' if value == 'None' else value }}"),
            _binary("Problem", "Problem", "problem", "value != 'None'"),
        ),
        retained=True,
    ),
    Topic(
        "EVPlugState",
        _plug,
        "`Connected`, `Disconnected`",
        (
            _enum("EVPlugState", "EV plug state", ("Connected", "Disconnected"), "mdi:ev-plug-type2"),
            _binary("CarConnected", "Car connected", "plug", "value == 'Connected'"),
        ),
        retained=True,
    ),
    Topic(
        "Access",
        lambda v: _ACCESS_NAMES[v.charger.access],
        "`Deny`, `Allow`, `Pause`",
        (_enum("Access", "Access", tuple(_ACCESS_NAMES.values()), "mdi:lock-check"),),
        retained=True,
    ),
    Topic(
        "ChargeCurrent",
        lambda v: v.charger.offer,
        "0.1 A offered to the car now",
        (_current("ChargeCurrent", "Charge current"),),
        retained=True,
    ),
    Topic(
        "MaxCurrent",
        lambda v: v.charger.settings.current_max * 10,
        "0.1 A, MAX",
        (_current("MaxCurrent", "Max current", diagnostic=True),),
        retained=True,
    ),
    Topic(
        "MaxMains",
        lambda v: v.charger.settings.current_main,
        "A, MAINS",
        (_current("MaxMains", "Max mains current", "", diagnostic=True),),
        retained=True,
    ),
    Topic(
        "Limit",
        _limit,
        "A lent by a program outside, or `none`",
        (_current("Limit", "Outside limit", "{{ value if value != 'none' else None }}"),),
        retained=True,
    ),
    Topic(
        "NrOfPhases",
        lambda v: v.charger.phases,
        "phases in use",
        (_text("NrOfPhases", "Phases in use", "mdi:sine-wave"),),
        retained=True,
    ),
    Topic(
        "SolarStopTimer",
        lambda v: v.charger.solar_stop_s,
        "s, each second while it runs; 0 when it does not",
        (Component("SolarStopTimer", "sensor", "Solar stop timer", "duration", "s", "measurement"),),
    ),
    Topic(
        "LoadBl",
        lambda v: v.charger.settings.loadbl,
        "power sharing: 0 off, 1 master, 2 to 8 node 1 to 7",
        (_text("LoadBl", "Power sharing", "mdi:scale-balance"),),
        retained=True,
    ),
)

MEASURED: Final = (
    *_phases(MeterRole.MAINS, "0.1 A, negative is export"),
    *_energies(MeterRole.MAINS),
    *_phases(MeterRole.EV, "0.1 A of the car"),
    *_energies(MeterRole.EV),
    Topic(
        "EVChargePower",
        _charge_power,
        "W of the car",
        (Component("EVChargePower", "sensor", "EV charge power", "power", "W", "measurement"),),
        present=_has(MeterRole.EV),
    ),
    Topic(
        "EVEnergyCharged",
        lambda v: v.charger.charged_wh,
        "Wh since the car was plugged in",
        (_energy("EVEnergyCharged", "EV energy charged"),),
        retained=True,
        present=_has(MeterRole.EV),
    ),
    Topic(
        "EVTotalEnergyCharged",
        lambda v: v.charger.meters[MeterRole.EV].values.import_wh,
        "Wh in all, by the EV meter",
        (_energy("EVTotalEnergyCharged", "EV total energy charged"),),
        present=_has(MeterRole.EV),
    ),
    *_phases(MeterRole.CIRCUIT, "0.1 A of the circuit"),
    Topic(
        "HomeBatteryCurrent",
        _battery,
        "0.1 A, positive while the home battery charges; while it is told",
        (_current("HomeBatteryCurrent", "Home battery current"),),
    ),
)
