"""Bad input in the log: each kind once, and never a flood."""

import logging
from pathlib import Path

import pytest

from evsed.api.mqtt import service
from evsed.api.mqtt.service import MqttService
from evsed.api.network import UNKNOWN_NETWORK
from evsed.api.refusals import Bucket, Refusals
from evsed.config import Installation, Mqtt, State
from tests.api.served import Charger


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


def test_whoever_changes_the_broker_without_end_floods_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = [0.0]
    monkeypatch.setattr(service, "Bucket", lambda: Bucket(lambda: now[0]))
    mqtt = MqttService(Charger().runtime, Installation(state=State(str(tmp_path))), Refusals(), lambda: UNKNOWN_NETWORK)
    with caplog.at_level(logging.INFO, "evsed.api.mqtt"):
        for number in range(60):
            mqtt.set_broker(Mqtt(f"broker{number}"))
        assert len(caplog.records) == 50
        now[0] = 5.0
        mqtt.set_broker(Mqtt("last"))
    assert caplog.records[-1].message == "MQTT broker last:1883 from now on (10 others before it were not logged)"
