"""`evsed settings` where no charger answers as one should: nobody, a stranger, one that fails, no configuration."""

import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from evsed import cli
from evsed.api.v1.settings import settings_rows
from evsed.config import Http
from evsed.core.settings import Settings
from evsed.localweb import address
from tests.scenarios.simulation import free_port

ABSENT = "/nonsense/evsed.toml"


def test_without_a_charger_the_list_says_what_can_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(f"[http]\nport = {free_port()}\n")
    assert cli.main(["settings", "--config", str(config)]) == 0
    told = capsys.readouterr()
    assert "current_max              unknown " in told.out
    assert "values are unknown: nobody answers" in told.err
    assert cli.main(["settings", "--config", str(config), "list", "--json"]) == 0
    assert "value" not in json.loads(capsys.readouterr().out)["current_max"]


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
    assert cli.main(["settings", "--config", str(config), "get", "mode"]) == os.EX_CONFIG
    assert "http.port takes 1 to 65535; 0, which is TLS alone, needs tls.enabled" in capsys.readouterr().err
    assert cli.main(["settings", "--config", ABSENT, "get", "mode"]) == os.EX_CONFIG


def test_a_default_configuration_that_only_others_may_read_sends_to_sudo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()

    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    monkeypatch.setattr("evsed.cli.way.Http", lambda: Http(port=port))
    assert cli.main(["settings", "get", "mode"]) == os.EX_UNAVAILABLE
    assert "cannot be read: Permission denied: try sudo, or say with --url" in capsys.readouterr().err
