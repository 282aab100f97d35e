"""A node's obedience: what it makes of its master's words and of its silence."""

import pytest

from evsed.core.actions import Note, Severity
from evsed.core.charger_bus import heard
from evsed.core.controller import Controller
from evsed.core.events import ChangeSetting, ChooseMode
from evsed.core.faults import Fault
from evsed.core.model import Mode, ModeChoice, PhaseCurrents
from evsed.core.node import Node
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.wire import COMM_B_OK, COMM_C_OK, MasterOffered, MasterSet, MasterTold
from tests.core.bench import V6, V9, Bench, configured
from tests.core.club import Club

NO_WORD = MasterTold()


def asked(node: Node, state: State, word: int) -> None:
    node.told(MasterTold(state=word), state, 0)


# ---- agreement ----


def test_it_is_agreed_only_to_what_is_asked_for_now() -> None:
    node = Node()
    asked(node, State.COMM_B, COMM_C_OK)
    assert not node.agreed(State.COMM_B)
    asked(node, State.B, COMM_B_OK)
    assert not node.agreed(State.B)
    asked(node, State.COMM_B, COMM_B_OK)
    assert node.agreed(State.COMM_B)
    assert not node.agreed(State.COMM_C)
    node.moved(State.B, 0)
    assert not node.agreed(State.COMM_B), "an agreement is used up"


def test_the_contactor_waits_until_the_master_has_said_how_much() -> None:
    node = Node()
    asked(node, State.COMM_C, COMM_C_OK)
    assert not node.agreed(State.COMM_C)
    node.offered(MasterOffered(60, None), 0)
    assert node.agreed(State.COMM_C)


def test_what_was_offered_before_the_master_was_asked_does_not_count() -> None:
    node = Node()
    node.offered(MasterOffered(160, None), 0)
    asked(node, State.COMM_B, COMM_B_OK)
    node.moved(State.B, 0)
    assert node.offer(State.B, 60, 0) == 60
    assert node.offer(State.C, 60, 0) == 0
    node.offered(MasterOffered(100, None), 0)
    assert node.offer(State.B, 60, 0) == 100
    assert node.offer(State.B1, 60, 0) == 60


# ---- silence ----


def test_a_silent_master_means_min_after_5_s_and_counts_as_lost_after_9_s() -> None:
    node = Node()
    node.offered(MasterOffered(160, None), 1_000)
    assert (node.offer(State.C, 60, 5_999), node.offer(State.C, 60, 6_000)) == (160, 60)
    assert (node.lost(9_999), node.lost(10_000)) == (False, True)


def test_a_master_that_was_never_heard_has_its_time_from_the_beginning() -> None:
    node = Node()
    assert not node.lost(100_000), "it has not begun"
    node.begin(100_000)
    node.begin(105_000)
    assert (node.lost(108_999), node.lost(109_000)) == (False, True)


# ---- what is lacking ----


@pytest.mark.parametrize(
    ("error", "mode", "lack", "lost"),
    [
        (0, Mode.SOLAR, None, False),
        (1, Mode.NORMAL, Fault.NO_POWER, False),
        (1, Mode.SMART, Fault.NO_POWER, False),
        (1, Mode.SOLAR, Fault.NO_SUN, False),
        (2, Mode.SMART, None, True),
        (3, Mode.SMART, Fault.NO_POWER, True),
        (16, Mode.SMART, None, False),
    ],
)
def test_the_masters_error_bits(error: int, mode: Mode, lack: Fault | None, lost: bool) -> None:
    node = Node()
    node.told(MasterTold(error=error), State.B1, 0)
    node.told(NO_WORD, State.B1, 0)
    assert (node.lack(mode, 0), node.lost(0)) == (lack, lost)


def test_the_masters_stop_timer_runs_on() -> None:
    node = Node()
    assert node.solar_stop_ms(0) is None
    node.told(MasterTold(solar_s=60), State.C, 0)
    assert [node.solar_stop_ms(now) for now in (0, 20_000, 70_000)] == [60_000, 40_000, 0]
    node.told(MasterTold(solar_s=0), State.C, 0)
    assert node.solar_stop_ms(0) is None


def test_a_node_stops_by_itself_when_its_stop_timer_is_over_until_the_master_forgives_that() -> None:
    node = Node()
    node.told(MasterTold(error=0, mode=Mode.SOLAR, solar_s=60), State.C, 0)
    assert node.lack(Mode.SOLAR, 59_999) is None
    assert node.lack(Mode.SOLAR, 60_000) is Fault.NO_SUN
    assert node.lack(Mode.SMART, 60_000) is None
    node.told(MasterTold(state=State.B1, error=1), State.B1, 62_000)
    assert node.lack(Mode.SOLAR, 62_000) is Fault.NO_SUN
    node.told(MasterTold(state=State.B1, error=0), State.B1, 64_000)
    assert (node.lack(Mode.SOLAR, 64_000), node.solar_stop_ms(64_000)) == (None, None)
    node.told(MasterTold(error=0, mode=Mode.SOLAR, solar_s=60), State.C, 70_000)
    node.told(MasterTold(error=0), State.C, 80_000)
    assert node.solar_stop_ms(80_000) == 50_000, "nothing had to be forgiven: the timer runs on"


