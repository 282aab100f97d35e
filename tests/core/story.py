"""Stories in virtual time: the real core against the simulated plant's physics, 10 ms at a time. No clock, no sleep."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from evsed.core.actions import Action, CloseContactors, Note, OpenContactors, Pilot
from evsed.core.controller import Controller
from evsed.core.events import Command, Inputs, MeterRead, PostCircuit, Sampled, Verdict, WallClock
from evsed.core.model import Equipment, MeterRole, PhaseCurrents
from evsed.core.schedule import Calendar
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from evsed.core.units import Millis, deciamps
from evsed.hw.lease import Feed
from evsed.hw.simulation.launcher import fresh_settings
from evsed.hw.simulation.plant import Amperes, Plant
from evsed.hw.simulation.unit import Unit
from tests.core.passing import Passing

CYCLE_MS = 10


def settings(**given: object) -> Settings:
    """The settings of a fresh simulated installation, with ``given`` on top."""
    result = fresh_settings()
    for key, value in given.items():
        result = result.replace(key, value)
    return result


def phases(amps: Amperes) -> PhaseCurrents:
    """Amperes as a meter gives them."""
    l1, l2, l3 = (deciamps(value) for value in amps)
    return PhaseCurrents(l1, l2, l3)


@dataclass
class Story(Passing):
    """One charger, one house, one car; ``run`` lets time pass."""

    saved: Saved = field(default_factory=lambda: Saved(settings=settings()))
    meter_ms: int = 200
    now: Millis = 0
    cycle_ms: Millis = CYCLE_MS
    mains_answers: bool = True
    ev_answers: bool = True
    samples: bool = True
    switch_closed: bool | None = False
    mirrors: bool = True
    cable_stays: bool = False  # in the socket, also while no car hangs on it
    calendar: Calendar | None = None
    pilot_unlocked: bool = False
    circuit: Amperes | None = None  # what a circuit meter of type API says besides the car, once a second
    deeds: list[tuple[Millis, Action]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.equipment = Equipment(rcm_test=True)
        self.plant = Plant(1, 7, self.now)
        self.core = self.new_core(self.saved)
        self.ev_says: Callable[[], Amperes] = lambda: self.unit.current

    @property
    def unit(self) -> Unit:
        return self.plant.units[0]

    @property
    def state(self) -> State:
        return self.core.charger.state

    @property
    def pilot_is_off(self) -> bool:
        return self.core.outputs.pilot.kind is Pilot.OFF

    @property
    def snapshot(self) -> Snapshot:
        return self.core.snapshot(self.now)

    @property
    def reason(self) -> str:
        reason = self.snapshot.reason
        return "" if reason is None else reason.code

    def command(self, command: Command) -> Verdict:
        return self.core.command(command, self.now)

    def plug(self, *, ready: bool = True) -> None:
        self.unit.car.plugged, self.unit.car.ready = True, ready

    def unplug(self) -> None:
        self.unit.car.plugged = False

    def new_core(self, saved: Saved) -> Controller:
        """A daemon that starts now."""
        return Controller(saved, self.now, self.equipment, calendar=self.calendar, pilot_unlocked=self.pilot_unlocked)

    def restart(self) -> None:
        """The daemon is killed and started again; what was saved is there, the plant goes on."""
        self.core = self.new_core(self.core.saved)

    def clock(self, unix_s: int) -> None:
        """The time of day is told."""
        self._keep(self.core.handle(WallClock(unix_s), self.now))

    def step(self) -> None:
        """One control cycle, after ``cycle_ms``."""
        self.now += self.cycle_ms
        self.plant.advance(self.now)
        if self.now % self.meter_ms == 0 and self.mains_answers:
            self._read(MeterRole.MAINS, self.plant.mains, self.plant.imported_wh)
        if self.now % self.meter_ms == self.cycle_ms and self.ev_answers:
            self._read(MeterRole.EV, self.ev_says(), self.unit.energy_wh)
        unit = self.unit
        inputs = self.looked(unit.inputs(self.now))
        if self.circuit is not None and self.now % 1_000 == 0:
            amps = tuple(other + car for other, car in zip(self.circuit, self.unit.current, strict=True))
            self.command(PostCircuit(phases((amps[0], amps[1], amps[2]))))
        self._keep(self.core.handle(Sampled(inputs), self.now))
        unit.feed(Feed(0, self.core.outputs, single=self.core.desk.settings.enable_C2 == 0), self.now)

    def looked(self, inputs: Inputs) -> Inputs:
        """What the board makes of ``inputs``."""
        inputs = replace(inputs, switch_closed=self.switch_closed)
        if self.cable_stays:
            inputs = replace(inputs, proximity_ohms=220)
        if not self.samples:
            inputs = replace(inputs, pilot_mv=())
        return inputs if self.mirrors else replace(inputs, closed1=None, closed2=None)

    def _read(self, role: MeterRole, amps: Amperes, energy_wh: float) -> None:
        self._keep(self.core.handle(MeterRead(role, phases(amps), import_wh=round(energy_wh)), self.now))

    def _keep(self, actions: list[Action]) -> None:
        self.deeds += [(self.now, action) for action in actions]

    def told(self) -> str:
        return f"{self.state.name}, {self.reason}"

    def charge(self) -> None:
        """Plugs a car in, once the meters have answered, and lets it draw."""
        self.run(0.5)
        self.plug()
        self.run_until(lambda: self.unit.current[0] > 0, 15)
        self.run(3)

    def opened_at(self) -> Millis | None:
        """When the contactor was last opened."""
        times = [at for at, deed in self.deeds if isinstance(deed, OpenContactors)]
        return times[-1] if times else None

    def opened_within(self, begun: Millis, limit_ms: Millis) -> bool:
        """Whether the contactor was opened at most ``limit_ms`` after ``begun``."""
        opened = self.opened_at()
        return opened is not None and 0 <= opened - begun <= limit_ms

    def closings(self) -> int:
        """How often contactor 1 was closed."""
        return sum(isinstance(deed, CloseContactors) for _, deed in self.deeds)

    def notes(self) -> list[str]:
        """The log lines so far."""
        return [deed.text for _, deed in self.deeds if isinstance(deed, Note)]
