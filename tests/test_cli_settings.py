"""`evsed settings` as an owner types it, against a charger that runs."""

import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed import cli
from evsed.core.settings import TABLE
from tests.scenarios.simulation import Simulation


@pytest.fixture(scope="module")
def charger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One charger for all; each test sets what it looks at."""
    with Simulation(tmp_path_factory.mktemp("settings") / "state") as simulation:
        yield simulation


def settings(charger: Simulation, *words: str) -> int:
    """What `evsed settings` ends with, as root types it."""
    return cli.main(["settings", "--url", f"unix:{charger.state_dir / 'control.sock'}", *words])


def value(charger: Simulation, key: str) -> object:
    return charger.get("/api/v1/settings").json[key]["value"]


def test_settings_are_changed_together_and_it_says_from_what_to_what(
    charger: Simulation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings(charger, "set", "current_max=13", "mode=Normal") == 0
    capsys.readouterr()
    assert settings(charger, "set", "current_max=16", "mode=smart", "current_min=6") == 0
    assert capsys.readouterr().out.splitlines() == [
        "current_max: 13 A -> 16 A",
        "mode: Normal -> Smart",
        "current_min: 6 A, as before",
    ]
    assert (value(charger, "current_max"), value(charger, "mode")) == (16, "Smart")
    assert settings(charger, "get", "current_max", "mode") == 0
    assert settings(charger, "get", "--value", "current_max", "mode") == 0
    assert capsys.readouterr().out == "current_max=16\nmode=Smart\n16\nSmart\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("current_max=81", "current_max takes a whole number from 6 to 80 A; not 81"),
        ("current_max=six", "current_max takes a whole number from 6 to 80 A; not 'six'"),
        ("curren_max=16", "did you mean current_max?"),
        ("mode=Fast", "mode takes Normal, Smart, Solar; not 'Fast'"),
    ],
)
def test_if_one_change_is_refused_none_is_made(
    charger: Simulation, capsys: pytest.CaptureFixture[str], change: str, says: str
) -> None:
    before = value(charger, "current_main")
    assert settings(charger, "set", "current_main=30", change) == 1
    told = capsys.readouterr()
    assert (told.out, value(charger, "current_main")) == ("", before)
    assert says in told.err
    assert told.err.endswith("evsed settings: nothing was changed\n")


def test_of_a_secret_it_says_what_became_of_it_and_not_what_it_is(
    charger: Simulation, capsys: pytest.CaptureFixture[str]
) -> None:
    for given in ("1234", "5678", "0", "0"):
        assert settings(charger, "set", f"installer_pin={given}", f"lcd_pin={given}") == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("installer_pin")] == [
        "installer_pin: set anew",
        "installer_pin: set anew",
        "installer_pin: removed",
        "installer_pin: not set, as before",
    ]


def test_an_import_leaves_the_login_as_it_is(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"format": "evsed settings", "schema": 3, "settings": {"login": "On"}}))
    assert settings(charger, "set", "installer_pin=1234") == 0
    assert settings(charger, "import", "--yes", str(file)) == 0
    assert settings(charger, "set", "installer_pin=0") == 0
    assert "login is chosen at the charger: left as it is" in capsys.readouterr().err
    assert value(charger, "login") == "Off"


def test_the_list_has_the_values(charger: Simulation, capsys: pytest.CaptureFixture[str]) -> None:
    assert settings(charger, "set", "current_main=27") == 0
    capsys.readouterr()
    assert settings(charger) == 0
    told = capsys.readouterr()
    assert (len(told.out.splitlines()), told.err) == (len(TABLE), "")
    assert "\ncurrent_main             27 A  " in told.out
    assert settings(charger, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == charger.get("/api/v1/settings").json


def test_what_is_exported_is_brought_back(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "before.json"
    assert settings(charger, "set", "current_max=16", "mode=Normal") == 0
    assert settings(charger, "export", str(file)) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text())
    assert (document["format"], document["evsed"]) == ("evsed settings", charger.settings["version"])
    assert settings(charger, "diff", str(file)) == 0
    assert settings(charger, "set", "current_max=14") == 0
    capsys.readouterr()
    assert settings(charger, "diff", str(file)) == 1
    assert capsys.readouterr().out.splitlines()[1].split() == ["current_max", "16", "14"]
    assert settings(charger, "import", "--yes", str(file)) == 0
    assert capsys.readouterr().out == "current_max: 14 A -> 16 A\n1 setting changed\n"
    assert value(charger, "current_max") == 16
    assert settings(charger, "import", str(file)) == 0
    assert capsys.readouterr().out == "nothing to change\n"


def test_the_daemon_s_own_file_is_compared_and_imported(charger: Simulation, tmp_path: Path) -> None:
    kept = tmp_path / "settings.json"
    kept.write_text(next(charger.state_dir.rglob("settings.json")).read_text())
    document = json.loads(kept.read_text())
    document["settings"] |= {"current_max": 15, "lcd_pin": 1234}
    kept.write_text(json.dumps(document))
    assert settings(charger, "import", "--yes", str(kept)) == 0
    assert value(charger, "current_max") == 15
    assert settings(charger, "diff", str(kept)) == 0


def test_an_import_with_one_wrong_value_changes_nothing(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.json"
    assert settings(charger, "set", "current_main=25") == 0
    wanted = {"current_main": 30, "current_max": 200, "mode": "Fast", "nonsense": 1}
    file.write_text(json.dumps({"format": "evsed settings", "schema": 2, "settings": wanted}))
    capsys.readouterr()
    assert settings(charger, "import", "--yes", str(file)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "evsed settings: 'nonsense' is no setting of this charger: left out",
        "evsed settings: current_max takes 6..80 A; not 200",
        "evsed settings: mode takes Normal, Smart, Solar; not 'Fast'",
        "evsed settings: nothing was changed",
    ]
    assert value(charger, "current_main") == 25


def test_another_charger_s_place_is_not_imported(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.json"
    wanted = {"loadbl": "Master"}
    file.write_text(json.dumps({"format": "evsed settings", "schema": 2, "serial": 1, "settings": wanted}))
    assert settings(charger, "import", "--yes", str(file)) == 0
    told = capsys.readouterr()
    assert told.out == "nothing to change\n"
    assert f"the file is of another charger, 1; this one is {charger.settings['serialnr']}" in told.err
    assert value(charger, "loadbl") == "Disabled"


class Terminal(io.StringIO):
    """Somebody who can be asked."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "status", "becomes"), [("y\n", 0, 17), ("\n", 1, 16), ("", 1, 16)])
