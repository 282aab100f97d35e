"""The rows of what the charger does and why, what it offers, and what it sees of the car."""

from collections.abc import Iterable
from typing import Final

from evsed.api.metrics.family import OTHER, Family, Kind, Sample, Scrape, amperes, counter, flag, gauge, joules, states
from evsed.core.faults import Fault
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.model import Access, MeterType, Mode, ModeChoice
from evsed.core.screens.wordings import WORDINGS
from evsed.core.states import State

STATES: Final = tuple(state.name for state in State)
MODES: Final = tuple(choice.name.lower() for choice in ModeChoice)
ACCESS: Final = tuple(access.name.lower() for access in Access)
FAULTS: Final = tuple(fault.value.code for fault in Fault)
REASONS: Final = (*dict.fromkeys((*WORDINGS, "delayed", *FAULTS)), OTHER)
CAPS: Final = (
    *("max", "cable", "override", "mains", "circuit", "summains", "outside_limit", "temperature", "grid_relay"),
    *("mains_meter_silent", "circuit_meter_silent", "master", "chargers", *(mode.name.lower() for mode in Mode), OTHER),
)
LIMITS: Final = ("min", "max", "mains", "circuit", "summains", "cable", "override", "outside_limit")


def _cap(scrape: Scrape) -> Iterable[str]:
    """What holds the offer where it is, as a word; nothing while nothing is offered."""
    name = scrape.charger.limited_by
    return [name.lower().replace(" ", "_")] if scrape.charger.offer and name else []


def _reason(scrape: Scrape) -> Iterable[str]:
    reason = scrape.charger.reason
    return [] if reason is None else [reason.code]


def _limits(scrape: Scrape) -> Iterable[Sample]:
    """Those in force: what is off, not measured or not lent is none."""
    charger, settings = scrape.charger, scrape.charger.settings
    metered = settings.mains_meter != MeterType.DISABLED
    has_sum = metered and settings.current_max_sum_mains != SUM_MAINS_OFF
    found = {
        "min": settings.current_min,
        "max": settings.current_max,
        "mains": settings.current_main if metered else None,
        "circuit": settings.current_max_circuit if settings.circuit_meter != MeterType.DISABLED else None,
        "summains": settings.current_max_sum_mains if has_sum else None,
        "cable": amperes(charger.cable or None) if settings.config == 0 else None,
        "override": amperes(charger.override or None),
        "outside_limit": None if charger.lent is None else amperes(charger.lent.current),
    }
    return [((limit,), found[limit]) for limit in LIMITS]


def _duty(scrape: Scrape) -> float | None:
    return scrape.charger.outputs.pilot.duty / 10_000 if scrape.charger.described else None


def _pilot(scrape: Scrape) -> Iterable[Sample]:
    high, low = scrape.charger.pilot_high_mv, scrape.charger.pilot_low_mv
    return [(("high",), None if high is None else high / 1000), (("low",), None if low is None else low / 1000)]


def _contactors(scrape: Scrape) -> Iterable[Sample]:
    charger = scrape.charger
    closed = (charger.outputs.contactor1, charger.outputs.contactor2)
    return [((number,), float(one)) for number, one in zip("12", closed, strict=True) if charger.described]


DOES: Final = (
    states("evsed_state", "Whether this is the charging state.", "state", STATES, lambda s: [s.charger.state.name]),
    states("evsed_mode", "Whether this is the mode.", "mode", MODES, lambda s: [s.charger.choice.name.lower()]),
    states("evsed_access", "Whether this is the access.", "access", ACCESS, lambda s: [s.charger.access.name.lower()]),
    states(
        "evsed_not_charging_reason",
        "Whether this is the one reason for not charging; all are 0 while the car charges.",
        "reason",
        REASONS,
        _reason,
    ),
    states(
        "evsed_fault",
        "Whether this fault, or state of waiting, is there.",
        "fault",
        FAULTS,
        lambda s: [fault.value.code for fault in s.charger.faults],
    ),
    gauge(
        "evsed_car_connected",
        "Whether a car is plugged in.",
        lambda s: flag(s.charger.connected) if s.charger.described else None,
    ),
    gauge(
        "evsed_set_up", "Whether nothing is left to do before it may charge.", lambda s: float(not s.charger.left_to_do)
    ),
    gauge("evsed_offer_amperes", "What is offered to the car now, per phase.", lambda s: s.charger.offer / 10),
    states(
        "evsed_offer_limited_by",
        "Whether this keeps the offer from being higher; all are 0 while nothing is offered.",
        "limit",
        CAPS,
        _cap,
    ),
    Family(
        "evsed_limit_amperes",
        Kind.GAUGE,
        "Limits in force, per phase; summains is for all phases together.",
        _limits,
        {"limit": LIMITS},
    ),
    gauge("evsed_phases", "Phases in use.", lambda s: s.charger.phases),
    Family(
        "evsed_contactor_closed",
        Kind.GAUGE,
        "Whether this contactor is driven closed.",
        _contactors,
        {"contactor": ("1", "2")},
    ),
    counter("evsed_contactor_closings_total", "Closings of contactor 1.", lambda s: s.charger.closings),
    gauge("evsed_cable_locked", "Whether the cable is locked.", lambda s: flag(s.charger.locked)),
    gauge("evsed_pilot_duty_ratio", "Duty of the control pilot, from 0 to 1.", _duty),
    Family("evsed_pilot_volts", Kind.GAUGE, "The two levels of the control pilot.", _pilot, {"level": ("high", "low")}),
    gauge("evsed_temperature_celsius", "Temperature of the board.", lambda s: s.charger.temperature_c),
    gauge(
        "evsed_session_energy_joules",
        "What the car took since it was plugged in.",
        lambda s: joules(s.charger.charged_wh),
    ),
    gauge(
        "evsed_solar_stop_seconds",
        "Until Solar stops for lack of sun, while that timer runs.",
        lambda s: s.charger.solar_stop_s or None,
    ),
    gauge(
        "evsed_car_lag_seconds",
        "Within which the car follows a new offer, as learned.",
        lambda s: None if s.charger.learned.car_lag_ms is None else s.charger.learned.car_lag_ms / 1000,
    ),
)
