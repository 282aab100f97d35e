"""Web servers that tests post to: one that takes everything, and some that do not behave."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self

from tests.scenarios.simulation import PATIENCE_S


class Receiver:
    """Answers POSTs with ``status`` and remembers them."""

    def __init__(self, status: int = 200, location: str = "", context: ssl.SSLContext | None = None) -> None:
        self.status = status
        self.posted: list[tuple[str, dict[str, str], Any]] = []
        self._more = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(b"x" * 100_000)
                with receiver._more:
                    receiver.posted.append((self.path, dict(self.headers), json.loads(body)))
                    receiver._more.notify_all()

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(HTTPServer):
            def handle_error(self, *_: object) -> None:
                """Clients that hang up are none."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=hush"

    def wait(self, count: int = 1) -> Any:
        """The body of the last of so many posts."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.posted) >= count, PATIENCE_S), self.posted
            return self.posted[count - 1][2]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE_S)
        self._server.server_close()


class Raw:
    """Takes connections and does ``deed`` with each, such as nothing at all."""

    def __init__(self, deed: Callable[[socket.socket, threading.Event], None]) -> None:
        self._deed = deed
        self._over = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                end, _ = self._door.accept()
                self.connections += 1
                with end, contextlib.suppress(OSError):
                    self._deed(end, self._over)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join(PATIENCE_S)
