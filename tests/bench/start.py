"""What an installation weighs and how soon it is there: package, start to safe outputs and to REST, resident memory.

A daemon is ready when its first control cycle is complete: contactors open, the pilot constant. What it tells systemd
then (READY=1) is what is waited for here. Memory is looked at after a minute of charging, in real time: of the daemon
with its simulated meters, and of daemon and guard over fake chips, which are in both processes and weigh a little.
"""

import contextlib
import re
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from evsed.wiring import Driver
from tests.crash.systemd import Unit
from tests.crash.yard import Yard
from tests.scenarios.simulation import PATIENCE_S, Simulation
from tests.silicon.environment import AS_COLLECTED

PACKAGE_GOAL_MB: Final = 40
STARTS: Final = 5
CHARGES_S: Final = 60.0
DIST: Final = Path("dist")
_KIB: Final = 1_024
_LOOK_AGAIN_S: Final = 0.01


# ---- the package ----


def packages(folder: Path = DIST) -> list[dict[str, Any]]:
    """Every package of evsed in ``folder``: its size, and that of what it installs, in MB (a million bytes)."""
    found = []
    for path in sorted(folder.glob("evsed_*.deb")):
        size = path.stat().st_size / 1e6
        fields = ["dpkg-deb", "--field", str(path), "Installed-Size"]
        with contextlib.suppress(OSError, subprocess.CalledProcessError, ValueError):
            kib = int(subprocess.run(fields, capture_output=True, text=True, check=True).stdout)
            reached = size < PACKAGE_GOAL_MB
            found.append(
                {
                    "file": path.name,
                    "size_mb": round(size, 2),
                    "installed_mb": round(kib * _KIB / 1e6, 1),
                    "size_goal_mb": PACKAGE_GOAL_MB,
                    "size_reached": reached,
                }
            )
    return found


# ---- the start ----


@contextlib.contextmanager
def started(command: Sequence[str]) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """The process of ``command``, and the seconds until it told systemd that it is ready. Killed at the end."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        address = f"{directory}/notify"
        notices.bind(address)
        notices.settimeout(PATIENCE_S)
        begun = time.perf_counter()
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env={**AS_COLLECTED, "NOTIFY_SOCKET": address})
        try:
            while b"READY=1" not in notices.recv(4_096).split(b"\n"):
                pass
            yield process, time.perf_counter() - begun
        finally:
            process.kill()
            process.wait()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("the daemon does not come up")
        time.sleep(_LOOK_AGAIN_S)


def starts(simulation: Simulation) -> dict[str, float]:
    """Median and worst of a few starts in seconds; ``simulation`` goes on with the plant and without its daemon."""
    command = simulation.kill()
    ready, answers = [], []
    for _ in range(STARTS):
        begun = time.perf_counter()
        with started(command) as (_process, ready_s):
            ready.append(ready_s)
            _until(simulation.answers)
            answers.append(time.perf_counter() - begun)
    return {
        "ready_median_s": round(statistics.median(ready), 2),
        "ready_worst_s": round(max(ready), 2),
        "rest_median_s": round(statistics.median(answers), 2),
        "rest_worst_s": round(max(answers), 2),
    }


# ---- memory ----


def memory_mb(pid: int) -> dict[str, float]:
    """What the process ``pid`` holds, in MB: resident now, and at most so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return {name: _field(status, key) for name, key in (("resident_mb", "VmRSS"), ("most_mb", "VmHWM"))}


def _field(status: str, key: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise LookupError(f"there is no {key}")
    return round(int(found[1]) * _KIB / 1e6, 1)


class Installed(Yard):
    """Daemon and guard as on a Pi 5 (nobody else has the pins), without what the crash matrix puts into the daemon."""

    def __init__(self, directory: Path) -> None:
        super().__init__(Driver.KERNEL, directory)

    def _unit(self, name: str) -> Unit:
        unit = super()._unit(name)
        if name != "evsed":
            return unit
        return replace(unit, command=self._under("evsed", "run", "--config", str(self._config)), extra={})


def guard_start(pi: "Installed") -> dict[str, float]:
    """The same of the guard, which is ready when it holds the lines; ``pi`` is left without guard and daemon."""
    evsed, guard = pi.service("evsed"), pi.service("guard")
    for service in (evsed, guard):
        service.stop()
        service.over.wait(PATIENCE_S)
    taken = []
    for _ in range(STARTS):
        with started(guard.unit.command) as (_process, ready_s):
            taken.append(ready_s)
    return {"ready_median_s": round(statistics.median(taken), 2), "ready_worst_s": round(max(taken), 2)}


def start(charges_s: float = CHARGES_S) -> dict[str, Any]:
    """Everything."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "pi").mkdir()
        with Simulation(directory / "state") as simulation, Installed(directory / "pi") as pi:
            simulation.charge()
            pi.charge()
            time.sleep(charges_s)
            memory = {
                "daemon": memory_mb(simulation.daemon_pid),
                "daemon over fake chips": memory_mb(pi.service("evsed").pid),
                "guard over fake chips": memory_mb(pi.service("guard").pid),
            }
            guard = guard_start(pi)
        with Simulation(directory / "again") as simulation:
            daemon = starts(simulation)
    return {
        "packages": packages(),
        "charged_s": charges_s,
        "memory": memory,
        "start": {"daemon": daemon, "guard": guard},
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """For people."""
    for each in report["packages"]:
        reached = "ok" if each["size_reached"] else "MISSED"
        goal = f"goal below {each['size_goal_mb']} MB: {reached}"
        yield f"{each['file']}: {each['size_mb']} MB ({goal}), installed {each['installed_mb']} MB"
    if not report["packages"]:
        yield "there is no package in dist: its size is unknown (make deb builds it)"
    for name, figures in report["start"].items():
        ready = f"start to first safe pilot: {figures['ready_median_s']} s, at worst {figures['ready_worst_s']} s"
        if "rest_median_s" in figures:
            ready += f"; to first REST answer: {figures['rest_median_s']} s, at worst {figures['rest_worst_s']} s"
        yield f"{name:6} {ready}"
    for name, figures in report["memory"].items():
        held = f"{figures['resident_mb']} MB resident, {figures['most_mb']} MB at most"
        yield f"{name:22} {held}, after {report['charged_s']:g} s of charging"
