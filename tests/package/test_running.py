"""The package on a clean system that a real systemd runs, with nothing reachable."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed import __version__
from evsed.migrations import SCHEMA
from tests.package.booted import Booted
from tests.package.roots import Root, copied
from tests.package.test_install import kill, settings

_UNITS = ("evsed-guard", "evsed")
_GET = (
    "import sys, urllib.request as r; print(r.urlopen('http://127.0.0.1:80' + sys.argv[1], timeout=5).read().decode())"
)


@pytest.fixture
def machine(release: str, tmp_path: Path) -> Iterator[Booted]:
    """A running system of the release."""
    with copied(release, tmp_path) as root, Booted(root.path) as booted:
        yield booted


def install(machine: Booted, package: Path) -> None:
    """Installs the package there."""
    put = machine.root / "root" / package.name
    put.write_bytes(package.read_bytes())
    machine.said("dpkg", "-i", f"/root/{package.name}", timeout_s=300)


def active(machine: Booted) -> list[str]:
    """How the units are."""
    return [machine.run("systemctl", "is-active", unit).stdout.strip() for unit in _UNITS]


def answers(machine: Booted) -> bool:
    """Whether GET /settings does."""
    done = machine.run("python3", "-c", _GET, "/settings")
    return done.returncode == 0 and json.loads(done.stdout)["version"] == __version__


def started(machine: Booted, package: Path) -> None:
    """Installs it and sees it run."""
    install(machine, package)
    machine.wait(lambda: active(machine) == ["active", "active"], "both units are active", 90)
    machine.wait(lambda: answers(machine), "GET /settings is answered", 90)


def test_it_runs_as_soon_as_it_is_installed_and_after_the_next_boot(machine: Booted, package: Path) -> None:
    started(machine, package)
    assert [machine.run("systemctl", "is-enabled", unit).stdout.strip() for unit in _UNITS] == ["enabled"] * 2
    assert machine.shows("evsed", "User") == "evsed"


def test_a_killed_daemon_is_back(machine: Booted, package: Path) -> None:
    started(machine, package)
    killed = machine.shows("evsed", "MainPID")
    machine.said("sh", "-c", f"kill -9 {killed}")
    machine.wait(lambda: machine.shows("evsed", "MainPID") not in {"0", killed}, "another daemon", 60)
    machine.wait(lambda: answers(machine), "GET /settings is answered again", 90)


def test_an_upgrade_of_a_running_charger_keeps_its_settings(machine: Booted, older: Path, package: Path) -> None:
    install(machine, older)
    machine.wait(lambda: machine.run("evsed", "settings", "set", "current_max=16").returncode == 0, "it is set", 90)
    started(machine, package)
    assert machine.said("evsed", "settings", "get", "current_max") == "current_max=16"
    assert len(list((machine.root / "var/lib/evsed/backup").iterdir())) == 1


def test_an_upgrade_leaves_stopped_what_is_stopped_and_its_settings_are_migrated(
    machine: Booted, older: Path, package: Path
) -> None:
    install(machine, older)
    machine.said("systemctl", "stop", "evsed-guard")
    settings(Root(machine.root))
    install(machine, package)
    assert active(machine) == ["inactive", "inactive"]
    assert not (machine.root / "run/evsed-ran").exists()
    machine.said("systemctl", "start", "evsed-guard")
    install(machine, package)
    assert active(machine) == ["active", "inactive"], "only what ran is started again"

    machine.said("systemctl", "start", "evsed")
    machine.wait(lambda: answers(machine), "GET /settings is answered", 90)
    asked = [machine.said("evsed", "settings", "get", name) for name in ("current_max", "set_up")]
    assert asked == ["current_max=16", "set_up=Done"]
    assert machine.run("evsed", "settings", "set", "current_max=17").returncode == 0
    path = machine.root / "var/lib/evsed/settings.json"
    machine.wait(lambda: json.loads(path.read_text())["settings"]["current_max"] == 17, "it is written")
    written = json.loads(path.read_text())
    assert (written["schema"], written["settings"]["set_up"]) == (SCHEMA, "Done")


def test_half_unpacked_code_drives_nothing_until_it_was_installed_again(
    release: str, tmp_path: Path, older: Path, package: Path
) -> None:
    with copied(release, tmp_path) as root:
        root.install(older)
        library = root.path / "usr/lib/evsed"
        kill(root, package, (library / "evsed/app.py.dpkg-new").exists, "unpacking")
        unpacked = sorted(library.rglob("*.py.dpkg-new"))
        for path in unpacked[::2]:  # dpkg renames them one after the other: a power cut may come at any
            path.replace(path.with_suffix(""))
        with Booted(root.path) as machine:
            assert active(machine) == ["inactive", "inactive"]
            machine.said("systemctl", "start", *_UNITS)
            assert active(machine) == ["inactive", "inactive"]
            assert "ConditionPathExists=!/var/lib/evsed-unpacked" in machine.journal("--unit=evsed")
            machine.run("dpkg", "--configure", "-a")
            started(machine, package)
            assert not (root.path / "var/lib/evsed-unpacked").exists()


def test_after_removal_nothing_runs_and_after_purge_nothing_is_left(machine: Booted, package: Path) -> None:
    root = Root(machine.root)
    before = root.files(), root.accounts()
    started(machine, package)
    machine.said("dpkg", "--remove", "evsed")
    assert machine.run("pgrep", "-u", "evsed").stdout == ""
    assert machine.run("systemctl", "is-active", *_UNITS).returncode != 0
    machine.said("dpkg", "--purge", "evsed")
    (machine.root / "root" / package.name).unlink()
    after = root.files(), root.accounts()
    assert after[0] - before[0] == set()
    assert after[1] == before[1]
