"""Tells the LAN where the web server is: host name ``smartevse-<serial>.local`` and its services, by mDNS.

Owns zeroconf's responder and a thread. Nobody waits for it: it starts by itself, tries again when the network does not
let it, follows the addresses as they change, takes a further name when another device has ours, and takes everything
back at the end. Which addresses those are is interfaces.py's.
"""

import logging
import random
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from evsed import __version__
from evsed.core.backoff import Backoff

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

log = logging.getLogger(__name__)

HTTP: Final = "_http._tcp.local."
HTTPS: Final = "_https._tcp.local."
EVSED: Final = "_evsed._tcp.local."

LOOK_EVERY_S = 5.0
"""How often the addresses are compared with those announced."""

_ASK_EVERY_S = 60.0  # whether another device says that it has our name
_WANTED_EVERY_S = 600.0  # whether the name that we wanted has become free
_FIRST_RETRY_MS = 5_000
_LONGEST_RETRY_MS = 300_000
_ASKED_S = (0.0, 0.3, 0.7)  # RFC 6762, 8.1 asks three times, 250 ms apart
_LISTEN_S = 0.3
_HEARD_WITHIN_S = 1.0
_MOST_NAMES = 9
_CLOSES_WITHIN_S = 0.3
_A, _AAAA, _SRV, _INTERNET, _QUERY = 1, 28, 33, 1, 0  # RFC 1035, 2782, 3596
_IP_MULTICAST_ALL = 49  # Linux; Python has no name for it

Addresses = tuple[str, ...]


class NoNameError(Exception):
    """Nothing could be announced; the text says why and what to do."""


