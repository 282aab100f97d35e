"""Which addresses are announced: those at which the web server can be reached."""

from pathlib import Path

import pytest

from evsed.api.interfaces import Interface, every_address, interfaces, reachable

ALL = "0.0.0.0"  # noqa: S104 - what a server is bound to
PRESENT = (
    Interface("lo", ("127.0.0.1", "::1"), usable=False),
    Interface("eth0", ("192.0.2.7", "fd00::7", "fe80::7"), usable=True),
    Interface("wlan0", ("192.0.2.3",), usable=True),
    Interface("wg0", ("10.0.0.2", "fd01::2"), usable=False),
)


@pytest.mark.parametrize(
    ("bound", "addresses"),
    [
        (ALL, ("192.0.2.3", "192.0.2.7")),
        ("::", ("192.0.2.3", "192.0.2.7", "fd00::7")),
        ("192.0.2.7", ("192.0.2.7",)),
        ("fd00::7", ("fd00::7",)),
        ("192.0.2.99", ()),  # not here now
        ("127.0.0.1", ("127.0.0.1",)),
        ("127.0.0.2", ("127.0.0.1",)),
        ("::1", ()),  # multicast does not work there
    ],
)
def test_what_the_server_is_bound_to_decides(bound: str, addresses: tuple[str, ...]) -> None:
    assert reachable(bound, PRESENT) == addresses


def test_without_a_network_there_is_nothing() -> None:
    assert reachable(ALL, PRESENT[:1]) == ()


@pytest.mark.parametrize(
    ("name", "flags", "operating", "usable"),
    [
        ("lo", "0x1003", "up", True),
        ("lo", "0x1003", "unknown", True),
        ("lo", "0x1003", "down", False),
        ("lo", "0x1002", "up", False),  # down
        ("lo", "0x0003", "up", False),  # no multicast
        ("lo", "0x1009", "unknown", False),  # loopback
        ("lo", "0x1091", "unknown", False),  # point to point
        ("lo", "x", "up", False),
        ("other", "0x1003", "up", False),
    ],
)
def test_an_interface_is_usable_when_it_leads_to_devices(
    tmp_path: Path, name: str, flags: str, operating: str, usable: bool
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "flags").write_text(flags)
    (tmp_path / name / "operstate").write_text(operating)
    loopback = next(interface for interface in interfaces(tmp_path) if interface.name == "lo")
    assert "127.0.0.1" in loopback.addresses
    assert loopback.usable is usable


def test_this_machines_loopback_is_not_usable() -> None:
    assert not next(interface for interface in interfaces() if "127.0.0.1" in interface.addresses).usable


def test_every_address_is_every_address() -> None:
    assert every_address(PRESENT)[-3:] == ("192.0.2.3", "10.0.0.2", "fd01::2")
