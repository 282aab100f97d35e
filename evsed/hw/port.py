"""The way to the wire: a serial port, or Modbus RTU over TCP to a gateway (``tcp://host:port``).

Owns opening, bytes in, bytes out, and saying in words that it is gone. Bytes are rs485.py's to understand.
"""

import errno
import os
import re
import select
import socket
import termios
import time

import serial

_CONNECT_S = 2.0
_WRITE_S = 0.5
_UNANSWERED_MS = 5_000
_CHUNK = 512
_TCP = re.compile(r"tcp://(?P<host>[^:/\[\]]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")
_FAILURES = (OSError, serial.SerialException, termios.error, ValueError)  # termios.error is no OSError


class LineError(Exception):
    """The port itself cannot be used; the text names it."""


class Port:
    """An open port. Not thread-safe: one thread owns it."""

    def __init__(self, device: str, baud: int) -> None:
        """Opens ``device`` (8 bits, no parity, 1 stop bit), for nobody else. Raises LineError."""
        self.device = device
        tcp = _TCP.fullmatch(device)
        self.remote = tcp is not None
        self._socket: socket.socket | None = None
        self._serial: serial.Serial | None = None
        try:
            if tcp is not None:
                self._socket = _connect(tcp["host"].strip("[]"), int(tcp["port"]))
                self._fd = self._socket.fileno()
            else:
                self._serial = serial.Serial(device, baud, timeout=0, write_timeout=_WRITE_S, exclusive=True)
                self._fd = self._serial.fileno()
        except _FAILURES as error:
            raise LineError(f"{device} cannot be opened: {_reason(error)}") from error

    def close(self) -> None:
        """Lets go of the port."""
        for end in (self._socket, self._serial):
            if end is not None:
                end.close()

    def read(self, timeout_s: float) -> bytes:
        """What has come, as soon as anything has; empty after ``timeout_s`` of silence. Raises LineError."""
        try:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, timeout_s))
            if not ready:
                return b""
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except _FAILURES as error:
            raise LineError(f"{self.device} failed: {_reason(error)}") from error
        if not data:
            raise LineError(f"{self.device} failed: it was disconnected")
        return data

    def write(self, data: bytes) -> None:
        """Hands ``data`` to the port, which may take its time to send it. Raises LineError."""
        deadline = time.monotonic() + _WRITE_S
        try:
            while data:
                _, ready, _ = select.select([], [self._fd], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise LineError(f"{self.device} failed: it takes no data")
                data = data[os.write(self._fd, data) :]
        except _FAILURES as error:
            raise LineError(f"{self.device} failed: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What is wrong, in the system's words."""
    number = getattr(error, "errno", None)
    if number == errno.EWOULDBLOCK:
        return "another program uses it"
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(error)


def _connect(host: str, port: int) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=_CONNECT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A gateway that lost its power says nothing: what it does not confirm for this long ends the connection.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MS)
    connection.setblocking(False)
    return connection
