"""HomeWizard meters: their document, which device is meant, and reading it over real HTTP and real mDNS."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import ServiceInfo, Zeroconf

from evsed.core.events import MeterHealthChanged, MeterRead, MetersFound
from evsed.core.model import MeterRole, PhaseCurrents
from evsed.core.panel_view import MenuView
from evsed.core.settings import Settings
from evsed.hw import discovery
from evsed.hw.decoding import ImplausibleError
from evsed.hw.dialog import Values
from evsed.hw.discovery import Discovery, Found
from evsed.hw.homewizard import HomeWizard, NotFoundError, choose, decode, hosts
from tests.core.story import settings
from tests.hw.heard import Heard, health, reads
from tests.hw.homewizard_device import EXPECTED, LOOPBACK, OK, ONE_PHASE, THREE_PHASES, Device, Hostile

PERIOD_S = 0.1
SERVICE = f"_hw{os.getpid()}._tcp.local."  # mDNS on the loopback is heard by every test run on this machine

# ---- the document ----


def test_a_document_of_three_phases() -> None:
    assert decode(THREE_PHASES) == EXPECTED
    signed = THREE_PHASES | {"active_current_l1_a": -3.0, "active_current_l2_a": -0.54}
    assert decode(signed) == EXPECTED, "the powers have the signs, whatever those of the currents are"


def test_a_document_of_one_phase() -> None:
    expected = Values(PhaseCurrents(-10, 0, 0), -230, 1_500, 0)
    assert decode(ONE_PHASE) == expected
    kwh_meter = {key: value for key, value in ONE_PHASE.items() if "_l1_" not in key} | {"active_current_a": 1.0}
    assert decode(kwh_meter) == expected
    assert decode(ONE_PHASE | {"active_current_l2_a": None}) == expected


def test_what_is_missing_is_unknown() -> None:
    """Bug 24: energies that are not known are no 0."""
    assert decode({}) == Values()
    assert decode({"active_power_w": 5, "total_power_import_kwh": None}) == Values(power_w=5)
    assert decode({"active_current_l1_a": -2.0}) == Values(PhaseCurrents(-20, 0, 0))
    assert decode({"active_current_a": 9.0, "active_current_l2_a": 9.0}).currents is None, "a sum is no phase"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([1], "no JSON object"),
        (None, "no JSON object"),
        ({"active_current_l1_a": float("nan")}, "active_current_l1_a is nan"),
        ({"active_current_l2_a": 1_000.5}, "active_current_l2_a is 1000.5"),
        ({"active_current_l1_a": True}, "active_current_l1_a is True"),
        ({"active_power_w": "5"}, "active_power_w is '5'"),
        ({"active_power_w": {"a": 1}}, "active_power_w is a dict"),
        ({"active_power_w": 10**400}, "active_power_w is a number of more than 40 digits"),
        ({"active_power_w": float("-inf")}, "active_power_w is -inf"),
        ({"active_current_l1_a": 1, "active_power_l1_w": 2e6}, "active_power_l1_w is 2000000.0"),
        ({"total_power_import_kwh": -0.1}, "total_power_import_kwh is -0.1"),
        ({"total_power_export_kwh": "x" * 99}, r"total_power_export_kwh is 'x{39}\.\.\."),
    ],
)
def test_what_cannot_be_is_named(document: object, text: str) -> None:
    with pytest.raises(ImplausibleError, match=text):
        decode(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(THREE_PHASES)), JSON) | JSON)
def test_any_document_is_taken_or_refused(document: object) -> None:
    try:
        values = decode(document)
    except ImplausibleError:
        return
    assert values.import_wh is None or values.import_wh >= 0


# ---- which device ----

P1, KWH = Found("HWE-P1", "10.0.0.1", 80), Found("SDM630-wifi", "10.0.0.2", 80)
OTHER_KWH, SOCKET, UNNAMED = (
    Found("HWE-KWH3", "10.0.0.3", 80),
    Found("HWE-SKT", "10.0.0.4", 80),
    Found("", "10.0.0.5", 80),
)


def test_the_mains_have_the_p1_meter_and_the_others_the_only_kwh_meter() -> None:
    everything = (SOCKET, P1, KWH)
    assert choose(everything, MeterRole.MAINS) == P1
    assert choose(everything, MeterRole.EV) == choose(everything, MeterRole.CIRCUIT) == KWH
    assert choose((SOCKET, KWH), MeterRole.MAINS) == KWH
    assert choose((UNNAMED,), MeterRole.MAINS) == UNNAMED


@pytest.mark.parametrize(
    ("found", "role", "text"),
    [
        ((), MeterRole.MAINS, "no such meter was found by mDNS.*MAINS HST"),
        ((SOCKET,), MeterRole.CIRCUIT, "no such meter was found by mDNS.*CIRCT HST"),
        ((P1,), MeterRole.EV, "no such meter was found by mDNS.*EV HST"),
        ((P1, P1), MeterRole.MAINS, "2 meters were found .*choose one under MAINS HST"),
        ((P1, KWH, OTHER_KWH), MeterRole.EV, "2 meters were found .10.0.0.2, 10.0.0.3.: choose one under EV HST"),
    ],
)
def test_a_device_is_never_guessed(found: tuple[Found, ...], role: MeterRole, text: str) -> None:
    with pytest.raises(NotFoundError, match=text):
        choose(found, role)


def test_the_menu_is_offered_meters_only_and_in_the_form_that_the_setting_takes() -> None:
    port, twice = Found("HWE-KWH1", "10.0.0.6", 8080), Found("", "10.0.0.1", 80)
    scoped, ported = Found("HWE-P1", "fe80::1%eth0", 80), Found("HWE-P1", "2001:db8::1", 81)
    assert hosts((P1, SOCKET, port, UNNAMED, twice, scoped, ported)) == ("10.0.0.1", "10.0.0.6:8080", "10.0.0.5")
    for name in hosts((P1, port)):
        assert settings(mains_meter_host=name).mains_meter_host == name


# ---- the reader ----


@dataclass
class Reading:
    heard: Heard
    settings: Settings
    menu: MenuView | None = None


@pytest.fixture
def reading() -> Iterator[Reading]:
    reading = Reading(Heard(), settings(mains_meter="Disabled", ev_meter="Disabled"))
    meters = HomeWizard(
        lambda: reading.settings, reading.heard.post, Discovery([LOOPBACK], SERVICE), PERIOD_S,
        menu=lambda: reading.menu,
    )  # fmt: skip
    meters.start()
    yield reading
    meters.close()


def fixed(role: str, port: int) -> dict[str, str]:
    return {f"{role}_meter": "Homewizrd", f"{role}_meter_host": f"{LOOPBACK}:{port}"}


def chosen(**values: str) -> Settings:
    return settings(**{"mains_meter": "Disabled", "ev_meter": "Disabled"} | values)


def test_a_fixed_meter_is_read_for_every_role(device: Device, reading: Reading) -> None:
    reading.settings = chosen(
        **fixed("mains", device.port), **fixed("ev", device.port), **fixed("circuit", device.port)
    )
    for role in MeterRole:
        event = reading.heard.wait(MeterRead, reads(role), since=0)
        assert event == MeterRead(role, EXPECTED.currents, -543, 13_779_338, 210_500)
    told = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=True), since=0)
    assert told.health.where == f"HomeWizard at {LOOPBACK}:{device.port} (set under MAINS HST)"
    assert told.health.last_error == ""


def test_a_role_that_is_no_homewizard_is_never_read(device: Device, reading: Reading) -> None:
    """Bug 21: a disabled role's meter was parsed."""
    reading.settings = chosen(**fixed("ev", device.port), mains_meter_host=f"{LOOPBACK}:{device.port}")
    reading.heard.wait(MeterRead, reads(MeterRole.EV), since=0)
    reading.heard.wait(MeterRead, reads(MeterRole.EV))
    assert {event.role for event in reading.heard.events if isinstance(event, MeterRead)} == {MeterRole.EV}


