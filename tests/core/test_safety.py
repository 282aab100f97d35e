"""permit(): every combination of what it is judged by, against the rule as the design states it."""

import itertools

import pytest

from evsed.core.actions import (
    PILOT_HIGH,
    PILOT_LOW,
    PILOT_OFF,
    SAFE,
    CloseContactors,
    DrivePilot,
    OpenContactors,
    Outputs,
    Pilot,
    PilotDrive,
    changes,
    pilot_offering,
)
from evsed.core.model import Access
from evsed.core.safety import Facts, permit
from evsed.core.states import State

PILOTS = (pilot_offering(60), PILOT_HIGH, PILOT_LOW, PILOT_OFF)
TIMES = (0, 5_999, 6_000, 60_000)
AGES = (None, 0, 100, 101)
BOOLS = (False, True)


def every_facts() -> list[Facts]:
    return [Facts(*row) for row in itertools.product(State, TIMES, Access, BOOLS, BOOLS, BOOLS, AGES)]


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
        )
        return not refused
    if facts.state is State.C1:
        return facts.in_state_ms <= 5_999 and not facts.opening_fault
    return False


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize("second", BOOLS)
def test_permit_refuses_whatever_the_rule_does_not_allow(pilot: PilotDrive, second: bool) -> None:
    wanted = Outputs(contactor1=True, contactor2=second, pilot=pilot)
    for facts in every_facts():
        allowed = may_close(pilot.kind is Pilot.PWM, facts)
        assert permit(wanted, facts) == (wanted if allowed else Outputs(pilot=pilot)), facts


def test_permit_never_adds() -> None:
    for facts in every_facts():
        assert permit(SAFE, facts) == SAFE
        assert permit(Outputs(contactor2=True), facts) == SAFE


def test_changes_open_first_and_say_what_closes() -> None:
    closed = Outputs(contactor1=True, contactor2=False, pilot=PILOTS[0])
    both = Outputs(contactor1=True, contactor2=True, pilot=PILOTS[0])
    assert changes(closed, SAFE) == [OpenContactors(), DrivePilot(PILOT_HIGH)]
    assert changes(SAFE, both) == [DrivePilot(PILOTS[0]), CloseContactors(second=True)]
    assert changes(closed, both) == [CloseContactors(second=True)]
    assert changes(both, both) == []
