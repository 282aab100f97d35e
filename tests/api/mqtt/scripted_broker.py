"""A broker of a few lines that answers as a test wants: what no real one does on demand."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

CONNECT, SUBSCRIBE, PING = 0x10, 0x82, 0xC0
_WELCOME: Final = b"\x20\x02\x00\x00"
_PONG: Final = b"\xd0\x00"
GRANTED, FAILED = 0x00, 0x80


def length_of(count: int) -> bytes:
    """How a packet says the length of what follows (MQTT 3.1.1, 2.2.3)."""
    said = bytearray()
    while True:
        count, low = divmod(count, 128)
        said.append(low | (0x80 if count else 0))
        if not count:
            return bytes(said)


def publication(topic: str, payload: bytes, announced: int | None = None) -> bytes:
    """A message at QoS 0; ``announced`` bytes are promised, or as many as there are."""
    body = len(topic).to_bytes(2) + topic.encode() + payload
    return b"\x30" + length_of(len(body) if announced is None else announced) + body


@dataclass
class ScriptedBroker:
    """Takes everybody, answers subscriptions with ``grants`` of each filter, and says ``greeting`` after the first."""

    greeting: bytes = b""
    grants: Callable[[str], int] = lambda _: GRANTED
    connections: int = 0
    hung_up: int = 0  # connections that the other side has ended
    _ends: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._door, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                end, _ = self._door.accept()
                self._ends.append(end)
                self.connections += 1
                threading.Thread(target=self._converse, args=(end,), daemon=True).start()

    def _converse(self, end: socket.socket) -> None:
        with contextlib.suppress(OSError), end.makefile("rb") as stream:
            greeting = self.greeting
            while head := stream.read(1):
                body = stream.read(_length(stream.read))
                if head[0] == CONNECT:
                    end.sendall(_WELCOME)
                elif head[0] == PING:
                    end.sendall(_PONG)
                elif head[0] == SUBSCRIBE:
                    codes = bytes(self.grants(topic) for topic in _filters(body))
                    end.sendall(b"\x90" + length_of(2 + len(codes)) + body[:2] + codes + greeting)
                    greeting = b""
        self.hung_up += 1


def _length(read: Callable[[int], bytes]) -> int:
    count, shift = 0, 0
    while True:
        byte = read(1)[0]
        count |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return count


def _filters(body: bytes) -> list[str]:
    """The filters of a subscription, after its number."""
    filters, at = [], 2
    while at < len(body):
        length = int.from_bytes(body[at : at + 2])
        filters.append(body[at + 2 : at + 2 + length].decode())
        at += 2 + length + 1
    return filters
