"""Runs ``evsed simulate`` as an owner does, and operates it over HTTP."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any, Self

from evsed.core.safety import LEASE_MS

PATIENCE_S = 90.0
"""How long a test waits for what must come; far beyond any limit, because these machines are slow and shared."""

INSTALLER_PIN = ("--set", "installer_pin=2468")
"""Options with which a simulation has an installer's PIN, and what is then sent to be him."""

AS_INSTALLER = {"Authorization": "Basic aW5zdGFsbGVyOjI0Njg="}

_LOOK_AGAIN_S = 0.05
Json = dict[str, Any]


def free_port(row: int = 1) -> int:
    """A port that nobody listens on; the first of ``row`` such ports that follow each other.

    None that the kernel would give to a client between now and the use of it: below those that it hands out, where
    it leaves any.
    """
    handed_out_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(10_000, handed_out_from if handed_out_from > 20_000 else 65_536)
    while True:
        first = random.choice(ports)
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError, OverflowError):
            for port in range(first, first + row):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


def wait_for(true: Callable[[], object], what: str, sound: Callable[[], None] = lambda: None) -> None:
    """Looks until ``true`` is; fails with ``what`` when it never becomes so, and as soon as ``sound`` does."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not true():
        sound()
        assert time.monotonic() < deadline, f"never: {what}"
        pause.wait(_LOOK_AGAIN_S)


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: Message  # finds names in any case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
    """One request; headers with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


class Charger:
    """One charger of a simulation: its daemon, its car and its part of the plant."""

    number: int
    port: int
    plant_port: int

    # ---- the daemon ----

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **headers: str) -> Answer:
        return http("GET", self.url(path), None, **headers)

    def post(self, path: str, body: bytes | None = b"", **headers: str) -> Answer:
        return http("POST", self.url(path), body, **headers)

    def http(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return http(method, self.url(path), body, **headers)

    def answers(self) -> bool:
        try:
            return self.get("/settings").status == 200
        except OSError:
            return False

    @property
    def settings(self) -> Json:
        document: Json = self.get("/settings").json
        return document

    @property
    def evse(self) -> Json:
        evse: Json = self.settings["evse"]
        return evse

    @property
    def state(self) -> Json:
        document: Json = self.get("/api/v1/state").json
        return document

    @property
    def daemon_pid(self) -> int:
        pid: int = self.watch()["pids"]["daemon"]
        return pid

    def daemon_command(self) -> list[str]:
        """How the daemon was started, so that a test can play systemd and start it again."""
        words = Path(f"/proc/{self.daemon_pid}/cmdline").read_bytes().split(b"\0")
        return [os.fsdecode(word) for word in words if word]

    # ---- the plant ----

    def watch(self) -> Json:
        """The plant's own word, which is there also when the daemon is dead."""
        state: Json = http("GET", f"http://127.0.0.1:{self.plant_port}/simulation/{self.number}").json
        return state

    @property
    def plant(self) -> Json:
        plant: Json = self.watch()["plant"]
        return plant

    def feeds(self) -> bool:
        """Whether the daemon keeps its lease on the outputs."""
        age = self.plant["lease_age_ms"]
        return age is not None and age < LEASE_MS

    def patch(self, **parts: Json) -> Answer:
        return http(
            "PATCH",
            f"http://127.0.0.1:{self.plant_port}/simulation/{self.number}",
            json.dumps(parts).encode(),
            Content_Type="application/json",
        )

    def press(self, button: str, hold_ms: int = 200) -> None:
        """Presses one of the unit's buttons."""
        body = json.dumps({"button": button, "hold_ms": hold_ms}).encode()
        assert http("POST", self.url("/simulation/button"), body, Content_Type="application/json").status == 200

    def plug(self) -> None:
        assert self.patch(car={"plugged": True, "ready": True}).status == 200

    def charge(self) -> None:
        self.plug()
        wait_for(lambda: self.plant["car_current"]["L1"] > 0, f"the car of charger {self.number} draws")


@dataclass
class Another(Charger):
    """A charger beside the first."""

    number: int
    port: int
    plant_port: int


@dataclass
class Simulation(Charger):
    """A running simulation; itself its charger 0."""

    state_dir: Path
    options: tuple[str, ...] = ()
    chargers: int = 1
    port: int = 0
    plant_port: int = 0
    again: list["subprocess.Popen[bytes]"] = field(default_factory=list)  # the daemons that ``restart`` started
    number = 0

    def __post_init__(self) -> None:
        first = free_port(self.chargers + 1)
        self.port = self.port or first
        self.plant_port = self.plant_port or first + self.chargers

    def charger(self, number: int) -> Charger:
        """Charger 0, the master, to ``chargers`` - 1."""
        return Another(number, self.port + number, self.plant_port)

    def __enter__(self) -> Self:
        self.log = self.state_dir.with_suffix(".log").open("a+b")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "evsed",
                "simulate",
                "--port",
                str(self.port),
                "--plant-port",
                str(self.plant_port),
                "--state-dir",
                str(self.state_dir),
                "--chargers",
                str(self.chargers),
                *self.options,
            ],
            stdout=self.log,
            stderr=self.log,
        )
        for number in range(self.chargers):
            wait_for(self.charger(number).answers, f"the web server of charger {number} answers", self.still_runs)
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self.again:
            daemon.kill()
            daemon.wait(PATIENCE_S)
        self.interrupt()
        self.log.close()

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def still_runs(self) -> None:
        """Fails with what the simulation said when it has ended."""
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """Everything the simulation has printed."""
        self.log.seek(0)
        return self.log.read().decode()

    def kill(self, number: int = 0) -> list[str]:
        """Kills the daemon of a charger without a warning; the command that starts it again."""
        charger = self.charger(number)
        command = charger.daemon_command()
        os.kill(charger.daemon_pid, signal.SIGKILL)
        return command

    def restart(self, number: int = 0) -> None:
        """Kills the daemon of a charger without a warning and starts it again, as systemd would."""
        self.start(self.kill(number), number)

    def start(self, command: list[str], number: int = 0) -> None:
        """Starts the daemon of a charger again; ``command`` is what ``kill`` gave."""
        charger = self.charger(number)
        again = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.again.append(again)
        wait_for(lambda: charger.daemon_pid == again.pid, "the new daemon holds the board")
        wait_for(charger.answers, "the new daemon's web server answers")
