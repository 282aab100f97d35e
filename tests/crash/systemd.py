"""Plays systemd for a few processes: ExecStopPost, BindsTo, the watchdog. Restarts nothing by itself.

Owns how units of our kind end; which units there are is yard.py's. What systemd does is taken from systemd.service(5),
systemd.unit(5) and kill_and_sigcont() of its source.
"""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.silicon.environment import AS_COLLECTED

ABORT_S = 2.0
"""TimeoutAbortSec: so long after SIGABRT comes SIGKILL."""

STOP_S = 3.0
"""TimeoutStopSec: so long after SIGTERM comes SIGKILL."""


@dataclass(frozen=True)
class Unit:
    """A service. ``watchdog_s``: WatchdogSec, None: none. ``binds_to``: ends when one of these has ended."""

    name: str
    command: tuple[str, ...]
    stop_post: tuple[str, ...] = ()
    watchdog_s: float | None = None
    binds_to: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


class Service:
    """One start of a unit, until its ExecStopPost has run."""

    def __init__(self, unit: Unit, directory: Path, log: Path, ended: Callable[["Service"], None]) -> None:
        self.unit = unit
        self.ready = threading.Event()
        self.over = threading.Event()
        self.died_at: float | None = None
        self.safe_took: float | None = None
        self.safe_status: int | None = None
        self._log = log
        self._ended = ended
        self._fed_at = time.monotonic()
        self._aborted_at: float | None = None
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = directory / f"notify-{unit.name}-{time.monotonic_ns()}"
        self._notices.bind(str(address))
        self._notices.settimeout(0.02)
        environment = {**AS_COLLECTED, **unit.extra, "NOTIFY_SOCKET": str(address)}
        if unit.watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(round(unit.watchdog_s * 1e6))
        self.process = subprocess.Popen(unit.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        threading.Thread(target=self._write_down, daemon=True).start()
        threading.Thread(target=self._tend, daemon=True).start()
        threading.Thread(target=self._bury, daemon=True).start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """``systemctl stop``, without waiting."""
        if not self.over.is_set():
            threading.Thread(target=self._stop, daemon=True).start()

    def _stop(self) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
            return
        self.process.kill()

    def _signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)  # as systemd does, or a stopped process would not take it

    def _tend(self) -> None:
        """Hears what the process says, and is its watchdog from the moment it is ready."""
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                words = self._notices.recv(4096).decode().split("\n")
                if "READY=1" in words:
                    self.ready.set()
                if "WATCHDOG=1" in words or "READY=1" in words:
                    self._fed_at = time.monotonic()
            self._watch()
        self._notices.close()

    def _watch(self) -> None:
        limit, now = self.unit.watchdog_s, time.monotonic()
        if limit is None or not self.ready.is_set() or self.process.poll() is not None:
            return
        if self._aborted_at is None and now - self._fed_at > limit:
            self._aborted_at = now
            self._signal(signal.SIGABRT)
        elif self._aborted_at is not None and now - self._aborted_at > ABORT_S:
            self.process.kill()

    def _write_down(self) -> None:
        """What it says goes to a pipe, as with journald: a full disk of its own does not keep it from that."""
        assert self.process.stdout is not None
        with self._log.open("ab", buffering=0) as file, self.process.stdout as said:
            while words := os.read(said.fileno(), 65_536):
                file.write(words)

    def _bury(self) -> None:
        self.process.wait()
        self.died_at = time.monotonic()
        if self.unit.stop_post:
            with self._log.open("ab") as file:
                post = subprocess.run(self.unit.stop_post, stdout=file, stderr=file, env=AS_COLLECTED, check=False)
            self.safe_took, self.safe_status = time.monotonic() - self.died_at, post.returncode
        self.over.set()
        self._ended(self)


class Systemd:
    """The units of one machine."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "log"
        self._directory = directory
        self._turn = threading.Lock()
        self._running: dict[str, Service] = {}
        self._leaving = False

    def start(self, unit: Unit) -> Service:
        """Starts a unit; it is not waited for."""
        service = Service(unit, self._directory, self.log, self._ended)
        with self._turn:
            self._running[unit.name] = service
        return service

    def service(self, name: str) -> Service:
        """The last start of ``name``."""
        return self._running[name]

    def runs(self, name: str) -> bool:
        """Whether it was started and has not ended."""
        return name in self._running and not self._running[name].over.is_set()

    def _ended(self, ended: Service) -> None:
        """BindsTo: whoever is bound to it is stopped as soon as it is inactive."""
        if self._leaving:
            return
        with self._turn:
            bound = [each for each in self._running.values() if ended.unit.name in each.unit.binds_to]
        for each in bound:
            each.stop()

    def kill_all(self) -> None:
        """The end: nothing of this machine is left."""
        self._leaving = True
        for service in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                service.process.kill()
        for service in self._running.values():
            service.over.wait(30)
