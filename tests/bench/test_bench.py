"""The bench compares the right figures. What they are is nobody's business here."""

from pathlib import Path
from typing import Any

import pytest

from tests.bench import tables
from tests.bench.goals import DEAD_TIMES_MS, PERIODS_MS, SCENARIOS, with_net
from tests.bench.pictures import PICTURES, hardest
from tests.bench.runs import Done, Job, jobs

HERE = Path("traces")


def figures(changes: int = 100, longest: float = 0.0) -> dict[str, Any]:
    """What a replay might give."""
    over = {"L1": 0.0, "L2": longest, "L3": 0.0}
    rest = {"closings": 4, "rms10_a": 25.0, "surplus_used_pct": 20.0}
    return with_net(
        {"car_kwh": 30.0, "grid_kwh": 1.0, "offer_changes": changes, "longest_over_s": longest, "over_as": over} | rest
    )


def test_what_an_owner_gains_is_the_sun_used_less_what_was_bought() -> None:
    assert figures()["net_kwh"] == 28.0


def test_ours_stands_beside_the_firmware_s() -> None:
    judged = tables.traces([Done(Job(HERE, 2), figures())])["clear_3ph, Auto"]["judged"]
    net, grid, closings, changes = judged
    assert (net["ratio"], net["must_reached"], net["goal_reached"]) == (0.87, False, False)
    assert (grid["must_reached"], grid["goal_reached"]) == (True, False)
    assert closings["goal_reached"]
    assert changes["goal_reached"]


def test_other_cars_are_compared_with_one_of_1_s_and_other_meters_with_one_of_1_s() -> None:
    done = [
        Done(Job(HERE, 2), figures(changes=100)),
        Done(Job(HERE, 2, dead_time_ms=1_000), figures(changes=50)),
        Done(Job(HERE, 2, dead_time_ms=4_000), figures(changes=101, longest=8.1)),
        Done(Job(HERE, 2, period_ms=10_000), figures(changes=101)),
    ]
    _, car, meter = tables.robustness(done)
    assert (car["longest_over_most"], car["longest_over_reached"], car["over_as_reached"]) == (8.0, False, False)
    assert (car["offer_changes_most"], car["offer_changes_reached"]) == (100, False)
    assert (meter["longest_over_most"], meter["longest_over_reached"], meter["over_as_reached"]) == (15.0, True, True)
    assert (meter["offer_changes_most"], meter["offer_changes_reached"]) == (200, True)


def test_only_traces_that_are_there_are_replayed(tmp_path: Path) -> None:
    assert jobs(tmp_path) == []
    (tmp_path / "overcast_3ph.csv.gz").touch()
    assert len(jobs(tmp_path)) == 1
    (tmp_path / "fuse1.csv.gz").touch()
    assert len(jobs(tmp_path)) == 2 + len(DEAD_TIMES_MS) + len(PERIODS_MS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_settings_take_what_a_scenario_gives(scenario: Any) -> None:
    assert scenario.options().settings.current_main == 25
    assert scenario.solar == (not scenario.trace.startswith("fuse"))


def test_a_picture_shows_the_stretch_with_the_most_changes() -> None:
    assert hardest([1, 1, 1, 2, 3, 3, 3, 4], 3) == (1, 4)
    assert hardest([1, 2], 3_600) == (0, 3_600)
    assert {picture.scenario for picture in PICTURES} <= {scenario.name for scenario in SCENARIOS}


def test_the_page_has_a_place_for_the_tables() -> None:
    page = Path(__file__).parents[2].joinpath("docs/regulation.md").read_text()
    for name in ("traces", "robustness"):
        assert f"<!-- {name} -->\n| new |\n<!-- end -->" in tables.put(page, name, "| new |")
    with pytest.raises(ValueError, match="no place for costs"):
        tables.put(page, "costs", "| new |")
