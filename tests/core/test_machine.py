"""Arbitrary sequences of events, judged after every step; see machine.py."""

from evsed.core.faults import Fault
from evsed.core.states import State
from tests.core.machine_sharing import SharingMachine, run_machine

STEPS = 20_000


def test_whatever_happens_the_invariants_hold() -> None:
    SharingMachine.steps = 0
    SharingMachine.reached.clear()
    run_machine(24)
    assert SharingMachine.steps >= STEPS
    for state in State:
        assert SharingMachine.reached[state.name], f"{state.name} was never reached"
    faults = [fault for fault in Fault if SharingMachine.reached[fault.name]]
    assert len(faults) >= len(Fault) - 3, f"only {faults}"  # make soak reaches them all
    assert SharingMachine.reached["contactor 2"]
