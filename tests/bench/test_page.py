"""What the page section of the bench measures. How fast the page is, is nobody's business here; how heavy it is, is."""

from tests.bench.page import WEIGHT_GOAL_B, Load, judged, lines


def loads(*times: float) -> list[Load]:
    return [Load(time, {"/": 1_000, "/web/app.js": 9_000}, []) for time in times]


def test_the_middle_load_counts() -> None:
    report = judged(loads(1_500, 700, 900), full_speed_ms=300, assets=120_000)
    assert (report["useful_ms"], report["useful_worst_ms"], report["useful_reached"]) == (900, 1_500, True)
    assert (report["weight_b"], report["requests"], report["weight_reached"]) == (10_000, 2, True)


def test_the_judgement_is_printed_with_its_goals() -> None:
    heavy = [Load(1_200, {"/": WEIGHT_GOAL_B}, [])]
    text = "\n".join(lines(judged(heavy, full_speed_ms=300, assets=500_000)))
    assert "of use after 1200 ms on a processor 4 times as slow" in text
    assert "(goal 1000 ms: MISSED); 300 ms at full speed" in text
    assert "300.0 kB in 1 requests until then (goal 300 kB: MISSED)" in text
