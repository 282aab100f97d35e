"""One JSON document from a small device on the LAN, again and again over one connection.

Owns the connection and its limits: however the device behaves, ``get`` ends within its time and gives a document or a
``FetchError`` with a text for the owner. What the document says is the caller's.
"""

import json
import math
import socket
import time
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

LONGEST_BODY: Final = 65_536
_OK = 200
_FORBIDDEN = 403


class FetchError(Exception):
    """There is no document; the text says why."""


class _Socket(socket.socket):
    """A socket on which no wait goes beyond ``deadline``, however few bytes come at a time."""

    deadline = math.inf

    def hurry(self) -> None:
        """Lets the next call wait for no longer than what is left. Raises TimeoutError when nothing is."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """As socket's, within the deadline."""
        self.hurry()
        return super().recv_into(buffer, nbytes, flags)


class Fetcher:
    """A connection to ``host``:``port``, opened when it is needed. One thread owns it."""

    def __init__(self, host: str, port: int, total_s: float) -> None:
        """Each ``get`` takes ``total_s`` at most, the look-up of a host's name aside."""
        self._host = host
        self._port = port
        self._total_s = total_s
        self._connection: HTTPConnection | None = None
        self._socket: _Socket | None = None

    def close(self) -> None:
        """Lets go of the connection."""
        if self._connection is not None:
            self._connection.close()
        if self._socket is not None:
            self._socket.close()
        self._connection = self._socket = None

    def get(self, path: str) -> object:
        """The document at ``path``. Raises FetchError."""
        deadline = time.monotonic() + self._total_s
        try:
            body = self._body(path, deadline)
        except TimeoutError:
            self.close()
            raise FetchError(f"no whole answer within {self._total_s:g} s") from None
        except OSError as error:
            self.close()
            raise FetchError(error.strerror or str(error) or type(error).__name__) from None
        except HTTPException as error:
            self.close()
            raise FetchError(f"its answer is no HTTP: {type(error).__name__}") from None
        except UnicodeError:
            raise FetchError("this is no host name") from None
        except FetchError:
            self.close()
            raise
        try:
            document: object = json.loads(body)
        except (ValueError, RecursionError):
            raise FetchError("its answer is no JSON") from None
        return document

    def _body(self, path: str, deadline: float) -> bytes:
        if self._connection is not None and self._connection.sock is not None:
            try:
                return self._exchange(self._connection, path, deadline)
            except (ConnectionError, HTTPException):
                self.close()  # it had closed a connection that was idle: a new one tells what is the matter
        return self._exchange(self._connect(deadline), path, deadline)

    def _connect(self, deadline: float) -> HTTPConnection:
        self.close()
        addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        for left, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
            self._socket = _Socket(family, kind, protocol)
            now = time.monotonic()
            self._socket.deadline = now + (deadline - now) / left
            try:
                self._socket.hurry()
                self._socket.connect(address)
            except OSError:
                self._socket.close()
                if left == 1:
                    raise
                continue
            break
        self._connection = HTTPConnection(self._host, self._port)
        self._connection.sock = self._socket
        return self._connection

    def _exchange(self, connection: HTTPConnection, path: str, deadline: float) -> bytes:
        if self._socket is not None:
            self._socket.deadline = deadline
            self._socket.hurry()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(LONGEST_BODY + 1)
        if response.status == _FORBIDDEN:
            raise FetchError("it refuses: switch on its local API in the maker's app")
        if response.status != _OK:
            raise FetchError(f"it answers with HTTP status {response.status}")
        if len(body) > LONGEST_BODY:
            raise FetchError(f"its answer is longer than {LONGEST_BODY} bytes")
        return body
