"""``python -m tests.bench.load PORT PATH CONNECTIONS SECONDS``: asks on kept connections, one request at a time.

A process of its own, so that it does not compete for the interpreter of the server. Prints JSON: how many answers
came a second, and the 50th and 99th percentile of the time to each, in milliseconds.
"""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(slots=True)
class Connection:
    """A kept connection with one request under way."""

    door: socket.socket
    asked_at: float = 0.0
    said: bytes = b""

    def ask(self, request: bytes) -> None:
        """Sends the next request."""
        self.said = b""
        self.asked_at = time.perf_counter()
        self.door.sendall(request)

    def is_answered(self) -> bool:
        """Takes what has come. Raises ConnectionError when the server hangs up or answers no 200."""
        data = self.door.recv(262_144)
        if not data:
            raise ConnectionError("the server hung up")
        self.said += data
        head, end, body = self.said.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(head.decode("latin-1"))
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        return len(body) >= int(length)


def load(port: int, path: str, connections: int, seconds: float) -> dict[str, float]:
    """Asks for ``seconds``."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    os.setpriority(os.PRIO_PROCESS, 0, 0)  # a client is one program among others, whoever started it
    took: list[float] = []
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as doors:
        for _ in range(connections):
            connection = Connection(doors.enter_context(socket.create_connection(("127.0.0.1", port))))
            selector.register(connection.door, selectors.EVENT_READ, connection)
            connection.ask(request)
        begun = now = time.perf_counter()
        while now < begun + seconds:
            for key, _ in selector.select(1.0):
                connection = key.data
                if connection.is_answered():
                    now = time.perf_counter()
                    took.append(now - connection.asked_at)
                    connection.ask(request)
    took.sort()
    return {
        "requests_per_s": round(len(took) / (now - begun), 1),
        "p50_ms": round(took[len(took) // 2] * 1000, 2),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 2),
    }


def in_another_process(port: int, path: str, connections: int, seconds: float) -> dict[str, float]:
    """What ``load`` gives in a process of its own."""
    words = [sys.executable, "-m", "tests.bench.load", str(port), path, str(connections), str(seconds)]
    done = subprocess.run(words, check=True, capture_output=True, timeout=seconds + 60)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    print(json.dumps(load(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
