"""Replays a run's inputs on our core, in virtual time, and returns what it did.

What is physical (house, sun, plug, the car's wish, battery) is taken from the rows; what somebody did from the script.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from evsed.core.actions import Pilot
from evsed.core.controller import Controller
from evsed.core.duty import current_for
from evsed.core.events import (
    Button,
    ChangeSetting,
    ChooseMode,
    ClearFaults,
    Command,
    DelayedCharging,
    Inputs,
    Override,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
    Sampled,
    WallClock,
)
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.model import Access, Mode, ModeChoice, PhaseCurrents, choice_of
from evsed.core.setting import SettingError
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from tests.conformance.plant import NOT_FORCED, RecordedCar, level_names
from tests.conformance.runs import Action, Run, RunError
from tests.conformance.trace import Trace, normal_error

TICK_MS: Final = 10
EPOCH_S: Final = 1_800_000_000
API_METER: Final = 9
_SWITCH_PIN, _RCM_PIN = 16, 13
_BUTTON_PINS = {0: Button.LEFT, 12: Button.MIDDLE, 27: Button.RIGHT}
_CABLE_OHMS = {13: 1_500, 16: 680, 20: 680, 32: 220, 63: 100, 0: None}
_ROOM_TEMPERATURE = 25
_KEYS: Final = {
    "Mode": "mode", "Config": "config", "Switch": "switch", "RCmon": "rcmon", "MaxMains": "current_main",
    "MaxSumMains": "current_max_sum_mains", "MaxSumMainsTime": "max_sum_mains_time", "MaxCurrent": "current_max",
    "MinCurrent": "current_min", "MaxCircuit": "current_max_circuit", "StartCurrent": "solar_start_current",
    "StopTime": "solar_stop_time", "ImportCurrent": "solar_max_import", "maxTemp": "temp_max",
    "EnableC2": "enable_C2", "LoadBl": "loadbl", "MainsMeter": "mains_meter",
    "EVMeter": "ev_meter", "CircuitMeter": "circuit_meter",
}  # fmt: skip
_METERS = {"MainsMeter", "EVMeter", "CircuitMeter"}
_NOT_OURS = {"cable", "GridRelayMaxSumMains"}
_BY_LOWER_CASE = {key.lower(): key for key in _KEYS} | {"c2": "EnableC2", "enable_c2": "EnableC2"}
_CHOICES = {
    "off": ModeChoice.OFF, "normal": ModeChoice.NORMAL, "smart": ModeChoice.SMART, "solar": ModeChoice.SOLAR,
    "pause": ModeChoice.PAUSE, 0: ModeChoice.NORMAL, 1: ModeChoice.SMART, 2: ModeChoice.SOLAR,
}  # fmt: skip
_ANSWERS = {
    "mains_ok": "mains_ok", "mainsm_ok": "mains_ok", "mm_ok": "mains_ok",
    "evm_ok": "evm_ok", "ev_ok": "evm_ok",
    "circ_ok": "circ_ok", "circm_ok": "circ_ok", "cm_ok": "circ_ok", "circuit_ok": "circ_ok",
}  # fmt: skip
_ACCESS = {"off": 0, "deny": 0, "on": 1, "allow": 1, "pause": 2, 0: 0, 1: 1, 2: 2}


def our_value(key: str, value: int) -> int:
    """A recorded setting's value as ours: sum limit 0 is off, and every meter's values are posted."""
    if key == "MaxSumMains" and value == 0:
        return SUM_MAINS_OFF
    return API_METER if key in _METERS and value else value


def settings_of(run: Run) -> Settings:
    """Our owner settings for a run. Raises RunError for one that we do not know."""
    settings = Settings()
    for key, value in run.settings.items():
        if key in _NOT_OURS:
            continue
        if key not in _KEYS:
            raise RunError(f"cannot replay: unknown setting {key}")
        try:
            settings = settings.replace(_KEYS[key], our_value(key, value))
        except SettingError as error:
            raise RunError(f"cannot replay: {key} {value}: {error}") from error
    return settings


class Replay:
    """One run on one core."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.now = 0
        self.core = Controller(Saved(settings=settings_of(run), access=Access(run.access_at_boot)), 0)
        self.car = RecordedCar(run.car)
        self.trace = Trace(run.end_ms)
        self.trace.access.values[0] = run.access_at_boot
        self.trace.mode.values[0] = run.settings.get("Mode", 0)
        self.offline = False  # off the chargers' line
        self.refused: list[tuple[int, str]] = []
        self._cable = run.settings.get("cable", 32)
        if self._cable not in _CABLE_OHMS:
            raise RunError(f"cannot replay: cable {self._cable}")
        self._pins = dict.fromkeys((_SWITCH_PIN, *_BUTTON_PINS), 1) | {_RCM_PIN: 0}
        self._temperature = _ROOM_TEMPERATURE
        self._answers = {"mains_ok": True, "evm_ok": True, "circ_ok": True}
        self._house: dict[str, Any] = {}
        self._pending = list(run.actions)
        self._last: tuple[int, ...] = ()

    def go(self) -> Trace:
        """Replays it all. Raises RunError for an action that cannot be interpreted."""
        self.outside()
        while self.now < self.run.end_ms - TICK_MS:
            self.begin(self.now + TICK_MS)
            if self.now % 1_000 == self.run.car.meter_phase:
                self.measure(self.drawn)
            self.sample()
        return self.trace

    def begin(self, now: int) -> None:
        """Brings the world around the charger to ``now``."""
        self.now = now
        self.outside()
        self.car.advance(self.core.outputs, now)

    def sample(self) -> None:
        """Lets the core look at the world, and notes what it does."""
        self.core.handle(Sampled(self._inputs()), self.now)
        self._note()

    # ---- the world ----

    @property
    def drawn(self) -> PhaseCurrents:
        """What the car draws now."""
        return self.car.draw(self.core.outputs, self.now, single=self.core.desk.settings.enable_C2 == 0)

    def outside(self) -> None:
        """What rows and script say of now."""
        if self.now % 1_000 == 0:
            row = self.run.row_at(self.now)
            self._house.update({key: row[key] for key in ("house", "pv", "batt") if key in row})
            self.car.plugged, self.car.wants = bool(row["plug"]), bool(row["want"])
            self.core.handle(WallClock(EPOCH_S + self.now // 1_000), self.now)
            if self._house.get("batt") is not None:
                self.order(PostBattery(int(self._house["batt"])))
        while self._pending and self._pending[0].at_ms <= self.now:
            self._act(self._pending.pop(0))

    def measure(self, all_cars: PhaseCurrents) -> None:
        """Posts what the meters show while ``all_cars`` is drawn, by all that hang on these mains."""
        car = self.drawn
        house, sun = self._house["house"], self._house["pv"]
        mains = [base - pv + drawn for base, pv, drawn in zip(house, sun, all_cars.each(), strict=True)]
        settings = self.core.desk.settings
        if settings.mains_meter and self._answers["mains_ok"]:
            self.order(PostMains(PhaseCurrents(*mains)))
        if settings.ev_meter and self._answers["evm_ok"]:
            self.order(PostEvMeter(car, None, None, None))
        if settings.circuit_meter and self._answers["circ_ok"]:
            others = self.run.circuit_loads(self.now // 1_000)
            total = [load + drawn for load, drawn in zip(others, car.each(), strict=True)]
            self.order(PostCircuit(PhaseCurrents(*total)))

    def _inputs(self) -> Inputs:
        return Inputs(
            pilot_mv=self.car.samples(self.core.outputs.pilot),
            proximity_ohms=_CABLE_OHMS[self._cable] if self.car.plugged else None,
            temperature_c=self._temperature,
            rcm_tripped=bool(self._pins[_RCM_PIN]),
            buttons=frozenset(button for pin, button in _BUTTON_PINS.items() if not self._pins[pin]),
            switch_closed=not self._pins[_SWITCH_PIN],
        )

    # ---- what somebody does ----

    def order(self, command: Command) -> None:
        verdict = self.core.command(command, self.now)
        if not verdict.accepted:
            self.refused.append((self.now, verdict.refused))

    def _act(self, action: Action) -> None:
        name = action.name
        deed: Callable[..., None] | None = getattr(self, f"_do_{name}", None)
        try:
            if deed is not None:
                deed(*action.args)
            elif name in {"house", "pv", "plug", "want", "batt", "circ"}:
                pass  # the rows show it
            elif name in self.car.habits:
                self.car.habits[name] = int(action.args[0])
            elif name in _ANSWERS:
                self._answers[_ANSWERS[name]] = bool(action.args[0])
            elif name.lower() in _BY_LOWER_CASE:
                key = _BY_LOWER_CASE[name.lower()]
                self.order(ChangeSetting(_KEYS[key], our_value(key, int(action.args[0]))))
            else:
                raise RunError(f"cannot replay: unknown action {name}")
        except (KeyError, TypeError, ValueError, IndexError) as error:
            text = f"cannot replay: action {name} {list(action.args)} ({type(error).__name__})"
            raise RunError(text) from error

    def _do_access(self, wanted: Any) -> None:
        access = _ACCESS[wanted]
        on = choice_of(Mode(self.core.desk.settings.mode), Access.ALLOW)
        self.order(ChooseMode((ModeChoice.OFF, on, ModeChoice.PAUSE)[access]))

    def _do_mode(self, wanted: Any) -> None:
        self.order(ChooseMode(_CHOICES[wanted]))

    def _do_override(self, current: int) -> None:
        self.order(Override(int(current)))

    def _do_delayed(self, start_s: int, stop_s: int = 0, repeat: int = 0, mode: Any = None) -> None:
        """Seconds from now; stop 0 is none."""
        base = EPOCH_S + self.now // 1_000
        choice = choice_of(Mode(self.core.desk.settings.mode), Access.ALLOW) if mode is None else _CHOICES[mode]
        more = {"repeat": bool(repeat)} if "repeat" in {field.name for field in fields(DelayedCharging)} else {}
        stop = base + int(stop_s) if stop_s else None
        command: Callable[..., Command] = DelayedCharging
        self.order(command(choice, base + int(start_s) if start_s else 0, stop, **more))

    def _do_force_v(self, level: int) -> None:
        if level not in {NOT_FORCED, *level_names()}:
            raise RunError(f"cannot replay: pilot forced to {level}")
        self.car.forced = level

    def _do_pin(self, pin: int, level: int) -> None:
        if pin not in self._pins:
            raise RunError(f"cannot replay: pin {pin}")
        self._pins[pin] = int(level)

    def _do_button(self, mask: int) -> None:
        """One bit for each button, 0 = pressed."""
        for bit, pin in enumerate(_BUTTON_PINS):
            self._pins[pin] = int(mask) >> bit & 1

    def _do_temp(self, celsius: int) -> None:
        self._temperature = int(celsius)

    def _do_cable(self, amps: int) -> None:
        if amps not in _CABLE_OHMS:
            raise RunError(f"cannot replay: cable {amps}")
        self._cable = amps

    def _do_diode(self, there: int) -> None:
        self.car.habits["nodiode"] = int(not there)

    def _do_offline(self, gone: int) -> None:
        self.offline = bool(gone)

    def _do_clear(self) -> None:
        self.order(ClearFaults())

    def _do_boot(self, *_how: Any) -> None:
        self.core = Controller(self.core.saved, self.now)

    _do_reboot = _do_restart = _do_boot
    _do_buttons = _do_button

    # ---- what is seen ----

    def _note(self) -> None:
        core, outputs = self.core, self.core.outputs
        pilot = outputs.pilot
        seen = (
            int(core.charger.state),
            core.faults.bits,
            outputs.contactor1,
            outputs.contactor2,
            pilot.kind is Pilot.OFF,
            current_for(pilot.pulses) if pilot.kind is Pilot.PWM else 0,
            int(core.desk.access),
            core.desk.settings.mode,
        )
        if seen == self._last:
            return
        self._last = seen
        trace, now = self.trace, self.now
        trace.state.set(seen[0], now)
        trace.err.set(normal_error(seen[1]), now)
        trace.c1.set(int(seen[2]), now)
        trace.c2.set(int(seen[3]), now)
        trace.pilot_off.set(int(seen[4]), now)
        trace.offer.set(seen[5], now)
        trace.access.set(seen[6], now)
        trace.mode.set(seen[7], now)
        if outputs.contactor1:
            trace.phases.set(core.snapshot(now).phases, now)


def replay(run: Run) -> Trace:
    """Our core's trace of ``run``. Raises RunError when it cannot be replayed."""
    return Replay(run).go()
