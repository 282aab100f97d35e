"""/api/v1/about: which charger this is, and what its clock shows."""

from datetime import datetime
from pathlib import Path

import pytest

from evsed import __version__
from evsed.api import machine
from evsed.api.interfaces import Interface
from evsed.api.v1.about import AboutDocument, clock_document, urls
from evsed.config import Http, Installation, Tls
from tests.api.v1.v1 import Client, fits

SUMMER, WINTER = 1_781_524_800, 1_795_000_000  # 2026-06-15 14:00 and 2026-11-18 12:06:40 in Amsterdam
LAN = [Interface("eth0", ("192.168.1.7", "fe80::1", "2001:db8::7"), usable=True)]


def test_it_says_who_it_is_and_what_it_runs_on(client: Client) -> None:
    about = client.get("/about")
    fits(about, AboutDocument)
    assert (about["version"], about["serial"], about["board"]) == (__version__, 0, None)
    assert about["started"] is None
    assert about["machine"]["uptime_s"] >= about["uptime_s"] >= 0
    assert about["clock"]["right"] is True


def test_the_clock_is_shown_as_on_the_owners_wall(amsterdam: None) -> None:  # noqa: ARG001
    assert clock_document(SUMMER, right=True) == {
        "right": True, "unix": SUMMER, "local_time": "2026-06-15T14:00:00+02:00", "utc_offset_s": 7_200,
        "time_zone": "Europe/Amsterdam", "abbreviation": "CEST",
    }  # fmt: skip
    winter = clock_document(WINTER, right=False)
    assert (winter["utc_offset_s"], winter["abbreviation"], winter["right"]) == (3_600, "CET", False)
    assert datetime.fromisoformat(winter["local_time"]).timestamp() == WINTER


def test_it_is_reached_by_name_and_by_address() -> None:
    here = Installation(http=Http(names=("charger.example.org",)))
    assert urls(here, "smartevse-4242-2.local", LAN) == [
        "http://smartevse-4242-2.local/", "http://charger.example.org/", "http://192.168.1.7/",
    ]  # fmt: skip


def test_ports_are_named_where_they_are_not_the_usual_ones() -> None:
    here = Installation(http=Http("::", 8080), tls=Tls(enabled=True))
    assert urls(here, "", LAN) == [
        "http://192.168.1.7:8080/", "http://[2001:db8::7]:8080/", "https://192.168.1.7/", "https://[2001:db8::7]/",
    ]  # fmt: skip


def test_without_http_or_a_network_nothing_is_said_to_work() -> None:
    assert urls(Installation(http=Http(port=0), tls=Tls(enabled=True, port=8443)), "", []) == []
    assert urls(Installation(http=Http(port=0)), "smartevse-7.local", LAN) == []


def test_a_machine_that_does_not_say_what_it_is_is_unknown(tmp_path: Path) -> None:
    assert machine.model(tmp_path / "none") is None
    (tmp_path / "model").write_bytes(b"Raspberry Pi 3 Model B Plus Rev 1.3\0")
    assert machine.model(tmp_path / "model") == "Raspberry Pi 3 Model B Plus Rev 1.3"


def test_the_systems_zone_has_the_name_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    link = tmp_path / "localtime"
    assert machine.zone(link) is None
    link.symlink_to("/usr/share/zoneinfo/Europe/Brussels")
    assert machine.zone(link) == "Europe/Brussels"
    link.unlink()
    link.symlink_to("/somewhere/else")
    assert machine.zone(link) is None
    monkeypatch.setenv("TZ", "CET-1CEST")
    assert machine.zone(link) is None


def test_a_system_that_has_no_release_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> dict[str, str]:
        raise OSError

    monkeypatch.setattr("platform.freedesktop_os_release", none)
    assert machine.system() is None
