"""30 days of three chargers that share power, at the level of bus events: the real cores, a wire without bytes.

Time goes in steps: 50 ms for a moment after a state has changed, 200 ms while a car is being started or stopped, 1 s
after an offer was changed, 4 s while all charge or wait calmly; in each the meters are read, the nodes polled and the
offers told, at most as often as on a line. Of every three hours half an hour has faults and people, and the rest is
calm: at its end everybody who fits has to have charged, nothing waits for a time that is over, no order is repeated for
ever, and nothing has grown.
"""

import math
import random
from collections import Counter
from collections.abc import Callable

from evsed.core.actions import CloseContactors, OpenContactors
from evsed.core.events import ChangeSetting, ChooseMode, MeterRead, WallClock
from evsed.core.model import Access, MeterRole, Mode, choice_of
from evsed.core.states import State
from evsed.core.wire import MasterOffered, MasterTold, NodeHeard, NodeMetered, NodeSilent
from tests.core.club import status_of
from tests.core.story import phases, settings
from tests.longrun.parts import HOUR_MS, Charger, LongPlant, check_offers, check_timers, held

CHARGERS = 3
CIRCUIT = 320
MAINS_A = 25.0
MIN_A = 6.0
BLOCK_MS = 3 * HOUR_MS
WILD_MS = HOUR_MS // 2
LOOK_BACK_MS = 600_000
CALM_ORDERS = 200
"""So many orders an hour are plausible while nothing happens but rotation and the sun."""

_MOVING = {State.COMM_B, State.COMM_C, State.C1, State.ACTIVATE}
_POLL_MS = 500
_METER_MS = 400
_OFFERS_MS = 2_000
_NODES = range(1, CHARGERS)