class Announcer:
    """One charger's announcement. ``host`` is the name in force, without the last dot; empty while there is none."""

    def __init__(
        self,
        serial: int,
        port: int,
        addresses: Callable[[], Addresses],
        own: Callable[[], Addresses] = tuple,
        look_every_s: float = LOOK_EVERY_S,
        tls_port: int = 0,
    ) -> None:
        """``addresses``: where ``port`` can be reached now; asked again and again, on the announcer's thread.

        ``tls_port``: that of https, 0 for none; it may be ``port`` itself.

        ``own``: all that this machine has besides. Another program on it (avahi) may announce the same name with them.
        """
        self._wanted = f"smartevse-{serial}"
        self._serial = serial
        self._port = port
        self._services = {HTTP: port, EVSED: port} if port != tls_port else {EVSED: port}
        if tls_port:
            self._services[HTTPS] = tls_port
        self._addresses = addresses
        self._own = own
        self._look_every_s = look_every_s
        self.host = ""
        self.trouble = ""
        self._zeroconf: Zeroconf | None = None
        self._at: Addresses = ()
        self._ever: frozenset[str] = frozenset()  # every address that was ours: its echo is no other device
        self._label = ""
        self._unheard = False
        self._backoff = Backoff(_FIRST_RETRY_MS, _LONGEST_RETRY_MS)
        self._ask_at = 0.0
        self._wanted_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mdns announcer", daemon=True)

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Takes the announcement back; returns within 0.3 s."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSES_WITHIN_S)

    # ---- on the announcer's thread ----

    def _run(self) -> None:
        logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # what an owner has to know we say, and once
        try:
            while not self._stop.is_set():
                try:
                    self._look()
                except Exception as error:  # noqa: BLE001 - whatever the network does, charging goes on
                    self._failed(error)
                self._stop.wait(self._look_every_s)
        finally:
            self._withdraw()

    def _look(self) -> None:
        """Compares what is announced with how things are."""
        addresses = self._addresses()
        self._ever |= {*addresses, *self._own()}
        if addresses != self._at:
            if self._zeroconf is not None:
                log.info("mDNS: the addresses changed from %s to %s", _listed(self._at), _listed(addresses))
            self._withdraw()
            self._at = addresses
            self._backoff.forgive()
        if not addresses:
            self._say("there is no network with an address yet; it is announced as soon as there is one", logging.INFO)
        elif self._zeroconf is not None:
            self._watch(self._zeroconf)
        elif self._backoff.over(_now_ms()):
            self._announce()

    def _announce(self) -> None:
        """Takes the first name that is free. Raises NoNameError, OSError or what zeroconf raises."""
        from zeroconf import Zeroconf  # noqa: PLC0415 - nothing heavy at start-up

        responder = Zeroconf(interfaces=list(self._at))
        self._zeroconf = responder
        _only_own_interfaces(responder)
        taken: list[str] = []
        for label in [self._wanted, *(f"{self._wanted}-{number}" for number in range(2, _MOST_NAMES + 1))]:
            other = self._owner(responder, label)
            if self._stop.is_set():
                return
            if not other:
                self._register(responder, label, taken)
                return
            taken.append(f"{label}.local belongs to another device ({other})")
        raise NoNameError(f"all names up to {self._wanted}-{_MOST_NAMES}.local are taken; choose another serial")

    def _register(self, responder: "Zeroconf", label: str, taken: list[str]) -> None:
        for service, port in self._services.items():
            responder.register_service(self._service(service, port, label), cooperating_responders=True)
        self._label, self.host = label, f"{label}.local"
        self._ask_at, self._wanted_at = _later(_ASK_EVERY_S), _later(_WANTED_EVERY_S)
        self._unheard = not self._heard(responder)
        if self._unheard:
            self._backoff.failed(_now_ms())
            self._say(
                f"{self.host} is announced at {_listed(self._at)}, but not even this machine hears it: "
                "does a firewall keep back UDP port 5353, or a switch multicast?"
            )
        elif taken:
            advice = "to have a name that stays, give one of them another serial = in its configuration"
            self._say(f"{'; '.join(taken)}: this charger is {self.host}; {advice}")
        else:
            self.trouble = ""
            scheme = "http" if HTTP in self._services else "https"
            log.info("mDNS: %s://%s:%d/ is announced at %s", scheme, self.host, self._port, _listed(self._at))

    def _service(self, service: str, port: int, label: str) -> "ServiceInfo":
        from zeroconf import ServiceInfo  # noqa: PLC0415

        told = {"version": __version__, "serial": str(self._serial), "path": "/", "api": "/api/v1"}
        return ServiceInfo(
            service, f"{label}.{service}", port=port, properties=told, server=f"{label}.local.",
            parsed_addresses=list(self._at),
        )  # fmt: skip

    def _watch(self, responder: "Zeroconf") -> None:
        """Looks whether the name that is announced still is ours alone, and whether a better one is free."""
        now = time.monotonic()
        if other := self._other(responder, self._label):
            self._say(f"another device ({other}) has the name {self.host} as well: looking for a free one")
            self._withdraw()
            self._backoff.failed(_now_ms())
        elif self._unheard:
            if self._backoff.over(_now_ms()):
                self._withdraw()
        elif now >= self._ask_at:
            self._ask_at = _later(_ASK_EVERY_S)
            self._backoff.forgive()
            _ask(responder, self._label)
        elif self._label != self._wanted and now >= self._wanted_at:
            self._wanted_at = _later(_WANTED_EVERY_S)
            if not self._owner(responder, self._wanted):
                self._withdraw()

    def _owner(self, responder: "Zeroconf", label: str) -> str:
        """Where the other device is that has the name ``label``; empty when nobody says so within a second."""
        for pause_s in _ASKED_S:
            self._stop.wait(pause_s / 2 + random.uniform(0, 0.1))  # noqa: S311 - so that two do not ask at once
            _ask(responder, label)
            self._stop.wait(_LISTEN_S)
            if other := self._other(responder, label):
                return other
        return ""

    def _other(self, responder: "Zeroconf", label: str) -> str:
        """What is heard of another device with the name ``label``: its address, or its port on ours."""
        from zeroconf._dns import DNSAddress, DNSService  # noqa: PLC0415 - zeroconf itself does not export its records

        now_ms = time.monotonic() * 1000
        for name in (f"{label}.local.", f"{label}.{HTTP}"):
            for record in responder.cache.entries_with_name(name):
                if record.is_expired(now_ms):
                    continue
                if isinstance(record, DNSAddress) and (address := _text(record.address)) not in self._ever:
                    return address
                if isinstance(record, DNSService) and (record.server.lower(), record.port) != (
                    f"{label}.local.", self._port
                ):  # fmt: skip
                    return f"port {record.port} of {record.server.rstrip('.')}"
        return ""

    def _heard(self, responder: "Zeroconf") -> bool:
        """Whether our own announcement came back, as multicast does."""
        until = time.monotonic() + _HEARD_WITHIN_S
        while time.monotonic() < until and not self._stop.is_set():
            if responder.cache.entries_with_name(f"{self._label}.local."):
                return True
            self._stop.wait(0.02)
        return self._stop.is_set()

    def _failed(self, error: Exception) -> None:
        self._withdraw()
        self._backoff.failed(_now_ms())
        advice = "" if isinstance(error, NoNameError) else "; is there a network, and is UDP port 5353 free to share?"
        self._say(f"{self._wanted}.local cannot be announced: {str(error) or type(error).__name__}{advice}")

    def _withdraw(self) -> None:
        """Says goodbye, where that is still possible."""
        responder, self._zeroconf = self._zeroconf, None
        self.host = ""
        self._unheard = False
        if responder is not None:
            try:
                responder.close()
            except Exception as error:  # noqa: BLE001 - the interface may be gone; others forget us by themselves
                log.debug("mDNS: the goodbye failed: %s", error)

    def _say(self, text: str, level: int = logging.WARNING) -> None:
        """Logs ``text``, once for as long as it stays true."""
        if text != self.trouble:
            self.trouble = text
            log.log(level, "mDNS: %s", text)


def _ask(responder: "Zeroconf", label: str) -> None:
    from zeroconf._dns import DNSQuestion  # noqa: PLC0415 - as above
    from zeroconf._protocol.outgoing import DNSOutgoing  # noqa: PLC0415

    question = DNSOutgoing(_QUERY)
    host, service = f"{label}.local.", f"{label}.{HTTP}"
    for name, kind in ((host, _A), (host, _AAAA), (service, _SRV)):  # some responders do not answer to "any"
        question.add_question(DNSQuestion(name, kind, _INTERNET))
    responder.send(question)


def _only_own_interfaces(responder: "Zeroconf") -> None:
    """Hears nothing that another program on this machine has joined: on the loopback we do not answer the LAN."""
    for reader in responder.engine.readers:
        if reader.sock.family == socket.AF_INET:
            reader.sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)


def _text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def _listed(addresses: Addresses) -> str:
    return ", ".join(addresses) or "none"


def _later(seconds: float) -> float:
    """A moment about ``seconds`` from now; never the same for two chargers that start together."""
    return time.monotonic() + seconds * random.uniform(0.8, 1.2)  # noqa: S311


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