def test_a_node_reads_its_ev_meter_only(device: Device, reading: Reading) -> None:
    """Mains and circuit are its master's business."""
    reading.settings = chosen(loadbl="Node 1", **fixed("mains", device.port), **fixed("ev", device.port))
    reading.heard.wait(MeterRead, reads(MeterRole.EV), since=0)
    reading.heard.wait(MeterRead, reads(MeterRole.EV))
    assert {event.role for event in reading.heard.events if isinstance(event, MeterRead)} == {MeterRole.EV}


def test_a_meter_that_does_not_answer_is_tried_until_it_does(reading: Reading) -> None:
    """Rank 9 of owners' pains (D35#189, #272): a HomeWizard that came back was not read again."""
    device = Device()
    server = device.serve()
    reading.settings = chosen(**fixed("mains", device.port))
    reading.heard.wait(MeterRead, reads(MeterRole.MAINS), since=0)
    device.status = 500
    told = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False), since=0)
    assert told.health.last_error == "it answers with HTTP status 500"
    device.hangs_up = True
    server.shutdown()
    server.server_close()
    gone = reading.heard.wait(MeterHealthChanged, lambda event: "refused" in event.health.last_error, since=0)
    assert gone.health.errors > told.health.errors
    device.status = 200
    before = len(reading.heard.events)
    server = device.serve()
    reading.heard.wait(MeterRead, reads(MeterRole.MAINS), since=before)
    back = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=True), since=before)
    assert "refused" in back.health.last_error
    server.shutdown()
    server.server_close()


def test_a_meter_without_currents_is_no_meter_for_a_charger(device: Device, reading: Reading) -> None:
    device.document = {"total_power_import_kwh": 5.0}
    reading.settings = chosen(**fixed("mains", device.port))
    told = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False), since=0)
    assert "tells no currents" in told.health.last_error
    energy = reading.heard.wait(MeterRead, lambda _: True, since=0)
    assert energy == MeterRead(MeterRole.MAINS, import_wh=5_000)