def test_an_import_asks(
    charger: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, becomes: int
) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"format": "evsed settings", "schema": 2, "settings": {"current_max": 17}}')
    assert settings(charger, "set", "current_max=16") == 0
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert settings(charger, "import", str(file)) == status
    assert value(charger, "current_max") == becomes


def test_an_import_does_not_guess_where_nobody_can_be_asked(
    charger: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"format": "evsed settings", "schema": 2, "settings": {"current_max": 17}}')
    assert settings(charger, "set", "current_max=16") == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert settings(charger, "import", str(file)) == 1
    assert "--yes" in capsys.readouterr().err
    assert value(charger, "current_max") == 16


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("set", "current_max"), os.EX_USAGE, "set takes KEY=VALUE, not 'current_max'"),
        (("set", "mode=Smart", "mode=Solar"), os.EX_USAGE, "a setting is named twice"),
        (("get", "curren_max"), 1, "there is no setting 'curren_max'; did you mean current_max?"),
        (("import", "/nonsense.json"), os.EX_NOINPUT, "/nonsense.json cannot be read: No such file or directory"),
        (("import", __file__), os.EX_DATAERR, "cannot be used: line 1, column 3: it is not JSON"),
        (("export", "/nonsense/x"), os.EX_CANTCREAT, "/nonsense/x cannot be written: No such file or directory"),
        (("diff", "/nonsense.json"), 2, "/nonsense.json cannot be read"),
    ],
)
def test_a_mistake_costs_one_clear_line(
    charger: Simulation, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int, says: str
) -> None:
    assert settings(charger, *words) == status
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1


def test_a_file_that_may_not_be_read_is_one_for_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    assert cli.main(["settings", "diff", str(tmp_path), str(tmp_path)]) == 2
    assert "may not be read by this user; try it with sudo" in capsys.readouterr().err


def test_what_is_nested_too_deeply_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def deep(*_: object) -> object:
        raise RecursionError

    monkeypatch.setattr("evsed.cli.owner.document.differences", deep)
    file = tmp_path / "one.json"
    file.write_text('{"format": "evsed settings", "schema": 2, "settings": {}}')
    assert cli.main(["settings", "diff", str(file), str(file)]) == 2
    assert capsys.readouterr().err == "evsed settings: what was read is nested too deeply\n"


def test_an_export_through_a_pipe_that_is_named_is_nothing_but_the_export(
    charger: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert settings(charger, "export", str(pipe)) == 0
        document = json.loads(os.read(reader, 60_000))
    finally:
        os.close(reader)
    assert (document["serial"], capsys.readouterr().out) == (charger.settings["serialnr"], "")
