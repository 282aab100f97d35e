"""Reusable proofs: what has to hold of a charger, dense at the limits, for whatever mode and settings a subclass names.

``ChargingProof`` has the proofs; a subclass is one mode. Each runs over ``SOME`` configurations, in which every pair of
choices occurs; the plain course of a charge runs over ``EVERY`` one. All of it is judged at every event besides.
"""

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import pytest

from evsed.core.actions import Pilot
from evsed.core.duty import current_for
from evsed.core.events import Button, ChangeSetting, ChooseMode, ClearFaults, Leaving, Override
from evsed.core.faults import Fault
from evsed.core.model import Access, Contactor2, Equipment, Mode, ModeChoice
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Deciamps, Millivolts, Ohms
from tests.core.bench import V3, V6, V9, V12, Bench, configured

CABLES: tuple[tuple[Ohms | None, Deciamps], ...] = (
    (None, 0), (74, 0), (75, 630), (149, 630), (150, 320), (329, 320), (330, 160), (999, 160), (1_000, 130),
    (2_199, 130), (2_200, 0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Config:
    """One way to build and set a charger."""

    second: Contactor2
    socket: bool
    lock: int
    monitor: bool
    metered: bool

    def __str__(self) -> str:
        return (
            f"{self.second.name}-{'socket' if self.socket else 'fixed'}-lock{self.lock}"
            f"{'-rcm' if self.monitor else ''}{'-metered' if self.metered else ''}"
        )


AXES = (tuple(Contactor2), (True, False), (0, 1, 2), (False, True), (False, True))
EVERY = tuple(Config(*row) for row in itertools.product(*AXES))


def _pairs(config: Config) -> Iterator[tuple[object, ...]]:
    row = (config.second, config.socket, config.lock, config.monitor, config.metered)
    return itertools.combinations(enumerate(row), 2)


def covering(rows: tuple[Config, ...]) -> tuple[Config, ...]:
    """As few of ``rows`` as a greedy choice needs so that every pair of choices occurs."""
    missing = {pair for row in rows for pair in _pairs(row)}
    chosen: list[Config] = []
    while missing:
        best = max(rows, key=lambda row: sum(pair in missing for pair in _pairs(row)))
        missing -= set(_pairs(best))
        chosen.append(best)
    return tuple(chosen)


SOME = covering(EVERY)
FEW = SOME[:4]

few = pytest.mark.parametrize("config", FEW, ids=str)
some = pytest.mark.parametrize("config", SOME, ids=str)
every = pytest.mark.parametrize("config", EVERY, ids=str)


def announced(bench: Bench) -> Deciamps:
    """What the pilot announces; 0 without pulses."""
    return current_for(bench.outputs.pilot.pulses) if bench.outputs.pilot.kind is Pilot.PWM else 0


@lru_cache(maxsize=256)
def _charged(mode: Mode, config: Config, changes: tuple[tuple[str, int], ...]) -> Bench:
    return built(mode, config, dict(changes)).charge()


def built(mode: Mode, config: Config, changes: dict[str, int]) -> Bench:
    """A charger without a car."""
    meter = "Eastron3P" if config.metered or mode is not Mode.NORMAL else "Disabled"
    usual: dict[str, object] = {
        "mode": int(mode), "enable_C2": int(config.second), "config": 0 if config.socket else 1, "lock": config.lock,
        "rcmon": int(config.monitor), "mains_meter": meter, "ev_meter": "Eastron3P" if config.metered else "Disabled",
        "circuit_meter": "Eastron3P" if config.metered else "Disabled", "current_main": 200, "current_max_circuit": 160,
    }  # fmt: skip
    bench = Bench(Saved(settings=configured(**usual | changes)), Equipment(rcm_test=config.monitor))
    bench.mirror1 = bench.mirror2 = bench.feedback = "follows"
    bench.meter_sunny()
    return bench


class ChargingProof:
    """What holds in every mode. ``mode`` and ``choice`` are the subclass's."""

    mode: Mode
    choice: ModeChoice

    def idle(self, config: Config, **changes: int) -> Bench:
        bench = built(self.mode, config, changes)
        bench.run(1_500, 50)
        return bench

    def charging(self, config: Config, **changes: int) -> Bench:
        return copy.deepcopy(_charged(self.mode, config, tuple(sorted(changes.items()))))

    def second_wanted(self, config: Config) -> bool:
        never = {Contactor2.NOT_PRESENT, Contactor2.ALWAYS_OFF}
        return config.second not in (never | {Contactor2.SOLAR_OFF} if self.mode is Mode.SOLAR else never)

    def stays_open(self, bench: Bench, for_ms: int) -> None:
        until = bench.now + for_ms
        while bench.now < until:
            bench.cycle(100)
            assert not bench.closed

    # ---- the plain course ----

    @every
    def test_a_charge_from_plug_to_plug(self, config: Config) -> None:
        bench = self.charging(config)
        assert bench.outputs.contactor2 == self.second_wanted(config)
        assert bench.core.snapshot(bench.now).reason is None
        bench.change(ChooseMode(ModeChoice.OFF))
        assert (bench.state, bench.outputs.contactor2) == (State.C1, self.second_wanted(config))
        bench.high = V9
        bench.run_to(State.B1, 100)
        assert not bench.closed
        bench.change(ChooseMode(self.choice))
        bench.run_to(State.B, 16_000, 50)
        bench.high = V6
        bench.run_to(State.C, 4_000)
        bench.high = V12
        assert bench.run_to(State.A, 100) <= 100
        assert not bench.closed
        assert bench.closings() == 2

    # ---- what must be there before ----

    @some
    @pytest.mark.parametrize("access", [Access.DENY, Access.PAUSE])
    def test_never_without_access(self, config: Config, access: Access) -> None:
        bench = built(self.mode, config, {})
        bench.restart(Saved(settings=bench.settings, access=access))
        bench.high = V6
        self.stays_open(bench, 40_000)
        assert bench.outputs.pilot.kind is not Pilot.PWM

    @some
    def test_never_without_a_diode(self, config: Config) -> None:
        bench = self.idle(config)
        bench.diode, bench.high = False, V9
        bench.run_to(State.B, 2_000)
        bench.high = V6
        self.stays_open(bench, 40_000)
        assert bench.has(Fault.DIODE)

    @few
    @pytest.mark.parametrize("high", [V12, V9, 7_001, V3, 4_999, 2_000, 0, 1_001, -12_000, 14_000])
    def test_never_at_another_level_than_6_v(self, config: Config, high: Millivolts) -> None:
        bench = self.idle(config)
        bench.high = V9
        bench.run_to(State.B, 2_000)
        bench.high = high
        self.stays_open(bench, 20_000)

    @some
    @pytest.mark.parametrize("fault", [Fault.RCM, Fault.WELDED])
    def test_never_with_a_latched_fault(self, config: Config, fault: Fault) -> None:
        bench = built(self.mode, config, {})
        bench.restart(Saved(settings=bench.settings, latched=(fault,)))
        bench.high = V6
        self.stays_open(bench, 40_000)
        assert bench.core.saved.latched == (fault,)
        if fault is Fault.RCM:
            assert bench.command(ClearFaults()).refused
            bench.buttons = frozenset({Button.MIDDLE})
        else:
            assert bench.command(ClearFaults()).accepted
        bench.run_to(State.C, 40_000)
        assert bench.core.saved.latched == ()

    @some
    def test_never_with_a_lock_that_does_not_move_or_a_monitor_that_does_not_trip(self, config: Config) -> None:
        bench = self.idle(config)
        bench.feedback, bench.monitor_works, bench.high = False, False, V9
        bench.run_to(State.B, 2_000)
        bench.high = V6
        if config.monitor or (config.lock and config.socket):
            self.stays_open(bench, 40_000)
            assert bench.has(Fault.RCM) or bench.has(Fault.LOCK_FAILED)
        else:
            bench.run_to(State.C, 2_000)

    # ---- what ends it ----

    @few
    @pytest.mark.parametrize(
        ("high", "within_ms"),
        [(V12, 100), (11_000, 100), (13_000, 100), (V9, 100), (8_000, 100), (10_000, 100), (7_401, 500), (10_001, 500),
         (10_999, 500), (13_001, 500), (4_599, 500), (1_999, 500), (1_000, 500), (0, 500), (-12_000, 500)],
    )  # fmt: skip
    def test_another_level_opens_in_time(self, config: Config, high: Millivolts, within_ms: int) -> None:
        bench = self.charging(config)
        bench.high = high
        bench.cycle()
        first = bench.now
        while bench.closed:
            bench.cycle()
            assert bench.now - first <= within_ms

    @few
    @pytest.mark.parametrize("high", [4_600, 5_000, V6, 7_000, 7_400])
    def test_6_v_with_hysteresis_goes_on(self, config: Config, high: Millivolts) -> None:
        bench = self.charging(config)
        bench.high = high
        bench.run(2_000)
        assert bench.closed

    @some
    @pytest.mark.parametrize(
        "stop",
        [
            lambda bench: bench.command(ChooseMode(ModeChoice.OFF)),
            lambda bench: bench.command(ChooseMode(ModeChoice.PAUSE)),
            lambda bench: bench.event(Leaving()),
            lambda bench: setattr(bench, "temperature", 66),
            lambda bench: setattr(bench, "high", V3),
        ],
        ids=["off", "pause", "leaving", "hot", "ventilation"],
    )
    def test_a_stop_in_order_ends_after_6_s_at_the_latest(
        self, config: Config, stop: Callable[[Bench], object]
    ) -> None:
        bench = self.charging(config)
        stop(bench)
        bench.run_to(State.C1, 310)
        begun = bench.now
        assert bench.closed
        assert bench.outputs.pilot.kind is Pilot.HIGH
        bench.run(5_950, 50)
        bench.run(49)
        assert bench.closed
        bench.cycle(1)
        assert (bench.state, bench.closed, bench.now - begun) == (State.B1, False, 6_000)

    @some
    def test_residual_current_opens_with_the_look_that_shows_it(self, config: Config) -> None:
        bench = self.charging(config)
        bench.residual = True
        bench.cycle()
        assert bench.closed is not config.monitor
        assert bench.has(Fault.RCM) is config.monitor

    @some
    @pytest.mark.parametrize("mirror", ["mirror1", "mirror2"])
    def test_a_contactor_that_lies_opens_at_once_after_500_ms(self, config: Config, mirror: str) -> None:
        bench = self.charging(config)
        told = bench.outputs.contactor1 if mirror == "mirror1" else bench.outputs.contactor2
        setattr(bench, mirror, not told)
        counts = mirror == "mirror1" or config.second is not Contactor2.NOT_PRESENT
        bench.cycle()
        bench.run(490)
        bench.cycle(9)
        assert bench.closed
        bench.cycle(1)
        assert bench.closed is not counts
        if counts:
            assert bench.has(Fault.CONTACTOR_FAILED if told else Fault.WELDED)

    # ---- how much ----

    @pytest.mark.parametrize("maximum", [6, 7, 13, 16, 50, 51, 52, 53, 80])
    @pytest.mark.parametrize(("ohms", "carries"), CABLES)
    def test_no_more_than_cable_and_max(self, ohms: Ohms | None, carries: Deciamps, maximum: int) -> None:
        bench = self.idle(Config(Contactor2.NOT_PRESENT, True, 0, False, True), current_max=maximum)
        bench.cable, bench.high = ohms, V9
        bench.run(1_000, 20)
        bench.high = V6
        limit = min(carries, maximum * 10)
        for _ in range(300):
            bench.cycle(100)
            assert announced(bench) <= limit
        assert (announced(bench) > 0) == bench.closed == (limit >= 60)

    @few
    @pytest.mark.parametrize("current", [60, 61, 129, 130])
    def test_no_more_than_the_override(self, config: Config, current: Deciamps) -> None:
        bench = self.charging(config)
        refused = bench.command(Override(current)).refused
        bench.cycle()
        assert bool(refused) == (self.mode is Mode.SOLAR)
        assert refused or announced(bench) <= current
        assert bench.command(Override(59)).refused
        assert bench.command(Override(131)).refused

    @few
    @pytest.mark.parametrize("celsius", [55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 200])
    def test_less_and_less_as_it_gets_hot(self, config: Config, celsius: int) -> None:
        bench = self.charging(config, current_max=20)
        bench.temperature = celsius
        bench.cycle()
        share = 60 if celsius > 62 else 120 if celsius > 59 else 160 if celsius > 56 else 200
        assert announced(bench) <= share
        assert (bench.state is State.C1) == (celsius > 65)

    @some
    def test_the_grid_relay_leaves_18_a_for_all_phases(self, config: Config) -> None:
        bench = self.charging(config, switch=5, current_max=32)
        bench.switch = True
        bench.run(6_000, 50)
        bench.switch = False
        bench.run(120)
        phases = bench.core.snapshot(bench.now).phases
        assert 60 <= announced(bench) <= 180 // phases

    # ---- contactor 2 ----

    @some
    def test_contactor_2_rests_whatever_is_changed_while_it_is_under_load(self, config: Config) -> None:
        """The judge looks for a movement; here everything that could ask for one is asked for."""
        bench = self.charging(config)
        second = bench.outputs.contactor2
        orders = [ChangeSetting("enable_C2", value) for value in Contactor2]
        choices = [ChooseMode(ModeChoice.SOLAR), ChooseMode(ModeChoice.NORMAL), ChooseMode(ModeChoice.SMART)]
        for order, choice in itertools.product(orders, choices):
            bench.command(order)
            bench.command(choice)
            bench.run(200, 50)
            assert not bench.closed or bench.outputs.contactor2 == second
        bench.high = V9
        bench.run(1_000)

    # ---- every setting ----

    @pytest.mark.parametrize("key", sorted(TABLE))
    def test_every_setting_at_its_limits_while_charging(self, key: str) -> None:
        row = TABLE[key]
        config = Config(Contactor2.ALWAYS_ON, True, 1, True, True)
        for value in sorted({row.minimum - 1, row.minimum, row.maximum, row.maximum + 1}):
            bench = self.charging(config)
            before = bench.settings
            if bench.command(ChangeSetting(key, value)).refused:
                assert bench.settings == before
            bench.run(600, 20)
            bench.buttons = frozenset({Button.LEFT})
            bench.run(200, 50)
            bench.core.judge.tell(bench.now)