def test_the_word_of_a_meter_that_was_exchanged_meanwhile_is_not_taken(reading: Reading) -> None:
    def behave(guest: socket.socket, _over: threading.Event) -> None:
        reading.settings = chosen(mains_meter="API")
        body = json.dumps(THREE_PHASES).encode()
        guest.sendall(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        served.set()

    served = threading.Event()
    hostile, other = Hostile(behave), Device()
    server = other.serve()
    with hostile:
        reading.settings = chosen(**fixed("mains", hostile.port))
        assert served.wait(20)
        reading.settings = chosen(**fixed("circuit", other.port))
        reading.heard.wait(MeterRead, reads(MeterRole.CIRCUIT), since=0)
    assert not any(getattr(event, "role", None) is MeterRole.MAINS for event in reading.heard.events)
    server.shutdown()
    server.server_close()


# ---- mDNS ----


def test_the_service_is_that_of_homewizard() -> None:
    assert discovery.SERVICE == "_hwenergy._tcp.local."


Announce = Callable[[str, str, int], None]


@pytest.fixture
def announce() -> Iterator[Announce]:
    """Announces a device as the real ones do, on the loopback."""
    responder = Zeroconf(interfaces=[LOOPBACK])

    names: set[str] = set()

    def announce(name: str, product: str, port: int) -> None:
        info = ServiceInfo(
            SERVICE, f"{name}.{SERVICE}", port=port, addresses=[socket.inet_aton(LOOPBACK)], server=f"{name}.local.",
            properties={"api_enabled": "1", "path": "/api/v1", "product_type": product, "serial": "3c39e7aabbcc"},
        )  # fmt: skip
        if name in names:
            responder.update_service(info)
        else:
            responder.register_service(info)
        names.add(name)

    yield announce
    responder.close()


def test_a_meter_is_found_by_mdns(device: Device, reading: Reading, announce: Announce) -> None:
    reading.settings = chosen(mains_meter="Homewizrd")
    lost = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False), since=0)
    assert lost.health.where == "HomeWizard, looked for by mDNS"
    assert "no such meter was found by mDNS" in lost.health.last_error
    announce("socket-1", "HWE-SKT", 9)
    announce("p1meter-aabbcc", "HWE-P1", device.port)
    assert reading.heard.wait(MeterRead, reads(MeterRole.MAINS)).currents == EXPECTED.currents
    told = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=True), since=0)
    assert told.health.where == f"HomeWizard at {LOOPBACK}:{device.port} (found by mDNS)"


def test_a_meter_that_moved_is_followed(reading: Reading, announce: Announce) -> None:
    """Rank 9 of owners' pains (D35#192): after a new address it was never read again."""
    device, moved = Device(), Device()
    server = device.serve()
    announce("p1meter-aabbcc", "HWE-P1", device.port)
    reading.settings = chosen(mains_meter="Homewizrd")
    reading.heard.wait(MeterRead, reads(MeterRole.MAINS), since=0)
    before = len(reading.heard.events)
    device.status = 404  # something else lives there now
    reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False), since=before)
    other = moved.serve()
    announce("p1meter-aabbcc", "HWE-P1", moved.port)
    reading.heard.wait(MeterRead, reads(MeterRole.MAINS))
    told = reading.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=True), since=0)
    back = reading.heard.wait(MeterHealthChanged, lambda event: f":{moved.port} " in event.health.where, since=0)
    assert told.health.where == f"HomeWizard at {LOOPBACK}:{device.port} (found by mDNS)"
    assert back.health.answering
    for one in (server, other):
        one.shutdown()
        one.server_close()


def test_who_chooses_a_homewizard_in_the_menu_is_offered_those_that_are_found(
    reading: Reading, announce: Announce
) -> None:
    announce("p1meter-aabbcc", "HWE-P1", 4_000)
    announce("socket-1", "HWE-SKT", 9)
    reading.menu = MenuView("ev_meter", chosen(ev_meter="Homewizrd"))
    reading.heard.wait(MetersFound, lambda event: event.hosts == (f"{LOOPBACK}:4000",), since=0)
    announce("kwhmeter-1", "HWE-KWH3", 4_001)
    both = {f"{LOOPBACK}:{port}" for port in (4_000, 4_001)}
    reading.heard.wait(MetersFound, lambda event: set(event.hosts) == both, since=0)
    assert not any(isinstance(event, MeterRead | MeterHealthChanged) for event in reading.heard.events)


def test_a_meter_with_a_fixed_address_does_not_keep_others_from_being_offered(
    device: Device, reading: Reading, announce: Announce
) -> None:
    announce("kwhmeter-1", "HWE-KWH3", 4_001)
    reading.settings = chosen(**fixed("mains", device.port))
    reading.heard.wait(MetersFound, lambda event: event.hosts == (f"{LOOPBACK}:4001",), since=0)
