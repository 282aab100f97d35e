"""What the proofs of timing have in common: a car that charges or is connected, and a limit to the millisecond."""

import copy
from collections.abc import Callable
from functools import lru_cache

from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.bench import V9, Bench, configured


@lru_cache(maxsize=64)
def _charged(keys: tuple[tuple[str, object], ...]) -> Bench:
    return Bench(Saved(settings=configured(**dict(keys)))).charge()


def charging(**given: object) -> Bench:
    return copy.deepcopy(_charged(tuple(sorted(given.items()))))


def connected(**given: object) -> Bench:
    """A car at 9 V, pulses running."""
    bench = Bench(Saved(settings=configured(**given)))
    bench.meter_sunny()
    bench.run(1_500, 50)
    bench.high = V9
    bench.run_to(State.B, 2_000)
    return bench


def at_limit(bench: Bench, begun: int, limit_ms: int, true: Callable[[], bool], gap_ms: int = 10) -> None:
    """``true`` is not true up to ``begun + limit_ms - 1``, and is at ``begun + limit_ms``."""
    while bench.now < begun + limit_ms - 1:
        bench.cycle(min(gap_ms, begun + limit_ms - 1 - bench.now))
        assert not true(), f"already after {bench.now - begun} of {limit_ms} ms"
    bench.cycle(1)
    assert true(), f"not after {limit_ms} ms"