def test_the_car_is_not_told_of_more_right_after_a_change() -> None:
    node = Node()
    assert node.gently(State.C, 160, 0) == 160
    assert node.gently(State.C, 60, 1_000) == 60
    assert node.gently(State.C, 80, 5_999) == 60
    assert node.gently(State.C, 80, 6_000) == 80
    assert node.gently(State.B1, 60, 6_010) == 60
    assert node.gently(State.B, 160, 6_020) == 160


# ---- a whole node ----


def node_bench() -> Bench:
    bench = Bench(Saved(settings=configured(loadbl=2)))
    bench.meter_sunny()
    bench.event(MasterOffered(0, None))
    bench.high = V9
    bench.run(1_000, 50)
    return bench


def until(bench: Bench, state: State, offer: int = 60) -> None:
    for _ in range(200):
        if bench.state is state:
            return
        bench.event(MasterOffered(offer, None))
        bench.run(200, 50)
    raise AssertionError(f"{bench.state.name} and not {state.name}: {bench.reason}")


def charging() -> Bench:
    bench = node_bench()
    until(bench, State.COMM_B)
    bench.event(MasterTold(state=COMM_B_OK))
    bench.cycle()
    bench.event(MasterOffered(80, None))
    bench.high = V6
    until(bench, State.COMM_C, 80)
    bench.event(MasterTold(state=COMM_C_OK))
    until(bench, State.C, 80)
    return bench


def test_a_node_waits_for_the_masters_word_twice() -> None:
    bench = node_bench()
    until(bench, State.COMM_B)
    bench.high = V6
    for _ in range(30):
        bench.event(MasterOffered(60, None))
        bench.run(1_000, 50)
        assert bench.state is State.COMM_B
    bench.event(MasterTold(state=COMM_B_OK))
    until(bench, State.COMM_C)
    for _ in range(30):
        bench.event(MasterOffered(60, None))
        bench.run(1_000, 50)
        assert (bench.state, bench.closed) == (State.COMM_C, False)
    bench.event(MasterTold(state=COMM_C_OK))
    until(bench, State.C)
    assert bench.closed


@pytest.mark.parametrize("state", [State.COMM_B, State.COMM_C])
def test_a_charger_that_is_a_node_no_more_goes_on_by_itself(state: State) -> None:
    bench = node_bench()
    until(bench, State.COMM_B)
    bench.high = V6
    if state is State.COMM_C:
        bench.event(MasterTold(state=COMM_B_OK))
        until(bench, State.COMM_C)
    bench.change(ChangeSetting("loadbl", 0))
    bench.run_to(State.C, 30_000, 50)


def test_a_charger_that_becomes_a_node_stops_and_asks() -> None:
    bench = Bench(Saved(settings=configured())).charge()
    bench.change(ChangeSetting("loadbl", 3))
    assert bench.state is State.C1


def test_no_node_exceeds_its_own_max() -> None:
    bench = charging()
    bench.change(ChangeSetting("current_max", 7))
    for _ in range(6):
        bench.event(MasterOffered(80, None))
        bench.run(1_000, 50)
    assert bench.core.snapshot(bench.now).offer == 70
    assert bench.core.snapshot(bench.now).limited_by == "MAX"


def test_the_masters_mains_are_shown_on_the_node() -> None:
    bench = node_bench()
    bench.event(MasterOffered(0, PhaseCurrents(12, 34, 56)))
    assert bench.core.snapshot(bench.now).mains == PhaseCurrents(12, 34, 56)


def test_what_the_master_sets_is_set_and_what_it_may_not_is_noted() -> None:
    core = Controller(Saved(settings=configured(loadbl=2)), 0)
    assert heard(core, MasterSet((("current_max_circuit", 20), ("current_main", 30))), 0) == []
    assert (core.desk.settings.current_max_circuit, core.desk.settings.current_main) == (20, 30)
    [note] = heard(core, MasterSet((("current_main", 9_999),)), 0)
    assert isinstance(note, Note)
    assert note.severity is Severity.WARNING
    assert note.text.startswith("the master: ")
    assert core.desk.settings.current_main == 30


def test_the_masters_mode_is_taken_over_and_a_missing_one_is_not() -> None:
    bench = node_bench()
    bench.event(MasterTold(mode=Mode.SOLAR))
    assert bench.settings.mode == Mode.SOLAR
    bench.event(MasterTold(error=0))
    assert bench.settings.mode == Mode.SOLAR


def test_solar_on_a_node_asks_its_master_and_no_sun_of_its_own() -> None:
    bench = charging()
    bench.change(ChooseMode(ModeChoice.SOLAR))
    bench.event(MasterTold(solar_s=90))
    assert bench.core.snapshot(bench.now).solar_stop_s == 90
    assert bench.state is State.C


def test_a_node_without_its_master_says_so() -> None:
    club = Club(2)
    club.dead.add(0)
    club.plug(1)
    club.run(12)
    assert club.snapshot(1).error is Fault.METER_LOST
    assert club.states[1] in {State.A, State.B1}
