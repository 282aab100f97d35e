"""A day of frames: a master and two nodes on one line with four meters, in virtual time, on a bad line.

Real are the cores, Bus, Line, Turns, Poller, Master, NodeServer and all frames; only port, wire and clock are virtual.
Every posted measurement is compared with what the meter in question has truly said; after every calm stretch all has to
be well again: every meter read, every node present, no timer over and still waited for, nothing that grows.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from evsed.core.events import ChangeSetting, Command, Event, MeterHealthChanged, MeterRead
from evsed.core.model import MeterRole, MeterType, PhaseCurrents
from evsed.core.settings import Settings
from evsed.core.snapshot import Snapshot
from evsed.core.wire import NodeMetered
from evsed.hw.bus import Bus, Statistics
from evsed.hw.nodeserver import Core, NodeServer
from evsed.hw.poller import Poller
from evsed.hw.powershare import Master
from evsed.hw.rs485 import Line
from evsed.hw.simulation.launcher import fresh_settings
from evsed.hw.simulation.process import EV_ADDRESS, MAINS_ADDRESS, meters_of
from evsed.hw.simulation.station import Station
from tests.core.story import phases
from tests.longrun.parts import Charger, LongPlant, check_offers, check_timers, held
from tests.longrun.wire import Clock, Tap, Wire, virtual

CHARGERS = 3
CIRCUIT = 320
STEP_S = 0.2
ACT_S = 60.0
WILD_ACTS = 7
CALM_ACTS = 3
"""Ten minutes: seven with something going wrong in each, three calm ones, and a look at everything."""

_REMEMBERED = 400
_ROLES = list(MeterRole)
Measured = dict[int, deque[PhaseCurrents]]


def settings_of(index: int) -> Settings:
    """Charger ``index`` of a group in Smart."""
    settings = fresh_settings(index, CHARGERS)
    given = {"mode": "Smart", "current_max": 16, "current_main": 40, "current_max_circuit": CIRCUIT // 10}
    for key, value in {**given, "enable_C2": "Always On"}.items():
        settings = settings.replace(key, value)
    return settings


@dataclass
class Member:
    """A charger on the line: its daemon's bus, clients and server, and what has been posted to its core."""

    charger: Charger
    tap: Tap
    snapshot: Snapshot
    inbox: list[Event | Command] = field(default_factory=list)
    posted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    health: dict[MeterRole, bool] = field(default_factory=dict)
    read_at: dict[int, float] = field(default_factory=dict)
    bus: Bus | None = None
    line: Line | None = None
    clients: tuple[Any, ...] = ()
    known: Statistics | None = None


