"""MQTT: which broker we speak to, and the change from one to another while the daemon runs.

Owns the choice of the broker and the one link to it; the conversation is link.py's.
"""

import hashlib
import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final, Protocol

from evsed.api.mqtt.broker_store import BrokerStore
from evsed.api.mqtt.entities import View
from evsed.api.mqtt.homeassistant import Identity
from evsed.api.mqtt.link import KEEPALIVE_S, Contact, MqttLink
from evsed.api.mqtt.outbox import Outbox
from evsed.api.network import Network
from evsed.api.refusals import Bucket, Refusals
from evsed.config import Installation, Mqtt, wrong_broker
from evsed.core.events import ChooseMode, Command, Verdict
from evsed.core.schedule import NO_TIMER
from evsed.core.snapshot import Snapshot

log = logging.getLogger(__name__)

_CLOSES_WITHIN_S: Final = 0.5
_HTTP: Final = 80
_HTTPS: Final = 443
_MACHINE_ID: Final = Path("/etc/machine-id")
_IN_A_NETWORK: Final = "WL_CONNECTED"
_NO_ALERTS: Final = "this evsed tells no alerts"
_NO_REBOOT: Final = "this evsed cannot start itself anew"


class Charger(Protocol):
    """The control loop, as far as MQTT needs it; evsed.runtime.Runtime is one."""

    @property
    def snapshot(self) -> Snapshot:
        """The last published state."""

    @property
    def hangs(self) -> bool:
        """Whether that is too old to be true."""

    def submit(self, command: Command) -> "Future[Verdict]":
        """Hands a command over."""


class MqttService:
    """The link to the owner's broker; none at all while no broker is named."""

    def __init__(
        self,
        charger: Charger,
        installation: Installation,
        refusals: Refusals,
        network: Callable[[], Network],
        reboot: Callable[[], object] | None = None,
        keepalive_s: int = KEEPALIVE_S,
        test_alert: Callable[[], str] = lambda: _NO_ALERTS,
    ) -> None:
        """``reboot`` starts the daemon anew; None: nobody here can. ``test_alert``: see Hands."""
        self._installation = installation
        self._refusals = refusals
        self._bucket = Bucket()
        self._keepalive_s = keepalive_s
        self._hands = _Hands(charger, installation, network, reboot, test_alert)
        self._store = BrokerStore(Path(installation.state.directory), installation.mqtt)
        self._broker = self._store.load()
        self._link: MqttLink | None = None
        self._running = False
        self._changing = threading.Lock()
        self.alerts = Outbox(lambda: bool(self._broker.host), self.connected)

    def broker(self) -> Mqtt:
        """The broker in use."""
        return self._broker

    def connected(self) -> bool:
        """Whether the broker has us now."""
        link = self._link
        return link is not None and link.connected()

    def start(self) -> None:
        """Begins to connect; returns at once."""
        with self._changing:
            self._running = True
            self._begin()

    def set_broker(self, broker: Mqtt) -> None:
        """Leaves the old broker and goes to ``broker``, also after a restart. Waits for the disk.

        Raises OSError when it cannot be stored and ValueError when it is no broker; then the old one stays.
        """
        if wrong := wrong_broker(broker):
            raise ValueError(wrong)
        with self._changing:
            self._store.save(broker)
            if broker != self._broker:
                if (more := self._bucket.left_out()) is not None:
                    log.info("MQTT broker %s from now on%s", broker.address if broker.host else "none", more)
                self._broker = broker
                self._end()
                self._begin()

    def close(self) -> None:
        """Says goodbye; takes half a second at most."""
        with self._changing:
            self._running = False
            self._end()

    def _begin(self) -> None:
        if not self._running or not self._broker.host:
            return
        contact = Contact(
            self._broker, identity(self._installation, self._broker), client_id(self._installation), self._keepalive_s
        )
        self._link = MqttLink(contact, self._hands, self._refusals, self.alerts, self._bucket)
        self._link.start()

    def _end(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close(_CLOSES_WITHIN_S)


class _Hands:
    """What a link sees and may do. ``view`` is used by one thread at a time, the rest by any."""

    def __init__(
        self,
        charger: Charger,
        installation: Installation,
        network: Callable[[], Network],
        reboot: Callable[[], object] | None,
        test_alert: Callable[[], str],
    ) -> None:
        self._charger = charger
        self.test_alert = test_alert
        self._modem = installation.modem.unlocked
        self._network = network
        self._reboot = reboot

    def view(self) -> View | None:
        """See Hands."""
        if self._charger.hangs:
            return None
        radio = self._network().wifi
        wifi = radio if radio.status == _IN_A_NETWORK else None
        return View(self._charger.snapshot, wifi, self._modem, self._reboot is not None)

    def submit(self, command: Command) -> "Future[Verdict]":
        """See Hands."""
        return self._charger.submit(command)

    def end_timer(self) -> Command | None:
        """See Hands."""
        return timer_end(self._charger.snapshot)

    def reboot(self) -> str:
        """See Hands."""
        if self._reboot is None:
            return _NO_REBOOT
        self._reboot()
        return ""


def timer_end(snapshot: Snapshot) -> Command | None:
    """What ends the timer and leaves the mode as it is; None while there is no timer."""
    return None if snapshot.timer == NO_TIMER else ChooseMode(snapshot.choice)


def _token(installation: Installation) -> str:
    """Eight digits that no other charger has: not on another machine, nor a second one on this machine."""
    try:
        machine = _MACHINE_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        machine = ""
    directory = Path(installation.state.directory).resolve()
    return hashlib.sha256(f"evsed {machine} {directory} {installation.serial}".encode()).hexdigest()[:8]


def client_id(installation: Installation) -> str:
    """Letters, digits and dashes, at most 23 (what every broker takes), the same after every restart."""
    return f"evsed-{installation.serial}-{_token(installation)}"


def identity(installation: Installation, broker: Mqtt) -> Identity:
    """Who we are for Home Assistant."""
    serial = installation.serial
    plain, secure = installation.http.port, installation.tls.port
    scheme, number, usual = ("http", plain, _HTTP) if plain else ("https", secure, _HTTPS)
    port = "" if number == usual else f":{number}"
    return Identity(
        unit=str(serial) if serial else _token(installation),
        serial=serial,
        prefix=broker.prefix or f"SmartEVSE-{serial}",
        url=f"{scheme}://smartevse-{serial}.local{port}/",
        discovery_prefix=re.sub(r"/+$", "", broker.discovery_prefix),
    )
