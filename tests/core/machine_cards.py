"""The machine of machine.py with a card reader: whoever holds which card, and cars that come and go."""

import hypothesis.strategies as st
from hypothesis.stateful import rule

from evsed.core.cards import Card
from evsed.core.events import AddCards, ChangeCard, ChangeSettings, ChooseMode, Command, RemoveCards, SwipeCard
from evsed.core.model import Access, ModeChoice
from evsed.core.reader import ASKING
from tests.core.bench import V12
from tests.core.machine import UIDS, ChargerMachine, cycles

CARDS = (*(Card(uid) for uid in UIDS[:2]), Card(UIDS[2], enabled=False))

uids = st.sampled_from(UIDS)
lists: st.SearchStrategy[Command] = st.one_of(
    st.builds(AddCards, st.lists(st.builds(Card, uids, st.just(""), st.booleans())).map(tuple), st.booleans()),
    st.builds(ChangeCard, uids, st.none(), st.booleans()),
    st.builds(RemoveCards, st.frozensets(uids, max_size=1)),
)


class CardMachine(ChargerMachine):
    """Anything that can happen to a charger, and to its reader."""

    @rule(
        reader=st.sampled_from((1, 2)), first=st.sampled_from(UIDS), then=st.sampled_from(UIDS),
        without_s=st.sampled_from((0, 5, 61)), again=st.booleans(), change=lists, count=cycles,
        after=st.sampled_from((0, 0, 0, 1, 2, 3)),
    )  # fmt: skip
    def a_card_lets_a_car_charge(
        self,
        reader: int,
        first: str,
        then: str,
        without_s: int,
        again: bool,
        change: Command,
        count: int,
        after: int,
    ) -> None:
        """A card lets a car charge; that one leaves, perhaps another comes, perhaps with a card of its own."""
        bench = self.bench
        bench.command(ChangeSettings((("rfidreader", reader),), sure=True))
        bench.command(AddCards(CARDS))
        self.plug_in_and_charge(2_000)
        for uid in (first, then):
            bench.command(SwipeCard(uid))
            self.go_on(60, 100)
        bench.command(change)
        bench.high = V12
        self.go_on(1 + without_s * 10, 100)
        if again:
            bench.command(SwipeCard(then))
        self.plug_in_and_charge(6_000, anew=False)
        self.go_on(count, 100)
        bench.command(ChangeSettings((("rfidreader", after),), sure=True))
        self.go_on(1)

    @rule(
        reader=st.sampled_from((1, 2)), found=st.booleans(), restarts=st.booleans(), moved=st.booleans(),
        gap_ms=st.sampled_from((0, 10, 110, 300, 61_000)),
    )  # fmt: skip
    def an_access_switch_is_found(self, reader: int, found: bool, restarts: bool, moved: bool, gap_ms: int) -> None:
        """The access switch flickers, cannot be read, or evsed starts anew: before a car that nobody lets charge."""
        bench = self.bench
        bench.command(ChangeSettings((("rfidreader", reader), ("switch", 2)), sure=True))
        self.plug_in_and_charge(0)
        bench.switch = found
        self.go_on(30)
        bench.command(ChooseMode(ModeChoice.OFF))
        self.go_on(60, 100)
        for bench.switch in (not found, found) * 5:
            self.go_on(5)
        if gap_ms:
            bench.switch = None
            self.go_on(max(1, gap_ms // 100), min(gap_ms, 100))
        if restarts:
            bench.restart()
        if moved:
            bench.switch = not found
            self.go_on(30)
        bench.switch = found
        self.go_on(60, 100)
        if bench.settings.rfidreader in ASKING and not moved:
            assert bench.core.desk.access is not Access.ALLOW, "a switch that nobody moved lets a car charge"
