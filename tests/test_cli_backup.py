"""`evsed backup` and `evsed restore` as an owner types them, against a charger that runs, and against what is none."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evsed import cli
from tests.scenarios.simulation import Simulation, free_port


@pytest.fixture(scope="module")
def charger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One charger for all; each test sets what it looks at."""
    with Simulation(tmp_path_factory.mktemp("backup") / "state") as simulation:
        yield simulation


def evsed(charger: Simulation, command: str, *words: str) -> int:
    return cli.main([command, "--url", f"http://127.0.0.1:{charger.port}", *words])


def value(charger: Simulation, key: str) -> object:
    return charger.get("/api/v1/settings").json[key]["value"]


def file_of(path: Path, **parts: Any) -> str:
    path.write_text(json.dumps({"format": "evsed backup", "schema": 3, "settings": {}} | parts))
    return str(path)


def test_what_was_saved_comes_back_after_a_look_at_it(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "charger.json"
    assert cli.main(["settings", "--url", f"http://127.0.0.1:{charger.port}", "set", "current_min=8"]) == 0
    capsys.readouterr()
    assert evsed(charger, "backup", str(file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "settings, the broker, 0 cards of http://127.0.0.1" in capsys.readouterr().out
    assert evsed(charger, "restore", str(file)) == 0
    assert capsys.readouterr().out == "nothing to change\n"
    assert cli.main(["settings", "--url", f"http://127.0.0.1:{charger.port}", "set", "current_min=7"]) == 0
    capsys.readouterr()
    assert evsed(charger, "restore", "--dry-run", str(file)) == 0
    assert capsys.readouterr().out == "current_min: 7 -> 8\n1 change would be made\n"
    assert value(charger, "current_min") == 7
    assert evsed(charger, "restore", "--yes", str(file)) == 0
    assert capsys.readouterr().out == "current_min: 7 -> 8\n1 change made\n"
    assert value(charger, "current_min") == 8


def test_without_a_terminal_nothing_is_changed_unasked(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = value(charger, "current_min")
    assert evsed(charger, "restore", file_of(tmp_path / "a.json", settings={"current_min": 9})) == 1
    assert "evsed restore: nobody can be asked here" in capsys.readouterr().err
    assert value(charger, "current_min") == before


def test_what_only_the_installer_may_change_is_said_before_it_is_tried(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(tmp_path / "a.json", settings={"current_min": 9, "current_max": 20, "current_main": 33})
    assert evsed(charger, "restore", "--dry-run", file) == 1
    told = capsys.readouterr()
    assert "current_max: 13 -> 20  (installer)" in told.out
    assert "only the installer may change current_max, current_main; nothing was changed" in told.err
    assert "On the charger itself, sudo evsed" in told.err
    socket = f"unix:{charger.state_dir / 'control.sock'}"
    assert cli.main(["restore", "--url", socket, "--dry-run", file]) == 0


def test_what_is_wrong_or_unknown_is_said(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = value(charger, "current_min")
    parts = {"current_min": 9, "current_max": 99, "nonsense": 1}
    assert evsed(charger, "restore", "--yes", file_of(tmp_path / "a.json", settings=parts)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "evsed restore: 'nonsense' is no setting of this charger: left out",
        "evsed restore: current_max takes 6..80 A; not 99",
        "evsed restore: nothing was changed",
    ]
    assert value(charger, "current_min") == before


def test_what_is_no_backup_is_told_with_its_line(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{\n "schema": 3,\n}')
    assert evsed(charger, "restore", str(file)) == 65
    assert "cannot be used: line 3, column 1: it is not JSON" in capsys.readouterr().err


def test_secrets_are_not_given_to_everybody(charger: Simulation, capsys: pytest.CaptureFixture[str]) -> None:
    assert evsed(charger, "backup", "--secrets") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "the secrets are given to the installer only" in told.err


def test_where_nobody_answers_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backup", "--url", f"http://127.0.0.1:{free_port()}", str(tmp_path / "a.json")]) == 69
    assert "evsed backup: nobody answers" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()
