"""The owner of a line as a node: a thread that listens and answers on real pseudo-terminals."""

import os
import random
import threading
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evsed.core.events import MeterRead
from evsed.core.model import MeterRole
from evsed.hw.bus import Bus
from evsed.hw.frames import Request, framed
from evsed.hw.poller import OverheardEvMeter, Poller
from tests.core.story import settings
from tests.hw.heard import PATIENCE_S, Heard, reads
from tests.hw.wires import (
    bit_flipped,
    eastron,
    frame_from,
    numbered,
    running,
    until,
    wire,
)


@dataclass
class Node:
    """What a node's server heard; the answer to every request is its PDU with the first byte of data one higher."""

    heard: list[tuple[object, ...]] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)
    silent: bool = False

    def answer(self, pdu: bytes) -> bytes | None:
        self._note("asked", pdu)
        return None if self.silent else b"\x04\x02" + pdu[1:3]

    def overheard(self, address: int, request: bytes, answer: bytes) -> None:
        self._note("overheard", address, request, answer)

    def told(self, pdu: bytes) -> None:
        self._note("told", pdu)

    def _note(self, *what: object) -> None:
        with self.more:
            self.heard.append(what)
            self.more.notify_all()

    def wait(self, what: tuple[object, ...]) -> None:
        with self.more:
            assert self.more.wait_for(lambda: what in self.heard, PATIENCE_S), self.heard


@dataclass
class Hung:
    """A pseudo-terminal of which the test holds the other end: it is the master."""

    master: int
    device: str

    def ask(self, *parts: bytes) -> bytes:
        for part in parts:
            os.write(self.master, part)
        return frame_from(self.master)


@pytest.fixture
def hung() -> Iterator[Hung]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield Hung(master, os.ttyname(slave))
    os.close(slave)
    os.close(master)


NODE_2 = settings(loadbl="Node 2")
TO_US = Request(3, 4, 0, 8)
TO_METER = Request(12, 4, 6, 12)
OFFERS = Request(9, 16, 0x20, values=(160, 0, 60, 0, 0, 0, 0, 0))


@pytest.fixture
def node(hung: Hung) -> Iterator[Node]:
    node = Node()
    with running(Bus("bus 1", hung.device, 9600, lambda: NODE_2, [], node)) as bus:
        until(lambda: bus.statistics.listens)  # what came before it opened the port is gone
        yield node


def test_a_node_answers_what_is_asked_of_it(hung: Hung, node: Node) -> None:
    assert hung.ask(TO_US.frame) == framed(3, b"\x04\x02\x00\x00")
    for request in (Request(3, 6, 2, values=(1,)), Request(3, 16, 1, values=(7, 0)), Request(3, 3, 5, 1)):
        assert hung.ask(request.frame)[0] == 3
        assert node.heard[-1] == ("asked", request.pdu)
    strange = framed(3, b"\x2b\x0e\x01\x00")
    assert hung.ask(strange)[0] == 3
    assert node.heard[-1] == ("asked", b"\x2b\x0e\x01\x00")


def test_a_node_finds_its_requests_behind_noise(hung: Hung, node: Node) -> None:
    for noise in (b"\x00", b"\xff\x03\x04", b"\x0c\x04\xf0", TO_US.frame[:-1], bytes(30)):
        assert hung.ask(noise + TO_US.frame) == framed(3, b"\x04\x02\x00\x00")
    assert hung.ask(TO_US.frame[:3], TO_US.frame[3:]) == framed(3, b"\x04\x02\x00\x00")
    assert node.heard == [("asked", TO_US.pdu)] * 6


def test_a_node_is_told_and_overhears(hung: Hung, node: Node) -> None:
    answer = numbered(TO_METER.frame)
    os.write(hung.master, OFFERS.frame)
    os.write(hung.master, TO_METER.frame + answer)
    node.wait(("told", OFFERS.pdu))
    node.wait(("overheard", 12, TO_METER.pdu, answer[1:-2]))
    os.write(hung.master, Request(4, 4, 0, 8).frame)  # another node, which is silent
    assert hung.ask(TO_US.frame)[0] == 3
    assert len(node.heard) == 3


def test_a_node_speaks_only_when_it_has_something_to_say(hung: Hung, node: Node) -> None:
    node.silent = True
    os.write(hung.master, TO_US.frame)
    node.wait(("asked", TO_US.pdu))
    os.write(hung.master, framed(3, numbered(TO_US.frame)[1:-2]))  # another device at our address
    node.silent = False
    assert hung.ask(Request(3, 4, 1, 1).frame) == framed(3, b"\x04\x02\x00\x01")


