"""The charging states and every transition between them, as one ordered table.

Owns which state may follow which and why; not when a trigger is true (charger.py) nor what is done in a state.
"""

from enum import Enum, IntEnum
from typing import Final, NamedTuple


class State(IntEnum):
    """Charging states; the numbers are ``state_id`` and register 0x0000 of the charger bus."""

    A = 0
    B = 1
    C = 2
    COMM_B = 4
    COMM_C = 6
    ACTIVATE = 8
    B1 = 9
    C1 = 10

    @property
    def text(self) -> str:
        """The text that clients know."""
        return _TEXTS[self]


_TEXTS: Final = {
    State.A: "Ready to Charge",
    State.B: "Connected to EV",
    State.C: "Charging",
    State.COMM_B: "Request State B",
    State.COMM_C: "Request State C",
    State.ACTIVATE: "Activate",
    State.B1: "Charging Stopped",
    State.C1: "Stop Charging",
}


OFFERING: Final = frozenset({State.B, State.C, State.COMM_C, State.ACTIVATE})
"""Current is offered to the car, or will be again in a moment."""

RESTING: Final = frozenset({State.A, State.COMM_B, State.B1})
"""Nothing is offered, and nothing has to be waited for before contactors may be moved."""

CLOSED: Final = frozenset({State.C, State.C1})
"""Contactor 1 may be closed."""


class Trigger(Enum):
    """What can move the charger from one state to another; the value is the label in the diagram."""

    UNPLUGGED = "12 V"
    FOUND_PLUGGED = "car found at start-up"
    OFFER_ALLOWED = "car connected, current to offer, no reason against"
    HELD_BACK = "car connected, but a reason against"
    ASK_MASTER = "the same on a node, which asks its master first"
    CAR_ASKS = "6 V for 500 ms, diode seen"
    CAR_ASKS_NODE = "the same on a node"
    AGREED = "the master agrees"
    CAR_RELEASES = "9 V"
    MUST_STOP = "a reason to stop"
    MUST_OPEN = "a fault that opens at once"
    ASLEEP = "30 s without 6 V, once"
    WOKEN = "3 s over"
    OUT_OF_TIME = "6 s over"


class Transition(NamedTuple):
    """One row: in ``source``, when ``trigger`` is true and no row above was, go to ``target``."""

    source: State
    trigger: Trigger
    target: State


TRANSITIONS: Final = (
    Transition(State.A, Trigger.FOUND_PLUGGED, State.B1),
    Transition(State.A, Trigger.OFFER_ALLOWED, State.B),
    Transition(State.A, Trigger.ASK_MASTER, State.COMM_B),
    Transition(State.A, Trigger.HELD_BACK, State.B1),
    Transition(State.COMM_B, Trigger.UNPLUGGED, State.A),
    Transition(State.COMM_B, Trigger.MUST_OPEN, State.B1),
    Transition(State.COMM_B, Trigger.MUST_STOP, State.B1),
    Transition(State.COMM_B, Trigger.AGREED, State.B),
    Transition(State.B, Trigger.UNPLUGGED, State.A),
    Transition(State.B, Trigger.MUST_OPEN, State.B1),
    Transition(State.B, Trigger.MUST_STOP, State.B1),
    Transition(State.B, Trigger.CAR_ASKS, State.C),
    Transition(State.B, Trigger.CAR_ASKS_NODE, State.COMM_C),
    Transition(State.B, Trigger.ASLEEP, State.ACTIVATE),
    Transition(State.COMM_C, Trigger.UNPLUGGED, State.A),
    Transition(State.COMM_C, Trigger.MUST_OPEN, State.B1),
    Transition(State.COMM_C, Trigger.MUST_STOP, State.B1),
    Transition(State.COMM_C, Trigger.CAR_RELEASES, State.B),
    Transition(State.COMM_C, Trigger.AGREED, State.C),
    Transition(State.ACTIVATE, Trigger.UNPLUGGED, State.A),
    Transition(State.ACTIVATE, Trigger.MUST_OPEN, State.B1),
    Transition(State.ACTIVATE, Trigger.MUST_STOP, State.B1),
    Transition(State.ACTIVATE, Trigger.WOKEN, State.B),
    Transition(State.C, Trigger.UNPLUGGED, State.A),  # IEC 61851-1 Table A.6, seq. 2.2
    Transition(State.C, Trigger.MUST_OPEN, State.B1),
    Transition(State.C, Trigger.CAR_RELEASES, State.B),  # seq. 8
    Transition(State.C, Trigger.MUST_STOP, State.C1),  # seq. 10.1
    Transition(State.C1, Trigger.UNPLUGGED, State.A),
    Transition(State.C1, Trigger.MUST_OPEN, State.B1),
    Transition(State.C1, Trigger.CAR_RELEASES, State.B1),
    Transition(State.C1, Trigger.OUT_OF_TIME, State.B1),  # seq. 10.2
    Transition(State.B1, Trigger.UNPLUGGED, State.A),
    Transition(State.B1, Trigger.OFFER_ALLOWED, State.B),
    Transition(State.B1, Trigger.ASK_MASTER, State.COMM_B),
)

_ROWS: Final = {state: tuple(row for row in TRANSITIONS if row.source is state) for state in State}


def rows_of(state: State) -> tuple[Transition, ...]:
    """The transitions that leave ``state``, most urgent first."""
    return _ROWS[state]


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    rows = "".join(f"    {row.source.name} --> {row.target.name}: {row.trigger.value}\n" for row in TRANSITIONS)
    return f"stateDiagram-v2\n    [*] --> A\n{rows}"
