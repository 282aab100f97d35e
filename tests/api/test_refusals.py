"""Bad input in the log: each kind once, and never a flood."""

import logging

import pytest

from evsed.api.refusals import Refusals


def test_the_same_is_logged_once_and_always_counted(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(lambda: 0.0)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            refusals.note("POST /settings mode", "9", "not a mode")
    assert (refusals.count, len(caplog.records)) == (5, 1)


def test_nobody_forges_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Refusals().note("GET /x\nevsed: all is well \x1b[2J" + "y" * 500, "a\nb", "no \r\u2028 such thing: ü")
    [line] = [record.getMessage() for record in caplog.records]
    assert line.isprintable()
    assert line.startswith(r"GET /x\nevsed: all is well \x1b[2Jyy")
    assert line.endswith(r"y: 'a\nb' is refused: no \r\u2028 such thing: ü")
    assert len(line) < 150


def test_a_flood_of_different_ones_is_cut_off_and_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for number in range(8_000):
            refusals.note("MQTT Set/Mode", f"bad{number}", "no mode")
        assert (refusals.count, len(caplog.records)) == (8_000, 50)
        now[0] = 5.0
        refusals.note("MQTT Set/Mode", "worse", "no mode")
        refusals.note("MQTT Set/Mode", "worst", "no mode")
    assert (
        caplog.records[-1].message
        == "MQTT Set/Mode: 'worse' is refused: no mode (7950 others before it were not logged)"
    )
