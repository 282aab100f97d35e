"""Several chargers on one house in virtual time: the real cores, the simulated cars, and a wire without bytes.

The wire does what ``evsed.hw`` does: it polls the nodes, carries out what the master's core orders, and tells everybody
what is offered. ``deaf`` chargers are off the line.
"""

from dataclasses import dataclass, field, replace

from evsed.core.actions import Action, CloseContactors, OpenContactors
from evsed.core.events import Event, MeterRead, Sampled
from evsed.core.member import Member
from evsed.core.model import Equipment, MeterRole, Mode
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from evsed.core.wire import MasterOffered, MasterTold, NodeHeard, NodeMetered, NodeSilent, NodeStatus, Orders
from evsed.hw.lease import Feed
from evsed.hw.simulation.plant import Amperes, Plant
from tests.core.invariants import Judged
from tests.core.passing import Passing
from tests.core.story import phases, settings

CYCLE_MS = 50
POLL_MS = 1_000
OFFERS_MS = 2_000
METER_MS = 100


def club_settings(index: int, **given: object) -> Settings:
    """The settings of charger ``index`` of a group."""
    return settings(**{"current_max": 16, "enable_C2": "Always On", **given, "loadbl": index + 1})


def status_of(snapshot: Snapshot) -> NodeStatus:
    """What a node's status block says."""
    most = min(snapshot.cable, snapshot.settings.current_max * 10)
    return NodeStatus(
        int(snapshot.state), snapshot.error_bits, snapshot.offer, Mode(snapshot.settings.mode), snapshot.solar_stop_s,
        snapshot.access, config_changed=False, most=most,
    )  # fmt: skip


