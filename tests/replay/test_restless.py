"""Houses that leave room for MIN all the time, however restless they are: the car is never stopped."""

from random import Random

import pytest

from evsed.replay.engine import Options, Replay
from evsed.replay.plant import Car
from evsed.replay.trace import Trace
from tests.replay.days import plant_settings

SECONDS = 1_800
MOST = 190  # and 6 A are just the 25 A of MAINS


def restless(seed: int) -> Trace:
    """Loads that come and go on one phase or on all, and swing a little, or a lot, all the time."""
    chance = Random(seed)
    swing = (0, 3, 10, 40)[seed % 4]
    loads: list[tuple[int, tuple[int, ...]]] = []
    rows = []
    for second in range(SECONDS):
        if chance.random() < 1 / 40:
            current, where = chance.randint(2, 120), chance.choice(((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)))
            loads.append((second + chance.choice((3, 10, 30, 300)), tuple(current * phase for phase in where)))
        loads = [(until, load) for until, load in loads if second < until]
        l1, l2, l3 = (
            min(MOST, 5 + chance.randint(0, swing) + sum(load[phase] for _, load in loads)) for phase in range(3)
        )
        rows.append((l1, l2, l3))
    return Trace("restless", rows, [(0, 0, 0)] * SECONDS)


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("period_ms", [1_000, 2_000, 5_000, 10_000])
@pytest.mark.parametrize("lag_ms", [500, 2_000])
def test_nothing_stops_while_min_fits(lag_ms: int, period_ms: int, phases: int) -> None:
    for seed in range(4):
        replay = Replay(restless(seed), Options(plant_settings(), Car(lag_ms, phases), period_ms))
        replay.run()
        result = replay.measures.result()
        assert (result["closings"], result["stops"]) == (1, {}), (seed, result)
