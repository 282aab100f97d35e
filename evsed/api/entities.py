"""What MQTT publishes: one row a topic, generated into messages by mqtt.py.

A value of None is not published: an unknown energy sent as 0 would spoil a statistic for ever.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evsed.api.report import error_of
from evsed.core.model import Access, MeterRole, MeterType, ModeChoice, PhaseCurrents
from evsed.core.snapshot import Snapshot

MODE_NAMES: Final = {choice: choice.name.capitalize() for choice in ModeChoice}
_ACCESS_NAMES: Final = {Access.DENY: "Deny", Access.ALLOW: "Allow", Access.PAUSE: "Pause"}


@dataclass(frozen=True, slots=True)
class Topic:
    """One published value. ``value`` gives the payload, or None while it is not known."""

    name: str
    value: Callable[[Snapshot], str | int | None]
    retained: bool = False
    on_change: bool = True  # false: only with everything else, every 10 s


def _mains(phase: int) -> Callable[[Snapshot], int | None]:
    def value(snapshot: Snapshot) -> int | None:
        return None if snapshot.mains is None else snapshot.mains.each()[phase]

    return value


def _ev_currents(snapshot: Snapshot) -> PhaseCurrents | None:
    view = snapshot.meters[MeterRole.EV]
    configured = snapshot.settings.ev_meter != MeterType.DISABLED
    return view.values.currents if configured and view.fresh else None


def _ev(phase: int) -> Callable[[Snapshot], int | None]:
    def value(snapshot: Snapshot) -> int | None:
        currents = _ev_currents(snapshot)
        return None if currents is None else currents.each()[phase]

    return value


def _circuit(phase: int) -> Callable[[Snapshot], int | None]:
    def value(snapshot: Snapshot) -> int | None:
        view = snapshot.meters[MeterRole.CIRCUIT]
        configured = snapshot.settings.circuit_meter != MeterType.DISABLED
        currents = view.values.currents if configured and view.fresh else None
        return None if currents is None else currents.each()[phase]

    return value


def _charge_power(snapshot: Snapshot) -> int | None:
    view = snapshot.meters[MeterRole.EV]
    return view.values.power_w if view.heard else None


def _limit(snapshot: Snapshot) -> str:
    """In ampere, as ``Set/Limit`` takes it."""
    return "none" if snapshot.lent is None else f"{snapshot.lent.current / 10:g}"


TOPICS: Final = (
    Topic("State", lambda s: s.state_text, retained=True),
    Topic("StateID", lambda s: s.state.name, retained=True),
    Topic("Mode", lambda s: MODE_NAMES[s.choice], retained=True),
    Topic("Access", lambda s: _ACCESS_NAMES[s.access], retained=True),
    Topic("Error", lambda s: error_of(s.error)[0], retained=True),
    Topic("EVPlugState", lambda s: "Connected" if s.connected else "Disconnected", retained=True),
    Topic("ChargeCurrent", lambda s: s.offer, retained=True),
    Topic("ChargeCurrentOverride", lambda s: s.override, retained=True),
    Topic("MaxCurrent", lambda s: s.settings.current_max * 10, retained=True),
    Topic("Limit", _limit, retained=True),
    Topic("NrOfPhases", lambda s: s.phases, retained=True),
    Topic("CableLock", lambda s: s.settings.cablelock, retained=True),
    *(Topic(f"MainsCurrentL{phase + 1}", _mains(phase)) for phase in range(3)),
    *(Topic(f"EVCurrentL{phase + 1}", _ev(phase)) for phase in range(3)),
    *(Topic(f"CircuitCurrentL{phase + 1}", _circuit(phase)) for phase in range(3)),
    Topic("MainsImportActiveEnergy", lambda s: s.meters[MeterRole.MAINS].values.import_wh),
    Topic("MainsExportActiveEnergy", lambda s: s.meters[MeterRole.MAINS].values.export_wh),
    Topic("EVImportActiveEnergy", lambda s: s.meters[MeterRole.EV].values.import_wh),
    Topic("EVExportActiveEnergy", lambda s: s.meters[MeterRole.EV].values.export_wh),
    Topic("EVChargePower", _charge_power),
    Topic("EVEnergyCharged", lambda s: s.charged_wh, retained=True),
    Topic("EVTotalEnergyCharged", lambda s: s.meters[MeterRole.EV].values.import_wh),
    Topic("ESPTemp", lambda s: s.temperature_c),
    Topic("ESPUptime", lambda s: s.uptime_s, on_change=False),
    Topic("SolarStopTimer", lambda s: s.solar_stop_s),
)


def payloads(snapshot: Snapshot) -> dict[Topic, str]:
    """What every topic says now. Unknown values are left out."""
    values = ((topic, topic.value(snapshot)) for topic in TOPICS)
    return {topic: str(value) for topic, value in values if value is not None}
