"""The announcement on the loopback: resolved, in conflict with another device, moved, and taken back."""

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest
import zeroconf
from zeroconf import ServiceInfo, Zeroconf

from evsed import __version__
from evsed.api import mdns
from evsed.api.mdns import EVSED, HTTP, HTTPS, Announcer
from tests.scenarios.simulation import wait_for

LOOPBACK = "127.0.0.1"
LOOK_S = 0.05
PORT = 8080

SERIALS = count(os.getpid() % 30_000 * 20 + 100_000)
"""Names that no other run of the tests on this machine has."""


class Network:
    """The addresses that an announcer is told."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = (LOOPBACK,)
        self.looked = 0
        self.fails: Exception | None = None

    def __call__(self) -> tuple[str, ...]:
        self.looked += 1
        if self.fails is not None:
            raise self.fails
        return self.addresses


@pytest.fixture
def serial() -> int:
    return next(SERIALS)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def announce(network: Network) -> Iterator[Callable[[int], Announcer]]:
    """Starts announcers, and ends them."""
    begun: list[Announcer] = []

    def announce(serial: int) -> Announcer:
        begun.append(Announcer(serial, PORT, network, lambda: ("192.0.2.7",), LOOK_S))
        begun[-1].start()
        return begun[-1]

    yield announce
    for announcer in begun:
        announcer.close()


@pytest.fixture
def lan() -> Iterator[Zeroconf]:
    """Another device."""
    with Zeroconf(interfaces=[LOOPBACK]) as other:
        yield other


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for minutes in the field waits for a moment."""
    for name in ("_ASK_EVERY_S", "_WANTED_EVERY_S"):
        monkeypatch.setattr(mdns, name, 0.2)
    for name in ("_FIRST_RETRY_MS", "_LONGEST_RETRY_MS"):
        monkeypatch.setattr(mdns, name, 50)


def resolved(lan: Zeroconf, service: str, name: str) -> ServiceInfo:
    found: list[ServiceInfo] = []

    def look() -> bool:
        info = lan.get_service_info(service, f"{name}.{service}", timeout=1_000)
        found.extend([info] if info is not None else [])
        return bool(found)

    wait_for(look, f"{name} is found under {service}")
    return found[0]


def said(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records)


def test_both_services_lead_to_the_host(serial: int, announce: Callable[[int], Announcer], lan: Zeroconf) -> None:
    announcer = announce(serial)
    wait_for(lambda: announcer.host, "it is announced")
    assert announcer.host == f"smartevse-{serial}.local"
    for service in (HTTP, EVSED):
        info = resolved(lan, service, f"smartevse-{serial}")
        assert (info.server, info.port, info.parsed_addresses()) == (f"{announcer.host}.", PORT, [LOOPBACK])
        assert info.decoded_properties == {
            "version": __version__, "serial": str(serial), "path": "/", "api": "/api/v1",
        }  # fmt: skip


@pytest.mark.parametrize(("port", "services"), [(PORT, (HTTP, EVSED, HTTPS)), (PORT + 1, (EVSED, HTTPS))])
def test_tls_has_a_service_too_and_the_only_one_where_there_is_no_plain_http(
    serial: int, network: Network, lan: Zeroconf, port: int, services: tuple[str, ...]
) -> None:
    announcer = Announcer(serial, port, network, look_every_s=LOOK_S, tls_port=PORT + 1)
    announcer.start()
    try:
        wait_for(lambda: announcer.host, "it is announced")
        ports = {HTTPS: PORT + 1}
        for service in services:
            assert resolved(lan, service, f"smartevse-{serial}").port == ports.get(service, port)
        assert set(announcer._services) == set(services)
    finally:
        announcer.close()


def test_it_is_browsed_and_says_goodbye(serial: int, announce: Callable[[int], Announcer], lan: Zeroconf) -> None:
    events: list[tuple[str, str]] = []

    def changed(service_type: str, name: str, state_change: zeroconf.ServiceStateChange, **_: object) -> None:
        events.append((name.removesuffix(f".{service_type}"), state_change.name))

    browser = zeroconf.ServiceBrowser(lan, EVSED, handlers=[changed])
    announcer = announce(serial)
    wait_for(lambda: (f"smartevse-{serial}", "Added") in events, "a browser sees it come")
    announcer.close()
    wait_for(lambda: (f"smartevse-{serial}", "Removed") in events, "a browser sees it go")
    browser.cancel()
    wait_for(lambda: not announcer._thread.is_alive(), "the thread has ended")
    assert announcer.host == ""


