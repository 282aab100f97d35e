"""The doctor on the installation: the package, what runs of it, and the last backup."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from evsed import __version__, saved_text
from evsed.config import Control, Http, Installation
from evsed.core.model import Access
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.doctor.findings import Verdict
from evsed.doctor.package import backup, running_version, version
from evsed.doctor.services import Ask
from evsed.installed import Installed
from tests.doctor.test_machine import only
from tests.scenarios.simulation import free_port

PACKAGE = Installed.BY_PACKAGE


def dpkg(said: str) -> Ask:
    def ask(words: Sequence[str]) -> str:
        assert words[0] == "dpkg-query"
        if not said:
            raise subprocess.CalledProcessError(1, list(words))
        return said

    return ask


@pytest.mark.parametrize("suffix", ["", "+deb12", "-1+deb13"])
def test_a_package_that_is_whole_and_runs_is_fine(suffix: str) -> None:
    found = list(version(lambda: __version__, PACKAGE, dpkg(f"ii \t{__version__}{suffix}")))
    assert [each.verdict for each in found] == [Verdict.OK, Verdict.OK]
    assert found[0].what == f"evsed {__version__}{suffix}, installed as a package"


@pytest.mark.parametrize(
    ("said", "verdict", "advice"),
    [
        (f"iF \t{__version__}", Verdict.WRONG, "sudo dpkg --configure -a"),
        ("ii \t0.0.1+deb12", Verdict.WRONG, "install the .deb again"),
        ("", Verdict.ATTENTION, "install the .deb again"),
    ],
)
def test_a_package_that_is_not_whole_is_told(said: str, verdict: Verdict, advice: str) -> None:
    found = only(version(None, PACKAGE, dpkg(said)))
    assert (found.verdict, advice in found.advice) == (verdict, True)


def test_a_daemon_from_before_the_upgrade_has_to_be_started_again() -> None:
    found = list(version(lambda: "0.0.1", Installed.IN_VENV))[-1]
    assert found.what == f"evsed 0.0.1 still runs, and {__version__} is installed"
    assert found.advice == "sudo systemctl restart evsed-guard evsed"


def test_a_daemon_that_does_not_say_what_it_is_is_told() -> None:
    found = list(version(lambda: "", Installed.IN_VENV))
    assert [each.verdict for each in found] == [Verdict.OK, Verdict.ATTENTION]
    assert running_version(Installation(http=Http(port=free_port()), control=Control(""))) == ""


def kept(directory: Path, name: str, text: str, age_s: int) -> Path:
    folder = directory / "backup" / name
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(text)
    os.utime(folder, (2_000_000_000 - age_s, 2_000_000_000 - age_s))
    return folder


def test_the_newest_backup_is_looked_at(tmp_path: Path) -> None:
    assert only(backup(tmp_path)).what.startswith("none yet")
    good = saved_text.encode(Saved(Settings(), access=Access.ALLOW))
    kept(tmp_path, "0.8.0-a", good, 200)
    newest = kept(tmp_path, "0.8.1-b", good, 100)
    found = only(backup(tmp_path))
    assert (found.verdict, found.what.startswith(f"{newest}, of 2033-05-1")) == (Verdict.OK, True)


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"schema": 1})])
def test_a_backup_that_cannot_be_used_is_told(tmp_path: Path, text: str) -> None:
    kept(tmp_path, "0.8.0-a", text, 0)
    found = only(backup(tmp_path))
    assert (found.verdict, "evsed backup" in found.advice) == (Verdict.ATTENTION, True)


def test_a_backup_that_others_may_not_read_is_one_for_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "backup").mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)
    assert only(backup(tmp_path)).advice == "try it with sudo"
