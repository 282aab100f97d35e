"""A bench for one controller: the inputs are set by hand, and time is let go in steps as small as 1 ms.

Owns what the board shows. Unlike the stories there is no physics here: a car, a meter, a contactor may do anything.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from evsed.core.actions import Action, CloseContactors, LockDrive, OpenContactors, Outputs, Pilot, PilotDrive
from evsed.core.events import Button, Command, Event, Inputs, MeterRead, Sampled, Verdict
from evsed.core.faults import Fault
from evsed.core.model import Equipment, MeterRole, MeterType, PhaseCurrents
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Celsius, Deciamps, Millis, Millivolts, Ohms
from tests.core.invariants import Judged

V12, V9, V6, V3 = 12_000, 9_000, 6_000, 3_000
SAMPLES = 50
PERIODS = 3
TESTED = Equipment(rcm_test=True)
EXPORT = PhaseCurrents(-300, -300, -300)


def configured(**given: object) -> Settings:
    """The settings of a new charger with ``given`` on top."""
    result = Settings()
    for key, value in given.items():
        result = result.replace(key, value)
    return result


@lru_cache(maxsize=4096)
@lru_cache(maxsize=256)
def burst(drive: PilotDrive, high: Millivolts, low: Millivolts) -> tuple[Millivolts, ...]:
    """The samples of a pilot with these plateaus, without noise."""
    match drive.kind:
        case Pilot.HIGH:
            return (high,) * SAMPLES
        case Pilot.PWM:
            phases = (at * PERIODS * 10_000 // SAMPLES % 10_000 for at in range(SAMPLES))
            return tuple(high if phase < drive.pulses else low for phase in phases)
        case Pilot.LOW:
            return (low,) * SAMPLES
        case _:
            return (0,) * SAMPLES


@dataclass
class Bench:
    """One judged controller and its inputs; ``cycle`` is one look at the board."""

    saved: Saved = field(default_factory=lambda: Saved(settings=configured()))
    equipment: Equipment = TESTED
    now: Millis = 0
    high: Millivolts = V12
    diode: bool = True
    cable: Ohms | None = 220
    temperature: Celsius | None = 25
    residual: bool = False
    monitor_works: bool = True
    buttons: frozenset[Button] = frozenset()
    switch: bool | None = False
    mirror1: bool | str | None = None  # "follows" the outputs, lies, or is not fitted
    mirror2: bool | str | None = None
    feedback: bool | str | None = None  # of the lock
    meters: dict[MeterRole, PhaseCurrents | None] = field(default_factory=dict)
    restart_wait_ms: Millis = 0
    steps: int = 0
    log: list[tuple[Millis, Action]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core = Judged(self.saved, self.now, self.equipment, pilot_unlocked=True)
        self._locked = False
        self._metered_at = self.now

    # ---- what is to be seen ----

    @property
    def state(self) -> State:
        return self.core.charger.state

    @property
    def outputs(self) -> Outputs:
        return self.core.outputs

    @property
    def closed(self) -> bool:
        return self.core.outputs.contactor1

    @property
    def reason(self) -> str:
        reason = self.core.snapshot(self.now).reason
        return "" if reason is None else reason.code

    @property
    def settings(self) -> Settings:
        return self.core.desk.settings

    def has(self, fault: Fault) -> bool:
        return fault in self.core.faults

    def opened_at(self) -> Millis | None:
        return next((at for at, deed in reversed(self.log) if isinstance(deed, OpenContactors)), None)

    def closings(self) -> int:
        return sum(isinstance(deed, CloseContactors) for _, deed in self.log)

    # ---- what the board shows ----

    def burst(self) -> tuple[Millivolts, ...]:
        flat = self.high <= 0 or not (self.diode or self.high == V12)
        return burst(self.outputs.pilot, self.high, max(-self.high, -9_000) if flat else -12_000)

    def inputs(self) -> Inputs:
        outputs = self.outputs
        if outputs.lock is not LockDrive.REST:
            self._locked = outputs.lock is LockDrive.LOCK
        return Inputs(
            pilot_mv=self.burst(),
            proximity_ohms=self.cable,
            temperature_c=self.temperature,
            rcm_tripped=self.residual or (outputs.rcm_test and self.monitor_works),
            buttons=self.buttons,
            switch_closed=self.switch,
            closed1=_shown(self.mirror1, outputs.contactor1),
            closed2=_shown(self.mirror2, outputs.contactor2),
            locked=_shown(self.feedback, self._locked),
        )

    # ---- letting time pass ----

    def event(self, event: Event) -> list[Action]:
        actions = self.core.handle(event, self.now)
        self.log += [(self.now, action) for action in actions]
        self.steps += 1
        return actions

    def cycle(self, gap_ms: Millis = 10, pilot_mv: tuple[Millivolts, ...] | None = None) -> list[Action]:
        """One control cycle, ``gap_ms`` after the last; ``pilot_mv`` in place of a proper burst."""
        self.now += gap_ms
        if self.now - self._metered_at >= 1_000:
            self._metered_at = self.now
            for role, currents in self.meters.items():
                if currents is not None:
                    self.event(MeterRead(role, currents, import_wh=self.now // 100))
        inputs = self.inputs()
        return self.event(Sampled(inputs if pilot_mv is None else replace(inputs, pilot_mv=pilot_mv)))

    def run(self, ms: Millis, gap_ms: Millis = 10) -> None:
        """Lets exactly ``ms`` pass."""
        until = self.now + ms
        while self.now < until:
            self.cycle(min(gap_ms, until - self.now))

    def run_to(self, state: State, within_ms: Millis, gap_ms: Millis = 10) -> Millis:
        """Runs until ``state`` and returns how long it took."""
        begun = self.now
        while self.state is not state:
            assert self.now - begun < within_ms, f"{self.state.name} and not {state.name}: {self.reason}"
            self.cycle(gap_ms)
        return self.now - begun

    def command(self, command: Command) -> Verdict:
        return self.core.command(command, self.now)

    def change(self, command: Command) -> None:
        """Carries the command out, which must be accepted, and lets it take effect at the same moment."""
        verdict = self.command(command)
        assert verdict.accepted, verdict.refused
        self.cycle(0)

    def meter_sunny(self, currents: PhaseCurrents = EXPORT) -> None:
        """Every configured meter answers: the mains with ``currents``, the others with none."""
        types = {MeterRole.MAINS: self.settings.mains_meter, MeterRole.CIRCUIT: self.settings.circuit_meter}
        types[MeterRole.EV] = self.settings.ev_meter
        for role, kind in types.items():
            if kind != MeterType.DISABLED:
                self.meters[role] = currents if role is MeterRole.MAINS else PhaseCurrents(0, 0, 0)

    # ---- common ways ----

    def charge(self, within_ms: Millis = 60_000) -> "Bench":
        """Plugs a car in that asks, and runs until it has charged for a moment."""
        self.meter_sunny()
        self.run(1_500, 50)
        self.high = V9
        self.run_to(State.B, within_ms)
        self.high = V6
        self.run_to(State.C, within_ms)
        self.run(1_000)
        assert self.closed
        return self

    def restart(self, saved: Saved | None = None) -> None:
        """The process ends and a new one starts from what was saved; the board and the car stay as they are."""
        self.saved = self.core.saved if saved is None else saved
        self.core = Judged(self.saved, self.now, self.equipment, self.restart_wait_ms, pilot_unlocked=True)


def _shown(feedback: bool | str | None, truth: bool) -> bool | None:
    return truth if isinstance(feedback, str) else feedback


def offered(bench: Bench) -> Deciamps:
    """The offer as the snapshot tells it."""
    return bench.core.snapshot(bench.now).offer