@dataclass
class Club(Passing):
    """``run`` lets time pass; the sum that is offered through closed contactors is checked in every cycle."""

    count: int
    given: dict[str, object] = field(default_factory=dict)
    circuit: Deciamps = 160
    metered: bool = True
    now: Millis = 0
    cycle_ms: Millis = CYCLE_MS
    deaf: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    mains_answers: bool = True
    relay_closed: bool = True  # of the grid, at input SW of every charger
    circuit_house: Amperes | None = None  # what a circuit meter says besides the cars
    actions: list[tuple[Millis, int, Action]] = field(default_factory=list)
    highest: Deciamps = 0
    tells: list[tuple[Millis, int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plant = Plant(self.count, 7, self.now)
        self.given = {"current_max_circuit": self.circuit // 10, **self.given}
        self.cores = [self._start(index) for index in range(self.count)]
        self._done: dict[int, int] = {}
        self._told: dict[int, Deciamps] = {}

    def _start(self, index: int, saved: Saved | None = None) -> Judged:
        fresh = Saved(settings=club_settings(index, **self.given))
        return Judged(saved or fresh, self.now, Equipment(rcm_test=True))

    # ---- what people do ----

    def plug(self, *cars: int, ready: bool = True) -> None:
        for car in cars:
            self.plant.units[car].car.plugged = True
            self.plant.units[car].car.ready = ready

    def unplug(self, car: int) -> None:
        self.plant.units[car].car.plugged = False

    def restart(self, index: int) -> None:
        self.dead.discard(index)
        self.cores[index] = self._start(index, self.cores[index].saved)
        if index == 0:
            self._done.clear()

    # ---- what is seen ----

    @property
    def states(self) -> list[State]:
        return [core.charger.state for core in self.cores]

    @property
    def offers(self) -> list[Deciamps]:
        return [core.regulation.offer if core.charger.state is State.C else 0 for core in self.cores]

    @property
    def charging(self) -> list[int]:
        return [index for index, unit in enumerate(self.plant.units) if unit.current[0] > 0]

    @property
    def drawn(self) -> list[float]:
        return [round(unit.current[0], 1) for unit in self.plant.units]

    def reason(self, index: int) -> str:
        reason = self.snapshot(index).reason
        return "" if reason is None else reason.code

    def closings(self, index: int) -> int:
        return sum(each == index and isinstance(deed, CloseContactors) for _, each, deed in self.actions)

    def opened_at(self, index: int) -> Millis | None:
        """When the contactor of a charger was last opened."""
        opened = [at for at, each, deed in self.actions if each == index and isinstance(deed, OpenContactors)]
        return opened[-1] if opened else None

    @property
    def modes(self) -> list[int]:
        return [core.desk.settings.mode for core in self.cores]

    def member(self, index: int) -> Member:
        return self.cores[0].regulation.group.members[index]

    def snapshot(self, index: int) -> Snapshot:
        return self.cores[index].snapshot(self.now)

    # ---- time ----

    def told(self) -> str:
        return f"{self.states}, {self.offers}"

    def step(self) -> None:
        self.now += self.cycle_ms
        self.plant.advance(self.now)
        self._measure()
        self._converse()
        for index, core in enumerate(self.cores):
            if index in self.dead:
                continue
            unit = self.plant.units[index]
            inputs = replace(unit.inputs(self.now), switch_closed=self.relay_closed)
            self._keep(index, core.handle(Sampled(inputs), self.now))
            unit.feed(Feed(0, core.outputs, single=core.desk.settings.enable_C2 == 0), self.now)
        self._check()

    def _check(self) -> None:
        live = [core for index, core in enumerate(self.cores) if index not in self.dead]
        closed = [core for core in live if core.outputs.contactor1 and core.charger.state is State.C]
        offered = sum(core.regulation.offer for core in closed)
        self.highest = max(self.highest, offered)
        assert offered <= self.circuit, f"{offered} of {self.circuit} dA are offered at {self.now} ms: {self.offers}"
        for index in range(1, self.count):
            if self.cores[index] in closed:
                told = self._told.get(index)
                assert told is not None
                assert self.cores[index].regulation.offer <= told, f"node {index} offers more than it was told"

    def handle(self, index: int, event: Event) -> None:
        if index not in self.dead:
            self._keep(index, self.cores[index].handle(event, self.now))

    def _keep(self, index: int, actions: list[Action]) -> None:
        self.actions += [(self.now, index, action) for action in actions]

    def _measure(self) -> None:
        """One meter after the other, as on the line."""
        if self.now % METER_MS or {0} & (self.deaf | self.dead):
            return
        meters = 1 + (self.count if self.metered else 0)
        turn = self.now // METER_MS % meters
        if turn == 0:
            self._measure_house()
            return
        car = turn - 1
        currents = phases(self.plant.units[car].current)
        self.handle(0, MeterRead(MeterRole.EV, currents) if car == 0 else NodeMetered(car, currents))
        if car and car not in self.deaf:
            self.handle(car, MeterRead(MeterRole.EV, currents))

    def _measure_house(self) -> None:
        if self.mains_answers:
            self.handle(0, MeterRead(MeterRole.MAINS, phases(self.plant.mains)))
        if self.circuit_house is not None:
            l1, l2, l3 = (sum(unit.current[leg] for unit in self.plant.units) for leg in range(3))
            others = self.circuit_house
            self.handle(0, MeterRead(MeterRole.CIRCUIT, phases((others[0] + l1, others[1] + l2, others[2] + l3))))

    # ---- the wire ----

    def _converse(self) -> None:
        if {0} & (self.deaf | self.dead) or self.now % CYCLE_MS:
            return
        for node in range(1, 8):
            if self.now % POLL_MS != node * METER_MS:
                continue  # one after the other
            if node < self.count and node not in self.deaf | self.dead:
                self.handle(0, NodeHeard(node, status_of(self.snapshot(node))))
            elif node < self.count or not self.member(node).polled:
                self.handle(0, NodeSilent(node))
        orders = self.snapshot(0).orders
        if orders is not None and all(self.member(node).polled for node in range(1, 8)):
            self._carry_out(orders)

    def _carry_out(self, orders: Orders) -> None:
        for tell in orders.tells:
            if self._done.get(tell.node, 0) < tell.number and tell.node not in self.deaf | self.dead:
                self._done[tell.node] = tell.number
                self.tells.append((self.now, tell.node, tell.state, tell.error))
                told = MasterTold(tell.state, tell.error, tell.mode, None if tell.mode is None else tell.solar_s)
                self.handle(tell.node, told)
        if not orders.offers:
            return
        lowered = any(now < before for now, before in zip(orders.offers, self._last, strict=True))
        if lowered or self.now % OFFERS_MS == 0 or orders.offers != self._last:
            self._last = orders.offers
            for node in range(1, self.count):
                if node not in self.deaf:
                    self._told[node] = orders.offers[node]
                    self.handle(node, MasterOffered(orders.offers[node], orders.mains))

    _last: tuple[Deciamps, ...] = (0,) * 8


def full(count: int, circuit: int = 160, **given: object) -> Club:
    """A club in which as many as fit charge with all cars plugged in."""
    club = Club(count, given, circuit=circuit)
    club.run(2)
    club.plug(*range(count))
    club.run(45)
    return club
