"""The master's conversation with its nodes, in virtual time: what it asks, when, and what it makes of the answers."""

import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.events import Event
from evsed.core.model import Access, MeterType, Mode, PhaseCurrents
from evsed.core.snapshot import Snapshot
from evsed.core.wire import NodeHeard, NodeMetered, NodeSilent, NodeStatus, Orders, Tell
from evsed.hw.frames import Request
from evsed.hw.powershare import CorruptError, Master, offers, status, system_settings
from evsed.hw.rs485 import BusError
from evsed.hw.turns import Job, Turns, Urgency
from tests.core.story import Story, settings

NOBODY = (0,) * 8
CHARGING = [2, 0, 120, 0, 0, 1, 0, 16]  # 12.0 A, access on, 16 A at most; from a recorded run
JOIN = Orders((60, *NOBODY[1:]), PhaseCurrents(169, 167, -165))


def master_snapshot(orders: Orders | None, **given: object) -> Snapshot:
    return replace(Story().snapshot, settings=settings(loadbl="Master", **given), orders=orders)


def saying(state: int) -> list[int]:
    """The status of a node without errors that is in ``state``."""
    return [state, 0, 0, 0, 0, 1, 0, 16]


@dataclass
class Talk:
    """A master, the nodes that answer it, and what its core was told. Each exchange takes 50 ms, a silence 150 ms."""

    orders: Orders | None = JOIN
    now: float = 100.0
    nodes: dict[int, list[int]] = field(default_factory=dict)  # status by address
    meters: dict[int, list[int]] = field(default_factory=dict)  # the words an EV meter always answers
    config: tuple[int, int] = (4, 13)
    told: list[Event] = field(default_factory=list)
    sent: list[tuple[float, Request]] = field(default_factory=list)
    given: dict[str, object] = field(default_factory=dict)
    lost: int = 0  # so many reads of a node's configuration get no answer

    def __post_init__(self) -> None:
        self.turns = Turns()
        self.master = Master(lambda: master_snapshot(self.orders, **self.given), self.told.append)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            turn = self.turns.next([(0, job) for job in self.master.jobs(self.now)], lambda _job: True)
            if turn is None:
                self.now += 0.05
            else:
                self._exchange(turn[1])

    def _exchange(self, job: Job) -> None:
        request = job.request
        self.sent.append((self.now, request))
        words = self._answer(request)
        self.now += 0.15 if words is None else 0.05
        if words is None:
            self.master.failed(job, BusError("no answer"), self.now)
        else:
            self.master.answered(job, words, self.now)

    def _answer(self, request: Request) -> list[int] | None:
        if request.address == 9:
            return []
        if request.address in self.meters:
            return self.meters[request.address][: request.count]
        if request.address not in self.nodes:
            return None
        if request.function == 4:
            if request.first == 0x0108 and self.lost:
                self.lost -= 1
                return None
            return list(self.config) if request.first == 0x0108 else self.nodes[request.address]
        return []

    def of(self, address: int, function: int, first: int) -> list[Request]:
        return [
            sent for _, sent in self.sent if (sent.address, sent.function, sent.first) == (address, function, first)
        ]


def test_a_status_is_read_as_the_firmware_answers_it() -> None:
    assert status(CHARGING) == NodeStatus(2, 0, 120, Mode.NORMAL, 0, Access.ALLOW, config_changed=False, most=160)


@pytest.mark.parametrize(
    ("register", "word"), [(0, 15), (1, 256), (2, 801), (3, 186), (4, 3_601), (5, 3), (6, 2), (7, 81), (3, 0xFFFF)]
)
def test_bug_29_what_no_charger_has_is_refused(register: int, word: int) -> None:
    """A mode byte of 186 was accepted and shown as N/A."""
    words = list(CHARGING)
    words[register] = word
    with pytest.raises(CorruptError, match=f"register {register:#06x} holds {word}"):
        status(words)


@given(st.lists(st.integers(0, 0xFFFF), min_size=8, max_size=8))
def test_any_words_are_a_status_or_refused(words: list[int]) -> None:
    try:
        heard = status(words)
    except CorruptError:
        return
    assert heard.current <= 800
    assert heard.most <= 800


