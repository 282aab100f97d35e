"""Arbitrary sequences of events, judged after every step; see machine.py."""

from evsed.core.faults import Fault
from evsed.core.states import State
from tests.core.machine import ChargerMachine, run_machine

STEPS = 20_000


def test_whatever_happens_the_invariants_hold() -> None:
    ChargerMachine.steps = 0
    ChargerMachine.reached.clear()
    run_machine(14)
    assert ChargerMachine.steps >= STEPS
    for state in State:
        assert ChargerMachine.reached[state.name], f"{state.name} was never reached"
    faults = [fault for fault in Fault if ChargerMachine.reached[fault.name]]
    assert len(faults) >= len(Fault) - 3, f"only {faults}"  # make soak reaches them all
    assert ChargerMachine.reached["contactor 2"]
