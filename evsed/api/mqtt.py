"""MQTT: publishes the entities, takes ``Set/#``, and reconnects for ever.

Owns the client and its two threads (paho's network loop, our publisher); none of them is ever waited for by the control
loop. What is published stands in entities.py.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from evsed.api.entities import MODE_NAMES, Topic, payloads
from evsed.api.refusals import Refusals
from evsed.config import Mqtt
from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    Command,
    EndLimit,
    Limit,
    Override,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
    Verdict,
)
from evsed.core.model import PhaseCurrents
from evsed.runtime import Runtime

log = logging.getLogger(__name__)

LOOK_S = 0.25
ALL_EVERY_S = 9.0
_FIRST_RETRY_S = 1
_LONGEST_RETRY_S = 60
_KEEPALIVE_S = 30
_MOST_QUEUED = 200
_CHOICES: Final = {name: choice for choice, name in MODE_NAMES.items()}
_WHOLE = re.compile(r"[+-]?[0-9]{1,6}")
_LIMIT = re.compile(r"([0-9]{1,3})(?:\.([0-9]))?(?::([0-9]{1,6}))?")  # A, or A:seconds
_LENT_FOR_S = 60
_PHASES = "([+-]?[0-9]{1,6}):([+-]?[0-9]{1,6}):([+-]?[0-9]{1,6})"
_CURRENTS = re.compile(_PHASES)
_MAINS = re.compile(_PHASES + "(?::([+-]?[0-9]{1,7}):([0-9]{1,12}))?")  # and W and Wh
_EV = re.compile(_PHASES + ":([+-]?[0-9]{1,7}):(-1|[0-9]{1,12})")
_UNKNOWN = "-1"


def set_command(topic: str, payload: str) -> Command | None:
    """The command that a ``Set/`` message stands for; None when its payload is not of the form its topic takes."""
    if topic == "Mode" and payload in _CHOICES:
        return ChooseMode(_CHOICES[payload])
    if topic == "CurrentOverride" and _WHOLE.fullmatch(payload):
        return Override(int(payload))
    if topic == "Limit" and payload == "-":
        return EndLimit()
    if topic == "Limit" and (limit := _LIMIT.fullmatch(payload)):
        amps, tenths, seconds = limit.groups()
        return Limit(int(amps) * 10 + int(tenths or 0), int(seconds or _LENT_FOR_S))
    if topic == "CableLock" and payload in {"0", "1"}:
        return ChangeSetting("cablelock", int(payload))
    return _measured(topic, payload)


def _measured(topic: str, payload: str) -> Command | None:
    """What a meter of type API, or the home battery, measures. Ranges are the core's."""
    if topic == "MainsMeter" and (mains := _MAINS.fullmatch(payload)):
        power_w, import_wh = (None if value is None else int(value) for value in mains.groups()[3:])
        return PostMains(_currents(mains), power_w, import_wh)
    if topic == "EVMeter" and (ev := _EV.fullmatch(payload)):
        currents = None if _UNKNOWN in ev.groups()[:3] else _currents(ev)
        power_w, import_wh = (None if value == _UNKNOWN else int(value) for value in ev.groups()[3:])
        said = (currents, power_w, import_wh) != (None, None, None)
        return PostEvMeter(currents, import_wh, None, power_w) if said else None
    if topic == "CircuitMeter" and (circuit := _CURRENTS.fullmatch(payload)):
        return PostCircuit(_currents(circuit))
    if topic == "HomeBatteryCurrent" and _WHOLE.fullmatch(payload):
        return PostBattery(int(payload))
    return None


def _currents(match: re.Match[str]) -> PhaseCurrents:
    return PhaseCurrents(int(match.group(1)), int(match.group(2)), int(match.group(3)))


