"""The connection to one broker: tried for ever; publishes what publishing.py and homeassistant.py say, takes ``Set/``.

Owns the paho client and the thread that connects and publishes. Nobody waits for it, least of all the control loop.
"""

import logging
import queue
import random
import ssl
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from evsed.api.mqtt.client import LONGEST_PACKET, BoundedClient
from evsed.api.mqtt.entities import View
from evsed.api.mqtt.entity_table_alerts import ALERT
from evsed.api.mqtt.homeassistant import Announcing, Form, Identity, discovery_topics
from evsed.api.mqtt.outbox import Outbox
from evsed.api.mqtt.publishing import Message, Publishing
from evsed.api.mqtt.set_topics import AlertTest, EndTimer, Reboot, set_command, wrong
from evsed.api.mqtt.turns import Asked, Turns
from evsed.api.refusals import Bucket, Refusals
from evsed.config import Mqtt
from evsed.core.events import Command, Verdict

log = logging.getLogger(__name__)

LOOK_S: Final = 0.25
KEEPALIVE_S: Final = 15
_CONNECT_WITHIN_S: Final = 10.0
_FIRST_RETRY_S: Final = 1.0
_LONGEST_RETRY_S: Final = 60.0
_STABLE_S: Final = 10.0  # a connection that held so long was a good one: the next loss is a first one
_GOODBYE_S: Final = 0.3
_LONGEST_PAYLOAD: Final = 512
_FILTERS_AT_ONCE: Final = 8  # some brokers take no more in one packet
_REFUSED: Final = "refuses us"
_TOO_LONG: Final = "sends more than we read"


class TlsFilesError(Exception):
    """A file that TLS needs cannot be used; the text says which and why."""


class Hands(Protocol):
    """What a link needs of the charger. None of it blocks."""

    def view(self) -> View | None:
        """The charger as it is now; None while the control loop does not answer."""

    def submit(self, command: Command) -> "Future[Verdict]":
        """Hands a command over."""

    def end_timer(self) -> Command | None:
        """What ends delayed charging and changes nothing else; None while there is none."""

    def reboot(self) -> str:
        """Starts the daemon anew; why not, or empty."""

    def test_alert(self) -> str:
        """Tells a test by every way that is on; why not, or empty."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom we speak to, and as whom."""

    broker: Mqtt
    identity: Identity
    client_id: str
    keepalive_s: int = KEEPALIVE_S


