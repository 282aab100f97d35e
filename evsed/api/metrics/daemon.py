"""The rows of the program itself: its control loop, its lease on the outputs, who listens, what was refused."""

import platform
from collections.abc import Callable, Iterable
from typing import Final

from evsed import __version__
from evsed.api.metrics.family import Family, Kind, Sample, Scrape, Told, counter, flag, gauge, seconds
from evsed.devices import DeviceHealth
from evsed.runtime import Lease

WAYS: Final = ("webhook", "mqtt")
DEVICES: Final = (*(f"bus_{number}" for number in range(1, 9)), "lcd", "card_reader")


def _lease(value: Callable[[Lease], float | None]) -> Callable[[Scrape], float | None]:
    return lambda scrape: None if scrape.lease is None else value(scrape.lease)


def _alerts(value: Callable[[Told], float]) -> Callable[[Scrape], Iterable[Sample]]:
    return lambda scrape: [((way,), value(told)) for way, told in scrape.alerts.items() if way in WAYS]


def _devices(value: Callable[[DeviceHealth], float | None]) -> Callable[[Scrape], Iterable[Sample]]:
    return lambda scrape: [((one.name,), value(one)) for one in scrape.devices if one.name in DEVICES]


def _no_values(_scrape: Scrape) -> Iterable[Sample]:
    """A histogram has buckets, which exposition.py makes."""
    return []


def _build(_scrape: Scrape) -> Iterable[Sample]:
    return [((__version__, platform.python_version()), 1.0)]


LATENESS: Final = Family(
    "evsed_control_loop_lateness_seconds",
    Kind.HISTOGRAM,
    "How late control cycles ended; 0 is in time.",
    _no_values,
)

RUNS: Final = (
    LATENESS,
    gauge(
        "evsed_control_loop_worst_lateness_seconds",
        "The latest end of a control cycle since the start.",
        lambda scrape: seconds(scrape.worst_lateness_ms),
    ),
    gauge(
        "evsed_lease_age_seconds",
        "Since the outputs were driven last; they expire by themselves after 0.5.",
        _lease(lambda lease: seconds(lease.age_ms)),
    ),
    gauge(
        "evsed_lease_acknowledged_age_seconds",
        "Since guard or plant has said that it drives what was asked; absent where nobody says so.",
        _lease(lambda lease: seconds(lease.acknowledged_ms)),
    ),
    gauge(
        "evsed_lease_longest_age_seconds",
        "The longest time between two drives of the outputs since the start.",
        _lease(lambda lease: seconds(lease.longest_ms)),
    ),
    counter(
        "evsed_lease_expiries_total",
        "How often guard or plant has let go of the outputs because it was not fed, since its own start.",
        _lease(lambda lease: lease.expiries),
    ),
    Family(
        "evsed_device_works",
        Kind.GAUGE,
        "Whether this device works; absent before it was tried, and where there is none.",
        _devices(lambda device: flag(device.works)),
        {"device": DEVICES},
    ),
    Family(
        "evsed_device_errors_total",
        Kind.COUNTER,
        "Answers that did not come on this bus; times that this device was lost.",
        _devices(lambda device: device.errors),
        {"device": DEVICES},
    ),
    gauge("evsed_uptime_seconds", "Since the daemon started.", lambda scrape: scrape.charger.uptime_s),
    counter("evsed_refused_inputs_total", "Bad input that was refused.", lambda scrape: scrape.refused_inputs),
    gauge("evsed_event_streams", "Open streams of server-sent events.", lambda scrape: scrape.event_streams),
    gauge(
        "evsed_mqtt_connected",
        "Whether the broker has us; absent while none is named.",
        lambda scrape: flag(scrape.broker_connected),
    ),
    Family(
        "evsed_alerts_on",
        Kind.GAUGE,
        "Whether faults are told this way.",
        _alerts(lambda told: float(told.on)),
        {"way": WAYS},
    ),
    Family(
        "evsed_alerts_sent_total",
        Kind.COUNTER,
        "Alerts that were told this way.",
        _alerts(lambda told: told.sent),
        {"way": WAYS},
    ),
    Family(
        "evsed_alerts_lost_total",
        Kind.COUNTER,
        "Alerts that were given up, because for an hour nobody took them or too many waited.",
        _alerts(lambda told: told.lost),
        {"way": WAYS},
    ),
    Family(
        "evsed_build",
        Kind.INFO,
        "The versions of evsed and of Python.",
        _build,
        {"version": None, "python": None},
    ),
)