class MqttClient:
    """The connection to the owner's broker; nothing at all while none is configured."""

    def __init__(self, broker: Mqtt, prefix: str, serial: int, runtime: Runtime, refusals: Refusals) -> None:
        self._broker = broker
        self._prefix = prefix
        self._runtime = runtime
        self._refusals = refusals
        self._connected = threading.Event()
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._complained = False
        self._publisher = threading.Thread(target=self._publish_for_ever, name="mqtt publisher", daemon=True)
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"evsed-{serial}")
        client.max_queued_messages_set(_MOST_QUEUED)
        client.reconnect_delay_set(_FIRST_RETRY_S, _LONGEST_RETRY_S)
        client.will_set(f"{prefix}/connected", "offline", retain=True)
        if broker.username:
            client.username_pw_set(broker.username, broker.password)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        self._client = client

    def connected(self) -> bool:
        """Whether the broker has us now."""
        return self._connected.is_set()

    def start(self) -> None:
        """Begins to connect; returns at once."""
        if not self._broker.host:
            return
        self._client.connect_async(self._broker.host, self._broker.port, _KEEPALIVE_S)
        self._client.loop_start()
        self._publisher.start()

    def close(self) -> None:
        """Says goodbye; takes a second at most."""
        self._closing.set()
        self._changed.set()
        if not self._broker.host:
            return
        if self.connected():
            said = self._client.publish(f"{self._prefix}/connected", "offline", retain=True)
            threading.Thread(target=said.wait_for_publish, args=(0.3,), daemon=True).start()
        self._client.disconnect()
        stopping = threading.Thread(target=self._client.loop_stop, daemon=True)
        stopping.start()
        stopping.join(0.5)

    # ---- on paho's thread ----

    def _on_connect(
        self, client: paho.Client, _data: object, _flags: paho.ConnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if reason.is_failure:
            self._complain(f"refuses us: {reason}; check user name and password")
            return
        log.info("MQTT broker %s:%s: connected", self._broker.host, self._broker.port)
        self._complained = False
        client.subscribe(f"{self._prefix}/Set/#")
        client.publish(f"{self._prefix}/connected", "online", retain=True)
        self._connected.set()
        self._changed.set()

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        self._complain("cannot be reached")

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._connected.is_set() and not self._closing.is_set():
            self._complain(f"has dropped us: {reason}")
        self._connected.clear()

    def _complain(self, what: str) -> None:
        if not self._complained:
            log.warning("MQTT broker %s:%s %s; trying for ever", self._broker.host, self._broker.port, what)
        self._complained = True

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"{self._prefix}/Set/")
        payload = message.payload.decode("utf-8", "replace").strip()
        if message.retain:
            self._refusals.note(f"MQTT {message.topic}", payload, "a retained message is old news")
            return
        command = set_command(topic, payload)
        if command is None:
            self._refusals.note(f"MQTT {message.topic}", payload, "not a payload of this topic")
            return
        self._runtime.submit(command).add_done_callback(self._report(message.topic, payload))

    def _report(self, topic: str, payload: str) -> "Callable[[Future[Verdict]], None]":
        def done(answer: "Future[Verdict]") -> None:
            refused = answer.result().refused
            if refused:
                self._refusals.note(f"MQTT {topic}", payload, refused)
            self._changed.set()

        return done

    # ---- on our own thread ----

    def _publish_for_ever(self) -> None:
        said: dict[Topic, str] = {}
        all_at = float("-inf")
        while not self._closing.is_set():
            if self._changed.wait(LOOK_S):
                self._changed.clear()
            if not self._connected.is_set() or self._runtime.hangs:
                said = {}
                continue
            now = time.monotonic()
            if now - all_at >= ALL_EVERY_S:
                said, all_at = {}, now
            current = payloads(self._runtime.snapshot)
            for topic, payload in current.items():
                if topic not in said or (topic.on_change and said[topic] != payload):
                    self._client.publish(f"{self._prefix}/{topic.name}", payload, retain=topic.retained)
            said = current
