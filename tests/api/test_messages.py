"""What MQTT says and understands, and the documents of REST, without a broker or a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.entities import TOPICS, payloads
from evsed.api.mqtt import set_command
from evsed.api.report import settings_document
from evsed.api.routes.state import state_document
from evsed.config import Installation
from evsed.core.events import ChooseMode, Override
from evsed.core.model import ModeChoice
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings


@pytest.fixture
def silent() -> Story:
    """A charger whose meters have never answered."""
    story = Story()
    story.mains_answers = story.ev_answers = False
    story.run(1)
    return story


def test_what_is_not_known_is_not_published(silent: Story) -> None:
    said = {topic.name: payload for topic, payload in payloads(silent.snapshot).items()}
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
    document = settings_document(silent.snapshot, Installation(), mqtt_connected=False)
    assert document["phase_currents"]["TOTAL"] is None
    assert document["ev_meter"]["total_kwh"] is None
    assert document["mains_meter"] == {"import_active_energy": None, "export_active_energy": None}
    assert state_document(silent.snapshot)["meters"]["mains"]["currents"] is None


def test_a_disabled_ev_meter_has_no_values() -> None:
    story = Story(Saved(settings=settings(ev_meter="Disabled")))
    story.run(1)
    document = settings_document(story.snapshot, Installation(), mqtt_connected=True)
    assert document["ev_meter"]["description"] == "Disabled"
    assert document["ev_meter"]["charged_kwh"] is None
    assert "EVCurrentL1" not in {topic.name for topic in payloads(story.snapshot)}


def test_the_reason_is_the_same_everywhere() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    story.plant.house = (24.0, 1.0, 1.0)
    story.run(1)
    story.plug()
    story.run(1)
    text = "Charging Stopped - No Power Available"
    assert {topic.name: payload for topic, payload in payloads(story.snapshot).items()}["State"] == text
    assert settings_document(story.snapshot, Installation(), mqtt_connected=True)["evse"]["state"] == text
    assert state_document(story.snapshot)["not_charging"]["reason"] == "no_power"


def test_set_messages() -> None:
    assert set_command("Mode", "Solar") == ChooseMode(ModeChoice.SOLAR)
    assert set_command("CurrentOverride", "0") == Override(0)
    for topic, payload in (
        ("Mode", "solar"),
        ("Mode", "2"),
        ("CurrentOverride", "8.0"),
        ("CurrentOverride", ""),
        ("X", "1"),
    ):
        assert set_command(topic, payload) is None


@given(st.text(max_size=20), st.text(max_size=40))
def test_no_message_raises(topic: str, payload: str) -> None:
    set_command(topic, payload)
    set_command("CurrentOverride", payload)
