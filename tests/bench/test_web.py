"""What the web section of the bench measures. How fast anything is, is nobody's business here."""

import pytest
from fastapi import FastAPI

from evsed.api.refusals import Refusals
from tests.api.served import Charger, Served
from tests.bench.load import load
from tests.bench.web import judged, lateness_ms, lines, p99_9


def test_a_step_is_late_by_what_it_began_after_its_due_time() -> None:
    assert lateness_ms([0.0, 0.010, 0.0213, 0.030], 10) == pytest.approx([0, 1.3, 0])
    assert lateness_ms([0.0, 0.012, 0.022], 10) == pytest.approx([2, 2])  # as due as it was before


def test_a_step_that_missed_a_whole_cycle_is_late_once() -> None:
    assert lateness_ms([0.0, 0.050, 0.060, 0.070], 10) == pytest.approx([40, 0, 0])


def test_the_worst_of_a_thousand() -> None:
    assert p99_9([*range(1_000)]) == 999
    assert p99_9([*range(2_000)]) == 1_998


def test_the_judgement_is_printed_with_its_goals() -> None:
    figures = {
        "GET /settings": {"requests_per_s": 600.0, "p50_ms": 3.0, "p99_ms": 9.0},
        "bare route": {"requests_per_s": 1000.0, "p50_ms": 2.0, "p99_ms": 7.0},
    }
    report = judged(figures, {"idle": 1.0, "GET /settings": 12.0, "bare route": 3.0})
    assert (report["ratio"], report["ratio_reached"]) == (0.6, True)
    assert (report["later_ms"], report["later_reached"]) == (11.0, False)
    text = "\n".join(lines(report))
    assert "ratio 0.6 (goal 0.5: ok)" in text
    assert "idle 1.0 ms, under load 12.0 ms, 11.0 ms more (goal 10.0 ms: MISSED)" in text


def test_the_load_counts_answers() -> None:
    with Charger() as charger, Served(charger.app, charger.refusals) as served:
        figures = load(served.port, "/settings", 2, 0.1)
    assert figures["requests_per_s"] > 0
    assert figures["p50_ms"] <= figures["p99_ms"]


def test_the_load_does_not_count_errors() -> None:
    with Served(FastAPI(), Refusals()) as served, pytest.raises(ConnectionError, match="404"):
        load(served.port, "/settings", 1, 0.1)
