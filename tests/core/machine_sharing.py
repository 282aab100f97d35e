"""The machine of machine.py as one of several chargers: a node whose master says anything, a master of any nodes.

The rules of machine.py and machine_cards.py go on beside these, so that what happens to a charger happens to a node
too.
"""

import os

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import rule, run_state_machine_as_test

from evsed.core.events import ChangeSetting
from evsed.core.model import Access, Mode
from evsed.core.states import State
from evsed.core.wire import (
    COMM_B_OK,
    COMM_C_OK,
    MasterOffered,
    MasterSet,
    MasterTold,
    NodeHeard,
    NodeMetered,
    NodeSilent,
    NodeStatus,
    WireEvent,
)
from tests.core.machine import CHANGES, PLATEAUS, amperes, cycles, gaps
from tests.core.machine_cards import CardMachine

SHRINK = bool(os.environ.get("EVSED_SHRINK"))
"""A failing life is made smaller only on request: that takes minutes."""

words = st.integers(0, 14)
modes = st.sampled_from(Mode)
shares = st.sampled_from((0, 59, 60, 61, 100, 160, 800))
nodes = st.integers(1, 7)
statuses = st.builds(
    NodeStatus, words, st.sampled_from((0, 1, 2, 16, 255)), shares, modes, st.integers(0, 3_600),
    st.sampled_from(Access), st.booleans(), shares,
)  # fmt: skip
wire: st.SearchStrategy[WireEvent] = st.one_of(
    st.builds(MasterTold, st.none() | words, st.none() | st.sampled_from((0, 0, 1, 2, 3, 16)), st.none() | modes,
              st.none() | st.integers(0, 3_600)),
    st.builds(MasterOffered, shares, st.none() | amperes),
    st.sampled_from(CHANGES).map(lambda pair: MasterSet((pair,))),
    st.builds(NodeHeard, nodes, statuses),
    st.builds(NodeSilent, nodes, st.sampled_from(("", "register 0x0003 holds 186"))),
    st.builds(NodeMetered, nodes, amperes),
)  # fmt: skip


class SharingMachine(CardMachine):
    """Anything that can happen to a charger, and that others can tell it."""

    @rule(events=st.lists(wire, min_size=1, max_size=8), count=cycles, gap=gaps)
    def other_chargers_say(self, events: list[WireEvent], count: int, gap: int) -> None:
        for event in events:
            self.bench.event(event)
        self.go_on(count, gap)

    @rule(
        loadbl=st.sampled_from((2, 8)), offers=st.lists(shares, min_size=1, max_size=6), wait=st.sampled_from((0, 12)),
        silent=st.booleans(), level=st.sampled_from(PLATEAUS), events=st.lists(wire, max_size=3),
    )  # fmt: skip
    def a_node_charges(
        self, loadbl: int, offers: list[int], wait: int, silent: bool, level: int, events: list[WireEvent]
    ) -> None:
        """Its master agrees, after a ``wait``, and offers one thing after the other; then ``silent``, or anything."""
        bench = self.bench
        bench.command(ChangeSetting("loadbl", loadbl))
        bench.event(MasterTold(error=0))
        bench.event(MasterOffered(60, None))
        self.plug_in_and_charge(0)
        self.obey(State.COMM_B, COMM_B_OK, wait)
        self.obey(State.COMM_C, COMM_C_OK, wait)
        for offer in offers:
            bench.event(MasterOffered(offer, None))
            self.go_on(10, 100)
        for event in events:
            bench.event(event)
        bench.high = level
        self.go_on(130 if silent else 20, 100)

    def obey(self, asking: State, word: int, wait: int) -> None:
        """The master offers for as long as the node needs to ask, and a little longer, and then agrees."""
        for _ in range(12):
            self.bench.event(MasterOffered(60, None))
            self.go_on(10, 100)
            if self.bench.state is asking:
                break
        for _ in range(wait):
            self.bench.event(MasterOffered(60, None))
            self.go_on(10, 100)
        self.bench.event(MasterTold(state=word))
        self.go_on(10, 100)

    @rule(count=cycles)
    def alone_again(self, count: int) -> None:
        self.bench.command(ChangeSetting("loadbl", 0))
        self.go_on(count)

    @rule(gap=gaps, count=cycles, statuses=st.lists(st.tuples(nodes, statuses), max_size=5))
    def a_master_charges(self, gap: int, count: int, statuses: list[tuple[int, NodeStatus]]) -> None:
        bench = self.bench
        bench.command(ChangeSetting("loadbl", 1))
        for node in range(1, 8):
            bench.event(NodeSilent(node))
        for node, status in statuses:
            bench.event(NodeHeard(node, status))
        self.plug_in_and_charge(6_000)
        for node, status in statuses:
            bench.event(NodeHeard(node, status))
            self.go_on(count, gap)


def run_machine(examples: int, seeded: int | None = None, *, keep: bool = False) -> None:
    """Runs ``examples`` lives; without ``seeded`` the same ones each time."""
    machine = SharingMachine if seeded is None else seed(seeded)(SharingMachine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            derandomize=seeded is None,
            database=DirectoryBasedExampleDatabase(".hypothesis/soak") if keep else None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, *([Phase.shrink] if SHRINK else [])],
            print_blob=False,
        ),
    )
