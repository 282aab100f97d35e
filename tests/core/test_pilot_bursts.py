"""Twenty thousand bursts of every kind, judged; ``make soak`` judges three million of them (tests/pilot_soak.py)."""

from collections import Counter
from itertools import islice

import pytest

from evsed.core.pilot import Level, judge
from tests.core.bursts import TOLD_FROM, WINDOWS, Bench, Burst, too_often

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


def test_no_spacing_of_the_samples_makes_a_good_pilot_invalid_too_often() -> None:
    judged: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    for seed in range(1, 5):
        for burst in islice((burst for burst in Bench(seed).bursts() if burst.kind == "spacing"), 6_000):
            judged[burst.cell] += 1
            invalid[burst.cell] += burst.judged().level is Level.INVALID
    assert sum(cell != "" and count >= TOLD_FROM for cell, count in judged.items()) >= 7
    assert too_often(judged, invalid) == []
    invalid["50 us, 10 %"] += judged["50 us, 10 %"] // 20
    assert [told.split(":")[0] for told in too_often(judged, invalid)] == ["50 us, 10 %"]


def test_two_spikes_are_no_negative_half() -> None:
    samples = [3_200] * 100
    samples[20] = samples[60] = -12_300
    reading = judge(samples, 9_600, Level.WANTS_VENTILATION)
    assert (reading.level, reading.negative_seen) == (Level.WANTS_VENTILATION, False)
    samples[80] = -12_300
    assert judge(samples, 9_600, Level.WANTS_VENTILATION).negative_seen


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
