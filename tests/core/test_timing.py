"""Every time that facts/hardware.md and facts/charging.md name: not yet at the limit - 1 ms, there at the limit.

IEC 61851-1 Table A.6 sequences by number. What must happen within a time is measured from the first look that shows it,
under every pattern of sampling.
"""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from evsed.core.actions import OpenContactors, Pilot
from evsed.core.events import ChooseMode, Override, Tick
from evsed.core.faults import Fault
from evsed.core.model import MeterRole, ModeChoice, PhaseCurrents
from evsed.core.states import State
from tests.core.bench import V3, V6, V9, V12, Bench, offered
from tests.core.timing import at_limit, charging, connected

gaps = st.lists(st.integers(1, 90), min_size=3, max_size=12)
"""Sampling as late and as irregular as can be; repeated until the contactor is open."""

many = settings(max_examples=150, derandomize=True, database=None, deadline=None)


def opens_after(bench: Bench, high: int, pattern: list[int], first_gap: int) -> int:
    """From the first look that shows ``high`` to the action that opens the contactor, in ms."""
    bench.high = high
    bench.cycle(first_gap)
    first = bench.now
    for gap in itertools.cycle(pattern):
        if not bench.closed or bench.now - first > 1_000:
            break
        assert (OpenContactors() in bench.cycle(gap)) is not bench.closed
    assert not bench.closed
    return bench.now - first


# ---- off: sequences 2.2, 8.x, faults ----


@many
@given(pattern=gaps, first_gap=st.integers(1, 90), high=st.sampled_from((V12, 11_000, 13_000)))
def test_seq_2_2_an_unplugged_car_opens_within_100_ms_of_the_first_look(
    pattern: list[int], first_gap: int, high: int
) -> None:
    bench = charging()
    assert opens_after(bench, high, pattern, first_gap) <= 100
    assert bench.state is State.A


@many
@given(pattern=gaps, first_gap=st.integers(1, 90), high=st.sampled_from((V9, 8_000, 10_000)))
def test_seq_8_a_car_that_opens_s2_opens_the_contactor_within_100_ms_of_the_first_look(
    pattern: list[int], first_gap: int, high: int
) -> None:
    bench = charging()
    assert opens_after(bench, high, pattern, first_gap) <= 100
    assert bench.state is State.B


@pytest.mark.parametrize("high", [V9, V12])
def test_the_worst_sampling_opens_just_in_time(high: int) -> None:
    """A second look too early to act on, and the third as late as can be."""
    for early in range(1, 91):
        assert opens_after(charging(), high, [early, 90, 90], 90) <= 100


@many
@given(looks=st.lists(st.tuples(st.sampled_from((V9, V12)), st.integers(1, 90)), min_size=40, max_size=40))
def test_a_plug_that_leaves_by_way_of_9_v_opens_within_100_ms_of_the_first_look(looks: list[tuple[int, int]]) -> None:
    bench = charging()
    first: int | None = None
    for high, gap in looks:
        bench.high = high
        bench.cycle(gap)
        first = bench.now if first is None else first
        if not bench.closed:
            break
    assert first is not None
    assert not bench.closed
    assert bench.now - first <= 100


@many
@given(pattern=gaps, first_gap=st.integers(1, 90), high=st.sampled_from((0, 999, 1_700, 4_590, 7_500, 10_400, -12_000)))
def test_a_short_or_an_invalid_level_opens_by_500_ms(pattern: list[int], first_gap: int, high: int) -> None:
    bench = charging()
    assert opens_after(bench, high, pattern, first_gap) <= 500
    assert bench.has(Fault.PILOT)


@many
@given(
    looks=st.lists(
        st.tuples(st.sampled_from((0, 1_500, 4_500, 7_500, 10_500, -12_000)), st.integers(1, 90)),
        min_size=2,
        max_size=9,
    ),
)
def test_levels_that_make_no_sense_together_open_by_500_ms_of_the_first(looks: list[tuple[int, int]]) -> None:
    bench = charging()
    first: int | None = None
    for high, gap in itertools.cycle(looks):
        bench.high = high
        bench.cycle(gap)
        first = bench.now if first is None else first
        if not bench.closed or bench.now - first > 600:
            break
    assert first is not None
    assert not bench.closed
    assert bench.now - first <= 500


