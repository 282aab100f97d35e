"""The table of states, row by row: every combination of what it is judged by, against the rule in other words."""

import itertools
from dataclasses import replace

import pytest

from evsed.core import states
from evsed.core.charger import Charger, Situation
from evsed.core.model import Access
from evsed.core.pilot import Level
from evsed.core.states import CLOSED, OFFERING, RESTING, TRANSITIONS, State, Transition, Trigger, diagram, rows_of

LEVELS = (None, *Level)
TIMES = (0, 499, 500, 2_999, 3_000, 5_000, 5_999, 6_000, 29_999, 30_000)
BOOLS = (False, True)
SPARED = {State.B, State.ACTIVATE, State.COMM_B, State.COMM_C}
CAR = {Level.CONNECTED, Level.WANTS_POWER, Level.WANTS_VENTILATION}

MASTERED = ((False, False), (True, False), (True, True))  # no node, a node, a node whose master agrees

SITUATIONS = tuple(
    replace(Situation(*row), node=node, agreed=agreed)
    for row in itertools.product(LEVELS, (0, 59, 60), BOOLS, BOOLS, BOOLS, BOOLS, Access)
    for node, agreed in MASTERED
)


def follows(state: State, at: Situation, elapsed: int, *, woken: bool, fresh: bool) -> State | None:
    """Which state follows, by facts/charging.md and Table A.6; None: it stays."""
    wanted = at.offer >= 60 and not at.held_back and not at.opens_at_once
    if state is State.A:
        return follows_a(at, wanted=wanted, fresh=fresh)
    pulses = State.COMM_B if at.node else State.B
    if at.level is Level.UNPLUGGED:
        return State.A
    if state is State.B1:
        return pulses if at.level in CAR and wanted and elapsed >= 3_000 else None
    if at.opens_at_once:
        return State.B1
    if state in {State.C, State.C1}:
        return follows_closed(state, at, elapsed, wanted=wanted)
    if not wanted:
        return State.B1
    if state is State.ACTIVATE:
        return State.B if elapsed >= 3_000 else None
    asks = at.level is Level.WANTS_POWER and at.diode_seen and at.may_close
    if state in {State.COMM_B, State.COMM_C}:
        return follows_asking(state, at, asks=asks)
    if asks and elapsed >= 500:
        return State.COMM_C if at.node else State.C
    return State.ACTIVATE if elapsed >= 30_000 and not woken else None


def follows_asking(state: State, at: Situation, *, asks: bool) -> State | None:
    """A node that asks its master moves with its word only; one that is a node no more needs none."""
    free = at.agreed or not at.node
    if state is State.COMM_B:
        return State.B if free else None
    if at.level is Level.CONNECTED:
        return State.B
    return State.C if free and asks else None


def follows_a(at: Situation, *, wanted: bool, fresh: bool) -> State | None:
    if at.level not in CAR:
        return None
    if wanted and not fresh:
        return State.COMM_B if at.node else State.B
    return State.B1 if fresh or at.access is not Access.DENY else None


def follows_closed(state: State, at: Situation, elapsed: int, *, wanted: bool) -> State | None:
    if at.level is Level.CONNECTED:
        return State.B if state is State.C else State.B1
    if state is State.C1:
        return State.B1 if elapsed >= 6_000 else None
    return State.C1 if not wanted or at.level is Level.WANTS_VENTILATION else None


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("elapsed", TIMES)
def test_every_combination_leads_where_the_rule_says(state: State, elapsed: int) -> None:
    charger = Charger(0)
    charger.state = state
    for woken, fresh in itertools.product(BOOLS, BOOLS):
        charger._woken, charger._just_started = woken, fresh
        for situation in SITUATIONS:
            row = charger._due(situation, elapsed)
            found = None if row is None else row.target
            assert found is follows(state, situation, elapsed, woken=woken, fresh=fresh), situation


def all_times(state: State) -> None:
    for elapsed in TIMES:
        test_every_combination_leads_where_the_rule_says(state, elapsed)


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.source.name}-{row.trigger.name}")
def test_no_row_can_be_left_out_or_lead_elsewhere(row: Transition, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof above would notice: it is run against a table without the row, and with other targets."""
    rows = rows_of(row.source)
    spare = row.trigger is Trigger.MUST_OPEN and row.source in SPARED  # MUST_STOP says the same
    others = [] if spare else [tuple(each for each in rows if each is not row)]
    others += [
        tuple(row._replace(target=target) if each is row else each for each in rows)
        for target in State
        if target is not row.target
    ]
    for table in others:
        monkeypatch.setitem(states._ROWS, row.source, table)
        with pytest.raises(AssertionError):
            all_times(row.source)


def test_the_numbers_and_texts_are_those_of_the_clients() -> None:
    assert {state.name: int(state) for state in State} == {
        "A": 0, "B": 1, "C": 2, "COMM_B": 4, "COMM_C": 6, "ACTIVATE": 8, "B1": 9, "C1": 10,
    }  # fmt: skip
    assert [state.text for state in State] == [
        "Ready to Charge", "Connected to EV", "Charging", "Request State B", "Request State C", "Activate",
        "Charging Stopped", "Stop Charging",
    ]  # fmt: skip


def test_what_the_states_have_in_common() -> None:
    assert {State.C, State.C1} == CLOSED
    assert {State.A, State.COMM_B, State.B1} == RESTING
    assert {State.B, State.C, State.COMM_C, State.ACTIVATE} == OFFERING


def test_the_rows_of_a_state_are_its_own_and_the_diagram_shows_all() -> None:
    for state in State:
        assert rows_of(state) == tuple(row for row in TRANSITIONS if row.source is state)
    assert diagram().startswith("stateDiagram-v2\n    [*] --> A\n    A --> B1: car found at start-up\n")
    assert diagram().endswith("    B1 --> COMM_B: the same on a node, which asks its master first\n")
