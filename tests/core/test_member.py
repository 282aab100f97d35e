"""One charger as its master sees it: where it stands, what it still holds, what its car takes."""

import pytest

from evsed.core.appetite import Appetite
from evsed.core.faults import Fault
from evsed.core.member import COMES_WITHIN_MS, GONE_MS, LOOKS, Member
from evsed.core.model import Access, Mode, PhaseCurrents
from evsed.core.states import State
from evsed.core.units import Deciamps
from evsed.core.wire import POLLS_MISSED, NodeStatus


def says(state: State, current: Deciamps = 0, error: int = 0, access: Access = Access.ALLOW) -> NodeStatus:
    return NodeStatus(int(state), error, current, Mode.NORMAL, 0, access, config_changed=False, most=160)


def heard(state: State, current: Deciamps = 0) -> Member:
    member = Member(1)
    member.hear(says(state, current))
    return member


def charging(share: Deciamps = 80) -> Member:
    member = heard(State.COMM_C)
    member.admitted = member.granted = True
    member.give(share, 0)
    member.hear(says(State.C, share))
    return member


# ---- there or not ----


def test_nobody_is_there_before_it_answered() -> None:
    member = Member(3)
    assert not member.present
    for _ in range(LOOKS):
        assert not member.polled
        member.miss(0)
    assert (member.present, member.polled, member.gone_at) == (False, True, None)


def test_five_missed_polls_make_it_gone_and_one_answer_brings_it_back() -> None:
    member = charging()
    for poll in range(POLLS_MISSED):
        assert member.present
        member.miss(poll)
    assert not member.present
    assert member.gone_at == POLLS_MISSED - 1
    assert member.leaving
    member.miss(10)
    assert member.missed == POLLS_MISSED
    member.hear(says(State.C, 80))
    assert (member.present, member.gone_at, member.drawing) == (True, None, True)


def test_what_has_vanished_keeps_its_share_until_it_must_have_stopped() -> None:
    member = charging()
    for _ in range(POLLS_MISSED):
        member.miss(1_000)
    member.free(1_000 + GONE_MS - 1)
    assert (member.leaving, member.held) == (True, 80)
    member.free(1_000 + GONE_MS)
    assert (member.leaving, member.held, member.admitted, member.state) == (False, 0, False, State.A)


def test_what_vanishes_with_an_open_contactor_holds_nothing() -> None:
    member = heard(State.B)
    for _ in range(POLLS_MISSED):
        member.miss(1_000)
    assert (member.gone_at, member.leaving, member.asks_pulses) == (None, False, False)


# ---- what it holds ----


def test_it_holds_what_it_says_until_it_says_less() -> None:
    member = charging(160)
    member.give(80, 10)
    member.hear(says(State.C, 160))
    assert member.held == 160
    member.hear(says(State.C, 80))
    assert member.held == 80
    member.hear(says(State.C, 60))
    assert member.held == 80, "it may go up to its share at any time"


@pytest.mark.parametrize("state", [State.B, State.B1, State.A])
def test_it_holds_nothing_any_more_when_it_has_stopped(state: State) -> None:
    member = charging()
    member.hear(says(State.C1, 80))
    assert (member.may_be_closed, member.held) == (True, 80)
    member.hear(says(state))
    assert (member.may_be_closed, member.admitted, member.held) == (False, False, 0)


def test_a_granted_contactor_may_be_closed_though_it_has_not_said_so() -> None:
    member = heard(State.COMM_C)
    member.admitted = member.granted = True
    member.give(60, 0)
    member.hear(says(State.COMM_C, 60))
    assert (member.may_be_closed, member.drawing, member.held) == (True, True, 60)


def test_a_short_return_of_the_car_to_9_v_keeps_its_place() -> None:
    member = charging()
    member.hear(says(State.COMM_C, 60))
    assert (member.admitted, member.asks_contactor, member.held) == (True, True, 80)


def test_one_that_was_found_charging_goes_on_with_what_it_has() -> None:
    member = heard(State.C, 120)
    assert member.found_charging
    assert (member.share, member.held, member.leaving) == (120, 120, True)
    member.refused = Fault.NO_POWER
    assert not member.found_charging


# ---- whether it wants ----