class Day:
    """``run`` lets minutes pass. Any false value, stuck timer or growth is an AssertionError."""

    def __init__(self, seed: int, rate: float = 0.02) -> None:
        """``rate`` of all transmissions go wrong while it is not calm."""
        self.dice = random.Random(seed)
        self.clock = Clock()
        self.rate = rate
        self.wire = Wire(self.clock, self.dice, 0.0)
        self.plant = LongPlant(CHARGERS, seed, 0)
        self.station = Station(meters_of(self.plant))
        self.wire.meters = self._meters_hear
        self.said: Measured = {address: deque(maxlen=_REMEMBERED) for address in self._addresses}
        self.happened: Counter[str] = Counter()
        self.exchanges = self.errors = self.measurements = 0
        self.sizes: list[int] = []
        self.highest = 0
        self._over: list[Callable[[], None]] = []
        self.members = [self._member(index) for index in range(CHARGERS)]
        for unit in self.plant.units:
            unit.car.plugged = unit.car.ready = True
        self._taps = {f"tap{index}": member.tap for index, member in enumerate(self.members)}
        with virtual(self.clock, self._taps):
            for member in self.members:
                self._start(member)
        self.clock.at(STEP_S, self._step)

    @property
    def _addresses(self) -> list[int]:
        return [MAINS_ADDRESS, *(EV_ADDRESS + index for index in range(CHARGERS))]

    @property
    def now(self) -> int:
        """Milliseconds."""
        return round(self.clock.now * 1000)

    # ---- the installation ----

    def _member(self, index: int) -> Member:
        charger = Charger(index, settings_of(index), self.plant.units[index], 0)
        return Member(charger, self.wire.tap(), charger.core.snapshot(0))

    def _start(self, member: Member) -> None:
        """A daemon starts: whatever it knew of the line is gone."""
        index = member.charger.index

        def settings() -> Settings:
            return member.snapshot.settings

        def snapshot() -> Snapshot:
            return member.snapshot

        def post(event: Event) -> None:
            self._post(member, event)

        def refuse(where: str, given: str, _why: str) -> None:
            member.refused[f"{where}: {given}"] += 1

        member.inbox.clear()
        member.health.clear()
        poller = Poller("bus 1", _ROLES, settings, post)
        core = Core(snapshot, lambda: False, post, member.inbox.append, refuse)
        master, server = Master(snapshot, post), NodeServer(core, 90_000 + index)
        member.clients = (poller, master, server)
        member.bus = bus = Bus("bus 1", f"tap{index}", 9600, settings, [poller, master], server)
        bus._stop = self.clock  # type: ignore[assignment]
        member.line = line = Line(f"tap{index}", 9600)
        member.known = bus.statistics
        member.tap.received = b""
        member.tap.listener = (lambda: bus._step(line)) if index else None

    def _meters_hear(self, frame: bytes) -> bytes | None:
        self.station.hear(frame)
        answer = self.station.frame_ended(self.clock.now)
        if answer is None:
            return None
        truth = self._truth(answer.frame[0])
        if not self.said[answer.frame[0]] or self.said[answer.frame[0]][-1] != truth:
            self.said[answer.frame[0]].append(truth)
        return answer.frame

    def _truth(self, address: int) -> PhaseCurrents:
        at_mains = address == MAINS_ADDRESS
        return phases(self.plant.mains if at_mains else self.plant.units[address - EV_ADDRESS].current)

    # ---- what the bus says ----

    def _post(self, member: Member, event: Event) -> None:
        member.posted += 1
        member.inbox.append(event)
        match event:
            case MeterRead(role, currents, source=source) if currents is not None and source is not None:
                self._compare(member, source[1], currents, f"{role} of charger {member.charger.index}")
            case NodeMetered(node, currents):
                self._compare(member, EV_ADDRESS + node, currents, f"node {node}")
            case MeterHealthChanged(role, health):
                member.health[role] = health.answering
            case _:
                pass

    def _compare(self, member: Member, address: int, currents: PhaseCurrents, whose: str) -> None:
        self.measurements += 1
        member.read_at[address] = self.clock.now
        assert currents in self.said[address], f"{whose} at {self.clock.now:.3f} s: {currents} was never said"

    # ---- time ----

    def _step(self) -> None:
        """Every charger takes what was posted, and is looked at."""
        self.clock.at(self.clock.now + STEP_S, self._step)
        now = self.now
        self.plant.advance(now)
        for member in self.members:
            charger = member.charger
            if not charger.runs:
                continue
            charger.look(charger.unit.inputs(now), now)
            inbox, member.inbox[:] = tuple(member.inbox), []
            for item in inbox:
                if isinstance(item, ChangeSetting):
                    charger.core.command(item, now)
                else:
                    charger.handle(item, now)  # type: ignore[arg-type]
            charger.renew(now)
            member.snapshot = charger.core.snapshot(now)
        self.highest = max(self.highest, check_offers([member.charger for member in self.members], CIRCUIT, now))

    def pass_s(self, seconds: float) -> None:
        """The master asks, the others listen."""
        until = self.clock.now + seconds
        master = self.members[0]
        with virtual(self.clock, self._taps):
            while self.clock.now < until:
                if master.charger.runs and master.bus is not None and master.line is not None:
                    master.bus._step(master.line)
                else:
                    self.clock.run(min(until, self.clock.now + 1.0))

    def run(self, minutes: int) -> None:
        """``minutes``: best in tens."""
        for minute in range(minutes):
            act = minute % (WILD_ACTS + CALM_ACTS)
            if act < WILD_ACTS:
                self.wire.rate = self.rate
                self._act()
            elif act == WILD_ACTS:
                self._end_everything()
            self.pass_s(ACT_S)
            self._account()
            if act == WILD_ACTS + CALM_ACTS - 1:
                self._all_is_well()

    # ---- what goes wrong, and what people do ----

    def _act(self) -> None:
        while self._over and self.dice.random() < 0.7:
            self._over.pop(0)()
        acts = (
            self._silence_meter, self._silence_car_meter, self._go_deaf, self._restart_node, self._restart_master,
            self._exchange_meter, self._echo, self._slow_meters, self._replug, self._house, self._house,
        )  # fmt: skip
        act = self.dice.choice(acts)
        self.happened[act.__name__.strip("_").replace("_", " ")] += 1
        act()

    def _end_everything(self) -> None:
        self.wire.rate = 0.0
        while self._over:
            self._over.pop(0)()

    def _silence_meter(self) -> None:
        self.plant.mains_silent = True
        self._over.append(lambda: setattr(self.plant, "mains_silent", False))

    def _silence_car_meter(self) -> None:
        car = self.dice.randrange(CHARGERS)
        self.plant.ev_silent[car] = True
        self._over.append(lambda: self.plant.ev_silent.__setitem__(car, False))

    def _go_deaf(self) -> None:
        tap = self.dice.choice(self.members).tap
        tap.offline = True
        self._over.append(lambda: setattr(tap, "offline", False))

    def _restart(self, member: Member) -> None:
        self._account()
        member.charger.die()
        member.tap.listener = None

        def again() -> None:
            if not member.charger.runs:
                member.charger.restart(self.now)
                member.snapshot = member.charger.core.snapshot(self.now)
                with virtual(self.clock, self._taps):
                    self._start(member)

        self.clock.at(self.clock.now + self.dice.uniform(0.5, 30.0), again)

    def _restart_node(self) -> None:
        self._restart(self.dice.choice(self.members[1:]))

    def _restart_master(self) -> None:
        self._restart(self.members[0])

    def _exchange_meter(self) -> None:
        """An owner takes an EV meter out of the settings, and puts it back."""
        member = self.dice.choice(self.members)
        member.charger.set("ev_meter", int(MeterType.DISABLED), self.now)
        self._over.append(lambda: member.charger.set("ev_meter", int(MeterType.EASTRON3P), self.now))

    def _echo(self) -> None:
        for member in self.members:
            member.tap.echoes = not member.tap.echoes

    def _slow_meters(self) -> None:
        self.wire.thinks_s = self.dice.choice((0.005, 0.012, 0.05, 0.1))

    def _replug(self) -> None:
        car = self.dice.choice(self.plant.units).car
        car.plugged = not car.plugged
        car.ready = self.dice.random() < 0.9

    def _house(self) -> None:
        l1, l2, l3 = (self.dice.randint(0, 150) / 10 for _ in range(3))
        self.plant.house = (l1, l2, l3)

    # ---- judging ----

    def _account(self) -> None:
        """Counters only grow, and add up."""
        for member in self.members:
            if member.bus is None or member.known is None:
                continue
            stats, before = member.bus.statistics, member.known
            member.known = stats
            assert stats.requests >= stats.answers >= before.answers, stats
            assert stats.errors >= before.errors, stats
            assert stats.heard >= before.heard, stats
            assert stats.requests == stats.answers + stats.errors or member.charger.index, stats
            if member.charger.index == 0:
                self.exchanges += stats.requests - before.requests
                self.errors += stats.errors - before.errors

    def _all_is_well(self) -> None:
        now, master = self.clock.now, self.members[0]
        for address in self._addresses:
            age_s = now - master.read_at.get(address, 0.0)
            assert age_s < 3.0, f"address {address} was read {age_s:.1f} s ago"
        for member in self.members:
            assert all(member.health.values()), f"charger {member.charger.index} at {now} s: {member.health}"
            check_timers(member.charger, self.now)
        present = {view.index for view in master.snapshot.chargers if view.missed_polls == 0}
        assert present == set(range(CHARGERS)), f"at {now} s the master knows {present}"
        assert master.bus is not None
        assert (master.bus.statistics.per_second or 0) > 5, master.bus.statistics
        assert self.clock.waiting < 100, self.clock.waiting
        self.sizes.append(held([(m.bus, m.line, m.clients, m.charger.core, m.inbox) for m in self.members]))
