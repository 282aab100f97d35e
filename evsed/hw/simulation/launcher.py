"""``evsed simulate``: starts the plant and the daemons beside it, and ends them all in order.

A daemon is started as on a Pi, from a configuration file; only its board is the simulated one. A daemon that dies is
not started again.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import evsed
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.files import replace_text
from evsed.hw.simulation.process import EV_ADDRESS, MAINS_ADDRESS
from evsed.saved_text import encode

_PLANT_STARTS_S = 30.0
_DAEMON_LEAVES_S = 1.7
_EACH_FURTHER_LEAVES_S = 0.3
_LOOKS_AGAIN_S = 0.1
_BAUD = 9600
_SERIAL_BASE = 90_000
_LAST_PORT = 65_535
_INSTALLED = Path(evsed.__file__).parent.parent  # where Python finds this evsed, if it does not look there by itself
_DISABLED, _MASTER = 0, 1  # of loadbl; the nodes follow


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was asked for on the command line."""

    port: int
    plant_port: int
    state_dir: Path
    mqtt: str
    settings: tuple[str, ...]
    seed: int
    chargers: int = 1
    first_run: bool = False  # as if just installed: it has to be set up

    @property
    def ports(self) -> range:
        """The chargers' web servers."""
        return range(self.port, self.port + self.chargers)


class LaunchError(Exception):
    """The simulation could not be started; the text says why."""


def fresh_settings(charger: int = 0, chargers: int = 1, *, first_run: bool = False) -> Settings:
    """The owner settings of charger 0..7 in a simulated installation that was never used; the first is the master.

    ``first_run``: those of a fresh installation, where only the addresses are right already.
    """
    values: dict[str, object] = {
        "mains_meter_address": MAINS_ADDRESS,
        "ev_meter_address": EV_ADDRESS + charger,
        "loadbl": _DISABLED if chargers == 1 else _MASTER + charger,
    }
    if not first_run:
        values |= {"mains_meter": "Eastron3P", "ev_meter": "Eastron3P", "rcmon": "Enabled", "set_up": "Done"}
    settings = Settings()
    for key, value in values.items():
        settings = settings.replace(key, value)
    return settings


def run(simulation: Simulation) -> int:
    """Runs the simulation until it is interrupted or over; the exit status."""
    asked: list[int] = []  # no threading.Event: set while its own wait is left, it waits for itself for ever
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _: asked.append(signum))
    with tempfile.TemporaryDirectory(prefix="evsed-") as directory:
        try:
            return _run(simulation, Path(directory), asked)
        except (LaunchError, OSError) as error:
            sys.stderr.write(f"evsed simulate: {error}\n")
            return 1


def _run(simulation: Simulation, directory: Path, asked: list[int]) -> int:
    _check_ports(simulation)
    state_dirs = prepare_state(simulation)
    plant = _start(
        "evsed.hw.simulation.process",
        "--port",
        str(simulation.plant_port),
        "--chargers",
        str(simulation.chargers),
        "--seed",
        str(simulation.seed),
        "--baud",
        str(_BAUD),
        "--directory",
        str(directory),
    )
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        options = [word for item in simulation.settings for word in ("--set", item)]
        for charger, device in enumerate(_await_plant(plant)):
            config = directory / f"evsed{charger}.toml"
            text = _configuration(simulation, charger, state_dirs[charger], directory, device)
            config.write_text(text, encoding="utf-8")
            daemons.append(_start("evsed", "run", "--config", str(config), *options))
        sys.stdout.write(_welcome(simulation))
        sys.stdout.flush()
        return _watch(plant, daemons, asked)
    finally:
        _end(daemons)
        plant.kill()  # it keeps nothing
        plant.wait()


def _check_ports(simulation: Simulation) -> None:
    if simulation.ports[-1] > _LAST_PORT:
        raise LaunchError(
            f"{simulation.chargers} chargers need ports {simulation.port} to {simulation.ports[-1]}, and the last port "
            f"there is is {_LAST_PORT}: choose a lower --port"
        )
    if simulation.plant_port in simulation.ports:
        charger = simulation.ports.index(simulation.plant_port)
        raise LaunchError(
            f"port {simulation.plant_port} is wanted by the plant and by charger {charger}: choose another --plant-port"
        )