def test_disagreement_opens_by_500_ms_with_the_slowest_looks() -> None:
    bench = charging()
    first = bench.now + 90
    for high in (0, 7_500, 0, 7_500, 0, 7_500):
        bench.high = high
        bench.cycle(90)
    assert not bench.closed
    assert bench.opened_at() is not None
    assert (bench.opened_at() or 0) - first <= 500


@many
@given(pattern=gaps)
def test_a_lost_diode_opens_by_3_s_of_the_last_negative_half(pattern: list[int]) -> None:
    bench = charging()
    last = bench.now
    bench.diode = False
    for gap in itertools.cycle(pattern):
        bench.cycle(gap)
        if not bench.closed or bench.now - last > 3_500:
            break
    assert not bench.closed
    assert bench.now - last <= 3_000
    assert bench.has(Fault.DIODE)


def test_without_a_sample_the_contactor_is_closed_for_100_ms_and_no_longer() -> None:
    bench = charging()
    begun = bench.now
    while bench.now < begun + 100:
        bench.now += 1
        bench.event(Tick())
        assert bench.closed
    bench.now += 1
    assert OpenContactors() in bench.event(Tick())
    assert bench.has(Fault.PILOT)


def test_a_fault_opens_and_takes_the_pilot_to_state_e_with_the_same_look() -> None:
    bench = charging(rcmon=1)
    bench.residual = True
    actions = bench.cycle(1)
    assert actions[0] == OpenContactors()
    assert bench.outputs.pilot.kind is Pilot.OFF


def test_3_v_in_c_is_a_stop_in_order_after_300_ms() -> None:
    bench = charging()
    bench.high = V3
    bench.cycle()
    bench.run(280)
    assert bench.state is State.C
    bench.run(20)
    assert (bench.state, bench.reason) == (State.C1, "stopping")


def test_a_permit_ends_after_500_ms() -> None:
    bench = charging()
    assert bench.core.permit.at(bench.now + 499).contactor1
    assert not bench.core.permit.at(bench.now + 500).contactor1


def test_a_loop_held_up_for_more_than_the_lease_does_not_close_again_by_itself() -> None:
    bench = charging()
    bench.cycle(100)
    assert bench.closed
    bench = charging()
    bench.cycle(500)
    assert not bench.closed
    assert bench.state is not State.C


# ---- on: sequences 4, 6, and the waits before ----


def test_6_v_must_be_held_for_500_ms() -> None:
    bench = connected()
    bench.run(1_000)
    bench.high = V6
    bench.cycle()
    at_limit(bench, bench.now, 500, lambda: bench.closed)


def test_b_lasts_500_ms_also_for_a_car_that_comes_with_6_v() -> None:
    bench = Bench()
    bench.run(1_500, 50)
    bench.high = V6
    bench.run_to(State.B, 2_000)
    at_limit(bench, bench.now, 500, lambda: bench.closed)


@pytest.mark.parametrize("given", [{}, {"lock": 1}, {"rcmon": 1}, {"lock": 2, "rcmon": 1}])
def test_seq_4_the_contactor_closes_within_3_s_of_6_v(given: dict[str, object]) -> None:
    bench = connected(**given)
    bench.feedback = "follows"
    bench.run(1_000)
    bench.high = V6
    assert bench.run_to(State.C, 3_000) <= 3_000


def test_seq_6_overdraw_counts_after_7_s_and_not_before() -> None:
    """The car's 5 s to follow are within them."""
    bench = charging(ev_meter="Eastron3P")
    bench.meters[MeterRole.EV] = PhaseCurrents(143, 0, 0)  # a tenth above 13 A
    bench.run(20_000, 50)
    assert bench.closed
    bench.meters[MeterRole.EV] = PhaseCurrents(144, 0, 0)
    bench.run(1_000, 50)
    begun = bench.now // 1_000 * 1_000
    while not bench.has(Fault.OVERDRAW):
        bench.cycle(50)
    assert 6_000 <= bench.now - begun <= 7_100


