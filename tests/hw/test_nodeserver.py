"""A node on the chargers' line: what it answers and hands on, also to a public client on a real serial port."""

import os
import select
import subprocess
import threading
import tty
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed import beside, config
from evsed.config import ROLES, Installation
from evsed.core.events import ACCEPTED, ChangeSetting, Command, Event, MeterRead, Verdict
from evsed.core.model import MeterRole, Mode, PhaseCurrents
from evsed.core.snapshot import Snapshot
from evsed.core.wire import MasterOffered, MasterSet, MasterTold
from evsed.hw.bus import Bus
from evsed.hw.nodeserver import Core, NodeServer
from evsed.hw.powershare import system_settings
from evsed.runtime import Runtime
from tests.core.story import Story, settings
from tests.hw.heard import PATIENCE_S


@dataclass
class Node:
    """A node whose core only listens."""

    snapshot: Snapshot = field(
        default_factory=lambda: replace(Story().snapshot, settings=settings(loadbl="Node 1", current_max=16))
    )
    hangs: bool = False
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    verdicts: "list[Future[Verdict]]" = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    ev_meter: bool = True

    def __post_init__(self) -> None:
        core = Core(
            lambda: self.snapshot,
            lambda: self.hangs,
            self.events.append,
            self._submit,
            lambda where, given, why: self.refused.append((where, given, why)),
        )
        self.server = NodeServer(core, 90_001, ev_meter=self.ev_meter)

    def _submit(self, command: Command) -> "Future[Verdict]":
        self.commands.append(command)
        self.verdicts.append(Future())
        return self.verdicts[-1]

    def ask(self, request: str) -> str | None:
        answer = self.server.answer(bytes.fromhex(request))
        return None if answer is None else answer.hex()


def test_a_conversation_as_it_was_recorded() -> None:
    """Status, configuration read and confirmed, agreement: frames of a recorded run, without address."""
    node = Node()
    assert node.ask("0400000008") == "041000000000000000000000000100010000"  # its EV meter has yet to be read
    assert node.ask("0401080002") == "0404" + "0004" + "000c"
    assert node.ask("0600060000") == "0600060000"
    assert node.ask("0400000008") == "041000000000000000000000000100000000"
    assert node.ask("10000000020400050000") == "1000000002"
    assert node.ask("1000000005 0a 0002 0000 0000 0002 0076".replace(" ", "")) == "1000000005"
    assert node.events == [MasterTold(5, 0), MasterTold(2, 0, Mode.SOLAR, 118)]
    assert node.refused == []


def test_another_ev_meter_has_to_be_read_again() -> None:
    node = Node()
    node.ask("0600060000")
    node.snapshot = replace(node.snapshot, settings=node.snapshot.settings.replace("ev_meter_address", 20))
    answer = node.ask("0400060001")
    assert answer == "04020001"


def test_what_everybody_is_told() -> None:
    node = Node()
    node.server.told(bytes.fromhex("100020000b1600a0003c00000000000000000000000000a900a700a5"))
    assert node.events == [MasterOffered(60, PhaseCurrents(169, 167, 165))]
    words = system_settings(settings(loadbl="Master", mode="Smart", current_main=30))
    body = b"".join(word.to_bytes(2, "big") for word in words)
    node.server.told(bytes.fromhex("100200001 62c".replace(" ", "")) + body)
    (told,) = node.events[1:]
    assert isinstance(told, MasterSet)
    assert {("mode", 1), ("current_main", 30)} <= set(told.values)


@pytest.mark.parametrize(
    ("request_", "exception"),
    [
        ("04000c0001", "8402"),  # behind the status block
        ("04000a0004", "8402"),  # over its end
        ("04010a0001", "8402"),
        ("0400000000", "8403"),  # no register at all
        ("0600030 0ba".replace(" ", ""), "8603"),  # mode 186
        ("100000000204000f0000", "9003"),  # a state that there is not
        ("06000203e8", "8602"),  # the current comes with the offers
        ("0601020011", "8603"),  # MIN 17 A
        ("1100000000", "9101"),  # another function
    ],
)
def test_what_is_wrong_is_refused_and_counted(request_: str, exception: str) -> None:
    node = Node()
    assert node.ask(request_) == exception
    assert node.events == []
    assert node.commands == []
    assert len(node.refused) == 1


def test_a_broadcast_that_is_wrong_changes_nothing() -> None:
    node = Node()
    node.server.told(bytes.fromhex("1000200008100fff" + "0000" * 7))
    node.server.told(b"\x10")
    assert node.events == []
    assert next(why for _, _, why in node.refused).startswith("register 0x0020: an offer is 0 to 800")
    assert len(node.refused) == 2


def test_a_node_whose_control_loop_hangs_is_silent() -> None:
    node = Node(hangs=True)
    assert node.ask("0400000008") is None
    node.server.told(bytes.fromhex("100020000b1600a0003c00000000000000000000000000a900a700a5"))
    assert node.events == []
    assert node.ask("") is None


def test_a_setting_is_written() -> None:
    node = Node()
    assert node.ask("0601030014") == "0601030014"
    assert node.commands == [ChangeSetting("current_max", 20)]