def prepare_state(simulation: Simulation) -> list[Path]:
    """The chargers' state directories, with fresh settings where there are none yet."""
    alone = simulation.chargers == 1
    directories, used = [], False
    for charger in range(simulation.chargers):
        directory = simulation.state_dir if alone else simulation.state_dir / str(charger)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(directory.glob("settings.json*")):
            settings = fresh_settings(charger, simulation.chargers, first_run=simulation.first_run)
            text = encode(Saved(settings=settings))
            replace_text(directory / "settings.json", text, mode=0o600)
        else:
            used = True
        directories.append(directory.resolve())
    if used and simulation.first_run:
        sys.stderr.write(
            f"evsed simulate: {simulation.state_dir} was used before, and what is set there stays: --first-run starts "
            "anew only with a --state-dir that is empty or not there yet\n"
        )
    return directories


def _start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(_INSTALLED), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-P", "-m", module, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if module != "evsed" else None,
        start_new_session=True,  # Ctrl-C reaches the launcher alone, which then ends all in order
    )


def _await_plant(plant: subprocess.Popen[bytes]) -> list[str]:
    """The paths of the chargers' serial ports, as soon as the plant is up."""
    watchdog = threading.Timer(_PLANT_STARTS_S, plant.kill)
    watchdog.start()
    try:
        line = plant.stdout.readline() if plant.stdout is not None else b""
    finally:
        watchdog.cancel()
    if not line:
        raise LaunchError("the plant did not start")
    return [str(device) for device in json.loads(line)["devices"]]


def _configuration(simulation: Simulation, charger: int, state_dir: Path, directory: Path, device: str) -> str:
    host, _, port = simulation.mqtt.rpartition(":")
    mqtt = f"[mqtt]\nhost = {json.dumps(host)}\nport = {port}\n" if simulation.mqtt else ""
    return (
        f"serial = {_SERIAL_BASE + charger}\n"
        f'[http]\nhost = "127.0.0.1"\nport = {simulation.ports[charger]}\n'
        f"[state]\ndirectory = {json.dumps(str(state_dir))}\n"
        f"[control]\nsocket = {json.dumps(str(state_dir / 'control.sock'))}\n"
        f"[bus]\ndevice = {json.dumps(device)}\nbaud = {_BAUD}\n"
        f'[board]\nkind = "simulation"\nsocket = {json.dumps(str(directory / f"board{charger}"))}\n'
        f"plant_port = {simulation.plant_port}\ncharger = {charger}\n"
        f"first_run = {json.dumps(simulation.first_run)}\n" + mqtt
    )


def _welcome(simulation: Simulation) -> str:
    plant = f"plant http://localhost:{simulation.plant_port}/simulation/0"
    if simulation.chargers == 1:
        return f"evsed simulate: web page http://localhost:{simulation.port}/, {plant}. Ctrl-C ends it.\n"
    lines = [
        f"  charger {charger}, {'master' if charger == 0 else f'node {charger}'}: web page http://localhost:{port}/\n"
        for charger, port in enumerate(simulation.ports)
    ]
    return (
        f"evsed simulate: {simulation.chargers} chargers, {plant} to {simulation.chargers - 1}. Ctrl-C ends them all.\n"
        + "".join(lines)
    )


def _watch(plant: subprocess.Popen[bytes], daemons: list[subprocess.Popen[bytes]], asked: list[int]) -> int:
    dead: set[int] = set()
    while not asked:
        for charger, daemon in enumerate(daemons):
            status = daemon.poll()
            if status == os.EX_CONFIG:
                return 1
            if status is not None and charger not in dead:
                dead.add(charger)
                name = "the daemon" if len(daemons) == 1 else f"charger {charger}'s daemon"
                rest = "the others go on" if len(dead) < len(daemons) else (
                    "the plant stays for 60 s so that one can look at it"
                )  # fmt: skip
                sys.stderr.write(
                    f"evsed simulate: {name} (process {daemon.pid}) ended with status {status} "
                    f"and is not started again; {rest}\n"
                )
        if plant.poll() is not None:
            if len(dead) < len(daemons):
                sys.stderr.write(f"evsed simulate: the plant ended with status {plant.returncode}\n")
            return 1
        time.sleep(_LOOKS_AGAIN_S)
    return 0


def _end(daemons: list[subprocess.Popen[bytes]]) -> None:
    """Lets every daemon stop its car and leave, all at once; kills those that take too long."""
    for daemon in daemons:
        daemon.terminate()
    deadline = time.monotonic() + _DAEMON_LEAVES_S + _EACH_FURTHER_LEAVES_S * (len(daemons) - 1)
    for daemon in daemons:
        try:
            daemon.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
