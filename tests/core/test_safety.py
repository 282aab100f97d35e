"""permit(): every combination of what it is judged by, against the rule as the design states it."""

import ast
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import evsed
from evsed.core import asking
from evsed.core.actions import (
    PILOT_HIGH,
    PILOT_LOW,
    PILOT_OFF,
    SAFE,
    CloseContactors,
    DrivePilot,
    LockDrive,
    OpenContactors,
    Outputs,
    Pilot,
    PilotDrive,
    changes,
    pilot_offering,
)
from evsed.core.controller import Controller
from evsed.core.duty import current_for
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.safety import LEASE_MS, Facts, Permit, permit
from evsed.core.states import State
from tests.core.bench import Bench

PILOTS = (pilot_offering(60), PILOT_HIGH, PILOT_LOW, PILOT_OFF)
TIMES = (0, 5_999, 6_000, 60_000)
AGES = (None, 0, 100, 101)
BOOLS = (False, True)
NOW = 1_000
GOOD = Facts(
    state=State.C,
    in_state_ms=0,
    access=Access.ALLOW,
    diode_seen=True,
    stopping_fault=False,
    opening_fault=False,
    set_up=True,
    sample_age_ms=0,
    ceiling=800,
    before=SAFE,
)
CLOSED = Outputs(contactor1=True, contactor2=True, pilot=pilot_offering(160))


def every_facts() -> list[Facts]:
    rows = itertools.product(State, TIMES, Access, BOOLS, BOOLS, BOOLS, BOOLS, AGES)
    return [Facts(*row, ceiling=60, before=SAFE) for row in rows]


def facts(**given: object) -> Facts:
    return Facts(**{name: given.get(name, getattr(GOOD, name)) for name in Facts.__slots__})  # type: ignore[arg-type]


def may_close(pilot_is_pwm: bool, facts: Facts) -> bool:
    """The rule, written down a second time and the other way round."""
    if facts.sample_age_ms is None or facts.sample_age_ms > 100:
        return False
    if facts.state is State.C:
        refused = (
            not pilot_is_pwm
            or not facts.diode_seen
            or facts.stopping_fault
            or facts.access in {Access.DENY, Access.PAUSE}
            or not facts.set_up
        )
        return not refused
    if facts.state is State.C1:
        return facts.set_up and facts.in_state_ms <= 5_999 and not facts.opening_fault
    return False


def let_through(pilot: PilotDrive, facts: Facts) -> PilotDrive:
    return pilot if facts.set_up or pilot.kind is not Pilot.PWM else PILOT_HIGH


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize("second", BOOLS)
def test_permit_refuses_whatever_the_rule_does_not_allow(pilot: PilotDrive, second: bool) -> None:
    wanted = Outputs(contactor1=True, contactor2=second, pilot=pilot, lock=LockDrive.LOCK)
    for each in every_facts():
        refused = Outputs(pilot=let_through(pilot, each), lock=LockDrive.LOCK)
        allowed = may_close(pilot.kind is Pilot.PWM, each)
        assert permit(wanted, each, NOW).outputs == (wanted if allowed else refused), each


def test_permit_never_adds() -> None:
    for each in every_facts():
        assert permit(SAFE, each, NOW).outputs == SAFE
        assert permit(Outputs(contactor2=True), each, NOW).outputs == SAFE


def test_contactor_2_never_moves_while_contactor_1_is_closed() -> None:
    for now_second, then_second in itertools.product(BOOLS, BOOLS):
        before = Outputs(contactor1=True, contactor2=then_second, pilot=pilot_offering(160))
        wanted = Outputs(contactor1=True, contactor2=now_second, pilot=pilot_offering(160))
        outputs = permit(wanted, facts(before=before), NOW).outputs
        assert outputs.contactor1 == (now_second == then_second)
        assert outputs.contactor2 == (now_second and then_second)


@pytest.mark.parametrize("offer", [60, 61, 160, 509, 510, 530, 800])
@pytest.mark.parametrize("ceiling", [0, 59, 60, 61, 100, 160, 509, 510, 530, 799, 800, 9_999])
def test_the_pulses_never_announce_more_than_the_ceiling(offer: int, ceiling: int) -> None:
    wanted = Outputs(contactor1=True, pilot=pilot_offering(offer))
    outputs = permit(wanted, facts(ceiling=ceiling), NOW).outputs
    if ceiling < 60:
        assert outputs == SAFE
    else:
        assert current_for(outputs.pilot.pulses) <= min(offer, ceiling)
        assert current_for(outputs.pilot.pulses) >= min(offer, ceiling) - 20  # 51 to 53 A have no code
        assert outputs.contactor1
        if offer <= ceiling:
            assert outputs == wanted


def test_pulses_within_the_ceiling_stay_as_they_are() -> None:
    for pulses, ceiling in ((2_666, 160), (2_670, 160), (2_675, 160)):
        wanted = Outputs(pilot=PilotDrive(Pilot.PWM, pulses))
        assert current_for(pulses) <= ceiling
        assert permit(wanted, facts(ceiling=ceiling), NOW).outputs == wanted