def test_at_least_5_s_between_changes_of_the_duty_that_protect_nothing() -> None:
    bench = charging()
    bench.change(Override(80))
    lowered = bench.now
    assert offered(bench) == 80
    bench.change(Override(0))
    at_limit(bench, lowered, 5_000, lambda: offered(bench) == 130)


def test_a_lower_limit_counts_at_once_whenever_the_duty_changed() -> None:
    bench = charging()
    for current in (120, 110, 60):
        bench.change(Override(current))
        assert offered(bench) == current


# ---- stopping: sequences 10.1, 10.2, X1, pilot off, delays ----


def test_seq_10_1_the_pulses_end_with_the_stop_and_the_contactor_with_s2() -> None:
    bench = charging()
    bench.change(ChooseMode(ModeChoice.OFF))
    assert (bench.state, bench.outputs.pilot.kind) == (State.C1, Pilot.HIGH)
    bench.run(3_000)
    assert bench.closed
    bench.high = V9
    assert bench.run_to(State.B1, 100) <= 100
    assert not bench.closed


def test_seq_10_2_the_contactor_opens_under_load_after_6_s() -> None:
    bench = charging()
    bench.change(ChooseMode(ModeChoice.OFF))
    at_limit(bench, bench.now, 6_000, lambda: not bench.closed)
    assert bench.state is State.B1


def test_x1_lasts_3_s_before_pulses_resume() -> None:
    bench = connected()
    bench.change(ChooseMode(ModeChoice.PAUSE))
    begun = bench.now
    assert (bench.state, bench.outputs.pilot.kind) == (State.B1, Pilot.HIGH)
    bench.change(ChooseMode(ModeChoice.NORMAL))
    at_limit(bench, begun, 3_000, lambda: bench.outputs.pilot.kind is Pilot.PWM)


def test_the_pilot_is_off_for_5_s_in_b1_while_access_is_on() -> None:
    bench = connected()
    bench.temperature = 66
    bench.cycle()
    begun = bench.now
    assert (bench.state, bench.outputs.pilot.kind) == (State.B1, Pilot.OFF)
    bench.temperature = 25
    at_limit(bench, begun, 5_000, lambda: bench.outputs.pilot.kind is not Pilot.OFF)
    assert bench.run_to(State.B, 100) > 0


def test_the_charge_delay_after_c1_is_15_s() -> None:
    bench = charging()
    bench.change(ChooseMode(ModeChoice.OFF))
    begun = bench.now
    bench.high = V9
    bench.run_to(State.B1, 100)
    bench.change(ChooseMode(ModeChoice.NORMAL))
    assert bench.reason == "charge_delay"
    at_limit(bench, begun, 15_000, lambda: bench.state is State.B)


def test_a_push_on_the_switch_stops_for_15_s() -> None:
    bench = charging(switch=0)
    bench.switch = True
    bench.run_to(State.C1, 200)
    begun = bench.now
    bench.high = V9
    at_limit(bench, begun, 15_000, lambda: bench.state is State.B)


# ---- waking ----


def test_a_sleeping_car_is_woken_after_30_s_for_3_s_once() -> None:
    bench = connected()
    at_limit(bench, bench.now, 30_000, lambda: bench.state is State.ACTIVATE, 50)
    assert bench.outputs.pilot.kind is Pilot.LOW
    at_limit(bench, bench.now, 3_000, lambda: bench.state is State.B)
    bench.run(120_000, 50)
    assert bench.state is State.B
    bench.high = V12
    bench.run_to(State.A, 100)
    bench.high = V9
    bench.run_to(State.B, 1_000)
    at_limit(bench, bench.now, 30_000, lambda: bench.state is State.ACTIVATE, 50)
