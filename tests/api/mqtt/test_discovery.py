"""Home Assistant's discovery: every message keeps the rules, and nothing stays that is not there any more."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from evsed.api.mqtt.entities import Payload, View, values
from evsed.api.mqtt.homeassistant import (
    READ_BACK_MS,
    SETTLE_MS,
    Announcing,
    Form,
    Identity,
    configs,
    discovery_topics,
    present,
)
from evsed.api.mqtt.publishing import TOPICS
from evsed.api.mqtt.set_topics import SET_TOPICS, set_command
from evsed.api.network import Wifi
from evsed.core.snapshot import Saved
from tests.api.mqtt.home_assistant_rules import entities_of, judge
from tests.core.story import Story, settings

US = Identity("90000", 90_000, "SmartEVSE-90000", "http://smartevse-90000.local/")
DEVICE = "homeassistant/device/evsed_90000/config"
RADIO = Wifi("WL_CONNECTED", "home", -60, "00:11:22:33:44:55")


def view(**given: object) -> View:
    story = Story(Saved(settings=settings(**given)))
    story.run(1)
    return View(story.snapshot)


def views() -> Iterator[View]:
    """Chargers of every kind."""
    yield view()
    yield view(mains_meter="Disabled", ev_meter="Disabled")
    yield view(circuit_meter="API", loadbl="Master", current_max=32)
    yield view(loadbl="Node 3")
    yield replace(view(), wifi=RADIO, modem=True, reboots=True)


@pytest.mark.parametrize("form", [Form.DEVICE, Form.ENTITIES])
def test_every_message_keeps_home_assistants_rules(form: Form) -> None:
    for charger in views():
        seen = []
        for topic, payload in configs(US, charger, form, {}).items():
            for domain, keys in entities_of(topic, payload):
                judge(domain, keys)
                seen.append(keys["unique_id"])
        assert len(seen) == len(set(seen)) == len(present(charger))
        assert len(seen) > 30


def test_both_forms_announce_the_same_entities() -> None:
    charger = view()
    shared = {"device", "origin", "availability_topic", "payload_available", "payload_not_available"}
    one = dict(configs(US, charger, Form.DEVICE, {}))
    single = [entity for item in configs(US, charger, Form.ENTITIES, {}).items() for entity in entities_of(*item)]
    assert [(domain, {key: keys[key] for key in keys if key not in shared}) for domain, keys in single] == entities_of(
        DEVICE, one[DEVICE]
    )


def test_there_is_an_entity_for_every_topic_and_a_topic_for_every_entity() -> None:
    assert all(topic.components for topic in TOPICS)
    names = {f"{US.prefix}/{topic.name}" for topic in TOPICS}
    for charger in views():
        for _, keys in entities_of(DEVICE, configs(US, charger, Form.DEVICE, {})[DEVICE]):
            assert keys.get("state_topic", f"{US.prefix}/State") in names
            command = keys.get("command_topic", f"{US.prefix}/Set/Mode").removeprefix(f"{US.prefix}/Set/")
            assert command in SET_TOPICS


def test_what_home_assistant_sends_is_understood() -> None:
    """Every option, limit and payload that an entity offers is taken by its Set topic."""
    charger = replace(view(), reboots=True)
    for domain, keys in entities_of(DEVICE, configs(US, charger, Form.DEVICE, {})[DEVICE]):
        if "command_topic" not in keys:
            continue
        topic = keys["command_topic"].removeprefix(f"{US.prefix}/Set/")
        factor = 10 if "command_template" in keys else 1
        sent = {
            "select": keys.get("options", []),
            "number": [str(round(keys.get(limit, 0) * factor)) for limit in ("min", "max")],
            "switch": [keys.get("payload_on"), keys.get("payload_off")],
            "button": [keys.get("payload_press")],
            "text": ["255,0,10"] if topic.startswith("Color") else ["Normal 2026-11-21T23:00"],
        }[domain]
        for payload in sent:
            assert set_command(topic, payload) is not None, (topic, payload)


def test_what_is_published_is_among_the_options() -> None:
    for charger in views():
        said: dict[str, Payload] = {topic.name: payload for topic, payload in values(TOPICS, charger).items()}
        for _, keys in entities_of(DEVICE, configs(US, charger, Form.DEVICE, {})[DEVICE]):
            payload = said.get(keys.get("state_topic", "").removeprefix(f"{US.prefix}/"))
            if "options" in keys and payload is not None:
                assert ("No error" if payload == "None" else payload) in keys["options"]


def test_no_energy_is_published_before_it_is_known() -> None:
    story = Story()
    story.mains_answers = story.ev_answers = False
    story.run(5)
    silent = View(story.snapshot)
    energies = {topic for topic in TOPICS for each in topic.components if each.device_class == "energy"}
    assert len(energies) == 7
    assert {payload for topic, payload in values(TOPICS, silent).items() if topic in energies} == {None}


def test_energy_only_rises_or_begins_again_at_nothing() -> None:
    """total_increasing: a session's energy is told from its very beginning."""
    story = Story()
    told = []
    for _ in range(2):
        story.charge()
        story.run(60)
        told.append(story.snapshot.charged_wh)
        story.unplug()
        story.run(5)
        told.append(story.snapshot.charged_wh)
        story.plug()
        story.run_until(lambda: story.state.name == "C", 30)
        told.append(story.snapshot.charged_wh)
        story.unplug()
        story.run(5)
    assert told[0] == told[1] == told[3] == told[4]
    assert told[0]
    assert told[2] in {0, None}
    assert told[5] in {0, None}


