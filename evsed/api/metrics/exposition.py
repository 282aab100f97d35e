"""The text that Prometheus reads, made of the rows by its own client library; at most once for each Snapshot and form.

Owns no values. There is a registry for each application and nothing that the whole process shares.
"""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from evsed.api.metrics.charger import DOES
from evsed.api.metrics.daemon import LATENESS, RUNS
from evsed.api.metrics.family import Family, Kind, Scrape, buckets
from evsed.api.metrics.meters import MEASURED, SHARED
from evsed.core.snapshot import Snapshot

FAMILIES: Final = (*DOES, *MEASURED, *SHARED, *RUNS)
_OPEN: Final = "application/openmetrics-text"


def metric(family: Family, scrape: Scrape) -> Metric:
    """A family with its values now."""
    if family is LATENESS:
        return HistogramMetricFamily(
            family.name, family.help, buckets(scrape.lateness), scrape.lateness.total_ms / 1000
        )
    labels = list(family.labels)
    made: Metric
    match family.kind:
        case Kind.INFO:
            made = InfoMetricFamily(family.name, family.help)
            for values, _ in family.values(scrape):
                made.add_metric([], dict(zip(labels, values, strict=True)))
            return made
        case Kind.COUNTER:
            made = CounterMetricFamily(family.name, family.help, labels=labels)
        case _:
            made = GaugeMetricFamily(family.name, family.help, labels=labels)
    for values, value in family.values(scrape):
        if value is not None:
            made.add_metric(values, value)
    return made


class _Ours(Collector):
    """The rows, for the library."""

    def __init__(self, scrape: Callable[[], Scrape]) -> None:
        self._scrape = scrape

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked at before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every family that has a value."""
        scrape = self._scrape()
        return (made for family in FAMILIES if (made := metric(family, scrape)).samples)


class Exposition:
    """The text; used by one thread."""

    def __init__(self, scrape: Callable[[], Scrape]) -> None:
        self._scrape = scrape
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Ours(scrape))
        ProcessCollector(registry=self._registry)
        self._of: Snapshot | None = None
        self._texts: dict[str, bytes] = {}

    def text(self, accept: str, snapshot: Snapshot) -> tuple[bytes, str]:
        """The text at ``snapshot`` and its content type: OpenMetrics for who says that it takes it, else the older."""
        encode, content_type = choose_encoder(_OPEN if _OPEN in accept else "")
        if snapshot is not self._of:
            self._of, self._texts = snapshot, {}
        if content_type not in self._texts:
            self._texts[content_type] = encode(self._registry)
        return self._texts[content_type], content_type