def test_a_charger_that_is_not_set_up_any_more_stops_in_order_and_closes_never() -> None:
    stopping = Outputs(contactor1=True, contactor2=True)
    left = facts(state=State.C1, set_up=False, before=CLOSED)
    assert permit(stopping, left, NOW).outputs == stopping
    assert permit(stopping, facts(state=State.C1, set_up=False), NOW).outputs == SAFE
    assert permit(CLOSED, facts(set_up=False, before=CLOSED), NOW).outputs == SAFE


def test_the_self_test_never_runs_while_the_contactor_is_closed() -> None:
    testing = Outputs(contactor1=True, pilot=pilot_offering(160), rcm_test=True)
    assert not permit(testing, GOOD, NOW).outputs.rcm_test
    assert permit(Outputs(rcm_test=True), facts(state=State.B), NOW).outputs.rcm_test


def test_a_permit_expires_by_itself() -> None:
    given = permit(CLOSED, GOOD, NOW)
    assert given == Permit(CLOSED, NOW + LEASE_MS)
    assert given.at(NOW) == CLOSED
    assert given.at(NOW + LEASE_MS - 1) == CLOSED
    assert given.at(NOW + LEASE_MS) == SAFE
    assert given.at(NOW + LEASE_MS + 1) == SAFE
    assert given.at(NOW + 10 * LEASE_MS) == SAFE
    assert LEASE_MS == 500


@pytest.mark.parametrize("record", [GOOD, Permit(CLOSED, NOW)])
def test_what_is_judged_and_what_is_permitted_cannot_be_changed_afterwards(record: Facts | Permit) -> None:
    for name in record.__slots__:
        with pytest.raises(AttributeError):
            setattr(record, name, None)
    assert not hasattr(record, "__dict__")


def _access_off(core: Controller) -> None:
    core.desk.access = Access.PAUSE


def _waits(core: Controller) -> None:
    core.faults.set(Fault.NO_POWER, present=True, now=0)


def _no_diode(core: Controller) -> None:
    core.pilot._negatives = 0


def _stopped_long_ago(core: Controller) -> None:
    core.charger.state, core.charger.since = State.C1, core.permit.until - LEASE_MS - 6_000


def _stopped_with_a_fault(core: Controller) -> None:
    core.charger.state, core.charger.since = State.C1, core.permit.until - LEASE_MS
    core.faults.set(Fault.RCM, present=True, now=0)


def _not_set_up(core: Controller) -> None:
    core.desk.equipment = replace(core.desk.equipment, needs_set_up=True)
    core.desk.settings = core.desk.settings.replace("set_up", "Not done")


def _second_moved(core: Controller) -> None:
    core.charger.second_contactor = not core.charger.second_contactor


def permitted(bench: Bench, now: int) -> Permit:
    return bench.core._permitted(asking.moment(bench.core, now), now)


@pytest.mark.parametrize(
    "lie", [_access_off, _waits, _no_diode, _stopped_long_ago, _stopped_with_a_fault, _second_moved, _not_set_up]
)
def test_the_permit_is_told_the_truth_also_where_the_states_were_wrong(lie: Callable[[Controller], None]) -> None:
    """The state machine is passed over: what it would have done by itself is not done."""
    bench = Bench().charge()
    assert permitted(bench, bench.now).outputs.contactor1
    lie(bench.core)
    assert not permitted(bench, bench.now).outputs.contactor1


def test_the_permit_is_told_the_age_of_the_sample_and_the_ceiling() -> None:
    bench = Bench().charge()
    assert permitted(bench, bench.now + 100).outputs.contactor1
    assert not permitted(bench, bench.now + 101).outputs.contactor1
    bench.core.desk.override = 60
    assert current_for(permitted(bench, bench.now).outputs.pilot.pulses) == 60


def test_nobody_else_makes_permits() -> None:
    """``permit()`` is the only way to a closed contactor: the others are for safe outputs, and for a replay."""
    makers = [
        (path.name, ast.unparse(node))
        for path in Path(evsed.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Permit"
    ]
    assert sorted(makers) == [
        ("controller.py", "Permit(SAFE, now)"),
        ("engine.py", "Permit(core.permit.outputs, now + LEASE_MS)"),  # of evsed replay: virtual time, no outputs
        ("safety.py", "Permit(outputs, now + LEASE_MS)"),
    ]


def test_changes_open_first_and_say_what_closes() -> None:
    closed = Outputs(contactor1=True, contactor2=False, pilot=PILOTS[0])
    both = Outputs(contactor1=True, contactor2=True, pilot=PILOTS[0])
    assert changes(closed, SAFE) == [OpenContactors(), DrivePilot(PILOT_HIGH)]
    assert changes(SAFE, both) == [DrivePilot(PILOTS[0]), CloseContactors(second=True)]
    assert changes(closed, both) == [CloseContactors(second=True)]
    assert changes(both, both) == []