class MqttLink:
    """From ``start`` to ``close`` it is connected, or tries to be."""

    def __init__(
        self,
        contact: Contact,
        hands: Hands,
        refusals: Refusals,
        alerts: Outbox | None = None,
        bucket: Bucket | None = None,
    ) -> None:
        """``alerts``: what is to be said at their topic. ``bucket``: of all links, for lines in the log."""
        self._contact = contact
        self._bucket = bucket or Bucket()
        self._alerts = alerts
        self._identity = contact.identity
        self._hands = hands
        self._refusals = refusals
        self._connected = threading.Event()
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._gone = threading.Event()  # this connection has ended
        self._reborn = threading.Event()  # Home Assistant has started
        self._kept: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._turns = Turns(refusals, self._wake.set)
        self._said_last = ""
        self._may_not_read: set[str] = set()  # subscriptions that the broker has refused
        self._filters: dict[int, list[str]] = {}  # asked for, by the number of the request
        self._retry_s = 0.0
        self._refused = False
        self._welcome = False  # the broker has taken us
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def connected(self) -> bool:
        """Whether the broker has us now."""
        return self._connected.is_set()

    def start(self) -> None:
        """Begins to connect; returns at once."""
        self._thread.start()

    def close(self, within_s: float) -> None:
        """Says goodbye; returns after ``within_s`` at the latest."""
        self._closing.set()
        self._wake.set()
        self._thread.join(within_s)

    # ---- on our own thread ----

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                client = self._client()
                client.connect(self._contact.broker.host, self._contact.broker.port, self._contact.keepalive_s)
            except (TlsFilesError, OSError, ValueError) as error:
                self._complain(*_unreachable(error))
            else:
                self._hold(client)
            self._closing.wait(self._pause_s())

    def _hold(self, client: paho.Client) -> None:
        """The connection, from its beginning to its end."""
        began = time.monotonic()
        client.loop_start()
        self._talk(client)
        client.loop_stop()
        self._ended(time.monotonic() - began)

    def _ended(self, held_s: float) -> None:
        """A connection is lost that held for ``held_s``."""
        if self._welcome and held_s >= _STABLE_S:
            self._retry_s = 0.0

    def _client(self) -> paho.Client:
        """A new client, so that nothing of an earlier connection is left. Raises TlsFilesError."""
        broker = self._contact.broker
        client = BoundedClient(
            CallbackAPIVersion.VERSION2, client_id=self._contact.client_id, reconnect_on_failure=False
        )
        client.connect_timeout = _CONNECT_WITHIN_S
        client.will_set(f"{self._identity.prefix}/connected", "offline", retain=True)
        if broker.username:
            client.username_pw_set(broker.username, broker.password or None)
        if broker.tls:
            _use_tls(client, broker)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._gone.clear()
        self._refused = self._welcome = False
        return client

    def _pause_s(self) -> float:
        """How long to wait before the next try: longer each time, and not the same for all chargers in a street."""
        longer = max(2 * self._retry_s, _FIRST_RETRY_S)
        self._retry_s = _LONGEST_RETRY_S if self._refused else min(longer, _LONGEST_RETRY_S)
        return self._retry_s * random.uniform(0.75, 1.25)  # noqa: S311 - spreading, not a secret

    def _talk(self, client: paho.Client) -> None:
        """Publishes until the connection is lost or we leave."""
        publishing: Publishing | None = None
        announcing: Announcing | None = None
        hangs = False
        while not self._gone.is_set() and not self._closing.is_set():
            self._wake.wait(LOOK_S)
            self._wake.clear()
            if not self._connected.is_set():
                continue
            now = time.monotonic_ns() // 1_000_000
            if publishing is None or announcing is None:
                publishing, announcing = Publishing(self._identity.prefix), Announcing(self._identity, now)
                self._alert_again()
            self._hear(publishing, announcing)
            if self._alerts is not None:
                self._alerts.step(lambda text: client.publish(f"{self._identity.prefix}/{ALERT.name}", text, qos=1))
            view = self._hands.view()
            if view is None:  # what is old is not said as true
                if not hangs:
                    _publish(client, publishing.goodbye())
                hangs = True
                continue
            hangs = False
            form = Form(view.charger.settings.mqtt_discovery)
            for message in (*publishing.messages(now, view), *announcing.messages(now, view, form)):
                _publish(client, message)
        if self._connected.is_set() and not self._gone.is_set():
            _wait_for(_publish(client, Publishing(self._identity.prefix).goodbye()))
        self._connected.clear()
        client.disconnect()

    def _alert_again(self) -> None:
        if self._alerts is not None:
            self._alerts.again()

    def _hear(self, publishing: Publishing, announcing: Announcing) -> None:
        """What the broker has told since the last look."""
        for _ in range(self._kept.qsize()):
            announcing.kept(*self._kept.get_nowait())
        if self._reborn.is_set():
            self._reborn.clear()
            announcing.again()
            publishing.again()

    def _complain(self, what: str, why: str) -> None:
        if what != self._said_last and (more := self._bucket.left_out()) is not None:
            log.warning("MQTT broker %s %s; trying for ever (%s)%s", self._contact.broker.address, what, why, more)
        self._said_last = what

    # ---- on paho's thread ----

    def _on_connect(
        self, client: paho.Client, _data: object, _flags: paho.ConnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refused = True
            self._complain(_REFUSED, f"{reason}; check user name and password")
            return
        if not self._said_last.startswith(_TOO_LONG):  # a message that the broker keeps throws us out again and again
            if (more := self._bucket.left_out()) is not None:
                log.info("MQTT broker %s: connected%s", self._contact.broker.address, more)
            self._said_last = ""
        topics = [self._set_filter, self._identity.birth_topic, *discovery_topics(self._identity)]
        self._filters.clear()
        for first in range(0, len(topics), _FILTERS_AT_ONCE):
            some = topics[first : first + _FILTERS_AT_ONCE]
            _, number = client.subscribe([(topic, 0) for topic in some])
            if number is not None:
                self._filters[number] = some
        self._welcome = True
        self._connected.set()
        self._wake.set()

    @property
    def _set_filter(self) -> str:
        return f"{self._identity.prefix}/Set/#"

    def _on_subscribe(
        self, _client: paho.Client, _data: object, number: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        for topic, reason in zip(self._filters.pop(number, []), reasons, strict=False):
            if topic not in {self._set_filter, self._identity.birth_topic}:
                continue  # what the broker keeps of us: without it, less is tidied up
            if not reason.is_failure:
                self._may_not_read.discard(topic)
            elif topic not in self._may_not_read:
                self._may_not_read.add(topic)
                address = self._contact.broker.address
                log.warning("MQTT broker %s does not let us read %s; check its access list", address, topic)

    def _on_disconnect(
        self,
        client: paho.Client,
        _data: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._closing.is_set() and not self._refused:
            if isinstance(client, BoundedClient) and client.too_long:
                self._complain(
                    f"{_TOO_LONG}: {client.too_long}", f"at most {LONGEST_PACKET} bytes; remove that message"
                )
            elif self._connected.is_set():
                self._complain("has dropped us", str(reason))
            else:
                self._complain("does not answer as a broker does", f"{reason}; check mqtt.port and mqtt.tls")
        self._connected.clear()
        self._gone.set()
        self._wake.set()

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._refusals.note("MQTT", repr(message.payload[:_LONGEST_PAYLOAD]), "its topic is not UTF-8")
            return
        if topic.startswith(f"{self._identity.prefix}/Set/"):
            self._set(topic, message)
        elif topic == self._identity.birth_topic:
            if message.payload == b"online" and not message.retain:
                self._reborn.set()
                self._wake.set()
        elif message.retain:
            self._kept.put((topic, message.payload.decode("utf-8", "replace")))

    def _set(self, topic: str, message: paho.MQTTMessage) -> None:
        where = f"MQTT {topic}"
        payload = message.payload[: _LONGEST_PAYLOAD + 1].decode("utf-8", "replace").strip()
        name = topic.removeprefix(f"{self._identity.prefix}/Set/")
        given = payload if name != "RFID" else ""  # a card's number opens the charger, and is for no log
        if message.retain:
            self._refusals.note(where, given, "a retained message is old news")
            return
        command = None if len(message.payload) > _LONGEST_PAYLOAD else set_command(name, payload)
        if command is None:
            self._refusals.note(where, given, wrong(name))
        elif isinstance(command, Reboot):
            if refused := self._hands.reboot():
                self._refusals.note(where, given, refused)
        elif isinstance(command, AlertTest):
            if refused := self._hands.test_alert():
                self._refusals.note(where, given, refused)
        else:
            self._turns.take(Asked(where, given, lambda: self._begin(command)))

    def _begin(self, asked: Command | EndTimer) -> "Future[Verdict] | None":
        command = self._hands.end_timer() if isinstance(asked, EndTimer) else asked
        return None if command is None else self._hands.submit(command)


def _use_tls(client: paho.Client, broker: Mqtt) -> None:
    try:
        client.tls_set(broker.ca or None, broker.certificate or None, broker.key or None)
    except (OSError, ValueError) as error:
        files = ", ".join(path for path in (broker.ca, broker.certificate, broker.key) if path)
        raise TlsFilesError(f"{error}; check {files}") from error


def _publish(client: paho.Client, message: Message) -> paho.MQTTMessageInfo:
    return client.publish(message.topic, message.payload, retain=message.retained)


def _wait_for(goodbye: paho.MQTTMessageInfo) -> None:
    try:
        goodbye.wait_for_publish(_GOODBYE_S)
    except (RuntimeError, ValueError) as error:  # the connection went meanwhile: the last will says it
        log.debug("the goodbye to the broker was not sent: %s", error)


def _unreachable(error: Exception) -> tuple[str, str]:
    """What is wrong, and the particulars, for the owner."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "does not prove who it is", f"{error.verify_message}; check mqtt.host and mqtt.ca"
    if isinstance(error, ssl.SSLError):
        return "cannot be spoken to with TLS", f"{error.reason or error}; check mqtt.port and mqtt.tls"
    if isinstance(error, TlsFilesError):
        return "is not spoken to, for lack of a certificate", str(error)
    return "cannot be reached", str(error)
