"""docs/alerts.md shows the messages and names that there are."""

import json
import re

import yaml  # type: ignore[import-untyped]

from evsed.alerts.alert import Kind, document
from evsed.alerts.judge import ENDED_MS, Judge
from evsed.alerts.webhook import FIRST_RETRY_S
from evsed.api.mqtt.entities import View
from evsed.api.mqtt.homeassistant import Form, Identity, configs
from evsed.core.faults import Fault
from evsed.core.settings import TABLE
from tests.alerts.moments import at, charging, stopped
from tests.documents.pages import ROOT, blocks

PAGE = ROOT / "docs/alerts.md"
TEXT = " ".join(PAGE.read_text(encoding="utf-8").split())
AUTOMATIONS = [yaml.safe_load(block.text)["automation"][0] for block in blocks(PAGE, "yaml")]


def _shown() -> dict[str, object]:
    (shown,) = [found for block in blocks(PAGE, "json") if "event_type" in (found := json.loads(block.text))]
    return dict(shown)


def test_the_message_is_as_it_is_shown() -> None:
    (alert,) = Judge().look(at(0, stopped(Fault.RCM)))
    passing = {"time", "since"}
    told = document(alert, 90_000)
    assert {key: value for key, value in told.items() if key not in passing} == {
        key: value for key, value in _shown().items() if key not in passing
    }
    assert told.keys() == _shown().keys()
    for kind in Kind:
        assert f"`{kind.value}`" in TEXT


def test_figures_are_those_of_the_code() -> None:
    assert f"has been away for {ENDED_MS // 1000} s" in TEXT
    assert f"after {FIRST_RETRY_S:g} s and then" in TEXT


def test_the_automations_use_what_there_is() -> None:
    identity = Identity("90000", 90_000, "SmartEVSE-90000", "http://localhost/")
    view = View(charging("", "Enabled"))
    said = [json.loads(text) for text in configs(identity, view, Form.ENTITIES, {}).values()]
    (event,) = [keys for keys in said if keys["default_entity_id"].startswith("event.")]
    assert set(re.findall(r"event\.\w+", PAGE.read_text(encoding="utf-8"))) == {event["default_entity_id"]}
    assert set(AUTOMATIONS[0]["conditions"][0]["state"]) <= set(event["event_types"])
    for automation in AUTOMATIONS:
        used = re.findall(r"(?:trigger\.json\.|_alert', ')(\w+)", json.dumps(automation["actions"]))
        assert len(used) == 2
        assert set(used) <= _shown().keys()


def test_addresses_that_it_shows_are_taken() -> None:
    found = [address for address in re.findall(r"https?://[^\s`]+", TEXT) if "localhost" not in address]
    assert len(found) >= 4
    for address in found:
        assert TABLE["alert_webhook"].parse(address) == address
