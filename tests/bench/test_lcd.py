"""What the LCD's section of the bench measures. What anything costs is nobody's business here."""

import pytest

from evsed.core.screens.main import screen
from evsed.core.screens.screen import Flow, MenuPage, Words
from tests.bench.lcd import (
    _AROUND,
    IDLE,
    LATER_GOAL_MS,
    LOOKED_AT,
    MOVING,
    charging,
    judged,
    lcd,
    lines,
    noise_ms,
    reached,
    snapshots,
)
from tests.bench.panel import LIT_MS, Effort, Panel
from tests.hw.lcd.bench import face
from tests.hw.small_pigpiod import SmallPigpiod
from tests.hw.test_panel import soon


def test_there_is_a_frame_of_each_kind() -> None:
    shown = {name: screen(snapshot, _AROUND, snapshot.now) for name, snapshot in snapshots().items()}
    assert {type(each) for each in shown.values()} == {Words, Flow, MenuPage}
    sunny = shown["energy flow with sun"]
    assert isinstance(sunny, Flow)
    assert sunny.shining


def test_everything_is_measured_and_printed() -> None:
    report = lcd(times=5, rounds=1, round_s=0.3)
    text = "\n".join(lines(report))
    figures = report["lateness"]
    assert figures["requests_per_s"] > 0
    assert figures["spi_bytes_per_s"] > 0
    assert {name: len(values) for name, values in figures["rounds"].items()} == {IDLE: 2, MOVING: 1, LOOKED_AT: 1}
    for name in (*report["frames"], MOVING, LOOKED_AT):
        assert name in text


def test_the_panel_that_is_measured_sends_pictures_and_fades_again_and_again() -> None:
    daemon, snapshot, now = SmallPigpiod(), charging("Solar"), [0]
    panel = Panel(daemon.port, lambda: snapshot, face, lambda: now[0])
    for lit, duty in ((True, 10_000), (False, 0)):
        now[0] = 0
        with panel.moving() as effort:
            soon(lambda: daemon.duty.get(18) == 10_000)
            now[0] = 0 if lit else LIT_MS
            soon(lambda duty=duty: daemon.duty[18] == duty)  # type: ignore[misc]
            assert daemon.modes[5] == 1
            sent = panel.sent
            soon(lambda sent=sent: panel.sent > sent)  # type: ignore[misc]
        assert effort.bytes_per_s > 0
        assert effort.cpu_pct > 0
        assert daemon.duty[18] == 0
    daemon.die()


@pytest.mark.parametrize(
    ("idle", "noise"), [([1.0, 1.0, 1.0, 1.0], 0.0), ([1.0, 3.0], 2.0), ([1.0, 1.0, 4.0, 4.0], 3.0)]
)
def test_the_noise_is_what_idle_differs_from_idle(idle: list[float], noise: float) -> None:
    assert noise_ms(idle) == noise


def test_one_odd_round_is_no_noise() -> None:
    assert noise_ms([1.0] * 9 + [50.0]) == 0


@pytest.mark.parametrize(
    ("later", "noise", "told"),
    [(0.2, 0.3, True), (-0.7, 0.3, True), (0.8, 0.3, None), (-0.7, 2.0, None), (1.2, 0.3, None), (1.4, 0.3, False)],
)
def test_a_verdict_says_something_or_that_it_cannot(later: float, noise: float, told: bool | None) -> None:
    assert LATER_GOAL_MS == 1
    assert reached(later, noise) is told


def test_the_judgement_is_printed_with_its_goal() -> None:
    late = {IDLE: [1.0, 1.25, 1.0, 0.75], MOVING: [1.5, 9.0, 1.5], LOOKED_AT: [2.5]}
    asked = [{"requests_per_s": 20.0}, {"requests_per_s": 30.0}]
    report = {"frames": {}, "lateness": judged(late, asked, [Effort(4_000, 3.0), Effort(5_000, 4.0)])}
    thread, idle, moving, looked_at = lines(report)
    assert thread == "LCD's thread: 3.5 % of a processor, 4500 bytes/s on SPI"
    assert idle.endswith("idle 1.0 ms (0.75 to 1.25 in 4 rounds; idle differs from idle by 0.25 ms)")
    assert moving.endswith("the LCD moves: 1.5 ms, 0.5 ms more (goal 1.0 ms: ok)")
    assert looked_at.endswith("(25.0/s): 2.5 ms, 1.5 ms more (goal 1.0 ms: MISSED)")
