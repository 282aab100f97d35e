"""The MQTT client in this process, on a real control loop, against a real mosquitto and a network that fails."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from evsed.api.mqtt.entities import View
from evsed.api.mqtt.homeassistant import Form, configs
from evsed.api.mqtt.service import MqttService, client_id, identity
from evsed.api.network import UNKNOWN_NETWORK
from evsed.api.refusals import Refusals
from evsed.config import Installation, Mqtt, State
from evsed.core.events import ChangeSetting, Command, Verdict
from evsed.core.model import ModeChoice
from evsed.core.snapshot import Saved, Snapshot
from evsed.runtime import Runtime
from tests.api.mqtt.home_assistant_rules import entities_of, judge
from tests.api.served import EmptySocket, Memory
from tests.core.story import settings
from tests.scenarios.broker import Authority, Broker, Listener, Network, password_file
from tests.scenarios.simulation import PATIENCE_S, wait_for

pytestmark = pytest.mark.daemon

PREFIX = "SmartEVSE-4711"
DEVICE = "device/evsed_4711/config"
KEEPALIVE_S = 2


# paho leaves a socket whose handshake failed to the garbage collector, which closes it, and complains in tests.
HANDSHAKE_FAILS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@dataclass
class Charger:
    """A control loop with an MQTT client; the loop runs, and the client connects, within ``with``."""

    directory: Path
    broker: Mqtt
    saved: Saved = field(default_factory=lambda: Saved(settings=settings()))

    def __post_init__(self) -> None:
        self.refusals = Refusals()
        self.reboots = 0
        self.hung = False
        self.runtime = Runtime(EmptySocket(), Memory(), self.saved, lambda: None)
        self.installation = Installation(4711, state=State(str(self.directory)), mqtt=self.broker)
        self.mqtt = MqttService(
            self, self.installation, self.refusals, lambda: UNKNOWN_NETWORK, self._reboot, KEEPALIVE_S
        )

    @property
    def snapshot(self) -> Snapshot:
        return self.runtime.snapshot

    @property
    def hangs(self) -> bool:
        return self.hung or self.runtime.hangs

    def submit(self, command: Command) -> "Future[Verdict]":
        return self.runtime.submit(command)

    def _reboot(self) -> None:
        self.reboots += 1

    def __enter__(self) -> Self:
        self.runtime.start()
        self.mqtt.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.mqtt.close()
        self.runtime.leave()
        assert self.runtime.join(PATIENCE_S)

    def change(self, key: str, value: int) -> None:
        assert self.runtime.submit(ChangeSetting(key, value)).result(PATIENCE_S).accepted

    def wait_for_connection(self) -> Self:
        wait_for(self.mqtt.connected, "the broker has us")
        return self

    def wait_for_loss(self) -> None:
        wait_for(lambda: not self.mqtt.connected(), "the loss is noticed")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def listen(broker: Broker) -> Iterator[Callable[[str], Listener]]:
    """Makes listeners to that broker."""
    with ExitStack() as stack:

        def listener(prefix: str) -> Listener:
            made = Listener(broker, prefix)
            stack.callback(made.close)
            return made

        yield listener


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def at(broker: Broker) -> Mqtt:
    return Mqtt("127.0.0.1", broker.port)


def test_a_broker_that_restarts_is_found_again(
    broker: Broker, tmp_path: Path, said: pytest.LogCaptureFixture, listen: Callable[[str], Listener]
) -> None:
    with Charger(tmp_path, at(broker)) as charger:
        charger.wait_for_connection()
        for _ in range(2):
            broker.stop()
            charger.wait_for_loss()
            broker.start()
            charger.wait_for_connection()
        listener = listen(PREFIX)
        listener.wait("connected", "online")
        listener.wait("State", "Ready to Charge")
        assert said.text.count(": connected") == 3
        assert said.text.count("has dropped us; trying for ever") == 2


def test_a_wrong_password_is_told_once_and_the_right_one_is_taken(
    tmp_path: Path, said: pytest.LogCaptureFixture
) -> None:
    options = ("allow_anonymous false", f"password_file {password_file(tmp_path, 'evse', 'right')}")
    with Broker(tmp_path, options=options) as broker:
        wrong = Mqtt("127.0.0.1", broker.port, "evse", "wrong")
        with Charger(tmp_path / "state", wrong) as charger:
            wait_for(lambda: "refuses us" in said.text, "the refusal is told")
            assert not charger.mqtt.connected()
            (tmp_path / "state").mkdir()
            charger.mqtt.set_broker(Mqtt("127.0.0.1", broker.port, "evse", "right"))
            charger.wait_for_connection()
        assert said.text.count("refuses us") == 1
        assert "check user name and password" in said.text
        assert "wrong" not in said.text
        assert "right" not in said.text


def test_a_network_that_is_cut_is_mended_from_our_side(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]
) -> None:
    network = Network(broker.port)
    listener = listen(PREFIX)
    with Charger(tmp_path, Mqtt("127.0.0.1", network.port)) as charger:
        charger.wait_for_connection()
        listener.wait("connected", "online")
        network.cut()
        listener.wait("connected", "offline")
        listener.wait("connected", "online")
        charger.wait_for_connection()
    network.close()


def test_a_network_that_swallows_everything_is_noticed(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]
) -> None:
    network = Network(broker.port)
    listener = listen(PREFIX)
    with Charger(tmp_path, Mqtt("127.0.0.1", network.port)) as charger:
        charger.wait_for_connection()
        network.stall()
        charger.wait_for_loss()
        listener.wait("connected", "offline")
        listener.forget()
        network.mend()
        charger.wait_for_connection()
        listener.wait("connected", "online")
        listener.wait("Mode", "Normal")
    network.close()


@HANDSHAKE_FAILS
def test_tls_with_an_authority_of_our_own(tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    ours, other = Authority(tmp_path, "ours").found(), Authority(tmp_path, "other").found()
    certificate, key = ours.certify("broker", "127.0.0.1")
    our_certificate, our_key = ours.certify("evsed", "127.0.0.2")
    options = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}", f"cafile {ours.ca}",
               "require_certificate true")  # fmt: skip
    with Broker(tmp_path, options=options) as broker:

        def connection(ca: Path) -> Mqtt:
            return Mqtt("127.0.0.1", broker.port, tls=True, ca=str(ca), certificate=our_certificate, key=our_key)

        with Charger(tmp_path, connection(other.ca)) as charger:
            wait_for(lambda: "does not prove who it is; trying for ever" in said.text, "the wrong authority is told")
            assert not charger.mqtt.connected()
            charger.mqtt.set_broker(connection(ours.ca))
            charger.wait_for_connection()
            charger.mqtt.set_broker(connection(tmp_path / "missing.pem"))
            wait_for(lambda: "for lack of a certificate" in said.text, "the missing file is told")
            assert "missing.pem" in said.text
            assert not charger.mqtt.connected()
            charger.mqtt.set_broker(Mqtt("127.0.0.1", broker.port))
            wait_for(lambda: "does not answer as a broker does" in said.text, "plain text does not work there")
            assert not charger.mqtt.connected()


@HANDSHAKE_FAILS
def test_a_certificate_for_another_host_is_refused(tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    ours = Authority(tmp_path, "ours").found()
    certificate, key = ours.certify("broker", "127.0.0.9")
    options = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    broker = Broker(tmp_path, options=options)
    with broker, Charger(tmp_path, Mqtt("127.0.0.1", broker.port, tls=True, ca=str(ours.ca))) as charger:
        wait_for(lambda: "does not prove who it is" in said.text, "it is told")
        assert not charger.mqtt.connected()


def test_the_broker_is_changed_while_running_and_after_a_restart(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]
) -> None:
    old = listen(PREFIX)
    with Broker(tmp_path) as other:
        new = Listener(other, "garage")
        with Charger(tmp_path, at(broker)) as charger:
            charger.wait_for_connection()
            old.wait("connected", "online")
            charger.mqtt.set_broker(Mqtt("127.0.0.1", other.port, prefix="garage"))
            old.wait("connected", "offline")
            new.wait("connected", "online")
            assert charger.mqtt.broker().port == other.port
        new.wait("connected", "offline")
        with Charger(tmp_path, at(broker)) as charger:
            new.wait("connected", "online")
            charger.mqtt.set_broker(Mqtt())
            new.wait("connected", "offline")
            assert not charger.mqtt.connected()
        new.close()


def test_what_is_no_broker_changes_nothing(broker: Broker, tmp_path: Path) -> None:
    with Charger(tmp_path, at(broker)) as charger:
        charger.wait_for_connection()
        with pytest.raises(ValueError, match="prefix"):
            charger.mqtt.set_broker(Mqtt("127.0.0.1", prefix="a/#"))
        (tmp_path / "mqtt.json.new").mkdir()  # so that nothing can be written
        with pytest.raises(OSError, match="directory"):
            charger.mqtt.set_broker(Mqtt("127.0.0.2"))
        assert charger.mqtt.broker() == at(broker)
        assert charger.mqtt.connected()


def test_a_control_loop_that_hangs_is_not_shown_as_online(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]
) -> None:
    listener = listen(PREFIX)
    with Charger(tmp_path, at(broker)) as charger:
        listener.wait("connected", "online")
        charger.hung = True
        listener.wait("connected", "offline")
        listener.forget()
        charger.hung = False
        listener.wait("connected", "online")
        listener.wait("MaxCurrent", "130")


def test_of_a_flood_the_last_word_counts(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener], said: pytest.LogCaptureFixture
) -> None:
    listener = listen(PREFIX)
    with Charger(tmp_path, at(broker)) as charger:
        listener.wait("connected", "online")
        for blue in range(256):
            listener.say("Set/ColorSmart", f"1,2,{blue}", wait=False)
            listener.say("Set/Mode", "Normal" if blue % 2 else "Smart", wait=False)
        listener.say("Set/Mode", "Pause")
        listener.wait("Mode", "Pause")
        listener.wait("LEDColorSmart", "1,2,255")
        assert charger.snapshot.choice is ModeChoice.PAUSE
        assert said.text.count(f"{PREFIX}/Set/Mode: 'a burst of messages'") <= 1


def test_a_huge_retained_message_is_not_read_and_all_is_well_when_it_is_gone(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener], said: pytest.LogCaptureFixture
) -> None:
    listener = listen(PREFIX)
    listener.say("Set/Mode", "x" * 300_000, retain=True)
    with Charger(tmp_path, at(broker)) as charger:
        wait_for(lambda: "sends more than we read" in said.text, "it is told")
        assert charger.refusals.count == 0
        listener.say("Set/Mode", "", retain=True)

        def pauses() -> bool:
            listener.say("Set/Mode", "Pause")
            return listener.last.get("Mode") == "Pause"

        wait_for(pauses, "it is there again and obeys")


# ---- Home Assistant ----


def test_both_forms_of_discovery_while_running(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]
) -> None:
    with Charger(tmp_path, at(broker)) as charger:
        house = listen("homeassistant")
        house.wait_for(lambda: DEVICE in house.everything(), "the device is announced")
        charger.change("mqtt_discovery", 1)
        entities = len(_announced(charger))
        house.wait_for(lambda: len(house.everything()) == entities, "the entities are announced one by one")
        assert DEVICE not in house.everything()
        for topic, payload in house.everything().items():
            for entity in entities_of(f"homeassistant/{topic}", payload):
                judge(*entity)
        charger.change("mqtt_discovery", 0)
        house.wait_for(lambda: list(house.everything()) == [DEVICE], "the device only")
        charger.change("mqtt_discovery", 2)
        house.wait_for(lambda: not house.everything(), "nothing")
    later = listen("homeassistant")
    listen(PREFIX).wait("connected", "offline")
    assert later.everything() == {}, "nothing is kept by the broker either"


def _announced(charger: Charger) -> dict[str, str]:
    view = View(charger.runtime.snapshot, reboots=True)
    form = charger.runtime.snapshot.settings.mqtt_discovery
    return configs(identity(charger.installation, charger.broker), view, Form(form), {})


def test_home_assistants_birth_is_answered_with_everything(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]
) -> None:
    with Charger(tmp_path, at(broker)):
        house, ours = listen("homeassistant"), listen(PREFIX)
        house.wait_for(lambda: DEVICE in house.everything(), "the device is announced")
        ours.wait("MaxCurrent", "130")
        house.forget()
        ours.forget()
        house.say("status", "online")
        house.wait_for(lambda: DEVICE in house.everything(), "the device is announced again")
        ours.wait("MaxCurrent", "130")


@pytest.mark.parametrize("form", ["Device", "Entities"])
def test_an_entity_that_went_while_the_daemon_was_down_is_withdrawn(
    broker: Broker, tmp_path: Path, listen: Callable[[str], Listener], form: str
) -> None:
    house = listen("homeassistant")
    with Charger(tmp_path, at(broker), Saved(settings=settings(mqtt_discovery=form))):
        house.wait_for(lambda: "EVCurrentL2" in json.dumps(house.everything()), "the EV meter's entities")
    without = Saved(settings=settings(mqtt_discovery=form, ev_meter="Disabled"))
    with Charger(tmp_path, at(broker), without) as charger:
        wanted = {topic.removeprefix("homeassistant/"): text for topic, text in _announced(charger).items()}
        house.wait_for(lambda: house.everything() == wanted, "only what is there")


def test_what_others_announce_stays(broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]) -> None:
    house = listen("homeassistant")
    house.say("sensor/evsed_4712_State/config", '{"theirs": 1}', retain=True)
    house.say("device/other/config", '{"theirs": 2}', retain=True)
    with Charger(tmp_path, at(broker), Saved(settings=settings(mqtt_discovery="Entities"))) as charger:
        house.wait_for(lambda: len(house.everything()) > 30, "ours")
        charger.change("mqtt_discovery", 2)
        house.wait_for(lambda: len(house.everything()) == 2, "theirs")


def test_a_reboot_and_a_retained_one(broker: Broker, tmp_path: Path, listen: Callable[[str], Listener]) -> None:
    ours = listen(PREFIX)
    ours.say("Set/Reboot", "Reboot", retain=True)
    with Charger(tmp_path, at(broker)) as charger:
        ours.wait("connected", "online")
        wait_for(lambda: charger.refusals.count == 1, "the retained one is refused")
        assert charger.reboots == 0
        ours.say("Set/Reboot", "Reboot")
        wait_for(lambda: charger.reboots == 1, "the reboot is asked for")


def test_two_units_on_one_broker_do_not_throw_each_other_out(broker: Broker, tmp_path: Path) -> None:
    """D35#154: the same client id twice is a reconnect every few seconds."""
    one, other = (Charger(tmp_path / name, at(broker)) for name in ("one", "other"))
    assert client_id(one.installation) != client_id(other.installation)
    with one, other:
        one.wait_for_connection()
        other.wait_for_connection()
        other.change("current_max", 16)
        assert one.mqtt.connected()
        assert other.mqtt.connected()
