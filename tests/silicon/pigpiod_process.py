"""Starts the fake pigpiod as a process, and does to it what happens to the real one."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from typing import Self

from tests.silicon.pigpiod import CF1, FRAME

STARTS_WITHIN_S = 60.0


class Pigpiod:
    """A running fake; ends with this object's ``with`` and with the process that started it."""

    def __init__(self, *options: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "tests.silicon.pigpiod", "--until-eof", "--port", str(port), *options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = self._ready()
        self._control = socket.create_connection(("127.0.0.1", self.port), STARTS_WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, command: int, p1: int = 0, p2: int = 0, extension: bytes = b"") -> int:
        """Another client's call: its result."""
        self._control.sendall(FRAME.pack(command, p1, p2, len(extension)) + extension)
        answer = self._control.recv(FRAME.size, socket.MSG_WAITALL)
        assert FRAME.unpack(answer)[:3] == (command, p1, p2)
        return int(struct.unpack("<i", answer[12:])[0])

    def plant(self, **faults: int) -> None:
        """Fields of tests.silicon.pigpiod.Faults; none: all is well again."""
        assert self.ask(CF1, extension=json.dumps(faults).encode()) == 0

    def kill(self) -> None:
        """kill -9, and until it is gone."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """As systemd stops it; returns its exit status."""
        self._process.terminate()
        return self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP; returns when it has stopped."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def thaw(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def _ready(self) -> int:
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], STARTS_WITHIN_S)[0], "the fake pigpiod does not start"
        line = self._process.stdout.readline().decode()
        assert line.startswith("listening on "), line
        return int(line.rsplit(":", 1)[1])