def test_a_host_name_that_another_device_has_is_left_to_it_and_taken_when_it_is_free(
    serial: int, announce: Callable[[int], Announcer], lan: Zeroconf, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"smartevse-{serial}"
    other = ServiceInfo(
        "_other._tcp.local.", "printer._other._tcp.local.", port=9, server=f"{name}.local.",
        parsed_addresses=["192.0.2.9"],
    )  # fmt: skip
    lan.register_service(other)
    announcer = announce(serial)
    wait_for(lambda: announcer.host, "it is announced")
    assert announcer.host == f"{name}-2.local"
    assert resolved(lan, HTTP, f"{name}-2").server == f"{name}-2.local."
    told = f"{name}.local belongs to another device (192.0.2.9): this charger is {name}-2.local; to have a name that"
    assert said(caplog).count(told) == 1
    lan.unregister_service(other)
    wait_for(lambda: announcer.host == f"{name}.local", "the name that was wanted is taken back")


def test_another_program_on_this_machine_may_announce_the_same_name(
    serial: int, announce: Callable[[int], Announcer], lan: Zeroconf
) -> None:
    avahi = ServiceInfo(
        "_ssh._tcp.local.", f"pi-{serial}._ssh._tcp.local.", port=22, server=f"smartevse-{serial}.local.",
        parsed_addresses=["192.0.2.7", LOOPBACK],
    )  # fmt: skip
    lan.register_service(avahi)
    announcer = announce(serial)
    wait_for(lambda: announcer.host, "it is announced")
    assert announcer.host == f"smartevse-{serial}.local"


def test_what_only_this_machines_other_programs_joined_is_not_heard(
    serial: int, announce: Callable[[int], Announcer]
) -> None:
    """On the loopback it would else answer what devices on the LAN ask."""
    announcer = announce(serial)
    wait_for(lambda: announcer.host, "it is announced")
    responder = announcer._zeroconf
    assert responder is not None
    heard = [reader.sock.getsockopt(socket.IPPROTO_IP, mdns._IP_MULTICAST_ALL) for reader in responder.engine.readers]
    assert heard == [0] * len(heard)
    assert heard


def test_two_chargers_with_one_serial_have_two_names(serial: int, announce: Callable[[int], Announcer]) -> None:
    first = announce(serial)
    wait_for(lambda: first.host, "the first is announced")
    second = Announcer(serial, PORT + 1, lambda: (LOOPBACK,), look_every_s=LOOK_S)
    second.start()
    wait_for(lambda: second.host, "the second is announced")
    assert (first.host, second.host) == (f"smartevse-{serial}.local", f"smartevse-{serial}-2.local")
    second.close()


def test_a_device_that_takes_the_name_later_makes_it_look_for_another(
    serial: int, announce: Callable[[int], Announcer], lan: Zeroconf, caplog: pytest.LogCaptureFixture
) -> None:
    announcer = announce(serial)
    wait_for(lambda: announcer.host, "it is announced")
    lan.register_service(
        ServiceInfo(
            HTTP, f"smartevse-{serial}.{HTTP}", port=9, server=f"smartevse-{serial}.local.",
            parsed_addresses=["192.0.2.9"],
        ),
        cooperating_responders=True,
    )  # fmt: skip
    wait_for(lambda: announcer.host == f"smartevse-{serial}-2.local", "it has another name")
    assert "another device (" in said(caplog)


def test_new_addresses_are_announced(
    serial: int, network: Network, announce: Callable[[int], Announcer], lan: Zeroconf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    network.addresses = ()
    announcer = announce(serial)
    wait_for(lambda: network.looked > 3, "it goes on looking")
    assert announcer.host == ""
    assert said(caplog).count("there is no network with an address yet") == 1
    network.addresses = (LOOPBACK,)
    assert resolved(lan, HTTP, f"smartevse-{serial}").parsed_addresses() == [LOOPBACK]
    network.addresses = (LOOPBACK, "127.0.0.5")
    wait_for(
        lambda: "127.0.0.5" in resolved(lan, HTTP, f"smartevse-{serial}").parsed_addresses(),
        "the new address is announced",
    )
    assert "the addresses changed from 127.0.0.1 to 127.0.0.1, 127.0.0.5" in said(caplog)


def test_what_hinders_it_is_said_once_and_tried_again(
    serial: int, announce: Callable[[int], Announcer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = threading.Event()
    tries: list[None] = []

    def busy(interfaces: list[str]) -> Zeroconf:
        tries.append(None)
        if not free.is_set():
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return Zeroconf(interfaces=interfaces)

    monkeypatch.setattr(zeroconf, "Zeroconf", busy)
    announcer = announce(serial)
    wait_for(lambda: len(tries) >= 3, "it is tried again")
    told = f"smartevse-{serial}.local cannot be announced: [Errno 98] Address already in use; is there a network"
    assert said(caplog).count(told) == 1
    assert announcer.trouble.startswith(told)
    free.set()
    wait_for(lambda: announcer.host, "it is announced")
    assert announcer.trouble == ""


def test_interfaces_that_cannot_be_read_end_nothing(
    serial: int, network: Network, announce: Callable[[int], Announcer], caplog: pytest.LogCaptureFixture
) -> None:
    network.fails = OSError(errno.ENOBUFS, "No buffer space available")
    announcer = announce(serial)
    wait_for(lambda: network.looked >= 3, "it goes on looking")
    assert said(caplog).count("No buffer space available") == 1
    network.fails = None
    wait_for(lambda: announcer.host, "it is announced")


def test_all_names_taken_is_said(
    serial: int, announce: Callable[[int], Announcer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Announcer, "_owner", lambda *_: "192.0.2.9")
    announcer = announce(serial)
    wait_for(lambda: announcer.trouble, "it says so")
    assert f"all names up to smartevse-{serial}-9.local are taken; choose another serial" in said(caplog)
    assert announcer.host == ""


def test_an_announcement_that_nobody_hears_is_said_and_repeated(
    serial: int, announce: Callable[[int], Announcer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[bool] = []

    def heard(self: Announcer, responder: Zeroconf) -> bool:
        tries.append(self._zeroconf is responder)
        return len(tries) > 1

    monkeypatch.setattr(Announcer, "_heard", heard)
    announcer = announce(serial)
    wait_for(lambda: announcer.host and not announcer.trouble, "it is announced and heard")
    assert tries == [True, True]
    assert "does a firewall keep back UDP port 5353" in said(caplog)


def test_closing_does_not_wait_for_a_network_that_hangs(serial: int) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hangs() -> tuple[str, ...]:
        asked.set()
        go_on.wait(60)
        return ()

    announcer = Announcer(serial, PORT, hangs)
    announcer.start()
    assert asked.wait(60)
    announcer.close()
    assert announcer._thread.is_alive()
    go_on.set()
    wait_for(lambda: not announcer._thread.is_alive(), "the thread has ended")
