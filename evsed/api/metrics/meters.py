"""The rows of what meters say, how old that is, how they answer, and of the chargers that share power."""

from collections.abc import Callable, Iterable
from typing import Final

from evsed.api.metrics.family import Family, Kind, Sample, Scrape, amperes, flag, gauge, joules, seconds
from evsed.core.metering import BATTERY_STALE_MS
from evsed.core.model import MeterRole, MeterType, PhaseCurrents
from evsed.core.snapshot import ChargerView, MeterView
from evsed.core.units import Millis

ROLES: Final = tuple(role.value for role in MeterRole)
PHASES: Final = ("L1", "L2", "L3")
CHARGERS: Final = tuple(str(number) for number in range(8))


def _of_meters(value: Callable[[MeterView, Millis], float | None]) -> Callable[[Scrape], Iterable[Sample]]:
    """A value of each meter that is configured; no other has any."""

    def values(scrape: Scrape) -> Iterable[Sample]:
        charger = scrape.charger
        return [
            ((role.value,), value(charger.meters[role], charger.now))
            for role in MeterRole
            if charger.settings[f"{role}_meter"] != MeterType.DISABLED
        ]

    return values


def _meter(name: str, kind: Kind, about: str, value: Callable[[MeterView, Millis], float | None]) -> Family:
    return Family(name, kind, about, _of_meters(value), {"meter": ROLES})


def _of_phases(currents: PhaseCurrents | None) -> list[tuple[str, float]]:
    return [] if currents is None else list(zip(PHASES, (one / 10 for one in currents.each()), strict=True))


def _currents(scrape: Scrape) -> Iterable[Sample]:
    for role, view in scrape.charger.meters.items():
        for phase, value in _of_phases(view.values.currents if view.fresh else None):
            yield (role.value, phase), value


def _regulated(scrape: Scrape) -> Iterable[Sample]:
    return [((phase,), value) for phase, value in _of_phases(scrape.charger.mains)]


def _ago(at: Millis | None, now: Millis) -> float | None:
    return None if at is None else seconds(max(0, now - at))


def _battery(scrape: Scrape) -> float | None:
    charger = scrape.charger
    stale = charger.battery_at is None or charger.now - charger.battery_at > BATTERY_STALE_MS
    return None if stale else amperes(charger.battery)


def _chargers(value: Callable[[ChargerView], float]) -> Callable[[Scrape], Iterable[Sample]]:
    return lambda scrape: [
        ((str(one.index),), value(one)) for one in scrape.charger.chargers if str(one.index) in CHARGERS
    ]


def _charger(name: str, kind: Kind, about: str, value: Callable[[ChargerView], float]) -> Family:
    return Family(name, kind, about, _chargers(value), {"charger": CHARGERS})


MEASURED: Final = (
    Family(
        "evsed_meter_current_amperes",
        Kind.GAUGE,
        "Current of a phase by this meter, negative is export; absent when too old.",
        _currents,
        {"meter": ROLES, "phase": PHASES},
    ),
    Family(
        "evsed_mains_current_amperes",
        Kind.GAUGE,
        "Current of a phase of the mains as regulation sees it, after the home battery.",
        _regulated,
        {"phase": PHASES},
    ),
    gauge("evsed_home_battery_current_amperes", "Current of the home battery, positive while it charges.", _battery),
    _meter(
        "evsed_meter_power_watts",
        Kind.GAUGE,
        "Power by this meter; absent when too old.",
        lambda view, _: view.values.power_w if view.heard else None,
    ),
    _meter(
        "evsed_meter_import_joules_total",
        Kind.COUNTER,
        "Imported energy by this meter, since it was made.",
        lambda view, _: joules(view.values.import_wh),
    ),
    _meter(
        "evsed_meter_export_joules_total",
        Kind.COUNTER,
        "Exported energy by this meter, since it was made.",
        lambda view, _: joules(view.values.export_wh),
    ),
    _meter(
        "evsed_meter_age_seconds",
        Kind.GAUGE,
        "Since this meter's currents were measured.",
        lambda view, now: _ago(view.values.currents_at, now),
    ),
    _meter(
        "evsed_meter_fresh",
        Kind.GAUGE,
        "Whether this meter's currents count as what flows now.",
        lambda view, _: flag(view.fresh),
    ),
    _meter(
        "evsed_meter_answering",
        Kind.GAUGE,
        "Whether this meter answers; absent before it was asked.",
        lambda view, _: None if view.health is None else flag(view.health.answering),
    ),
    _meter(
        "evsed_meter_answers_total",
        Kind.COUNTER,
        "Answers of this meter.",
        lambda view, _: None if view.health is None else view.health.answers,
    ),
    _meter(
        "evsed_meter_errors_total",
        Kind.COUNTER,
        "Questions to this meter without a usable answer.",
        lambda view, _: None if view.health is None else view.health.errors,
    ),
    gauge(
        "evsed_mains_meter_period_seconds",
        "Between two measurements of the mains meter, as learned.",
        lambda scrape: seconds(scrape.charger.learned.meter_period_ms),
    ),
)

SHARED: Final = (
    _charger(
        "evsed_charger_offer_amperes",
        Kind.GAUGE,
        "On the master of a group: what this charger (0 is the master) is offered.",
        lambda one: one.offer / 10,
    ),
    _charger(
        "evsed_charger_missed_polls",
        Kind.GAUGE,
        "On the master of a group: polls in a row that this charger left unanswered.",
        lambda one: one.missed_polls,
    ),
    _charger(
        "evsed_charger_refused_statuses_total",
        Kind.COUNTER,
        "On the master of a group: answers of this charger that made no sense.",
        lambda one: one.refused_inputs,
    ),
)
