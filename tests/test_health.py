"""Whether an update finds the evsed that it started: over the control socket, and by HTTP where a login is wanted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from evsed.doors.control import ControlSocket
from evsed.update.health import ask
from tests.scenarios.simulation import free_port


def configured(tmp_path: Path, port: int) -> Path:
    config = tmp_path / "evsed.toml"
    text = f'[http]\nhost = "0.0.0.0"\nport = {port}\n[control]\nsocket = "{tmp_path / "control.sock"}"\n'
    config.write_text(text)
    return config


@contextmanager
def answering(server: HTTPServer, status: int, body: bytes) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def address_string(self) -> str:
            return "here"

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "healthy"),
    [
        (200, b'{"state": "A"}', True),
        (401, b"{}", True),
        (503, b'{"state": "A"}', False),
        (200, b"{}", False),
        (200, b"[]", False),
        (200, b"<html>", False),
    ],
)
def test_by_http_an_answer_or_the_wish_for_a_login_will_do(
    tmp_path: Path, status: int, body: bytes, healthy: bool
) -> None:
    with HTTPServer(("127.0.0.1", free_port()), BaseHTTPRequestHandler) as server, answering(server, status, body):
        assert ask(configured(tmp_path, server.server_port)) is healthy


@pytest.mark.parametrize(
    ("status", "body", "healthy"),
    [
        (200, b'{"state": "A"}', True),
        (200, b'{"detail": "nothing"}', False),
        (403, b'{"state": "A"}', False),
        (500, b'{"detail": "this is a fault of the charger\'s software"}', False),
        (503, b'{"detail": "try again", "state": "A"}', False),
    ],
)
def test_over_the_control_socket_no_port_has_to_be_open_and_only_a_state_will_do(
    tmp_path: Path, status: int, body: bytes, healthy: bool
) -> None:
    config = configured(tmp_path, free_port())
    assert not ask(config)
    control = ControlSocket(tmp_path / "control.sock")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket.close()
        server.socket = control.door
        server.get_request = lambda: (control.door.accept()[0], ("here", 0))  # type: ignore[method-assign]
        with answering(server, status, body):
            assert ask(config) is healthy
    control.remove()
