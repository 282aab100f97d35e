"""The name that a router is told, with a NetworkManager and a networkd that only write down what they are told."""

import os
import subprocess
from pathlib import Path

import pytest

from evsed.api.guard import judge, names_of
from tests.silicon.environment import AS_COLLECTED

SCRIPT = Path(__file__).parent.parent / "systemd/evsed-dhcp-name"
_NMCLI = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in *"connection show"*) printf "$CHOSEN" ;; esac
"""
_NETWORKCTL = """#!/bin/sh
echo "$*" >>"$LOG"
case "$1" in status) echo "    Network File: $FILE" ;; esac
"""
UUID = "6a2f0c36-0000-0000-0000-000000000001"


class Place:
    """A machine with one interface."""

    def __init__(self, directory: Path) -> None:
        self.run = directory / "run"
        self.net = directory / "net"
        self.log = directory / "log"
        self.file = directory / "10-wired.network"
        programs = directory / "bin"
        for name, text in (("nmcli", _NMCLI), ("networkctl", _NETWORKCTL)):
            programs.mkdir(exist_ok=True)
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.file.write_text("[Match]\nName=eth0\n[Network]\nDHCP=yes\n")
        self.log.touch()
        self.interface("eth0", "dc:a6:32:01:1A:2b")
        self.environment = {
            **AS_COLLECTED,
            "PATH": f"{programs}:{os.defpath}",
            "LOG": str(self.log),
            "FILE": str(self.file),
            "EVSED_NET": str(self.net),
            "EVSED_RUN": str(self.run),
        }

    def interface(self, name: str, mac: str, *, hardware: bool = True) -> None:
        (self.net / name).mkdir(parents=True)
        (self.net / name / "address").write_text(f"{mac}\n")
        if hardware:
            (self.net / name / "device").mkdir()

    def does(self, *words: str, chosen: str = "auto\n\n\nyes\n") -> str:
        """What the script prints."""
        environment = {**self.environment, "CHOSEN": chosen.replace("\n", "\\n")}
        done = subprocess.run([str(SCRIPT), *words], capture_output=True, text=True, check=False, env=environment)
        assert done.stderr == ""
        return done.stdout.strip()

    def told(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith(("device", "reload"))]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_name_has_the_last_two_bytes_of_the_mac(place: Place) -> None:
    assert place.does("of", "eth0") == "smartevse-1a2b"


@pytest.mark.parametrize(
    "mac", ["00:00:00:00:00:00", "", "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:1d:25"]
)
def test_what_has_no_mac_of_its_own_has_no_name(place: Place, mac: str) -> None:
    place.interface("odd0", mac)
    place.interface("br0", "dc:a6:32:01:1a:2c", hardware=False)
    assert place.does("of", "odd0") == place.does("of", "br0") == place.does("of", "gone0") == ""


def test_network_manager_is_told_once_a_connection(place: Place) -> None:
    place.does("nm", "eth0", UUID)
    place.does("nm", "eth0", UUID)
    assert place.told() == ["device modify eth0 ipv4.dhcp-hostname smartevse-1a2b"]


@pytest.mark.parametrize(
    "chosen",
    [
        "auto\nmine\n\nyes\n",
        "auto\n\nmine.example.org\nyes\n",
        "auto\n\n\nno\n",
        "manual\n\n\nyes\n",
        "",
        "auto\n\n\n0\n",
    ],
)
def test_what_the_owner_has_chosen_stays(place: Place, chosen: str) -> None:
    place.does("nm", "eth0", UUID, chosen=chosen)
    assert place.told() == []


def test_networkd_gets_a_drop_in_until_the_next_boot(place: Place) -> None:
    place.does("networkd")
    drop_in = place.run / "systemd/network/10-wired.network.d/evsed.conf"
    assert drop_in.read_text() == "[DHCPv4]\nHostname=smartevse-1a2b\n"
    assert place.told() == ["reload"]


@pytest.mark.parametrize("line", ["Hostname=mine", "SendHostname=no"])
def test_what_the_owner_has_told_networkd_stays(place: Place, line: str) -> None:
    place.file.write_text(f"[Network]\nDHCP=yes\n[DHCPv4]\n{line}\n")
    place.does("networkd")
    assert place.told() == []
    assert not (place.run / "systemd").exists()


def test_the_daemon_answers_to_that_name() -> None:
    for host in (b"smartevse-1a2b.lan", b"smartevse-1a2b.local", b"smartevse-1a2b.lan:80"):
        assert judge("GET", [(b"host", host)], names_of(1, "raspberrypi", ())) is None