def test_a_setting_that_the_core_refuses_is_counted_and_said() -> None:
    """The bus does not wait for the core: it has answered when that refuses."""
    node = Node()
    assert node.ask("0601020008") == "0601020008"
    node.server.told(bytes.fromhex("0601020009"))
    assert node.ask("0601030014") == "0601030014"
    assert node.refused == []
    why = "current_min is set on the master charger"
    for verdict, outcome in zip(node.verdicts, (Verdict(why), Verdict(why), ACCEPTED), strict=True):
        verdict.set_result(outcome)
    assert node.refused == [
        ("charger bus, our master, register 0x0102", "8", why),
        ("charger bus, to everybody, register 0x0102", "9", why),
    ]


READING = (bytes.fromhex("040006000c"), bytes.fromhex("0418" + "41200000" * 3 + "450fc000" * 3))
"""An Eastron3P is asked, and answers 10 A and 2300 W on each phase."""


def test_its_ev_meter_is_overheard() -> None:
    node = Node()
    node.server.overheard(12, *READING)
    (read,) = node.events
    assert isinstance(read, MeterRead)
    assert (read.role, read.currents) == (MeterRole.EV, PhaseCurrents(100, 100, 100))


def test_an_ev_meter_on_another_line_is_neither_overheard_nor_shown() -> None:
    """At its address here is another charger's, and our master would read that for ours."""
    node = Node(ev_meter=False)
    node.server.overheard(12, *READING)
    assert node.events == []
    assert node.ask("0401080002") == "0404" + "0000" + "000c"
    assert node.ask("0401000008") == Node().ask("0401000008")
    assert node.ask("0600060000") == "0600060000"
    assert node.ask("0400060001") == "04020000"
    node.snapshot = replace(node.snapshot, settings=node.snapshot.settings.replace("ev_meter", "ABB"))
    assert node.ask("0400060001") == "04020000"  # which says nothing new to our master


@given(st.binary(max_size=60))
def test_any_bytes_are_answered_or_not_but_never_break_it(pdu: bytes) -> None:
    node = Node()
    node.server.told(pdu)
    answer = node.server.answer(pdu)
    assert answer is None or answer[0] & 0x7F == pdu[0] & 0x7F


# ---- a public client on a serial port ----


@contextmanager
def null_modem() -> Iterator[tuple[str, str]]:
    """Two serial ports that hear each other."""
    ends = [os.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)
    (left, _), (right, _) = ends
    wake, over = os.pipe()

    def carry() -> None:
        while wake not in (ready := select.select([left, right, wake], [], [])[0]):
            for end in ready:
                os.write(right if end == left else left, os.read(end, 4096))

    thread = threading.Thread(target=carry)
    thread.start()
    yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    os.write(over, b"x")
    thread.join()
    for descriptor in (*ends[0], *ends[1], wake, over):
        os.close(descriptor)


@pytest.fixture
def port() -> Iterator[tuple[Node, str]]:
    node = Node()
    with null_modem() as (ours, theirs):
        bus = Bus("bus 1", ours, 9600, lambda: node.snapshot.settings, [], node.server)
        bus.start()
        yield node, theirs
        bus.close()


@pytest.mark.parametrize(("chargers", "shown"), [("mains circuit", "0"), ("mains ev circuit", "4")])
def test_the_daemon_shows_its_ev_meter_on_the_line_that_carries_it(chargers: str, shown: str) -> None:
    """The example of docs/meters.md: the second line has the EV meter."""
    node = Node()
    core = SimpleNamespace(snapshot=node.snapshot, hangs=False, post=node.events.append, submit=node.commands.append)
    with null_modem() as (ours, theirs):
        meters = tuple(chargers.split())
        other = tuple({*ROLES} - {*meters})
        lines = (config.Bus("cellar", ours, meters=meters, chargers=True), config.Bus("garage", "none", meters=other))
        installation = Installation(bus=lines)
        bus, _ = beside._buses(installation, cast(Runtime, core), lambda *_: None)
        bus.start()
        read = mbpoll(theirs, "-t", "3", "-r", "264", "-c", "1")
        bus.close()
    assert [line.split() for line in read.stdout.splitlines() if line.startswith("[")] == [["[264]:", shown]]


def mbpoll(device: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    words = ("mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", "2", "-0", "-1", "-o", "5", "-q", device)
    return subprocess.run((*words, *arguments), capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_mbpoll_reads_and_writes_a_node(port: tuple[Node, str]) -> None:
    node, device = port
    read = mbpoll(device, "-t", "3", "-r", "0", "-c", "8")
    assert read.returncode == 0, read.stderr
    shown = [line.split()[1] for line in read.stdout.splitlines() if line.startswith("[")]
    assert shown == ["0", "0", "0", "0", "0", "1", "1", "0"]
    assert "Written 1 references" in mbpoll(device, "-t", "4", "-r", "259", "20").stdout
    assert node.commands == [ChangeSetting("current_max", 20)]
    assert "Illegal data address" in mbpoll(device, "-t", "3", "-r", "12").stderr
    assert "Illegal data value" in mbpoll(device, "-t", "4", "-r", "3", "186").stderr
    assert "Illegal data address" in mbpoll(device, "-t", "4", "-r", "700", "1").stderr
    assert node.events == []
