"""The control cycle on the Pi's board in small: memory does not grow, and the figures mean what they say."""

import pytest

from tests.bench.cycle import CYCLES, Virtual, cost, growth, held, late_ms, lateness, lines


def test_no_memory_is_lost_over_20_000_cycles_of_charging() -> None:
    figures = growth(CYCLES)
    assert not figures["grew"], figures


def test_growth_would_be_seen() -> None:
    before = held()
    kept = [[each] for each in range(1_000)]
    after = held()
    assert after.objects - before.objects >= len(kept)


def test_a_cycle_costs_less_than_the_time_between_two() -> None:
    figures = cost(500)
    assert 0 < figures["median_us"] < 10_000
    assert figures["median_us"] <= figures["p99_9_us"]


def test_lateness_is_what_lies_between_two_looks_beyond_a_cycle() -> None:
    assert late_ms([0.0, 0.010, 0.035, 0.040], 10) == pytest.approx([0.0, 15.0, 0.0])


def test_charging_goes_on_while_every_processor_is_busy() -> None:
    figures = lateness(1.0, preferred=True)
    assert figures["charging"]
    assert figures["steps"] > 10
    report = {"cost": {"median_us": 1.0, "p99_9_us": 2.0}, "growth": growth(10), "late, every processor busy": figures}
    assert any("no growth" in line for line in lines(report))
    assert sum(f"of {figures['steps']} cycles" in line for line in lines(report)) == 1


def test_the_car_of_the_bench_wakes_and_charges_by_itself() -> None:
    charger = Virtual()
    outputs = charger.runtime._core.outputs
    charger.close()
    assert outputs.contactor1
    assert outputs.pilot.duty > 1_000