@pytest.mark.parametrize(
    ("status", "wants"),
    [
        (says(State.A), False),
        (says(State.B1), True),
        (says(State.COMM_B), True),
        (says(State.C), True),
        (says(State.B1, error=1), True),
        (says(State.B1, error=2), True),
        (says(State.B1, error=16), False),
        (says(State.B1, access=Access.DENY), False),
        (says(State.B1, access=Access.PAUSE), False),
    ],
)
def test_who_cannot_charge_does_not_wait_for_its_turn(status: NodeStatus, wants: bool) -> None:
    member = Member(1)
    member.refused = Fault.NO_POWER if status.state else None
    member.hear(status)
    assert member.wants is wants
    assert member.waiting is (wants and status.state != State.C)


def test_unplugging_ends_the_wait() -> None:
    member = heard(State.B1)
    member.refused, member.not_before, member.offered_at = Fault.NO_POWER, 60_000, 0
    member.hear(says(State.A))
    assert (member.refused, member.not_before, member.offered_at) == (None, 0, None)


def test_a_place_is_kept_for_a_minute() -> None:
    member = heard(State.B1)
    assert not member.expected(0)
    member.offered_at = 5_000
    assert member.expected(5_000 + COMES_WITHIN_MS - 1)
    assert not member.expected(5_000 + COMES_WITHIN_MS)
    member.admitted = True
    assert not member.expected(5_000)


def test_an_agreement_to_pulses_is_for_the_request_that_was_made() -> None:
    member = heard(State.COMM_B)
    member.pulses_agreed = True
    assert member.may_offer
    member.hear(says(State.COMM_B))
    assert member.pulses_agreed
    member.hear(says(State.B))
    assert (member.pulses_agreed, member.may_offer) == (False, True)
    member.hear(says(State.COMM_B))
    assert not member.may_offer


def test_its_share_rises_5_s_after_it_changed() -> None:
    member = Member(0)
    assert member.may_rise(0)
    member.give(80, 1_000)
    member.give(80, 3_000)
    assert (member.may_rise(5_999), member.may_rise(6_000)) == (False, True)


# ---- its meter ----


def test_its_meter_tells_for_5_s_and_with_the_reading_before() -> None:
    member = charging()
    assert member.drawn(0) is None
    member.meter(PhaseCurrents(80, 80, 80), 1_000)
    member.meter(PhaseCurrents(60, 90, 80), 2_000)
    assert member.drawn(7_000) == PhaseCurrents(80, 90, 80)
    assert member.drawn(7_001) is None


@pytest.mark.parametrize(
    ("currents", "legs"),
    [((80, 0, 0), 1), ((80, 78, 0), 2), ((80, 80, 80), 3), ((20, 0, 0), 3)],
)
def test_the_phases_that_a_car_uses_are_seen_while_it_draws(currents: tuple[int, int, int], legs: int) -> None:
    member = charging()
    member.meter(PhaseCurrents(*currents), 0)
    assert member.legs == legs


def test_what_a_car_takes_is_known_while_its_meter_speaks() -> None:
    member = charging(160)
    for second in range(32):
        member.meter(PhaseCurrents(70, 70, 70), second * 1_000)
    assert member.takes(31_000) == 85
    assert member.takes(40_000) is None
    member.hear(says(State.B1))
    assert member.appetite.takes is None


# ---- appetite ----


def fed(*readings: tuple[int, Deciamps, Deciamps]) -> Appetite:
    appetite = Appetite()
    for second, drawn, offered in readings:
        appetite.feed(drawn, offered, second * 1_000)
    return appetite


@pytest.mark.parametrize(
    ("readings", "takes"),
    [
        ([(0, 70, 160), (29, 70, 160)], None),
        ([(0, 70, 160), (30, 70, 160)], 85),
        ([(0, 70, 160), (10, 90, 160), (30, 60, 160)], 105),
        ([(0, 145, 160), (60, 145, 160)], None),  # within 1.5 A
        ([(0, 70, 160), (20, 150, 160), (30, 70, 160)], None),
        ([(0, 70, 160), (20, 156, 160), (49, 70, 160)], None),
        ([(0, 70, 160), (30, 70, 160), (31, 80, 85)], None),  # within 0.5 A of its offer: all is its again
        ([(0, 70, 160), (30, 70, 160), (31, 100, 160)], 115),  # it was left more all the same
        ([(0, 70, 160), (30, 70, 160), (31, 40, 85), (61, 40, 85)], 55),
    ],
)
def test_what_a_car_leaves_for_30_s_is_for_others(readings: list[tuple[int, int, int]], takes: int | None) -> None:
    assert fed(*readings).takes == takes
