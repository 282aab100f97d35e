"""Runs ``evsed simulate`` as an owner does, and operates it over HTTP."""

import json
import os
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

PATIENCE_S = 90.0
"""How long a test waits for what must come; far beyond any limit, because these machines are slow and shared."""

_LOOK_AGAIN_S = 0.05
Json = dict[str, Any]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(true: Callable[[], object], what: str) -> None:
    """Looks until ``true`` is; fails with ``what`` when it never becomes so."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not true():
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


@dataclass
class Simulation:
    """A running simulation."""

    state_dir: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    plant_port: int = field(default_factory=free_port)
    again: list["subprocess.Popen[bytes]"] = field(default_factory=list)  # the daemons that ``restart`` started

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
                *self.options,
            ],
            stdout=self.log,
            stderr=self.log,
        )
        wait_for(self.answers, "the daemon's web server answers")
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

    def answers(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return self.get("/settings").status == 200
        except OSError:
            return False

    def said(self) -> str:
        """Everything the simulation has printed."""
        self.log.seek(0)
        return self.log.read().decode()

    # ---- the daemon ----

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str) -> Answer:
        return http("GET", self.url(path))

    def post(self, path: str, body: bytes | None = b"", **headers: str) -> Answer:
        return http("POST", self.url(path), body, **headers)

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

    def restart(self) -> None:
        """Kills the daemon without a warning and starts it again, as systemd would."""
        command = self.daemon_command()
        os.kill(self.daemon_pid, signal.SIGKILL)
        again = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.again.append(again)
        wait_for(lambda: self.watch()["pids"]["daemon"] == again.pid, "the new daemon holds the board")
        wait_for(self.answers, "the new daemon's web server answers")

    # ---- the plant ----

    def watch(self) -> Json:
        """The plant's own word, which is there also when the daemon is dead."""
        state: Json = http("GET", f"http://127.0.0.1:{self.plant_port}/simulation/0").json
        return state

    @property
    def plant(self) -> Json:
        plant: Json = self.watch()["plant"]
        return plant

    def patch(self, **parts: Json) -> Answer:
        return http(
            "PATCH",
            f"http://127.0.0.1:{self.plant_port}/simulation/0",
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
        wait_for(lambda: self.plant["car_current"]["L1"] > 0, "the car draws")
