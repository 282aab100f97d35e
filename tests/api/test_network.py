"""What the kernel says of the network, from files as it writes them."""

import socket
import struct
from pathlib import Path

import pytest

from evsed.api import network
from evsed.api.network import Ethernet, Looker, Wifi, ask_kernel, look

SSID, ACCESS_POINT = 0x8B1B, 0x8B15
LEVELS = """Inter-| sta-|   Quality        |   Discarded packets
 face | tus | link level noise |  nwid  crypt   frag
 wlan0: 0000   60.  -50.  -256        0      0      0
"""


@pytest.fixture
def interfaces(tmp_path: Path) -> Path:
    directory = tmp_path / "net"
    (directory / "lo").mkdir(parents=True)
    return directory


def add(interfaces: Path, name: str, carrier: str = "1", *, radio: bool = False) -> None:
    (interfaces / name / "device").mkdir(parents=True)
    (interfaces / name / "carrier").write_text(f"{carrier}\n")
    (interfaces / name / "address").write_text("b8:27:eb:00:00:01\n")
    if radio:
        (interfaces / name / "wireless").mkdir()


def answers(_interface: str, request: int) -> bytes | None:
    if request == SSID:
        return b"home\xc3\xa9".ljust(33, b"\0")
    if request == ACCESS_POINT:
        return struct.pack("<H6s8x", 1, bytes.fromhex("2887bad6b9de"))
    return struct.pack("<HH4s8x", 2, 0, socket.inet_aton("192.0.2.7"))


def test_a_wired_pi(interfaces: Path, tmp_path: Path) -> None:
    add(interfaces, "eth0")
    add(interfaces, "wlan0", "0", radio=True)
    found = look(interfaces, tmp_path / "wireless", answers)
    assert found.wifi == Wifi("WL_NO_SHIELD", "", 0, "")
    assert found.ethernet == Ethernet(True, True, True, "192.0.2.7", "B8:27:EB:00:00:01")
    assert found.address == "192.0.2.7"


def test_a_pi_on_wifi(interfaces: Path, tmp_path: Path) -> None:
    add(interfaces, "eth0", "0")
    add(interfaces, "wlan0", radio=True)
    (tmp_path / "wireless").write_text(LEVELS)
    found = look(interfaces, tmp_path / "wireless", answers)
    assert found.wifi == Wifi("WL_CONNECTED", "homeé", -50, "28:87:BA:D6:B9:DE", "192.0.2.7")
    assert found.address == "192.0.2.7"
    assert found.ethernet == Ethernet(True, False, False, "", "B8:27:EB:00:00:01")


def test_what_the_kernel_does_not_say_is_unknown(interfaces: Path, tmp_path: Path) -> None:
    add(interfaces, "wlan0", radio=True)
    found = look(interfaces, tmp_path / "wireless", lambda _interface, _request: None)
    assert found.wifi == Wifi("WL_CONNECTED", None, None, None)
    assert found.ethernet == Ethernet(False, False, False, "", "")
    assert found.address == network.UNKNOWN_NETWORK.address == ""


def test_a_pi_on_nothing(interfaces: Path, tmp_path: Path) -> None:
    add(interfaces, "wlan0", "0", radio=True)
    assert look(interfaces, tmp_path / "wireless", answers).wifi.status == "WL_DISCONNECTED"
    assert look(tmp_path / "nothing", tmp_path / "wireless", answers) == network.UNKNOWN_NETWORK


def test_the_real_kernel_answers_about_loopback() -> None:
    answer = ask_kernel("lo", 0x8915)
    assert answer is not None
    assert socket.inet_ntoa(answer[4:8]) == "127.0.0.1"
    assert ask_kernel("lo", SSID) is None
    assert ask_kernel("no-such-interface-at-all", 0x8915) is None


def test_the_network_is_not_looked_at_for_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([network.UNKNOWN_NETWORK])  # a second look would find nothing left
    monkeypatch.setattr(network, "look", lambda: next(looks))
    looker = Looker()
    for _ in range(100):
        assert looker() is network.UNKNOWN_NETWORK
