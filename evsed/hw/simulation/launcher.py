"""``evsed simulate``: starts the plant and a daemon beside it, and ends both in order.

The daemon is started as on a Pi, from a configuration file; only its board is the simulated one. A daemon that dies is
not started again.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.hw.simulation.process import EV_ADDRESS, MAINS_ADDRESS
from evsed.store import encode

_PLANT_STARTS_S = 30.0
_DAEMON_LEAVES_S = 1.7
_BAUD = 9600
_SERIAL_BASE = 90_000


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was asked for on the command line."""

    port: int
    plant_port: int
    state_dir: Path
    mqtt: str
    settings: tuple[str, ...]
    seed: int


class LaunchError(Exception):
    """The simulation could not be started; the text says why."""


def fresh_settings() -> Settings:
    """The owner settings of a simulated installation that was never used."""
    settings = Settings()
    for key, value in (
        ("mains_meter", "Eastron3P"),
        ("mains_meter_address", MAINS_ADDRESS),
        ("ev_meter", "Eastron3P"),
        ("ev_meter_address", EV_ADDRESS),
        ("rcmon", "Enabled"),
    ):
        settings = settings.replace(key, value)
    return settings


def run(simulation: Simulation) -> int:
    """Runs the simulation until it is interrupted or over; the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="evsed-") as directory:
        try:
            return _run(simulation, Path(directory), stop)
        except (LaunchError, OSError) as error:
            sys.stderr.write(f"evsed simulate: {error}\n")
            return 1


def _run(simulation: Simulation, directory: Path, stop: threading.Event) -> int:
    _prepare_state(simulation.state_dir)
    plant = _start(
        "evsed.hw.simulation.process",
        "--port",
        str(simulation.plant_port),
        "--seed",
        str(simulation.seed),
        "--baud",
        str(_BAUD),
        "--directory",
        str(directory),
    )
    daemon: subprocess.Popen[bytes] | None = None
    try:
        device = _await_plant(plant)
        config = directory / "evsed.toml"
        config.write_text(_configuration(simulation, directory, device), encoding="utf-8")
        options = [word for item in simulation.settings for word in ("--set", item)]
        daemon = _start("evsed", "run", "--config", str(config), *options)
        sys.stdout.write(
            f"evsed simulate: web page http://localhost:{simulation.port}/, "
            f"plant http://localhost:{simulation.plant_port}/simulation/0. Ctrl-C ends it.\n"
        )
        sys.stdout.flush()
        return _watch(plant, daemon, stop)
    finally:
        if daemon is not None:
            _end(daemon)
        plant.kill()  # it keeps nothing
        plant.wait()


def _prepare_state(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    if not any(directory.glob("settings.json*")):
        text = encode(Saved(settings=fresh_settings()))
        (directory / "settings.json").write_text(text, encoding="utf-8")


def _start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if module != "evsed" else None,
        start_new_session=True,  # Ctrl-C reaches the launcher alone, which then ends both in order
    )


def _await_plant(plant: subprocess.Popen[bytes]) -> str:
    """The path of the plant's serial line, as soon as it is up."""
    watchdog = threading.Timer(_PLANT_STARTS_S, plant.kill)
    watchdog.start()
    try:
        line = plant.stdout.readline() if plant.stdout is not None else b""
    finally:
        watchdog.cancel()
    if not line:
        raise LaunchError("the plant did not start")
    return str(json.loads(line)["device"])


def _configuration(simulation: Simulation, directory: Path, device: str) -> str:
    host, _, port = simulation.mqtt.rpartition(":")
    mqtt = f"[mqtt]\nhost = {json.dumps(host)}\nport = {port}\n" if simulation.mqtt else ""
    return (
        f"serial = {_SERIAL_BASE}\n"
        f'[http]\nhost = "127.0.0.1"\nport = {simulation.port}\n'
        f"[state]\ndirectory = {json.dumps(str(simulation.state_dir.resolve()))}\n"
        f"[bus]\ndevice = {json.dumps(device)}\nbaud = {_BAUD}\n"
        f'[board]\nkind = "simulation"\nsocket = {json.dumps(str(directory / "board0"))}\n'
        f"plant_port = {simulation.plant_port}\n" + mqtt
    )


def _watch(plant: subprocess.Popen[bytes], daemon: subprocess.Popen[bytes], stop: threading.Event) -> int:
    reported = False
    while not stop.wait(0.1):
        status = daemon.poll()
        if status == os.EX_CONFIG:
            return 1
        if status is not None and not reported:
            reported = True
            sys.stderr.write(
                f"evsed simulate: the daemon (process {daemon.pid}) ended with status {status}; "
                "the plant stays for 60 s so that one can look at it\n"
            )
        if plant.poll() is not None:
            if not reported:
                sys.stderr.write(f"evsed simulate: the plant ended with status {plant.returncode}\n")
            return 1
    return 0


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(_DAEMON_LEAVES_S)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
