"""What the LCD's section of the bench measures. What anything costs is nobody's business here."""

from evsed.core.screens.main import screen
from evsed.core.screens.screen import Flow, MenuPage, Words
from tests.bench.lcd import _AROUND, IDLE, LOOKED_AT, MOVING, judged, lcd, lines, snapshots


def test_there_is_a_frame_of_each_kind() -> None:
    shown = {name: screen(snapshot, _AROUND, snapshot.now) for name, snapshot in snapshots().items()}
    assert {type(each) for each in shown.values()} == {Words, Flow, MenuPage}
    sunny = shown["energy flow with sun"]
    assert isinstance(sunny, Flow)
    assert sunny.shining


def test_everything_is_measured_and_printed() -> None:
    report = lcd(times=5, rounds=1, round_s=0.3)
    text = "\n".join(lines(report))
    assert report["lateness"]["requests_per_s"] > 0
    for name in (*report["frames"], MOVING, LOOKED_AT):
        assert name in text


def test_the_judgement_is_printed_with_its_goal() -> None:
    late = {IDLE: 1.0, MOVING: 1.5, LOOKED_AT: 2.5}
    report = {"frames": {}, "lateness": judged(late, [{"requests_per_s": 20.0}, {"requests_per_s": 30.0}])}
    idle, moving, looked_at = lines(report)
    assert idle.endswith("idle 1.0 ms")
    assert moving.endswith("the LCD moves: 1.5 ms, 0.5 ms more (goal 1.0 ms: ok)")
    assert looked_at.endswith("(25.0/s): 2.5 ms, 1.5 ms more (goal 1.0 ms: MISSED)")
