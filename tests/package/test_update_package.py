"""evsed-update.service with a real dpkg and systemd: forth, back from a package that does not run, a power cut."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed import __version__
from tests.package import packages
from tests.package.booted import Booted
from tests.package.packages import OLDER
from tests.package.roots import Root, copied
from tests.package.signed import sick
from tests.package.test_units import EVSED, GUARD, answers

_INCOMING = "/var/lib/evsed-update/incoming"
_UPDATES_S = 400.0


@pytest.fixture
def charger(release: str, tmp_path: Path) -> Iterator[Booted]:
    """The older package, with the way back to it, booted."""
    with copied(release, tmp_path) as root:
        old = packages.older(f"{release}_amd64")
        root.install(old)
        (root.path / "var/lib/evsed-update").mkdir(mode=0o700, exist_ok=True)
        shutil.copy(old, root.path / f"var/lib/evsed-update/evsed_{OLDER}+{release}_amd64.deb")
        with Booted(root.path) as booted:
            booted.wait(lambda: answers(booted), "REST answers")
            yield booted


def bring(charger: Booted, package: Path) -> None:
    charger.said("mkdir", "-p", "-m", "0700", _INCOMING)
    shutil.copy(package, charger.root / _INCOMING.lstrip("/") / "new.deb")


def update(charger: Booted) -> str:
    """Starts the unit, which waits until it is done; what it said last."""
    charger.run("systemctl", "start", "evsed-update", timeout_s=_UPDATES_S)
    said = charger.journal("--unit=evsed-update", "--output=cat")
    return [line for line in said.splitlines() if line.startswith(("OK: ", "FAIL: "))][-1]


def version(charger: Booted) -> str:
    return charger.said("evsed", "version").removeprefix("evsed ")


def test_it_updates_in_its_sandbox_and_keeps_the_settings(charger: Booted, release: str) -> None:
    charger.said("evsed", "settings", "set", "current_max=16")
    bring(charger, packages.current(f"{release}_amd64"))
    assert update(charger) == f"OK: evsed {OLDER}+{release} is now {__version__}+{release}"
    assert version(charger) == __version__
    assert answers(charger)
    assert charger.said("evsed", "settings", "get", "current_max") == "current_max=16"
    assert "install ok installed" in charger.said("dpkg-query", "--status", "evsed")
    assert charger.said("ls", _INCOMING) == ""
    assert charger.said("dpkg", "--audit") == ""


def test_a_package_that_does_not_run_is_taken_back_with_the_settings(
    charger: Booted, release: str, tmp_path: Path
) -> None:
    charger.said("evsed", "settings", "set", "current_max=16")
    bring(charger, sick(release, tmp_path))
    said = update(charger)
    assert said.startswith("FAIL: evsed.service did not come up within 60 s")
    assert said.endswith(f"evsed {OLDER}+{release} is back")
    assert version(charger) == OLDER
    charger.wait(lambda: answers(charger), "REST answers")
    assert charger.said("ls", "/var/lib/evsed").count("schema99") == 0, (
        "the old one has not seen what the new one wrote"
    )
    assert charger.said("evsed", "settings", "get", "current_max") == "current_max=16"


def test_an_update_of_a_stopped_charger_starts_nothing_and_says_so(charger: Booted, release: str) -> None:
    charger.said("systemctl", "stop", "evsed-guard")
    bring(charger, packages.current(f"{release}_amd64"))
    assert update(charger).endswith("had been stopped before: not started, and not looked at")
    assert [charger.shows(unit, "ActiveState") for unit in (EVSED, GUARD)] == ["inactive", "inactive"]
    assert version(charger) == __version__


def test_a_power_cut_while_dpkg_unpacks_is_finished_at_the_next_boot(release: str, tmp_path: Path) -> None:
    with copied(release, tmp_path) as root:
        root.install(packages.older(f"{release}_amd64"))
        with Booted(root.path) as booted:
            booted.wait(lambda: answers(booted), "REST answers")
            bring(booted, packages.current(f"{release}_amd64"))
            booted.said("systemctl", "start", "--no-block", "evsed-update")
            library = root.path / "usr/lib/evsed/evsed"
            booted.wait(lambda: any(library.glob("*.dpkg-new")), "dpkg unpacks", _UPDATES_S)
        with Booted(root.path) as booted:
            booted.wait(lambda: _is_done(root), "the update was finished at boot", _UPDATES_S)
            booted.wait(lambda: answers(booted), "REST answers")
            assert version(booted) == __version__
            assert booted.said("dpkg", "--audit") == ""


def test_one_that_is_killed_while_dpkg_unpacks_is_finished_by_itself(charger: Booted, release: str) -> None:
    bring(charger, packages.current(f"{release}_amd64"))
    charger.said("systemctl", "start", "--no-block", "evsed-update")
    library = charger.root / "usr/lib/evsed/evsed"
    charger.wait(lambda: any(library.glob("*.dpkg-new")), "dpkg unpacks", _UPDATES_S)
    charger.said("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "evsed-update")
    charger.wait(lambda: charger.shows("evsed-update", "NRestarts") == "1", "it is started again", _UPDATES_S)
    charger.wait(lambda: charger.shows("evsed-update", "ActiveState") == "inactive", "it is done", _UPDATES_S)
    assert charger.shows("evsed-update", "Result") == "success"
    charger.wait(lambda: answers(charger), "REST answers")
    assert version(charger) == __version__
    assert charger.said("dpkg", "--audit") == ""


def _is_done(root: Root) -> bool:
    return not (root.path / "var/lib/evsed-update/unfinished.json").exists()
