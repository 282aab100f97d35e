"""What a metric is: its name, kind, help and labels, and how its values follow from what a scrape sees.

Owns the row type; the rows stand in charger.py, meters.py and daemon.py. A label takes values of a fixed set only, so
that nothing an outsider says (a card, a host, an error's text) makes a new time series. What is not known has no value.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from evsed.core.snapshot import Snapshot
from evsed.devices import DeviceHealth
from evsed.lateness import BOUNDS_MS, Histogram
from evsed.runtime import Lease


@dataclass(frozen=True, slots=True)
class Told:
    """What came of alerts, by one way, since the start."""

    on: bool = False
    sent: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Scrape:
    """Everything that values are made of: the Snapshot, and what is known beside it."""

    charger: Snapshot
    lateness: Histogram = field(default_factory=Histogram)
    worst_lateness_ms: int = 0
    lease: Lease | None = None
    devices: Sequence[DeviceHealth] = ()
    refused_inputs: int = 0
    event_streams: int = 0
    broker_connected: bool | None = None  # None: no broker is named
    alerts: Mapping[str, Told] = field(default_factory=dict)  # by way


class Kind(StrEnum):
    """Prometheus's types, as far as they are used."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


Labels: TypeAlias = tuple[str, ...]
Sample: TypeAlias = tuple[Labels, float | None]
Values: TypeAlias = Callable[[Scrape], Iterable[Sample]]

OTHER: Final = "other"
"""Stands for a value that its label does not know: there is none, unless a row was forgotten."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric. ``labels``: each with the only values that it takes; None: a text of this build, the same for ever."""

    name: str
    kind: Kind
    help: str
    values: Values = field(compare=False)
    labels: Mapping[str, Sequence[str] | None] = field(default_factory=dict)


def gauge(name: str, about: str, value: Callable[[Scrape], float | None]) -> Family:
    """One value without labels."""
    return Family(name, Kind.GAUGE, about, lambda scrape: [((), value(scrape))])


def counter(name: str, about: str, value: Callable[[Scrape], float | None]) -> Family:
    """The same of a number that only grows."""
    return Family(name, Kind.COUNTER, about, lambda scrape: [((), value(scrape))])


def states(name: str, about: str, label: str, takes: Sequence[str], now: Callable[[Scrape], Iterable[str]]) -> Family:
    """1 for each of ``takes`` that is so now, 0 for the rest."""

    def values(scrape: Scrape) -> Iterable[Sample]:
        there = {one if one in takes else OTHER for one in now(scrape)}
        return [((one,), float(one in there)) for one in takes]

    return Family(name, Kind.GAUGE, about, values, {label: takes})


def flag(value: bool | None) -> float | None:
    """1, 0, or nothing where it is not known."""
    return None if value is None else float(value)


def seconds(value_ms: float | None) -> float | None:
    """Milliseconds in seconds."""
    return None if value_ms is None else value_ms / 1000


def joules(watt_hours: float | None) -> float | None:
    """Watt-hours in joules."""
    return None if watt_hours is None else watt_hours * 3_600.0


def amperes(deciamps: float | None) -> float | None:
    """Deci-ampere in ampere."""
    return None if deciamps is None else deciamps / 10


def buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """``histogram`` as Prometheus has it: each bucket with those below it, by its upper end in seconds."""
    ends = [*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf"]
    return [(end, float(sum(histogram.counts[: index + 1]))) for index, end in enumerate(ends)]
