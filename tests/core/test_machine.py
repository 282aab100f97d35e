"""Arbitrary sequences of events, judged after every step; see machine.py."""

from evsed.core.faults import Fault
from evsed.core.states import State
from tests.core.machine import ChargerMachine, run_machine

STEPS = 20_000


def test_whatever_happens_the_invariants_hold() -> None:
    ChargerMachine.steps = 0
    ChargerMachine.reached.clear()
    run_machine(50)
    assert ChargerMachine.steps >= STEPS
    for state in State:
        assert ChargerMachine.reached[state.name], f"{state.name} was never reached"
    for fault in Fault:
        assert ChargerMachine.reached[fault.name], f"{fault.name} was never there"
    assert ChargerMachine.reached["contactor 2"]
