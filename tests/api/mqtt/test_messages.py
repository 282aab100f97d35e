"""What MQTT says and understands, and the documents of REST, without a broker or a server."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.report import Unit, settings_document
from evsed.api.mqtt.entities import View
from evsed.api.mqtt.publishing import TOPICS, payloads
from evsed.api.mqtt.set_topics import set_command
from evsed.api.v1.state import state_document
from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    Command,
    EndLimit,
    Limit,
    MeterRead,
    Override,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
)
from evsed.core.model import MeterRole, ModeChoice, PhaseCurrents
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings
from tests.lcd_scenes import installed

PAGE = Path(__file__).parents[3] / "docs" / "mqtt.md"
NO_LIMITS = ("", "x", "--", "-1", "+6", "6.", ".5", "6.55", "6,5", "1e1", "nan", "inf", "1000", "6:", ":60", "6:-1",
             "6:1.5", "6:60:6", "6:1234567", "true", "6 : 60", "-:60", "٦")  # fmt: skip


@pytest.fixture
def silent() -> Story:
    """A charger whose meters have never answered."""
    story = Story()
    story.mains_answers = story.ev_answers = False
    story.run(1)
    return story


def test_what_is_not_known_is_not_published(silent: Story) -> None:
    said = {topic.name: payload for topic, payload in payloads(View(silent.snapshot)).items()}
    unknown = {topic.name for topic in TOPICS} - set(said)
    assert unknown >= {
        "MainsCurrentL1",
        "EVCurrentL1",
        "MainsImportActiveEnergy",
        "EVImportActiveEnergy",
        "EVChargePower",
    }
    assert said["State"] == "Ready to Charge"
    assert said["MaxCurrent"] == "130"


def test_what_is_not_known_is_null_in_rest(silent: Story) -> None:
    document = settings_document(silent.snapshot, Unit())
    assert document["phase_currents"]["TOTAL"] is None
    assert document["ev_meter"]["total_kwh"] is None
    assert document["mains_meter"] == {"import_active_energy": None, "export_active_energy": None}
    assert state_document(silent.snapshot)["meters"]["mains"]["currents"] is None


def test_a_disabled_ev_meter_has_no_values() -> None:
    story = Story(Saved(settings=settings(ev_meter="Disabled")))
    story.run(1)
    document = settings_document(story.snapshot, Unit())
    assert document["ev_meter"]["description"] == "Disabled"
    assert document["ev_meter"]["charged_kwh"] is None
    assert "EVCurrentL1" not in {topic.name for topic in payloads(View(story.snapshot))}


def test_the_reason_is_the_same_everywhere() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    story.plant.house = (24.0, 1.0, 1.0)
    story.run(1)
    story.plug()
    story.run(1)
    text = "Charging Stopped - No Power Available"
    assert {topic.name: payload for topic, payload in payloads(View(story.snapshot)).items()}["State"] == text
    assert settings_document(story.snapshot, Unit())["evse"]["state"] == text
    told = state_document(story.snapshot)["not_charging"]
    assert told is not None
    assert told["reason"] == "no_power"


def test_of_a_board_that_nobody_described_only_what_is_known_is_published() -> None:
    unknown = _named(View(installed(described=False), modem=True))
    assert {"EVPlugState", "CPPWM", "ESPTemp"}.isdisjoint(unknown)
    assert (unknown["NotChargingReason"], unknown["State"]) == ("not_set_up", "Not set up")
    assert _named(View(installed(), modem=True))["CPPWM"] == "1024"
    document = settings_document(installed(described=False), Unit())
    assert (document["evse"]["pwm"], document["evse"]["temp"], document["evse"]["state"]) == (None, None, "Not set up")


def _named(view: View) -> dict[str, str]:
    return {topic.name: payload for topic, payload in payloads(view).items()}


def test_topics_of_the_circuit_meter_only_while_it_is_configured() -> None:
    def circuit_of(story: Story) -> dict[str, str]:
        said = {topic.name: payload for topic, payload in payloads(View(story.snapshot)).items()}
        return {name: payload for name, payload in said.items() if name.startswith("CircuitCurrent")}

    without = Story()
    without.run(1)
    assert circuit_of(without) == {}
    story = Story(Saved(settings=settings(circuit_meter="API")))
    story.run(1)
    assert circuit_of(story) == {}
    story.core.handle(MeterRead(MeterRole.CIRCUIT, PhaseCurrents(60, -5, 0)), story.now)
    assert circuit_of(story) == {"CircuitCurrentL1": "60", "CircuitCurrentL2": "-5", "CircuitCurrentL3": "0"}


def test_a_limit_that_was_lent_is_told_in_ampere() -> None:
    story = Story()
    assert _limit_of(story) == "none"
    story.command(Limit(65, 60, 160))
    assert _limit_of(story) == "6.5"
    story.run(60)
    assert _limit_of(story) == "16"


def _limit_of(story: Story) -> str:
    return {topic.name: payload for topic, payload in payloads(View(story.snapshot)).items()}["Limit"]


def test_the_messages_of_the_page_are_understood() -> None:
    lines = re.findall(r"^mosquitto_pub -t SmartEVSE-90000/Set/(\S+) -m (\S+)$", PAGE.read_text(), re.MULTILINE)
    assert ("Limit", "10:60") in lines
    for topic, payload in lines:
        assert set_command(topic, payload) is not None


def test_every_fault_is_told_with_the_most_severe_last() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    story.charge()
    assert state_document(story.snapshot)["faults"] == []
    story.unit.temperature = 70
    story.unit.rcm = True
    story.run(1)
    document = state_document(story.snapshot)
    assert document["faults"] == [
        {"code": "temperature", "text": "Temperature High", "error_id": 3},
        {"code": "rcm", "text": "RCM Tripped", "error_id": 5},
    ]
    assert (document["error"], document["error_id"]) == ("RCM Tripped", 5)


def test_the_cable_lock_option_is_told() -> None:
    for option, payload in (("Disabled", "0"), ("Enabled", "1")):
        story = Story(Saved(settings=settings(cablelock=option)))
        said = payloads(View(story.snapshot))
        assert [(topic.retained, said[topic]) for topic in said if topic.name == "CableLock"] == [(True, payload)]


def test_set_messages() -> None:
    assert set_command("Mode", "Solar") == ChooseMode(ModeChoice.SOLAR)
    assert set_command("CurrentOverride", "0") == Override(0)
    assert set_command("CableLock", "1") == ChangeSetting("cablelock", 1)
    assert set_command("CableLock", "0") == ChangeSetting("cablelock", 0)
    assert set_command("Limit", "16") == Limit(160, 60)
    assert set_command("Limit", "0") == Limit(0, 60)
    assert set_command("Limit", "6.5:86400") == Limit(65, 86_400)
    assert set_command("Limit", "999:999999") == Limit(9_990, 999_999), "the core says what is wrong with it"
    assert set_command("Limit", "-") == EndLimit()
    assert set_command("CircuitMeter", "60:-5:+2000") == PostCircuit(PhaseCurrents(60, -5, 2_000))
    for topic, payload in (
        ("Mode", "solar"),
        ("Mode", "2"),
        ("CurrentOverride", "8.0"),
        ("CurrentOverride", ""),
        ("CableLock", "2"),
        ("CableLock", "On"),
        ("CableLock", ""),
        ("CircuitMeter", "60:5"),
        ("CircuitMeter", "60:5:0:1380:0"),
        ("CircuitMeter", "60:5.0:0"),
        ("CircuitMeter", "60:5:"),
        ("CircuitMeter", "60:5:1234567"),
        *(("Limit", payload) for payload in NO_LIMITS),
        ("X", "1"),
    ):
        assert set_command(topic, payload) is None


AMPS = PhaseCurrents(60, -5, 2_000)


@pytest.mark.parametrize(
    ("topic", "payload", "command"),
    [
        ("MainsMeter", "60:-5:+2000", PostMains(AMPS)),
        ("MainsMeter", "60:-5:2000:-1200:123456789012", PostMains(AMPS, -1_200, 123_456_789_012)),
        ("MainsMeter", "-1:-1:-1:-1:0", PostMains(PhaseCurrents(-1, -1, -1), -1, 0)),
        ("MainsMeter", "60:5:9999", PostMains(PhaseCurrents(60, 5, 9_999))),
        ("EVMeter", "60:-5:2000:1380:5000", PostEvMeter(AMPS, 5_000, None, 1_380)),
        ("EVMeter", "-1:-1:-1:1380:5000", PostEvMeter(None, 5_000, None, 1_380)),
        ("EVMeter", "60:-1:60:-1:5000", PostEvMeter(None, 5_000, None, None)),
        ("EVMeter", "60:-5:2000:-1:-1", PostEvMeter(AMPS, None, None, None)),
        ("EVMeter", "0:0:0:-500:0", PostEvMeter(PhaseCurrents(0, 0, 0), 0, None, -500)),
        ("HomeBatteryCurrent", "-123", PostBattery(-123)),
        ("HomeBatteryCurrent", "0", PostBattery(0)),
    ],
)
def test_measurements_of_meters_of_type_api(topic: str, payload: str, command: Command) -> None:
    assert set_command(topic, payload) == command


@pytest.mark.parametrize(
    "refused",
    [
        *(
            "MainsMeter " + payload
            for payload in ("", "60", "60:5", "60:5:", "60:5:0:", "60:5:0:1380", "60:5:0:1380:-1")
        ),
        *(
            "MainsMeter " + payload
            for payload in ("60:5:0:1.5:0", "60:5:0:0:0:0", "60:5.0:0", "x:5:0", "60 :5:0", "٦:5:0")
        ),
        *(
            "EVMeter " + payload
            for payload in ("", "60:5:0", "60:5:0:1380", "60:5:0:1380:-2", "-1:-1:-1:-1:-1", "a:b:c:d:e")
        ),
        *("HomeBatteryCurrent " + payload for payload in ("", "1.5", "-", "nan", "1e3", "1234567")),
    ],
)
def test_measurements_that_are_none_are_not_understood(refused: str) -> None:
    topic, _, payload = refused.partition(" ")
    assert set_command(topic, payload) is None


def test_a_mains_meter_of_type_api_beyond_200_a_is_refused_whole() -> None:
    story = Story(Saved(settings=settings(mains_meter="API")))
    command = set_command("MainsMeter", "10:10:2001:500:7000")
    assert isinstance(command, PostMains)
    assert "2000" in story.command(command).refused
    mains = story.snapshot.meters[MeterRole.MAINS].values
    assert (mains.currents, mains.power_w, mains.import_wh) == (None, None, None)


METERED = ("MainsMeter", "EVMeter", "CircuitMeter", "HomeBatteryCurrent")


@given(st.text(max_size=20), st.text(max_size=40) | st.from_regex(r"[-+0-9]{0,3}(:[-+0-9]{0,3}){0,5}", fullmatch=True))
def test_no_message_raises(topic: str, payload: str) -> None:
    set_command(topic, payload)
    for known in ("CurrentOverride", "CableLock", "Limit", "Mode", *METERED):
        set_command(known, payload)