def test_limits_follow_the_settings() -> None:
    for most in (16, 32):
        entities = entities_of(DEVICE, configs(US, view(current_max=most), Form.DEVICE, {})[DEVICE])
        assert [keys["max"] for _, keys in entities if keys["name"] == "Charge current override"] == [most]


def test_a_unit_without_a_serial_number_is_still_itself() -> None:
    unset = replace(US, unit="0a1b2c3d", serial=0)
    document = json.loads(configs(unset, view(), Form.DEVICE, {})["homeassistant/device/evsed_0a1b2c3d/config"])
    assert "serial_number" not in document["device"]
    assert document["components"]["State"]["unique_id"] == "evsed_0a1b2c3d_State"


def test_unique_ids_do_not_depend_on_the_prefix() -> None:
    def ids(who: Identity) -> list[str]:
        return [keys["unique_id"] for _, keys in entities_of(DEVICE, configs(who, view(), Form.DEVICE, {})[DEVICE])]

    assert ids(US) == ids(replace(US, prefix="garage/charger"))


def test_no_deprecated_key_is_used() -> None:
    text = json.dumps(configs(US, view(), Form.ENTITIES, {}))
    assert not re.search(r"\"object_id|json_attributes\"|\"schema", text)


# ---- what is said when ----


class Broker:
    """Keeps what is retained, as a broker does."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.now = 0
        self.said: list[str] = []

    def connect(self) -> Announcing:
        """Somebody connects, and is told what of theirs is kept."""
        announcing = Announcing(US, self.now)
        for topic in discovery_topics(US):
            if topic in self.kept:
                announcing.kept(topic, self.kept[topic])
        return announcing

    def look(self, announcing: Announcing, charger: View, form: Form, ms: int = 5_000) -> list[str]:
        """The topics of what is said in the next ``ms``; a withdrawn one with a dash before it."""
        said = []
        until = self.now + ms
        while self.now < until:
            for message in announcing.messages(self.now, charger, form):
                assert message.retained
                if message.payload:
                    self.kept[message.topic] = message.payload
                else:
                    self.kept.pop(message.topic, None)
                said.append(message.topic if message.payload else f"-{message.topic}")
            self.now += 250
        return said


def test_it_is_said_once_and_after_the_broker_has_shown_what_it_keeps() -> None:
    broker = Broker()
    announcing = broker.connect()
    assert broker.look(announcing, view(), Form.DEVICE, READ_BACK_MS) == []
    assert broker.look(announcing, view(), Form.DEVICE) == [DEVICE]
    assert broker.look(announcing, view(), Form.DEVICE, 60_000) == []


def test_home_assistants_birth_is_answered() -> None:
    broker, charger = Broker(), view()
    announcing = broker.connect()
    broker.look(announcing, charger, Form.DEVICE)
    announcing.again()
    assert broker.look(announcing, charger, Form.DEVICE) == [DEVICE]


def test_the_form_is_changed_while_running_and_the_other_is_withdrawn_first() -> None:
    broker, charger = Broker(), view()
    announcing = broker.connect()
    broker.look(announcing, charger, Form.DEVICE)
    assert broker.look(announcing, charger, Form.ENTITIES, SETTLE_MS) == [f"-{DEVICE}"]
    assert len(broker.look(announcing, charger, Form.ENTITIES)) == len(present(charger))
    back = broker.look(announcing, charger, Form.DEVICE)
    assert len(back) == len(present(charger)) + 1
    assert [topic for topic in back if not topic.startswith("-")] == [back[-1]] == [DEVICE]
    assert list(broker.kept) == [DEVICE]
    assert broker.look(announcing, charger, Form.OFF) == [f"-{DEVICE}"]
    assert broker.kept == {}


@pytest.mark.parametrize("before", list(Form))
@pytest.mark.parametrize("after", list(Form))
def test_the_form_is_changed_while_the_daemon_is_down(before: Form, after: Form) -> None:
    broker, charger = Broker(), view()
    broker.look(broker.connect(), charger, before)
    broker.look(broker.connect(), charger, after)
    assert broker.kept == configs(US, charger, after, {})


@pytest.mark.parametrize("restarted", [False, True])
def test_an_entity_whose_meter_was_removed_is_withdrawn(restarted: bool) -> None:
    for form in (Form.DEVICE, Form.ENTITIES):
        broker = Broker()
        announcing = broker.connect()
        broker.look(announcing, view(), form)
        without = view(ev_meter="Disabled")
        if restarted:
            announcing = broker.connect()
        removed: list[str] = []
        for _ in range(24):
            broker.look(announcing, without, form, 250)
            stubs = json.loads(broker.kept.get(DEVICE, '{"components": {}}'))["components"]
            removed += [key for key, keys in stubs.items() if keys == {"platform": "sensor"}]
        assert broker.kept == configs(US, without, form, {})
        assert "EVCurrentL1" not in json.dumps(broker.kept)
        if form is Form.DEVICE:
            assert {"EVCurrentL1", "EVEnergyCharged"} <= set(removed)


def test_an_entity_of_an_older_version_is_removed_from_the_device() -> None:
    broker, charger = Broker(), view()
    document = json.loads(configs(US, charger, Form.DEVICE, {})[DEVICE])
    document["components"]["Gone"] = {"platform": "sensor", "name": "Gone", "unique_id": "evsed_90000_Gone"}
    broker.kept[DEVICE] = json.dumps(document)
    announcing = broker.connect()
    broker.look(announcing, charger, Form.DEVICE, READ_BACK_MS + 250)
    assert json.loads(broker.kept[DEVICE])["components"]["Gone"] == {"platform": "sensor"}
    broker.look(announcing, charger, Form.DEVICE)
    assert broker.kept == configs(US, charger, Form.DEVICE, {})


def test_what_others_announce_is_left_alone() -> None:
    broker, charger = Broker(), view()
    announcing = broker.connect()
    for topic in ("homeassistant/sensor/other/config", "homeassistant/device/evsed_1/config"):
        broker.kept[topic] = "theirs"
        announcing.kept(topic, "theirs")
    said = broker.look(announcing, charger, Form.OFF) + broker.look(announcing, charger, Form.ENTITIES)
    assert all("evsed_90000" in topic for topic in said)
    assert broker.kept["homeassistant/sensor/other/config"] == "theirs"


@pytest.mark.parametrize(
    "payload",
    ["x", "[]", "null", '{"components": 1}', '{"components": {"a b": {"platform": "sensor"}, "c": 1}}',
     '{"components": {"State": {}}}', '{"components": {"State": {"platform": {}}}}', "[" * 100_000,
     '{"components": {}}' + " " * 300_000],
)  # fmt: skip
def test_nonsense_at_our_discovery_topic_is_replaced(payload: str) -> None:
    broker, charger = Broker(), view()
    broker.kept[DEVICE] = payload
    broker.look(broker.connect(), charger, Form.DEVICE)
    assert broker.kept == configs(US, charger, Form.DEVICE, {})
