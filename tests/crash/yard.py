"""One charger as it is installed: chips, pigpiod where there is one, guard, evsed, a broker, and systemd played.

Owns how they are started and reached; what is done to them is cases.py's.
"""

import contextlib
import json
import resource
import sys
import urllib.request
from pathlib import Path
from typing import Any, Self

from evsed import config
from evsed.core.model import Access, Contactor2
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.hw.guardplan import guard_plan
from evsed.saved_text import encode
from evsed.wiring import Driver
from tests.crash.systemd import Service, Systemd, Unit
from tests.scenarios.broker import Broker
from tests.scenarios.simulation import free_port, wait_for
from tests.silicon.link import Silicon
from tests.silicon.pwmtree import make_tree

PERIOD_MS = 10
"""Of the control loop while a car is connected: the ADC is looked at once a cycle."""

WATCHDOG_S = 1.0
_OUR_PINS = "0x0FFFFFFF"
"""The LED is on GPIO 1, which pigpiod lets nobody change unless it is told so."""

_ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
"""Else every thread has 64 MB of its own in reserve, and memory never runs out for the control thread."""

Json = dict[str, Any]


class Yard:
    """A charger with a car that is not plugged in yet; everything of it ends with the ``with``."""

    def __init__(self, driver: Driver, directory: Path) -> None:
        self.driver = driver
        self.state_directory = directory / "state"
        self._directory = directory
        self._pigpio_port = free_port()
        self._port = free_port()
        self._open = contextlib.ExitStack()
        self._config = directory / "evsed.toml"
        self._plan = directory / "guard.json"
        options = () if driver is Driver.PIGPIO else ("--pwm", str(make_tree(directory / "pwm")))
        self.silicon = Silicon(directory, *options)
        self.broker = Broker(directory)
        self.systemd = Systemd(directory)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            opened.enter_context(self.silicon)
            opened.enter_context(self.broker)
            opened.callback(self.systemd.kill_all)
            self._configure()
            for name in self.names:
                self.start(name)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # ---- units ----

    @property
    def names(self) -> tuple[str, ...]:
        """The units, in the order of their start."""
        return ("pigpiod", "guard", "evsed") if self.driver is Driver.PIGPIO else ("guard", "evsed")

    def start(self, name: str) -> None:
        """Starts a unit and waits until it is ready; restarting is the caller's, as systemd's Restart= would."""
        service = self.systemd.start(self._unit(name))
        true = service.ready.is_set if name != "pigpiod" else self._pigpiod_listens

        def sound() -> None:
            assert not service.over.is_set(), f"{name} ended:\n{self.said()}"

        wait_for(true, f"{name} is ready", sound)
        if name == "evsed":
            wait_for(self._answers, "evsed's web server answers", sound)

    def service(self, name: str) -> Service:
        """The last start of a unit."""
        return self.systemd.service(name)

    def _unit(self, name: str) -> Unit:
        post = self._under("evsed.hw.safe", str(self._plan))
        bound = tuple(each for each in self.names if each != "evsed")
        match name:
            case "pigpiod":
                port, registers = str(self._pigpio_port), str(self.silicon.path)
                pigpiod = (sys.executable, "-m", "tests.silicon.pigpiod")
                return Unit(name, (*pigpiod, "--port", port, "--registers", registers, "-x", _OUR_PINS), post)
            case "guard":
                return Unit(name, self._under("evsed.hw.guard", str(self._plan)), post, WATCHDOG_S)
            case _:
                command = self._under("tests.crash.victim", "run", "--config", str(self._config))
                return Unit(name, command, post, WATCHDOG_S, bound, _ONE_HEAP)

    def _under(self, module: str, *arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "tests.silicon.under", str(self.silicon.path), module, *arguments)

    def _configure(self) -> None:
        quoted = {name: json.dumps(str(self._directory / name)) for name in ("state", "guard", "pwm")}
        self._config.write_text(
            f'[http]\nhost = "127.0.0.1"\nport = {self._port}\n[mdns]\nenabled = false\n'
            f"[state]\ndirectory = {quoted['state']}\n"
            f'[mqtt]\nhost = "127.0.0.1"\nport = {self.broker.port}\n'
            f'[board]\nkind = "pi"\ndriver = "{self.driver}"\nguard = {quoted["guard"]}\n'
            f"pigpio_port = {self._pigpio_port}\n[board.pwm]\nbase = {quoted['pwm']}\n"
        )
        plan = guard_plan(config.load(self._config).board.wiring)
        self._plan.write_text(json.dumps(plan))
        self.state_directory.mkdir()
        settings = Settings().replace("enable_C2", int(Contactor2.ALWAYS_ON)).replace("rcmon", "Enabled")
        settings = settings.replace("set_up", "Done")
        (self.state_directory / "settings.json").write_text(encode(Saved(settings=settings, access=Access.ALLOW)))

    def _pigpiod_listens(self) -> bool:
        return b"listening on" in self.systemd.log.read_bytes() if self.systemd.log.exists() else False

    # ---- what a person sees and does ----

    def http(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """A request to evsed; ``body`` is JSON. Raises OSError."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bytes(answer.read())

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.http("GET", "/api/v1/state"))
        return False

    def said(self) -> str:
        """The log of all units."""
        return self.systemd.log.read_text(errors="replace") if self.systemd.log.exists() else ""

    @property
    def draws(self) -> bool:
        """Whether the car draws current."""
        return bool(self.silicon.state["car_current"][0])

    @property
    def safe(self) -> bool:
        """Contactors open, and the pilot without pulses."""
        state = self.silicon.state
        return not (state["contactor1"] or state["contactor2"] or state["pulses"])

    def charge(self) -> None:
        """Plugs the car in and waits until it draws."""
        self.silicon.car(plugged=True, ready=True)

        def sound() -> None:
            assert self.systemd.runs("evsed"), f"evsed ended:\n{self.said()}"

        wait_for(lambda: self.draws, "the car draws", sound)
        self.silicon.ask("watch")

    def fill_disk(self) -> None:
        """No file of evsed's takes another byte. The kernel says EFBIG, where a full disk would say ENOSPC."""
        resource.prlimit(self.service("evsed").pid, resource.RLIMIT_FSIZE, (0, 0))
