"""The measures: small cases computed by hand, and any series against a computation in steps of 10 ms."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.replay.engine import Options, Replay
from evsed.replay.measures import Measures, Window
from tests.replay.days import Phases, piece, plant_settings

FUSE = 250
NOTHING: Phases = (0, 0, 0)
Part = tuple[Phases, Phases, int]
"""Mains and car in dA, for so many steps of 10 ms."""

HOUR_MS = 3_600_000


def result(*parts: Part, fuse: int = FUSE) -> dict[str, Any]:
    measures = Measures(fuse)
    for mains, drawn, steps in parts:
        measures.flowed(mains, drawn, steps * 10)
    return measures.result()


def on_l1(current: int, seconds: float) -> Part:
    return (current, 0, 0), NOTHING, round(seconds * 100)


# ---- the fuse ----


def test_ampere_seconds_above_the_fuse() -> None:
    found = result(on_l1(250, 10), on_l1(251, 2), on_l1(300, 1.5), on_l1(-400, 5), ((0, 260, 270), NOTHING, 1))
    assert found["over_as"] == {"L1": 7.7, "L2": 0.0, "L3": 0.0}
    assert result(((0, 260, 270), NOTHING, 100))["over_as"] == {"L1": 0.0, "L2": 1.0, "L3": 2.0}


def test_the_longest_stretch_is_of_one_phase_without_a_break() -> None:
    parts = (on_l1(260, 2), on_l1(400, 1.25), on_l1(250, 0.01), on_l1(260, 3), ((0, 260, 0), NOTHING, 320))
    assert result(*parts)["longest_over_s"] == 3.25
    assert result(on_l1(260, 3), ((260, 260, 0), NOTHING, 100), ((0, 260, 0), NOTHING, 250))["longest_over_s"] == 4.0


def test_the_highest_mean_square_of_any_10_s() -> None:
    assert result(on_l1(100, 60))["rms10_a"] == 10.0
    assert result(on_l1(-100, 60))["rms10_a"] == 10.0
    assert result(on_l1(100, 10), on_l1(300, 2.5), on_l1(100, 20))["rms10_a"] == 17.32  # (7.5 * 100 + 2.5 * 900) / 10
    apart = (on_l1(0, 20), on_l1(200, 2), on_l1(0, 4), on_l1(200, 4), on_l1(0, 20))
    assert result(*apart)["rms10_a"] == 15.49  # 6 s of 10
    assert result(on_l1(200, 5))["rms10_a"] == 14.14  # before the replay nothing flowed


# ---- energies ----


def hours(mains: Phases, drawn: Phases, count: float) -> Part:
    return mains, drawn, round(count * HOUR_MS / 10)


def test_energies() -> None:
    """House 2 A and sun 12 A per phase: 30 A of surplus. The car draws 10 A per phase, then 12 A."""
    found = result(hours((0, 0, 0), (100, 100, 100), 1), hours((20, 20, 20), (120, 120, 120), 1))
    assert found["surplus_kwh"] == 13.8  # 2 h * 30 A * 230 V
    assert found["car_kwh"] == 15.18
    assert found["grid_kwh"] == 1.38
    assert found["surplus_used_pct"] == 100.0


def test_surplus_counts_over_the_phases_together() -> None:
    """20 A over on L1, 15 A short on L2: 5 A. The car takes 10 A on L3."""
    found = result(hours((-200, 150, 100), (0, 0, 100), 1))
    assert (found["surplus_kwh"], found["car_kwh"], found["grid_kwh"]) == (1.15, 2.3, 1.15)
    assert found["surplus_used_pct"] == 100.0
    assert result(hours((-200, 150, 0), NOTHING, 1))["surplus_used_pct"] == 0.0


def test_without_sun_everything_is_from_the_grid() -> None:
    found = result(hours((180, 20, 20), (160, 0, 0), 0.5))
    assert (found["surplus_kwh"], found["surplus_used_pct"]) == (0.0, 0.0)
    assert found["grid_kwh"] == found["car_kwh"] == 1.84


# ---- any series ----

currents = st.tuples(*[st.integers(-300, 500)] * 3)
draws = st.tuples(*[st.integers(0, 160)] * 3)
parts_of_a_day = st.lists(st.tuples(currents, draws, st.integers(1, 1_500)), min_size=1, max_size=12)


def brute_force(parts: Sequence[Part]) -> dict[str, Any]:
    """The same in the plainest way: 10 ms by 10 ms."""
    steps = [(mains, drawn) for mains, drawn, count in parts for _ in range(count)]
    over = [sum(max(0, mains[phase] - FUSE) for mains, _ in steps) / 1_000 for phase in range(3)]
    longest, highest = 0, 0
    for phase in range(3):
        stretch = 0
        squares = [0] * 1_000
        for mains, _ in steps:
            stretch = stretch + 1 if mains[phase] > FUSE else 0
            longest = max(longest, stretch)
            squares.append(mains[phase] ** 2)
        sums = [0]
        for square in squares:
            sums.append(sums[-1] + square)
        highest = max(highest, *(after - before for before, after in zip(sums, sums[1_000:], strict=False)))
    surplus = [max(0, sum(drawn) - sum(mains)) for mains, drawn in steps]
    used = [min(sum(drawn), given) for (_, drawn), given in zip(steps, surplus, strict=True)]
    car = sum(sum(drawn) for _, drawn in steps)
    kwh = 23 / 1_000 * 10 / HOUR_MS  # of a tenth of an ampere for 10 ms
    return {
        "car_kwh": car * kwh,
        "surplus_kwh": sum(surplus) * kwh,
        "surplus_used_pct": 100 * sum(used) / sum(surplus) if sum(surplus) else 0.0,
        "grid_kwh": (car - sum(used)) * kwh,
        "over_as": over,
        "longest_over_s": longest / 100,
        "rms10_a": sqrt(highest / 1_000) / 10,
    }


@given(parts_of_a_day)
def test_any_series_measures_as_10_ms_by_10_ms(parts: list[Part]) -> None:
    found, expected = result(*parts), brute_force(parts)
    assert list(found.pop("over_as").values()) == pytest.approx(expected.pop("over_as"), abs=0.051)
    tolerances = {"surplus_used_pct": 0.051, "longest_over_s": 0.0051, "rms10_a": 0.0051}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=tolerances.get(name, 0.00051)), name


@given(parts_of_a_day)
def test_it_does_not_matter_how_time_is_cut(parts: list[Part]) -> None:
    """The replay takes time in pieces of any length."""
    cut = [(mains, drawn, 1) for mains, drawn, count in parts for _ in range(min(count, 40))]
    assert result(*cut) == result(*((mains, drawn, min(count, 40)) for mains, drawn, count in parts))


def test_a_window_keeps_whole_numbers() -> None:
    window = Window()
    for current, duration in ((100, 3), (-50, 7), (0, 20_000)):
        window.add(current, duration)
    assert window.highest == 100 * 100 * 3 + 50 * 50 * 7
    assert window.rms == sqrt(window.highest / 10_000)


# ---- what is counted ----


def test_closings_changes_and_stops_are_those_of_the_series() -> None:
    replay = Replay(piece("fuse1", 1, 0, 900), Options(plant_settings()))
    replay.run()
    rows, found = replay.rows, replay.measures.result()
    ended = [before for before, after in pairwise(rows) if before.state == 2 and after.state != 2]
    assert found["closings"] == sum(after.c1 > before.c1 for before, after in pairwise(rows)) > 1
    assert found["closings_c2"] == sum(after.c2 > before.c2 for before, after in pairwise(rows))
    assert sum(found["stops"].values()) == len(ended) > 0
    seen = sum(after.offer != before.offer for before, after in pairwise(rows))
    assert found["offer_changes"] >= seen > 3  # two within a second show as one
    assert found["car_kwh"] == pytest.approx(sum(sum(row.car) for row in rows) * 23 / HOUR_MS, rel=0.02)


def test_a_stop_is_counted_by_its_reason() -> None:
    replay = Replay(piece("fuse1", 1, 0, 900), Options(plant_settings()))
    replay.run()
    assert set(replay.measures.result()["stops"]) == {"no_power"}


def test_the_keys_are_those_of_the_contract() -> None:
    keys = (
        "car_kwh,surplus_kwh,surplus_used_pct,grid_kwh,over_as,longest_over_s,rms10_a,closings,closings_c2,"
        "offer_changes,stops"
    )
    assert list(result(on_l1(0, 1))) == keys.split(",")
