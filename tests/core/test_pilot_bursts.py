"""Twenty thousand bursts of every kind, judged; ``make soak`` judges three million of them (tests/pilot_soak.py)."""

from collections import Counter
from itertools import islice

import pytest

from evsed.core.pilot import Level
from tests.core.bursts import WINDOWS, Bench, Burst

EXACT = {"level", "powerline"}
"""What must not even be called invalid."""


@pytest.mark.parametrize("seed", range(1, 5))
def test_no_burst_is_judged_wrongly(seed: int) -> None:
    judged: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    levels: Counter[Level] = Counter()
    for burst in islice(Bench(seed).bursts(), 5_000):
        reading = burst.judged()
        assert not burst.wrong(reading)
        judged[burst.kind] += 1
        invalid[burst.kind] += reading.level is Level.INVALID
        levels[reading.level] += 1
    assert len(judged) == 10
    assert min(judged.values()) >= 150
    assert set(levels) == set(Level)
    assert not any(invalid[kind] for kind in EXACT)
    assert invalid["spacing"] < judged["spacing"] / 20  # one odd burst is forgotten, a row of them would not be


def test_a_wrong_judgement_is_told() -> None:
    burst = Burst("level", [6_000] * 100, 10_000, Level.INVALID, frozenset({Level.CONNECTED}))
    assert "WANTS_POWER" in burst.wrong(burst.judged())
    pulses = ([9_000] * 17 + [-12_000] * 17) * 3
    burst = Burst("level", pulses, 5_000, Level.INVALID, frozenset({Level.CONNECTED}), shallow=True)
    assert "a diode where there is none" in burst.wrong(burst.judged())


def test_bursts_of_a_seed_are_always_the_same_and_show_every_level() -> None:
    one, other = (list(islice(Bench(7).bursts(), 2_000)) for _ in range(2))
    assert one == other
    assert {level for burst in one for level in burst.allowed} >= set(WINDOWS)