def test_the_offers_go_out_as_the_firmware_sends_them() -> None:
    """The broadcast of a recorded run: 16.0 A for charger 0, mains 16.9, 16.7, 16.5 A; and the example of the facts."""
    recorded = offers(Orders((160, *NOBODY[1:]), PhaseCurrents(169, 167, 165)))
    assert "".join(f"{word:04x}" for word in recorded) == "00a0" + "0000" * 7 + "00a900a700a5"
    assert offers(Orders((160, 0, 60, *NOBODY[3:]), None)) == (160, 0, 60, 0, 0, 0, 0, 0)
    assert offers(JOIN)[-1] == 0x10000 - 165


def test_without_orders_nothing_is_asked() -> None:
    talk = Talk(orders=None, nodes={2: CHARGING})
    talk.run(5)
    assert talk.sent == []


def test_nothing_is_offered_before_the_core_knows_who_is_there() -> None:
    talk = Talk(orders=Orders((), None), nodes={2: CHARGING})
    talk.run(5)
    assert {sent.address for _, sent in talk.sent} >= set(range(2, 9))
    assert talk.of(9, 16, 0x0020) == []
    talk.orders = JOIN
    talk.run(0.5)
    assert len(talk.of(9, 16, 0x0020)) == 1


def test_offers_go_out_every_2_s_and_at_once_when_they_change() -> None:
    talk = Talk()
    talk.run(12)
    at = [when for when, sent in talk.sent if sent.address == 9]
    assert all(1.9 <= later - earlier <= 2.4 for earlier, later in itertools.pairwise(at))
    talk.orders = replace(JOIN, offers=(160, *NOBODY[1:]))
    before = talk.now
    talk.run(0.5)
    changed = [when for when, sent in talk.sent if sent.address == 9 and sent.values[0] == 160]
    assert changed[0] - before <= 0.3


def test_nodes_that_answer_are_asked_every_second_and_one_of_the_others_every_2() -> None:
    talk = Talk(nodes={2: CHARGING, 3: CHARGING})
    talk.run(60)
    for address in (2, 3):
        assert 50 <= len(talk.of(address, 4, 0)) <= 70
    missing = sum(len(talk.of(address, 4, 0)) for address in range(4, 9))
    assert 5 * 5 <= missing <= 5 * 6 + 32  # at first five times each, then one every 2 s
    assert {event.node for event in talk.told if isinstance(event, NodeHeard)} == {1, 2}


def test_a_node_that_falls_silent_is_asked_as_often_until_it_counts_as_gone() -> None:
    talk = Talk(nodes={2: CHARGING})
    talk.run(5)
    del talk.nodes[2]
    talk.told.clear()
    talk.run(6.5)
    assert [event for event in talk.told if isinstance(event, NodeSilent) and event.node == 1][:5] == [
        NodeSilent(1)
    ] * 5
    talk.nodes[2] = CHARGING
    talk.told.clear()
    talk.run(16)
    assert any(isinstance(event, NodeHeard) for event in talk.told)


def test_a_corrupt_status_counts_as_none_and_says_why() -> None:
    talk = Talk(nodes={2: [2, 0, 120, 186, 0, 1, 0, 16]})
    talk.run(1)
    (wrong,) = {event.wrong for event in talk.told if isinstance(event, NodeSilent) and event.node == 1 and event.wrong}
    assert "0x0003 holds 186" in wrong
    assert not any(isinstance(event, NodeHeard) for event in talk.told)


def test_an_order_is_written_once_and_its_effect_looked_at() -> None:
    talk = Talk(nodes={2: [4, 0, 0, 0, 0, 1, 0, 16]})
    talk.run(3)
    talk.orders = replace(JOIN, tells=(Tell(1, 1, 5, 0),))
    talk.run(3)
    assert talk.of(2, 16, 0) == [Request(2, 16, 0, values=(5, 0))]
    index = next(index for index, (_, sent) in enumerate(talk.sent) if sent.function == 16 and sent.address == 2)
    assert talk.of(2, 4, 0)[0] in {sent for _, sent in talk.sent[index + 1 : index + 3]}
    talk.nodes[2] = CHARGING
    talk.orders = replace(JOIN, tells=(Tell(1, 2, 2, 0, Mode.SOLAR, 598),))
    talk.run(1)
    assert talk.of(2, 16, 0)[1:] == [Request(2, 16, 0, values=(2, 0, 0, 2, 598))]  # as in a recorded run


