"""`evsed settings` as an owner types it, against a charger that runs, and against what is none."""

import http.server
import io
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from evsed import cli
from evsed.api.v1.settings import settings_rows
from evsed.config import Http
from evsed.core.settings import TABLE, Settings
from evsed.localweb import address
from tests.scenarios.simulation import Simulation, free_port

ABSENT = "/nonsense/evsed.toml"


@pytest.fixture(scope="module")
def charger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One charger for all; each test sets what it looks at."""
    with Simulation(tmp_path_factory.mktemp("settings") / "state") as simulation:
        yield simulation


def settings(charger: Simulation | None, *words: str) -> int:
    """What `evsed settings` ends with, as root types it."""
    url = [] if charger is None else ["--url", f"unix:{charger.state_dir / 'control.sock'}"]
    return cli.main(["settings", *url, *words])


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


def test_without_a_charger_the_list_says_what_can_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(f"[http]\nport = {free_port()}\n")
    assert settings(None, "--config", str(config)) == 0
    told = capsys.readouterr()
    assert "current_max              unknown " in told.out
    assert "values are unknown: nobody answers" in told.err
    assert settings(None, "--config", str(config), "list", "--json") == 0
    assert "value" not in json.loads(capsys.readouterr().out)["current_max"]


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


# ---- no charger there ----


def test_where_nobody_listens_it_says_what_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert cli.main(["settings", "--url", url, "get", "mode"]) == os.EX_UNAVAILABLE
    assert "systemctl status evsed" in capsys.readouterr().err
    assert cli.main(["settings", "list", "--url", url]) == os.EX_UNAVAILABLE


@pytest.mark.parametrize("url", ["ftp://charger", "http://", "charger/settings", "http://charger:99999", "http://a:b"])
def test_what_is_no_address_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings", "--url", url, "get", "mode"]) == os.EX_USAGE
    assert "--url takes an address" in capsys.readouterr().err


@contextmanager
def stranger(status: int, body: bytes, rows: bytes = b"", pause_s: float = 0) -> Iterator[int]:
    """A web server that answers so, but to GET with ``rows`` if there are any; its port.

    ``pause_s``: between each byte of a body and the next, until the test is over.
    """
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if rows else status, rows or body)

        def do_PATCH(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(status, body)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.end_headers()
            if not pause_s:
                self.wfile.write(body)
                return
            with suppress(OSError):
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    if over.wait(pause_s):
                        return

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", free_port()), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"[" * 100_000),
        (404, b"[" * 100_000),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"mode": 1}'),
        (404, b"not here"),
        (404, b"[]"),
        (500, b'{"errors": 1}'),
    ],
)
def test_what_is_not_evsed_is_said(status: int, body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with stranger(status, body) as port:
        assert cli.main(["settings", "--url", f"127.0.0.1:{port}", "get", "mode"]) == os.EX_UNAVAILABLE
    assert "answers, but it is not evsed" in capsys.readouterr().err


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(
    status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("evsed.cli.charger._ANSWER_S", 0.5)
    with stranger(status, b" " * 200, pause_s=0.02) as port:
        assert cli.main(["settings", "--url", f"127.0.0.1:{port}", "get", "mode"]) == os.EX_UNAVAILABLE
    assert "no whole answer within 0.5 s" in capsys.readouterr().err


def test_what_a_charger_and_a_file_say_moves_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = settings_rows(Settings())
    rows["mode"] |= {"value": "\x1b[2J", "description": "\x9b2J\ud800"}
    with stranger(422, b'{"detail": "\\u001b]0;you\\u0007"}', json.dumps(rows).encode()) as port:
        url = ("settings", "--url", f"127.0.0.1:{port}")
        assert cli.main([*url, "list"]) == 0
        assert cli.main([*url, "set", "current_max=16"]) == 1
        told = capsys.readouterr()
    assert "\\x1b[2J" in told.out
    assert "\\x9b2J\\ud800" in told.out
    assert "\\x1b]0;you\\x07" in told.err
    assert (told.out + told.err).replace("\n", "").isprintable()
    one, other = tmp_path / "one.json", tmp_path / "other\x1b.json"
    for file, text in ((one, "\x1b]0;you\x07"), (other, "\ud800")):
        file.write_text(json.dumps({"format": "evsed settings", "schema": 2, "settings": {"mode": text, text: 1}}))
    assert cli.main(["settings", "diff", str(one), str(other)]) == 1
    table = capsys.readouterr().out
    assert "\\ud800" in table
    assert table.replace("\n", "").isprintable()


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


def test_when_the_charger_fails_it_does_not_say_that_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.dumps(settings_rows(Settings())).encode()
    with stranger(503, b'{"detail": "the control loop does not answer"}', rows) as port:
        assert cli.main(["settings", "--url", f"127.0.0.1:{port}", "set", "mode=Smart"]) == 1
    told = capsys.readouterr().err
    assert "the control loop does not answer" in told
    assert "nothing was changed" not in told
    assert "whether it was changed is unknown" in told


@pytest.mark.parametrize(
    ("served", "url"),
    [
        (Http(), "http://127.0.0.1"),
        (Http(port=8123), "http://127.0.0.1:8123"),
        (Http(host="::", port=8123), "http://[::1]:8123"),
        (Http(host="192.168.1.20"), "http://192.168.1.20"),
    ],
)
def test_the_configuration_says_where_the_charger_is(served: Http, url: str) -> None:
    assert address(served) == url


def test_a_configuration_that_cannot_be_used_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text("[http]\nport = 0\n")
    assert settings(None, "--config", str(config), "get", "mode") == os.EX_CONFIG
    assert "http.port takes 1 to 65535; 0, which is TLS alone, needs tls.enabled" in capsys.readouterr().err
    assert settings(None, "--config", ABSENT, "get", "mode") == os.EX_CONFIG


def test_a_default_configuration_that_only_others_may_read_sends_to_sudo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()

    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    monkeypatch.setattr("evsed.cli.way.Http", lambda: Http(port=port))
    assert settings(None, "get", "mode") == os.EX_UNAVAILABLE
    assert "cannot be read: Permission denied: try sudo, or say with --url" in capsys.readouterr().err