def test_another_device_at_our_address_is_reported_once(
    hung: Hung, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    os.write(hung.master, numbered(TO_US.frame) * 2)
    assert hung.ask(TO_US.frame)[0] == 3
    assert caplog.text.count("another device answers at our address 3") == 1
    assert node.heard == [("asked", TO_US.pdu)]


def test_our_own_answer_that_comes_back_behind_noise_is_no_other_device(
    hung: Hung, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    answer = hung.ask(TO_US.frame)
    assert hung.ask(b"\x7f\x0b" + answer, Request(3, 4, 1, 1).frame) == framed(3, b"\x04\x02\x00\x01")
    assert "another device" not in caplog.text
    assert node.heard[0] == ("asked", TO_US.pdu)


def test_a_request_whose_sender_has_gone_on_is_not_answered(hung: Hung, node: Node) -> None:
    os.write(hung.master, TO_US.frame + OFFERS.frame)
    node.wait(("told", OFFERS.pdu))
    assert node.heard == [("told", OFFERS.pdu)]


def test_no_random_bytes_disturb_a_node(hung: Hung, node: Node) -> None:
    """Ten thousand random frames with a fixed seed: nothing is taken for an order, and true ones are answered."""
    dice = random.Random(33)
    whole = [TO_US.frame, OFFERS.frame, TO_METER.frame, numbered(TO_METER.frame)]
    for _ in range(100):
        for _ in range(100):
            frame = dice.choice(whole)
            match dice.randrange(3):
                case 0:
                    frame = bit_flipped(frame, dice.randrange(8 * len(frame)))
                case 1:
                    frame = frame[: dice.randrange(len(frame) - 1)]
                case _:
                    frame = dice.randbytes(dice.randrange(60))
            os.write(hung.master, frame)
        assert hung.ask(TO_US.frame) == framed(3, b"\x04\x02\x00\x00")
    assert node.heard == [("asked", TO_US.pdu)] * 100


def test_a_node_hears_its_ev_meter_through_its_master(hung: Hung) -> None:
    heard = Heard()

    class Listening(Node):
        def overheard(self, address: int, request: bytes, answer: bytes) -> None:
            meter.overheard(address, request, answer)

    meter = OverheardEvMeter(lambda: NODE_2, heard.post)
    bus = Bus("bus 1", hung.device, 9600, lambda: NODE_2, [], Listening())
    with running(bus):
        until(lambda: bus.statistics.listens)
        os.write(hung.master, TO_METER.frame + eastron(TO_METER.frame))
        heard.wait(MeterRead, reads(MeterRole.EV), since=0)


def test_the_role_changes_without_a_restart() -> None:
    node, heard, now = Node(), Heard(), [settings()]
    with wire(eastron) as there:
        poller = Poller("bus 1", list(MeterRole), lambda: now[0], heard.post)
        bus = Bus("bus 1", there.device, 9600, lambda: now[0], [poller], node)
        with running(bus):
            heard.wait(MeterRead, reads(MeterRole.MAINS))
            now[0] = NODE_2
            there.answer = lambda _: b""
            until(lambda: bus.statistics.listens)
            asked = len(there.heard)
            os.write(there.master, OFFERS.frame)
            node.wait(("told", OFFERS.pdu))
            assert len(there.heard) == asked
            there.answer = eastron
            now[0] = settings()
            heard.wait(MeterRead, reads(MeterRole.MAINS))
            assert not bus.statistics.listens


@pytest.mark.usefixtures("soon")
def test_a_node_s_port_may_go_and_come_again(tmp_path: Path) -> None:
    node = Node()
    with (
        wire(lambda _: b"", link=tmp_path / "port") as there,
        running(Bus("bus 1", there.device, 9600, lambda: NODE_2, [], node)) as bus,
    ):
        until(lambda: bus.statistics.listens)
        os.write(there.master, OFFERS.frame)
        node.wait(("told", OFFERS.pdu))
        there.unplug()
        until(lambda: not bus.statistics.is_open)
        there.plug()
        until(lambda: bus.statistics.is_open)
        again = Request(9, 6, 0x0200, values=(1,))
        os.write(there.master, again.frame)
        node.wait(("told", again.pdu))