class Month:
    """``run`` lets hours pass, best in threes. Whatever is wrong is an AssertionError."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.plant = LongPlant(CHARGERS, seed, 0)
        self.chargers = [self._charger(index) for index in range(CHARGERS)]
        self.now = 0
        self.deaf: set[int] = set()
        self.happened: Counter[str] = Counter()
        self.steps = self.events = self.highest = 0
        self.sizes: list[int] = []
        self.orders = 0  # the number of the last one
        self._done: dict[int, int] = {}
        self._last: tuple[int, ...] = ()
        self._over: list[Callable[[], None]] = []
        self._restless_until = self._unsettled_until = 0
        self._polled_at = self._metered_at = self._offered_at = self._offered_until = 0
        self._states = [State.A] * CHARGERS
        self._acts_at = 0
        self._noise = 0.0
        self._spike = 0.0
        self._cloud = 1.0
        self._wrong_before = 0
        self._heard: dict[int, int] = {}
        self._charged_at = [0] * CHARGERS
        self._wanted_since = [0] * CHARGERS
        self._most_at_once: list[tuple[int, int]] = []
        self._least_room_a = self._least_sun_a = 0.0
        for unit in self.plant.units:
            unit.car.plugged = unit.car.ready = True

    def _charger(self, index: int) -> Charger:
        given = {"mode": "Smart", "current_max": 16, "current_main": int(MAINS_A), "rotation_time": 30}
        given |= {"current_max_circuit": CIRCUIT // 10, "enable_C2": "Always On", "loadbl": index + 1}
        return Charger(index, settings(**given), self.plant.units[index], 0)

    @property
    def master(self) -> Charger:
        return self.chargers[0]

    @property
    def hour(self) -> float:
        """Of the day; it begins at noon."""
        return (self.now / HOUR_MS + 12) % 24

    # ---- time ----

    def run(self, hours: int) -> None:
        """Lets ``hours`` pass."""
        until = self.now + hours * HOUR_MS
        while self.now < until:
            self._block(min(until, self.now + BLOCK_MS))

    def _block(self, until: int) -> None:
        wild_until, hour_before = self.now + WILD_MS, until - HOUR_MS
        while self.now < wild_until:
            self._people()
            self._step()
        self._end_everything()
        orders = self.orders
        while self.now < until:
            if self.now <= hour_before:
                orders = self.orders
            self._weather(calm=True)
            self._step()
        assert self.orders - orders <= CALM_ORDERS, f"{self.orders - orders} orders in a calm hour until {self.now} ms"
        self._judge()

    def _step_ms(self) -> int:
        if self.now < self._restless_until:
            return 50
        states = {charger.state for charger in self.chargers if charger.runs}
        starting = any(charger.state is State.B and charger.unit.car.ready for charger in self.chargers)
        if self.now < self._unsettled_until or starting or states & _MOVING:
            return 200
        return 1_000 if self.now < self._offered_until else 4_000

    def _step(self) -> None:
        self.steps += 1
        self.now += self._step_ms()
        now = self.now
        for charger in self.chargers:
            charger.renew(now)
        self.plant.advance(now)
        for charger in self.chargers:
            acts = charger.look(charger.unit.inputs(now), now)
            if any(isinstance(act, CloseContactors | OpenContactors) for act in acts):
                self._restless(now)
        if now - self._metered_at >= _METER_MS:
            self._metered_at = now
            self._measure()
        if {0} & self.deaf or not self.master.runs:
            self._done.clear()
        else:
            self._converse(now)
        for charger in self.chargers:
            charger.renew(now)
            if charger.state is not self._states[charger.index]:
                self._states[charger.index] = charger.state
                self._restless(now)
        self._look(now)

    def _restless(self, now: int) -> None:
        self._restless_until, self._unsettled_until = now + 400, now + 4_000

    def _handle(self, charger: Charger, event: MeterRead | NodeHeard | NodeSilent | NodeMetered) -> None:
        if charger.runs:
            self.events += 1
            charger.handle(event, self.now)

    def _measure(self) -> None:
        if 0 not in self.deaf and not self.plant.mains_silent:
            at_mains = MeterRead(MeterRole.MAINS, phases(self.plant.mains), import_wh=round(self.plant.imported_wh))
            self._handle(self.master, at_mains)
        for charger in self.chargers:
            index = charger.index
            if self.plant.ev_silent[index] or 0 in self.deaf:
                continue
            currents = phases(charger.unit.current)
            if index:
                self._handle(self.master, NodeMetered(index, currents))
            if index not in self.deaf and self.master.runs:
                self._handle(charger, MeterRead(MeterRole.EV, currents, import_wh=round(charger.unit.energy_wh)))

    # ---- the wire ----

    def _converse(self, now: int) -> None:
        if now - self._polled_at >= _POLL_MS:
            self._polled_at = now
            for node in range(1, 8):
                self._poll(node, now)
        orders = self.master.core.snapshot(now).orders
        assert orders is not None
        for tell in orders.tells:
            if tell.number > self._done.get(tell.node, 0) and tell.node not in self.deaf:
                self._done[tell.node] = tell.number
                self.orders += 1
                self.events += 1
                told = MasterTold(tell.state, tell.error, tell.mode, None if tell.mode is None else tell.solar_s)
                if self.chargers[tell.node].runs:
                    self.chargers[tell.node].handle(told, now)
                    self._unsettled_until = max(self._unsettled_until, now + 1_000)
        again = orders.offers == self._last and now - self._offered_at < _OFFERS_MS
        if again or not orders.offers:  # none: the master has yet to look who is there
            return
        if orders.offers != self._last:
            self._offered_until = now + 10_000
        self._last, self._offered_at = orders.offers, now
        for node in _NODES:
            if node not in self.deaf and self.chargers[node].runs:
                self.events += 1
                self.chargers[node].handle(MasterOffered(orders.offers[node], orders.mains), now)

    def _poll(self, node: int, now: int) -> None:
        if node < CHARGERS and node not in self.deaf and self.chargers[node].runs:
            if self._corrupt(now):
                self.happened["corrupt status"] += 1
                self._handle(self.master, NodeSilent(node, "register 0x0000 holds 186"))
            else:
                self._handle(self.master, NodeHeard(node, status_of(self.chargers[node].core.snapshot(now))))
        elif node < CHARGERS or self.master.core.regulation.group.members[node].polled is False:
            self._handle(self.master, NodeSilent(node))

    def _corrupt(self, now: int) -> bool:
        return now % BLOCK_MS < WILD_MS and self.dice.random() < 0.003

    # ---- house and sun ----

    def _weather(self, *, calm: bool) -> None:
        hour = self.hour
        if self.now % 60_000 < 2_000:
            self._noise = self.dice.uniform(-0.3, 0.3)
            self._cloud = 1.0 if calm or self.dice.random() < 0.6 else self.dice.uniform(0.1, 1.0)
        house = 1.5 + 2.0 * (17 <= hour < 22) + 0.5 * (7 <= hour < 9) + self._noise + (0.0 if calm else self._spike)
        sun = 18.0 * max(0.0, math.sin((hour - 6) / 12 * math.pi)) * self._cloud
        self.plant.house, self.plant.sun = (house,) * 3, (sun,) * 3

    # ---- what goes wrong, and what people do ----

    def _people(self) -> None:
        self._weather(calm=False)
        if self.now < self._acts_at:
            return
        self._acts_at = self.now + self.dice.randint(60, 300) * 1_000
        while self._over and self.dice.random() < 0.5:
            self._over.pop(0)()
        acts = (
            self._replug, self._replug, self._fill, self._kettle, self._kettle, self._choose_mode, self._choose_access,
            self._go_deaf, self._master_deaf, self._restart_node, self._restart_master, self._silence_mains,
            self._silence_car_meter,
        )  # fmt: skip
        act = self.dice.choice(acts)
        self.happened[act.__name__.strip("_").replace("_", " ")] += 1
        act()
        self._restless(self.now)
        for charger in self.chargers:
            if charger.runs:
                charger.handle(WallClock(1_700_000_000 + self.now // 1000), self.now)

    def _end_everything(self) -> None:
        """A calm time begins: all is well, and most cars want to charge."""
        while self._over:
            self._over.pop(0)()
        self._spike = 0.0
        sunny = 8 <= self.hour <= 13
        modes = (Mode.SOLAR, Mode.SMART) if sunny else (Mode.SMART, Mode.SMART, Mode.NORMAL, Mode.SOLAR)
        mode = self.dice.choice(modes)
        self.master.core.command(ChangeSetting("mode", int(mode)), self.now)
        for charger in self.chargers:
            charger.core.command(ChooseMode(choice_of(Mode(charger.core.desk.settings.mode), Access.ALLOW)), self.now)
            charger.unit.car.plugged = charger.unit.car.plugged or self.dice.random() < 0.8
            charger.unit.car.ready = self.dice.random() < 0.9
        self._restless(self.now)
        self._charged_at = [0] * CHARGERS
        self._most_at_once.clear()
        self._least_room_a = self._least_sun_a = MAINS_A

    def _replug(self) -> None:
        """The car of charger 2 stays for the whole time: one session of 30 days."""
        car = self.dice.choice(self.plant.units[:2]).car
        car.plugged, car.ready = not car.plugged, True

    def _fill(self) -> None:
        car = self.dice.choice(self.plant.units).car
        car.ready = not car.ready

    def _kettle(self) -> None:
        self._spike = self.dice.choice((0.0, 3.0, 9.0, 14.0, 20.0))

    def _choose_mode(self) -> None:
        charger = self.dice.choice(self.chargers)
        if charger.runs:
            charger.core.command(ChangeSetting("mode", int(self.dice.choice(list(Mode)))), self.now)

    def _choose_access(self) -> None:
        charger = self.dice.choice(self.chargers)
        mode = Mode(charger.core.desk.settings.mode)
        charger.core.command(ChooseMode(choice_of(mode, self.dice.choice(list(Access)))), self.now)

    def _deafen(self, index: int) -> None:
        self.deaf.add(index)
        self._over.append(lambda: self.deaf.discard(index))

    def _go_deaf(self) -> None:
        self._deafen(self.dice.choice(_NODES))

    def _master_deaf(self) -> None:
        self._deafen(0)

    def _restart(self, charger: Charger) -> None:
        if not charger.runs:
            return
        charger.die()

        def again() -> None:
            charger.restart(self.now)
            self._heard.clear()
            self._done.clear()

        self._over.append(again)
        if self.dice.random() < 0.6:
            self._acts_at = self.now + self.dice.randint(2, 20) * 1_000

    def _restart_node(self) -> None:
        self._restart(self.chargers[self.dice.choice(_NODES)])

    def _restart_master(self) -> None:
        self._restart(self.master)

    def _silence_mains(self) -> None:
        self.plant.mains_silent = True
        self._over.append(lambda: setattr(self.plant, "mains_silent", False))

    def _silence_car_meter(self) -> None:
        car = self.dice.randrange(CHARGERS)
        self.plant.ev_silent[car] = True
        self._over.append(lambda: self.plant.ev_silent.__setitem__(car, False))

    # ---- judging ----

    def _look(self, now: int) -> None:
        self.highest = max(self.highest, check_offers(self.chargers, CIRCUIT, now))
        draws = 0
        for charger in self.chargers:
            if charger.unit.current[0] > 0:
                draws += 1
                self._charged_at[charger.index] = now
        if until_next(now) <= LOOK_BACK_MS:
            self._most_at_once.append((now, draws))
            surplus = self.plant.sun[0] - self.plant.house[0]
            self._least_room_a = min(self._least_room_a, MAINS_A + surplus)
            self._least_sun_a = min(self._least_sun_a, surplus)

    def _judge(self) -> None:
        now, where = self.now, f"after {self.now / HOUR_MS:.0f} hours"
        for charger in self.chargers:
            assert charger.runs
            check_timers(charger, now)
            faults = [fault for fault in charger.core.faults.all if not fault.value.waiting]
            assert not faults, f"{where} charger {charger.index} has {faults}"
        self._judge_counters(where)
        self._judge_charging(where)
        self.sizes.append(held(*(charger.core for charger in self.chargers)))

    def _judge_counters(self, where: str) -> None:
        for member in self.master.core.regulation.group.members[1:CHARGERS]:
            assert member.heard >= self._heard.get(member.index, 0), where
            assert member.present, f"{where} node {member.index} is taken to be gone"
            self._heard[member.index] = member.heard
        for charger in self.chargers:
            charged = charger.core.snapshot(self.now).charged_wh
            assert charged is None or 0 <= charged <= charger.unit.energy_wh + 1, f"{where} {charged} Wh were charged"

    def _judge_charging(self, where: str) -> None:
        wanting = [charger for charger in self.chargers if charger.unit.car.plugged and charger.unit.car.ready]
        mode = Mode(self.master.core.desk.settings.mode)
        modes = {charger.core.desk.settings.mode for charger in self.chargers}
        assert modes == {mode}, f"{where} the modes are {modes}"
        fit = int(min(CIRCUIT / 10, self._least_room_a - 2) // MIN_A)
        if mode is Mode.SOLAR:
            fit = int(self._least_sun_a >= 1.5 * MIN_A)
        most = max(draws for _, draws in self._most_at_once)
        self.happened[f"calm in {mode.name}: {min(fit, len(wanting))} of {len(wanting)} have to charge"] += 1
        told = [(c.state.name, str(c.core.snapshot(self.now).reason), c.core.regulation.offer) for c in self.chargers]
        expected = f"{fit} of {len(wanting)} fit in {mode.name}"
        assert most >= min(fit, len(wanting)), f"{where} {most} charge, though {expected}: {told}"
        if fit and mode is not Mode.SOLAR:
            for charger in wanting:
                last = self._charged_at[charger.index]
                assert last, f"{where} charger {charger.index} has not charged for two hours, and {expected}: {told}"


def until_next(now: int) -> int:
    """Milliseconds to the end of the block."""
    return (BLOCK_MS - now % BLOCK_MS) % BLOCK_MS
