"""Scrapes that tests look at: a charger of a story, and texts of them."""

from collections.abc import Iterator
from dataclasses import replace

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

from evsed.api.metrics.exposition import FAMILIES, Exposition, metric
from evsed.api.metrics.family import Scrape, Told
from evsed.core.model import MeterHealth, MeterRole
from evsed.core.snapshot import ChargerView, Saved, Snapshot
from evsed.devices import DeviceHealth
from evsed.lateness import Lateness
from evsed.runtime import Lease
from tests.core.story import Story, settings

OPEN = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.3"


def charging() -> Snapshot:
    """A car that charges in Smart mode on a master of two, with everything measured."""
    story = Story(Saved(settings=settings(mode="Smart", enable_C2="Auto", circuit_meter="API")))
    story.circuit = (1.0, 1.0, 1.0)
    story.charge()
    story.run(5)
    snapshot = story.snapshot
    health = MeterHealth("bus (/dev/ttyAMA0) 11", answering=True, answers=7, errors=2, last_error="no answer")
    meters = {role: replace(view, health=health) for role, view in snapshot.meters.items()}
    ev = meters[MeterRole.EV]
    meters[MeterRole.EV] = replace(ev, values=replace(ev.values, power_w=8_970, import_wh=1_000, export_wh=2))
    nodes = tuple(ChargerView(number, 1, 60, False, None, 0, 1) for number in range(2))
    return replace(
        snapshot,
        meters=meters,
        chargers=nodes,
        battery=-25,
        battery_at=snapshot.now,
        locked=True,
        solar_stop_s=30,
        learned=replace(snapshot.learned, car_lag_ms=2_000),
    )


def whole(snapshot: Snapshot) -> Scrape:
    """All that can be known beside ``snapshot``."""
    lateness = Lateness()
    for late_ms in (0, 0, 1, 7, 5_000):
        lateness.note(late_ms)
    return Scrape(
        snapshot,
        lateness.read(),
        5_000,
        Lease(3, 20, 4, 1),
        (DeviceHealth("bus_1", True, 3), DeviceHealth("lcd", None, 0)),
        5,
        2,
        True,
        {"webhook": Told(True, 2, 1), "mqtt": Told()},
    )


def text(scrape: Scrape, accept: str = "") -> str:
    return Exposition(lambda: scrape).text(accept, scrape.charger)[0].decode()


def parsed(text: str) -> dict[str, Metric]:
    """The families of ``text``, by the names that queries have."""
    return {found.name: found for found in text_string_to_metric_families(text)}


def parsed_open(text: str) -> dict[str, Metric]:
    return {found.name: found for found in open_families(text)}  # type: ignore[no-untyped-call]


def series(scrape: Scrape) -> Iterator[tuple[str, dict[str, str], float]]:
    """Every sample, without a text between."""
    for family in FAMILIES:
        for sample in metric(family, scrape).samples:
            yield sample.name, sample.labels, sample.value


def value(scrape: Scrape, name: str, **labels: str) -> float | None:
    """Of one series; None: there is none."""
    return next((found for at, given, found in series(scrape) if (at, given) == (name, labels)), None)
