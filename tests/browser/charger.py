"""A simulated charger as the tests of the page use it: asked, told, killed, frozen, and put back as it was."""

import json
import os
import signal
from collections.abc import Mapping
from typing import Any

from tests.scenarios.simulation import AS_INSTALLER, Answer, Simulation, wait_for

PIN = "2468"
LCD_PIN = "1111"
SET_UP = ("--set", f"installer_pin={PIN}", "--set", f"lcd_pin={LCD_PIN}")
"""Options with which a simulation has both PINs."""

_SECRETS: Mapping[str, Any] = {"lcd_pin": int(LCD_PIN), "installer_pin": int(PIN)}  # null where they are read
_PHASES = ("L1", "L2", "L3")
_NOTHING_UNUSUAL: Mapping[str, Any] = {
    "car": {"plugged": False, "ready": False, "max_current": 16, "phases": 3, "diode": True, "lag": 2.0, "cable": 32},
    "house": dict.fromkeys(_PHASES, 1.0),
    "sun": dict.fromkeys(_PHASES, 0.0),
    "faults": {
        "mains_meter_silent": False,
        "ev_meter_silent": False,
        "bus_offline": False,
        "pilot": None,
        "contactor1": None,
        "contactor2": None,
        "car_ignores_stop": False,
        "rcm": False,
        "temperature": 25,
    },
}


class Charger:
    """A running simulation. ``url`` is its page's, without a slash at the end."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.url = f"http://127.0.0.1:{simulation.port}"
        self.command = simulation.daemon_command()
        self._settings = self._values()
        self._frozen: int | None = None
        self._dead = self._another = False

    def _values(self) -> dict[str, Any]:
        return {key: row["value"] for key, row in self.get("/api/v1/settings").json.items()}

    # ---- asked and told ----

    def get(self, path: str) -> Answer:
        """GET, by anybody."""
        return self.simulation.get(path)

    def post(self, path: str, document: Any = None, *, installer: bool = False) -> Answer:
        """POST of a JSON document (none: an empty body, as for the firmware's paths)."""
        return self.send("POST", path, document, installer=installer)

    def put(self, path: str, document: Any, *, installer: bool = False) -> Answer:
        """PUT of a JSON document."""
        return self.send("PUT", path, document, installer=installer)

    def delete(self, path: str, *, installer: bool = False) -> Answer:
        """DELETE."""
        return self.send("DELETE", path, installer=installer)

    def send(self, method: str, path: str, document: Any = None, *, installer: bool = False) -> Answer:
        """Any request; ``installer`` gives his PIN with it."""
        headers = dict(AS_INSTALLER) if installer else {}
        body = b""
        if document is not None:
            body = json.dumps(document).encode()
            headers["Content_Type"] = "application/json"
        return self.simulation.http(method, path, body, **headers)

    def set(self, **settings: Any) -> None:
        """Changes settings, an installer's too; they are put back before the next test."""
        answer = self.send("PATCH", "/api/v1/settings", settings, installer=True)
        assert answer.status == 200, answer.body

    @property
    def state(self) -> dict[str, Any]:
        """``/api/v1/state``."""
        return self.simulation.state

    # ---- what is around it ----

    def plant(self, patch: Mapping[str, Any] | None = None, **parts: Any) -> None:
        """Changes car, house, sun or faults: ``plant({"sun": {"L1": 9.0}})`` or ``plant(sun={"L1": 9.0})``."""
        answer = self.simulation.patch(**{**(patch or {}), **parts})
        assert answer.status == 200, answer.body

    def plug(self) -> None:
        """A car that wants to charge is plugged in, and the charger has seen it."""
        self.simulation.plug()
        wait_for(lambda: self.state["connected"], "the car is seen")

    def charge(self) -> None:
        """A car is plugged in and draws, and the charger knows."""
        self.simulation.charge()
        wait_for(lambda: self.state["charging"] and self.state["meters"]["ev"]["power_w"], "the car charges")

    # ---- its end and its return ----

    def kill(self) -> None:
        """Ends the daemon without a warning."""
        self.simulation.kill()
        self._dead = True

    def start(self, command: list[str] | None = None) -> None:
        """Starts the daemon again after ``kill``, as systemd would; ``command`` starts another program in its place."""
        self.simulation.start(command or self.command)
        self._dead, self._another = False, command is not None

    def freeze(self) -> None:
        """The daemon stands still, with its connections open, until ``thaw``."""
        self._frozen = self.simulation.daemon_pid
        os.kill(self._frozen, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on after ``freeze``."""
        if self._frozen is not None:
            os.kill(self._frozen, signal.SIGCONT)
            self._frozen = None

    # ---- between two tests ----

    def put_back(self) -> None:
        """As it was at first: it runs, nothing is plugged in, wanted, wrong or set otherwise. Sessions stay."""
        self.thaw()
        if self._another and not self._dead:
            self.kill()
        if self._dead:
            self.start()
        self.plant(_NOTHING_UNUSUAL)
        self._forget_people()
        for path in ("/api/v1/timer", "/api/v1/override", "/api/v1/limit"):
            self.delete(path)
        self.put("/api/v1/mode", {"mode": "Normal"})
        now = self._values()
        if changed := {key: _SECRETS.get(key, value) for key, value in self._settings.items() if now[key] != value}:
            self.set(**changed)
        self.post("/api/v1/faults/clear")
        wait_for(self._is_idle, "nothing is plugged in, and nothing is wrong")

    def _is_idle(self) -> bool:
        state = self.state
        return state["state"] == "A" and not state["connected"] and not state["faults"]

    def _forget_people(self) -> None:
        access = self.send("GET", "/api/v1/access", installer=True).json
        if access["login"] == "On":
            self.set(login="Off")
        for token in access["tokens"]:
            self.delete(f"/api/v1/access/tokens/{token['name']}", installer=True)
        if access["password_set"]:
            self.delete("/api/v1/access/password", installer=True)
