"""The state machine that feeds the core arbitrary events; test_machine.py and `make soak` run it as machine_sharing.py.


Each rule is one thing that happens, most of them followed by some control cycles; every event is a step, and each step
is judged (invariants.py). What was reached is counted, so that a run that never charged is not taken for a proof.
"""

from collections import Counter
from dataclasses import replace
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from evsed.core.events import (
    Button,
    ChangeSetting,
    ChangeSettings,
    ChooseMode,
    ClearFaults,
    Command,
    DelayedCharging,
    EndLimit,
    EraseSettings,
    Leaving,
    Light,
    Limit,
    MeterHealthChanged,
    MeterRead,
    Override,
    OverridePilot,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
    PressButton,
    PressCustomButton,
    SwipeCard,
    Tick,
    WallClock,
)
from evsed.core.model import (
    Access,
    Contactor2,
    Equipment,
    MeterHealth,
    MeterRole,
    Mode,
    ModeChoice,
    PhaseCurrents,
    choice_of,
)
from evsed.core.setting import Setting, Value
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved
from tests.core.bench import V3, V6, V9, V12, Bench, configured

GAPS = (1, 5, 10, 10, 10, 10, 20, 39, 50, 90, 100, 101, 250, 490, 2_000)
PLATEAUS = (V12, V9, V6, V6, V6, V3, 0, -12_000)
EDGES = (13_001, 13_000, 11_000, 10_999, 10_001, 8_000, 7_401, 7_400, 5_000, 4_599, 2_000, 1_600, 1_000, -1_001)
AMPERES = (-100_000, -2_001, -2_000, -300, -100, -1, 0, 9, 10, 60, 110, 143, 250, 600, 2_000, 100_000)
CELSIUS = (None, -40, 25, 54, 55, 56, 59, 62, 65, 66, 90, 1_000)
OHMS = (None, 0, 74, 75, 100, 220, 680, 1_500, 2_200, 100_000)
NOW_S = 1_800_000_000
TIMES_S = (-(10**9), 0, NOW_S - 86_400, NOW_S - 1, NOW_S, NOW_S + 1, NOW_S + 3_600, 10**10)

UIDS = ("0A1B2C3D4E5F", "04A1B2C3D4E5F6", "DEADBEEF0000")
cycles = st.integers(1, 40)
gaps = st.sampled_from(GAPS)
amperes = st.builds(PhaseCurrents, *[st.sampled_from(AMPERES)] * 3)
energies = st.sampled_from((None, -1, 0, 1, 10**12))
mirrors = st.sampled_from(("follows", "follows", None, True, False))


def limits_of(row: Setting) -> list[tuple[str, Value]]:
    """Values at and around the limits of a setting, and some that it does not take."""
    if row.is_text:
        return [(row.key, text) for text in ("", "meter.local", "no host name", "0,255,1", "0,256,1", 1)]
    values = {row.minimum - 1, row.minimum, row.minimum + 1, row.maximum - 1, row.maximum, row.maximum + 1}
    return [(row.key, value) for value in sorted(values | set(row.choices))]


CHANGES = [pair for row in TABLE.values() for pair in limits_of(row)]

LENT = (-1, 0, 1, 59, 60, 61, 100, 159, 160, 800, 801)
limits = st.builds(Limit, st.sampled_from(LENT), st.sampled_from((0, 1, 2, 20, 60, 86_400, 86_401)),
                   st.none() | st.sampled_from(LENT))  # fmt: skip
by_hand = st.builds(
    OverridePilot, st.none() | st.sampled_from((-1, 0, 1, 500, 799, 1_000, 2_667, 9_600, 10_000, 10_001))
)

commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(ChooseMode, st.sampled_from(ModeChoice)),
    st.builds(Override, st.sampled_from((-1, 0, 59, 60, 61, 80, 129, 130, 131, 160, 800, 801, 10**6))),
    limits,
    st.just(EndLimit()),
    st.sampled_from(CHANGES).map(lambda pair: ChangeSetting(*pair)),
    st.builds(PostMains, amperes),
    st.builds(PostBattery, st.sampled_from(AMPERES)),
    st.builds(PostCircuit, amperes),
    st.builds(PostEvMeter, st.none() | amperes, energies, energies, st.none() | st.sampled_from(AMPERES)),
    st.just(ClearFaults()),
    st.builds(
        DelayedCharging,
        st.sampled_from(ModeChoice),
        st.sampled_from(TIMES_S),
        st.none() | st.sampled_from(TIMES_S),
        st.booleans(),
    ),
    st.builds(ChangeSettings, st.lists(st.sampled_from(CHANGES), max_size=3).map(tuple)),
    st.just(EraseSettings()),
    by_hand,
    st.builds(PressCustomButton, st.booleans()),
    st.builds(PressButton, st.sampled_from(Button), st.booleans()),
    st.builds(Light, st.booleans()),
    st.builds(SwipeCard, st.sampled_from(("", *UIDS, "no card", "04A1B2C3D4E5F"))),
)


