"""How late control cycles end, in fixed buckets: whoever watches a charger sees more than the worst of them all."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from evsed.core.units import Millis

BOUNDS_MS: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
"""The upper ends of the buckets; one more holds what is above."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """``counts``: cycles in each bucket, not those below it too. ``total_ms``: all lateness together."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)
    total_ms: Millis = 0


class Lateness:
    """Counts; the control thread notes, any thread reads."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_MS) + 1)
        self._total_ms: Millis = 0

    def note(self, late_ms: Millis) -> None:
        """A cycle ended ``late_ms`` after it should have; 0: in time."""
        self._counts[bisect_left(BOUNDS_MS, late_ms)] += 1
        self._total_ms += late_ms

    def read(self) -> Histogram:
        """What was counted so far."""
        return Histogram(tuple(self._counts), self._total_ms)
