"""The other end of the chip process's socket, and the process itself."""

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.silicon.environment import AS_COLLECTED

STARTS_WITHIN_S = 60.0
LONGEST_MESSAGE = 200_000
Json = dict[str, Any]


class SiliconLink:
    """One connection. Several threads may ask; raises OSError when the chip process is gone."""

    def __init__(self, path: Path) -> None:
        self._turn = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def ask(self, op: str, **words: Any) -> Json:
        """One request. Raises ValueError with the chip's word when it refuses."""
        with self._turn:
            self._socket.send(json.dumps({"op": op, **words}).encode())
            answer = self._socket.recv(LONGEST_MESSAGE)
        if not answer:
            raise ConnectionResetError("the chip process is gone")
        document: Json = json.loads(answer)
        if "refused" in document:
            raise ValueError(document["refused"])
        return document

    def close(self) -> None:
        self._socket.close()


class Silicon:
    """A running chip process, which ends with this object's ``with`` and with the process that started it."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.path = directory / "silicon"
        self._options = options

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.silicon.chip", str(self.path), *self._options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, env=AS_COLLECTED)
        self._link = self._reach()
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.path.unlink(missing_ok=True)

    def _reach(self) -> SiliconLink:
        until = time.monotonic() + STARTS_WITHIN_S
        pause = threading.Event()
        while True:
            try:
                return SiliconLink(self.path)
            except OSError:
                assert self.process.poll() is None, "the chip process ended"
                assert time.monotonic() < until, "the chip process does not start"
            pause.wait(0.02)

    def ask(self, op: str, **words: Any) -> Json:
        """See SiliconLink."""
        return self._link.ask(op, **words)

    @property
    def state(self) -> Json:
        """What the chips and what hangs on them do now."""
        return self.ask("state")

    def car(self, **words: Any) -> None:
        """Plugs the car, makes it ready, ...: attributes of the simulated car."""
        self.ask("car", **words)

    def fault(self, **faults: Any) -> None:
        """Breaks something, or mends it; see ``tests.silicon.chip``."""
        self.ask("fault", **faults)
