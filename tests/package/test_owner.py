"""What an owner types where the package is installed and runs: the doctor, the settings, the completion."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed import __version__
from tests.package.booted import Booted
from tests.package.roots import copied
from tests.package.test_running import started

COMPLETE = (
    "source /usr/share/bash-completion/completions/evsed; COMP_WORDS=(evsed settings set current_mai); "
    'COMP_CWORD=3; _evsed; echo "${COMPREPLY[@]}"'
)


@pytest.fixture
def machine(release: str, tmp_path: Path, package: Path) -> Iterator[Booted]:
    """A system of the release on which the package runs."""
    with copied(release, tmp_path) as root, Booted(root.path) as booted:
        started(booted, package)
        yield booted


def test_an_owner_sees_changes_saves_and_compares(machine: Booted, release: str) -> None:
    looked = machine.run("evsed", "doctor").stdout
    for line in (
        f"ok         version: evsed {__version__}+{release}, installed as a package",
        f"ok         version: evsed {__version__} runs",
        "ok         services: evsed-guard runs (running)",
        "ok         services: evsed runs (running)",
        "attention  configuration: /etc/evsed/evsed.toml names no board yet",
        '           -> write kind = "pi" into [board]; /usr/share/doc/evsed/board.md describes it',
    ):
        assert line in looked, looked
    for page in ("board.md", "evsed.toml", "safety.md"):
        assert (machine.root / "usr/share/doc/evsed" / page).is_file()

    kept = "/root/before.json"
    machine.said("evsed", "settings", "export", kept)
    assert machine.said("evsed", "settings", "set", "current_max=16") == "current_max: 13 A -> 16 A"
    assert machine.run("evsed", "settings", "diff", kept).returncode == 1
    assert machine.said("evsed", "settings", "import", "--yes", kept).endswith("1 setting changed")
    assert machine.said("evsed", "settings", "get", "current_max") == "current_max=13"
    assert json.loads((machine.root / kept.removeprefix("/")).read_text())["evsed"] == __version__
    assert machine.run("evsed", "settings", "diff", kept).returncode == 0

    refused = machine.run("runuser", "-u", "nobody", "--", "evsed", "settings", "set", "current_max=99")
    assert (refused.returncode, "takes a whole number from" in refused.stderr) == (1, True)
    assert machine.said("bash", "--norc", "-c", COMPLETE) == "current_main="

    machine.said("systemctl", "stop", "evsed")
    silent = machine.run("evsed", "settings", "get", "mode")
    assert (silent.returncode, "systemctl status evsed" in silent.stderr) == (69, True)
    assert "attention  services: evsed is stopped" in machine.run("evsed", "doctor").stdout