@pytest.mark.parametrize(("said", "written"), [(2, 2), (4, 5), (6, 7)])
def test_an_order_follows_the_word_of_the_state_that_it_repeats_or_agrees_to(said: int, written: int) -> None:
    """A node of the firmware takes the state over: one that has left C, or asks no more, would close."""
    talk = Talk(nodes={2: saying(said), 3: CHARGING})
    talk.run(5)
    for number in range(1, 20):
        talk.orders = replace(JOIN, tells=(Tell(1, number, written, 1),))
        talk.run(0.37 + number / 10)
    asked = None
    times = 0
    for when, sent in talk.sent:
        if sent.address == 2 and sent.function == 4 and sent.first == 0:
            asked = when
        elif sent.address == 2 and sent.function == 16:
            assert asked is not None
            assert 0.1 <= when - asked <= 0.8
            times += 1
    assert times >= 18


@pytest.mark.parametrize("since", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    ("asked", "now", "tell"),
    [
        (6, [0, 0, 0, 0, 0, 0, 0, 16], 7),  # its owner has switched it off, or its cable is out
        (6, [9, 16, 0, 0, 0, 1, 0, 16], 7),  # its RCM has tripped
        (6, [6, 16, 0, 0, 0, 1, 0, 16], 7),  # and it has yet to leave the state in which it asked
        (4, [0, 0, 0, 0, 0, 1, 0, 16], 5),
    ],
)
def test_a_node_that_asks_no_more_is_not_agreed_to(asked: int, now: list[int], tell: int, since: float) -> None:
    """Our core is late here, and has not heard of it. With 7 and no error a node of the firmware closes."""
    talk = Talk(nodes={2: saying(asked)})
    talk.run(5)
    last = len(talk.of(2, 4, 0))
    while len(talk.of(2, 4, 0)) == last:
        talk.run(0.05)
    talk.run(since)
    talk.nodes[2] = now
    talk.run(0.7)
    talk.orders = replace(JOIN, tells=(Tell(1, 1, tell, 0),))
    talk.run(5)
    assert talk.of(2, 16, 0) == []
    talk.nodes[2] = saying(asked)
    talk.run(2)
    assert talk.of(2, 16, 0) == [Request(2, 16, 0, values=(tell, 0))]


def test_no_agreement_is_late_however_many_wait_for_one_on_a_full_line() -> None:
    talk = Talk(nodes=dict.fromkeys(range(2, 9), saying(6)))  # the EV meters of all are silent
    talk.run(5.3)
    for number in range(1, 20):
        talk.orders = replace(JOIN, tells=tuple(Tell(node, number, 7, 0) for node in range(1, 8)))
        before = len(talk.sent)
        talk.run(1.6)
        agreed = {sent.address for _, sent in talk.sent[before:] if sent.function == 16 and sent.first == 0}
        assert agreed == set(range(2, 9))


def test_a_sensorbox_has_its_own_address_whatever_is_set() -> None:
    given: dict[str, object] = {"mains_meter": "Sensorbox", "mains_meter_address": 20}
    talk = Talk(nodes={2: CHARGING}, config=(4, 20), given=given)
    talk.run(3)
    assert talk.of(20, 4, 6)


def test_the_ev_meter_of_a_node_is_read_when_it_says_which() -> None:
    amps = [0x4120, 0, 0x4120, 0, 0x4120, 0, 0x450F, 0xC000, 0x450F, 0xC000, 0x450F, 0xC000]  # 10 A and 2300 W each
    talk = Talk(nodes={2: [2, 0, 120, 0, 0, 1, 1, 16]}, meters={13: amps})
    talk.run(3)
    assert talk.of(2, 4, 0x0108) == [Request(2, 4, 0x0108, 2)] * len(talk.of(2, 4, 0x0108))
    assert talk.of(2, 6, 6)[0] == Request(2, 6, 6, values=(0,))
    assert NodeMetered(1, PhaseCurrents(100, 100, 100)) in talk.told


CUSTOM: dict[str, object] = {"data_type": "FLOAT32", "byte_order": "HBF & HWF", "current_register": 0x10}
TEN_AMPS = [0x4120, 0] * 3