class ChargerMachine(RuleBasedStateMachine):
    """Anything that can happen to a charger."""

    steps = 0
    reached: ClassVar[Counter[str]] = Counter()

    @initialize(
        mode=st.sampled_from(Mode),
        second=st.sampled_from(Contactor2),
        socket=st.booleans(),
        lock=st.integers(0, 2),
        monitor=st.booleans(),
        meters=st.booleans(),
        amps=st.sampled_from(((6, 6), (6, 16), (6, 32), (13, 13), (16, 80), (16, 6))),
        access=st.sampled_from(Access),
        charges=st.booleans(),
        done=st.sampled_from((None, None, None, True, True, False)),
    )
    def begin(
        self,
        mode: Mode,
        second: Contactor2,
        socket: bool,
        lock: int,
        monitor: bool,
        meters: bool,
        amps: tuple[int, int],
        access: Access,
        charges: bool,
        done: bool | None,
    ) -> None:
        """``done``: SET UP, where nothing charges without that; None: somewhere else."""
        meter = "Eastron3P" if meters or mode is not Mode.NORMAL else "Disabled"
        given = configured(
            mode=int(mode), enable_C2=int(second), config=0 if socket else 1, lock=lock, rcmon=int(monitor),
            mains_meter=meter, ev_meter=meter, circuit_meter="API" if meters else "Disabled",
            current_min=amps[0], current_max=amps[1], set_up=int(done is not False),
        )  # fmt: skip
        saved = Saved(settings=given, access=Access.ALLOW if charges else access)
        self.bench = Bench(saved, Equipment(rcm_test=monitor, needs_set_up=done is not None))
        if charges:
            self.plug_in_and_charge(1_000)

    def go_on(self, count: int, gap_ms: int = 10, pilot_mv: tuple[int, ...] | None = None) -> None:
        """Lets ``count`` control cycles pass, with whatever the board shows now."""
        bench, kind = self.bench, type(self)
        for _ in range(count):
            bench.cycle(gap_ms, pilot_mv)
            kind.reached[bench.core.charger.state.name] += 1
            if bench.core.outputs.contactor2:
                kind.reached["contactor 2"] += 1
        snapshot = bench.core.judge.tell(bench.now)
        kind.steps += bench.steps
        bench.steps = 0
        bench.log.clear()
        for fault in snapshot.faults:
            kind.reached[fault.name] += 1
        if snapshot.reason is not None:
            kind.reached[snapshot.reason.code] += 1

    # ---- time ----

    @rule(count=cycles, gap=gaps)
    def time_passes(self, count: int, gap: int) -> None:
        self.go_on(count, gap)

    @rule(count=st.integers(100, 400))
    def much_time_passes(self, count: int) -> None:
        self.go_on(count, 100)

    @rule(gap=gaps)
    def tick(self, gap: int) -> None:
        self.bench.now += gap
        self.bench.event(Tick())

    @rule(unix_s=st.sampled_from(TIMES_S), gap=gaps)
    def clock_jumps(self, unix_s: int, gap: int) -> None:
        self.bench.event(WallClock(unix_s))
        self.go_on(1, gap)

    # ---- pilot ----

    @rule(high=st.sampled_from(PLATEAUS + EDGES), diode=st.booleans(), count=cycles, gap=gaps)
    def pilot(self, high: int, diode: bool, count: int, gap: int) -> None:
        self.bench.high, self.bench.diode = high, diode or high == V6
        self.go_on(count, gap)

    @rule(highs=st.lists(st.sampled_from(PLATEAUS), min_size=2, max_size=8), gap=gaps, again=st.integers(1, 8))
    def pilot_bounces(self, highs: list[int], gap: int, again: int) -> None:
        for high in highs * again:
            self.bench.high = high
            self.bench.cycle(gap)
        self.go_on(1, gap)

    @rule(diode=st.booleans(), count=st.integers(1, 350))
    def diode(self, diode: bool, count: int) -> None:
        self.bench.diode = diode
        self.go_on(count)

    @rule(samples=st.lists(st.integers(-13_000, 13_000), min_size=1, max_size=30), count=cycles, gap=gaps)
    def garbage(self, samples: list[int], count: int, gap: int) -> None:
        self.go_on(count, gap, tuple(samples))

    @rule(count=cycles, gap=gaps)
    def no_samples(self, count: int, gap: int) -> None:
        self.go_on(count, gap, ())

    @rule(within=st.sampled_from((700, 2_000, 6_000, 30_000)), anew=st.booleans())
    def plug_in_and_charge(self, within: int, anew: bool = True) -> None:
        """Everything is as it should be for a while; ``anew``: with another car, and all is forgiven."""
        bench = self.bench
        bench.residual, bench.temperature, bench.cable, bench.diode = False, 25, 220, True
        bench.monitor_works, bench.feedback, bench.mirror1, bench.mirror2 = True, "follows", "follows", "follows"
        bench.buttons, bench.switch = frozenset(), True
        bench.meter_sunny()
        if anew:
            bench.high = V12
            self.go_on(20, 50)
            bench.command(ClearFaults())
            bench.buttons = frozenset({Button.MIDDLE})
            bench.cycle()
            bench.buttons = frozenset()
            bench.command(ChangeSetting("closings_per_hour", 60))
            bench.command(ChooseMode(choice_of(Mode(bench.settings.mode), Access.ALLOW)))
        bench.high = V9
        self.go_on(20, 50)
        if anew and bench.settings.rfidreader:  # the mode was chosen for nobody: the car before it had just left
            bench.command(ChooseMode(choice_of(Mode(bench.settings.mode), Access.ALLOW)))
        bench.high = V6
        self.go_on(within // 100, 100)

    @rule(gap=gaps, count=cycles)
    def another_car(self, gap: int, count: int) -> None:
        self.plug_in_and_charge(2_000)
        self.go_on(count, gap)

    @rule(level=st.sampled_from(PLATEAUS))
    def another_car_that(self, level: int) -> None:
        self.plug_in_and_charge(700)
        self.bench.high = level
        self.go_on(330, 100)

    @rule(then=st.sampled_from(PLATEAUS), count=cycles)
    def a_car_that_sleeps(self, then: int, count: int) -> None:
        self.plug_in_and_charge(0)
        self.bench.high = V9
        self.go_on(320, 100)
        self.bench.high = then
        self.go_on(count)

    @rule(drawn=st.sampled_from((0, 66, 67, 250)), sun=amperes, count=st.sampled_from((60, 100, 400)))
    def charging_for_long(self, drawn: int, sun: PhaseCurrents, count: int) -> None:
        self.plug_in_and_charge(6_000)
        self.bench.meters[MeterRole.EV] = PhaseCurrents(drawn, drawn, drawn)
        self.bench.meters[MeterRole.MAINS] = sun
        self.go_on(count, 100)

    @rule(
        fails=st.sampled_from(("mirror1", "mirror2", "feedback")), says=st.booleans(), count=st.sampled_from((60, 180))
    )
    def something_does_not_move(self, fails: str, says: bool, count: int) -> None:
        self.plug_in_and_charge(700)
        setattr(self.bench, fails, says)
        self.go_on(count, 100)
        self.bench.high = V9
        self.go_on(60)

    # ---- the board ----

    @rule(there=st.booleans(), works=st.booleans(), count=cycles)
    def residual_current(self, there: bool, works: bool, count: int) -> None:
        self.bench.residual, self.bench.monitor_works = there, works
        self.go_on(count)

    @rule(celsius=st.sampled_from(CELSIUS), count=cycles)
    def temperature(self, celsius: int | None, count: int) -> None:
        self.bench.temperature = celsius
        self.go_on(count)

    @rule(ohms=st.sampled_from(OHMS), count=cycles, gap=gaps)
    def proximity(self, ohms: int | None, count: int, gap: int) -> None:
        self.bench.cable = ohms
        self.go_on(count, gap)

    @rule(first=mirrors, second=mirrors, lock=mirrors, count=st.integers(1, 80))
    def feedback_lies(
        self, first: bool | str | None, second: bool | str | None, lock: bool | str | None, count: int
    ) -> None:
        self.bench.mirror1, self.bench.mirror2, self.bench.feedback = first, second, lock
        self.go_on(count)

    @rule(down=st.frozensets(st.sampled_from(Button)), count=st.sampled_from((1, 30, 205)))
    def buttons(self, down: frozenset[Button], count: int) -> None:
        self.bench.buttons = down
        self.go_on(count)

    @rule(closed=st.booleans(), count=st.sampled_from((1, 9, 12, 160)))
    def switch(self, closed: bool, count: int) -> None:
        self.bench.switch = closed
        self.go_on(count)

    # ---- people and programs ----

    @rule(asked=st.lists(commands, min_size=1, max_size=3), count=cycles, gap=gaps)
    def command(self, asked: list[Command], count: int, gap: int) -> None:
        for each in asked:
            self.bench.command(each)
        self.go_on(count, gap)

    @rule(change=st.sampled_from(CHANGES), count=cycles)
    def setting(self, change: tuple[str, Value], count: int) -> None:
        self.bench.command(ChangeSetting(*change))
        self.go_on(count)

    @rule(choice=st.sampled_from(ModeChoice), count=cycles)
    def mode(self, choice: ModeChoice, count: int) -> None:
        self.bench.command(ChooseMode(choice))
        self.go_on(count)

    @rule(limit=limits, after=st.none() | limits, count=cycles, gap=gaps)
    def a_program_lends(self, limit: Limit, after: Limit | None, count: int, gap: int) -> None:
        self.plug_in_and_charge(2_000, anew=False)
        self.bench.command(limit)
        self.go_on(count, gap)
        self.bench.command(EndLimit() if after is None else after)
        self.go_on(count, 100)

    @rule(asked=by_hand, high=st.sampled_from(PLATEAUS), count=st.sampled_from((1, 40, 350)))
    def pilot_by_hand(self, asked: OverridePilot, high: int, count: int) -> None:
        self.plug_in_and_charge(2_000)
        self.bench.command(asked)
        self.go_on(count, 20)
        self.bench.high = high
        self.go_on(count, 20)

    # ---- meters ----

    @rule(role=st.sampled_from(MeterRole), currents=st.none() | amperes, count=st.sampled_from((1, 40, 150)))
    def meter_says(self, role: MeterRole, currents: PhaseCurrents | None, count: int) -> None:
        self.bench.meters[role] = currents
        self.go_on(count, 100)

    @rule(role=st.sampled_from(MeterRole), mode=st.sampled_from((ModeChoice.SMART, ModeChoice.SOLAR)))
    def meter_falls_silent(self, role: MeterRole, mode: ModeChoice) -> None:
        self.plug_in_and_charge(2_000)
        self.bench.command(ChooseMode(mode))
        self.bench.meters[role] = None
        self.go_on(650, 100)

    @rule(role=st.sampled_from(MeterRole), currents=st.none() | amperes, power=st.sampled_from(AMPERES), wh=energies)
    def meter_read(self, role: MeterRole, currents: PhaseCurrents | None, power: int, wh: int | None) -> None:
        self.bench.event(MeterRead(role, currents, power, wh, wh))
        self.go_on(1)

    @rule(role=st.sampled_from(MeterRole), answering=st.booleans())
    def meter_health(self, role: MeterRole, answering: bool) -> None:
        self.bench.event(MeterHealthChanged(role, MeterHealth("bus", answering)))
        self.go_on(1)

    # ---- the process ----

    @rule(gap=st.sampled_from((10, 2_000)), count=cycles)
    def restart(self, gap: int, count: int) -> None:
        self.bench.restart()
        self.go_on(count, gap)

    @rule(count=cycles)
    def leave(self, count: int) -> None:
        self.bench.event(Leaving())
        self.go_on(count)
        self.bench.restart()
        self.go_on(1)

    @rule(latched=st.booleans())
    def restart_without_faults(self, latched: bool) -> None:
        """The file with what was saved was replaced by hand, or not."""
        saved = self.bench.core.saved
        self.bench.restart(saved if latched else replace(saved, latched=()))
        self.go_on(1)