def test_how_a_meter_of_the_owners_own_is_read_may_be_corrected() -> None:
    """The node does not say that anything has changed: the settings are the master's."""
    wrong = {**CUSTOM, "byte_order": "LBF & LWF"}
    talk = Talk(nodes={2: CHARGING}, meters={13: TEN_AMPS}, config=(MeterType.CUSTOM, 13), given=wrong)
    talk.run(3)
    assert talk.of(13, 3, 0x10)
    talk.told.clear()
    talk.given = CUSTOM
    talk.run(1)
    assert NodeMetered(1, PhaseCurrents(100, 100, 100)) in talk.told
    talk.given = {**CUSTOM, "current_register": 0x20, "function": "4:Input Regs"}
    before = len(talk.sent)
    talk.run(1)
    asked = {(sent.function, sent.first) for _, sent in talk.sent[before:] if sent.address == 13}
    assert asked == {(4, 0x20)}
    assert len(talk.of(2, 4, 0x0108)) == 1


def test_an_answer_to_what_was_asked_before_the_correction_is_not_used() -> None:
    talk = Talk(nodes={2: CHARGING}, meters={13: TEN_AMPS}, config=(MeterType.CUSTOM, 13), given=CUSTOM)
    talk.run(3)
    talk.told.clear()
    (reading,) = [job for job in talk.master.jobs(talk.now) if job.request.address == 13]
    talk.given = {**CUSTOM, "current_divisor": 1}
    talk.master.answered(reading, TEN_AMPS, talk.now)
    assert talk.told == []
    talk.run(1)
    assert NodeMetered(1, PhaseCurrents(10, 10, 10)) in talk.told


def test_a_configuration_that_could_not_be_read_is_asked_for_again() -> None:
    """Its last master has read it: the node does not say that it has changed."""
    talk = Talk(nodes={2: CHARGING}, lost=1)
    talk.run(30)
    assert len(talk.of(2, 4, 0x0108)) == 2
    assert talk.of(13, 4, 6)


def test_an_ev_meter_at_the_address_of_another_is_not_read_twice() -> None:
    talk = Talk(nodes={2: CHARGING}, config=(4, 11), given={"mains_meter_address": 11})
    talk.run(3)
    assert talk.of(2, 4, 0x0108)
    assert talk.of(11, 4, 6) == []


@pytest.mark.parametrize("config", [(0, 13), (9, 13), (18, 13), (4, 0), (4, 9_999), (65_535, 12)])
def test_what_is_no_meter_on_the_line_is_not_read(config: tuple[int, int]) -> None:
    talk = Talk(nodes={2: CHARGING}, config=config)
    talk.run(3)
    assert {sent.address for _, sent in talk.sent} <= set(range(2, 10))


def test_a_silent_ev_meter_is_left_alone_more_and_more() -> None:
    talk = Talk(nodes={2: CHARGING})
    talk.run(60)
    assert len(talk.of(13, 4, 6)) <= 20


def test_system_settings_go_to_everybody_when_they_change() -> None:
    talk = Talk(nodes={2: CHARGING})
    talk.run(5)
    assert talk.of(9, 16, 0x0200) == []
    talk.given = {"current_main": 30}
    talk.run(3)
    (sent,) = talk.of(9, 16, 0x0200)
    assert sent.values == system_settings(settings(loadbl="Master", current_main=30))
    assert len(sent.values) == 22
    assert sent.values[4] == 30


def test_a_master_that_is_none_any_more_forgets_its_nodes() -> None:
    talk = Talk(nodes={2: CHARGING})
    talk.run(3)
    talk.orders = None
    talk.run(3)
    talk.orders, talk.nodes = JOIN, {}
    talk.told.clear()
    talk.run(2)
    assert NodeSilent(1) in talk.told
    assert not any(isinstance(event, NodeHeard) for event in talk.told)


def test_offers_and_orders_come_before_polls() -> None:
    talk = Talk(nodes=dict.fromkeys(range(2, 9), saying(6)))
    talk.run(5)
    talk.orders = replace(JOIN, offers=(100, *NOBODY[1:]), tells=(Tell(3, 1, 7, 0),))
    heard_at = max(when for when, sent in talk.sent if sent.address == 4) + 0.05

    def urgent(now: float) -> list[tuple[int, int]]:
        jobs = [job for job in talk.master.jobs(now) if job.urgency is Urgency.NOW]
        return [(job.request.address, job.request.function) for job in jobs]

    assert urgent(heard_at + 0.5) == [(4, 16), (9, 16)]
    assert urgent(heard_at + 3) == [(9, 16), (4, 4)]  # the node's word first; all other nodes are due as well
