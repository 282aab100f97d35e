"""The owner of a line with its meters: threads on real pseudo-terminals, and a hostile world there."""

import logging
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evsed.core.events import MeterHealthChanged, MeterRead
from evsed.core.model import MeterRole, PhaseCurrents
from evsed.core.settings import Settings
from evsed.hw import rs485
from evsed.hw.bus import Bus, BusError, Job, Urgency
from evsed.hw.frames import Request, framed
from evsed.hw.poller import Poller
from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.line import Line as SimulatedLine
from tests.core.story import settings
from tests.hw.heard import PATIENCE_S, Heard, health, reads
from tests.hw.wires import (
    Answer,
    bit_flipped,
    eastron,
    numbered,
    running,
    served_line,
    until,
    wire,
)

MAINS, EV = (4, 11), (4, 12)


def metered(device: str, heard: Heard, given: Callable[[], Settings], baud: int = 9600) -> Bus:
    """A bus with the meters of ``given`` on it."""
    return Bus("bus 1", device, baud, given, [Poller(f"bus 1 ({device})", list(MeterRole), given, heard.post)])


TRUE = {
    (PhaseCurrents(100, -65, 0), None, None, None),
    (None, 805, None, None),
    (None, None, 3_000, 0),
}


def told(event: MeterRead) -> tuple[object, ...]:
    return event.currents, event.power_w, event.import_wh, event.export_wh


# ---- meters, with the simulated installation ----


@dataclass
class Installation:
    """Two simulated meters on a line, served by an event loop on a thread of its own."""

    device: str = ""
    silent: dict[int, bool] = field(default_factory=lambda: {11: False, 12: False})
    offline: bool = False

    def meters(self) -> list[Eastron]:
        return [
            Eastron(11, lambda: (10.0, -6.5, 0.0), lambda: 1_000.0, lambda: 2_000.0, lambda: self.silent[11]),
            Eastron(12, lambda: (6.0, 6.0, 6.0), lambda: 3_000.0, lambda: 0.0, lambda: self.silent[12]),
        ]


@pytest.fixture
def installation() -> Iterator[Installation]:
    installation = Installation()
    with served_line(lambda: SimulatedLine(installation.meters(), 9600, lambda: installation.offline)) as line:
        installation.device = line.device
        yield installation


@dataclass
class Polling:
    heard: Heard
    settings: Settings
    bus: Bus | None = None


@pytest.fixture
def polling(installation: Installation) -> Iterator[Polling]:
    polling = Polling(Heard(), settings())
    bus = metered(installation.device, polling.heard, lambda: polling.settings)
    polling.bus = bus
    with running(bus):
        yield polling


def test_currents_and_the_slow_values_are_read(polling: Polling) -> None:
    mains = polling.heard.wait(MeterRead, reads(MeterRole.MAINS))
    assert mains.currents == PhaseCurrents(100, -65, 0)
    car = polling.heard.wait(MeterRead, reads(MeterRole.EV))
    assert car == MeterRead(MeterRole.EV, PhaseCurrents(60, 60, 60), source=EV)
    for slow in (
        MeterRead(MeterRole.EV, power_w=18 * 230, source=EV),
        MeterRead(MeterRole.EV, import_wh=3_000, export_wh=0, source=EV),
    ):
        polling.heard.wait(MeterRead, lambda event, slow=slow: event == slow)  # type: ignore[misc]


def test_a_silent_meter_is_named_with_bus_address_and_register(polling: Polling, installation: Installation) -> None:
    polling.heard.wait(MeterRead, reads(MeterRole.MAINS))
    installation.silent[11] = True
    told = polling.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False))
    assert told.health.where == f"Eastron3P on bus 1 ({installation.device}), address 11"
    assert re.fullmatch("no answer to a read of register 0x00(06|34|48)", told.health.last_error)
    polling.heard.wait(MeterRead, reads(MeterRole.EV))
    installation.silent[11] = False
    polling.heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=True))
    polling.heard.wait(MeterRead, reads(MeterRole.MAINS))


def test_a_meter_role_set_to_api_is_not_polled(polling: Polling) -> None:
    """Owners' bug 21 (D35#292): an unused address stole the replies of another meter."""
    polling.heard.wait(MeterRead, reads(MeterRole.MAINS))
    polling.settings = settings(mains_meter="API")
    polling.heard.wait(MeterRead, reads(MeterRole.EV))
    polling.heard.wait(MeterRead, reads(MeterRole.EV))
    seen = len(polling.heard.events)
    polling.heard.wait(MeterRead, reads(MeterRole.EV))
    later = [event for event in polling.heard.events[seen:] if isinstance(event, MeterRead)]
    assert not any(reads(MeterRole.MAINS)(event) for event in later)


def test_the_line_counts_what_it_does(polling: Polling) -> None:
    assert polling.bus is not None
    bus = polling.bus
    until(lambda: bus.statistics.per_second is not None)
    counted = bus.statistics
    assert counted.is_open
    assert not counted.listens
    assert counted.answers >= 2
    assert counted.requests >= counted.answers
    assert counted.name == "bus 1"
    assert counted.per_second is not None
    assert counted.per_second > 0


# ---- a hostile line ----


def test_nothing_wrong_is_ever_told_and_polling_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand random frames with a fixed seed, in two thousand answers; one in three is a true one."""
    monkeypatch.setattr(rs485, "ANSWER_S", 0.004)
    monkeypatch.setattr(rs485, "LATE_S", 0.0)
    monkeypatch.setattr(rs485, "_NOISE_S", 0.002)
    monkeypatch.setattr("evsed.hw.poller.PAUSES_S", (0.0,))
    dice = random.Random(22)
    count, enough = [0], threading.Event()

    def answer(request: bytes) -> bytes:
        count[0] += 1
        if count[0] > 2_000:
            enough.set()
        good = eastron(request)
        noise = b"".join(dice.randbytes(dice.randrange(1, 40)) for _ in range(7))
        match dice.randrange(6):
            case 0 | 1:
                return good
            case 2:
                return noise + bit_flipped(good, dice.randrange(8 * len(good)))
            case 3:
                return noise + good[: dice.randrange(len(good))]
            case 4:
                return noise + framed(good[0] ^ 0x40, good[1:-2]) + framed(good[0], b"\x03" + good[2:-2])
            case _:
                return noise + framed(good[0], bytes((4, 2)) + dice.randbytes(2))

    heard = Heard()
    with wire(answer) as there, running(metered(there.device, heard, settings, 115_200)):
        assert enough.wait(6 * PATIENCE_S)
        there.answer = eastron
        heard.wait(MeterRead, reads(MeterRole.MAINS))
        heard.wait(MeterRead, reads(MeterRole.EV))
    values = [event for event in heard.events if isinstance(event, MeterRead)]
    assert {told(event) for event in values} <= TRUE


def test_a_dead_meter_costs_the_others_little() -> None:
    asked: list[int] = []

    def answer(request: bytes) -> Answer:
        asked.append(request[0])
        return b"" if request[0] == 11 else eastron(request)

    heard = Heard()
    with wire(answer) as there, running(metered(there.device, heard, settings)):
        while asked.count(11) < 4:
            heard.wait(MeterRead, reads(MeterRole.EV))
    assert asked.count(12) > 2 * asked.count(11)


@pytest.mark.usefixtures("soon")
def test_a_port_may_come_late_go_and_come_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    link, heard = tmp_path / "port", Heard()
    bus = metered(str(link), heard, settings)
    with running(bus):
        lost = heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False), since=0)
        assert "port cannot be opened" in lost.health.last_error
        with wire(eastron, link=link) as there:
            heard.wait(MeterRead, reads(MeterRole.MAINS))
            assert bus.statistics.is_open
            for _ in range(3):
                before = len(heard.events)
                there.unplug()
                heard.wait(MeterHealthChanged, health(MeterRole.MAINS, answering=False), since=before)
                there.plug()
                heard.wait(MeterRead, reads(MeterRole.MAINS))
                heard.wait(MeterRead, reads(MeterRole.EV))
            said = [record.getMessage() for record in caplog.records if record.name == "evsed.hw.bus"]
    assert len([text for text in said if "trying again until it works" in text]) == 4
    assert len([text for text in said if text.endswith("works again")]) == 4


# ---- a client's jobs ----


@dataclass
class Playing:
    """A client that wants what a test gives it, each job once."""

    wanted: list[Job] = field(default_factory=list)
    came: list[Sequence[int] | str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    now: float = 0.0

    def jobs(self, now: float) -> list[Job]:
        self.now = now
        return list(self.wanted)

    def answered(self, job: Job, words: Sequence[int], now: float) -> None:
        assert now >= self.now
        self._end(job, words)

    def failed(self, job: Job, error: BusError, now: float) -> None:
        assert now >= self.now
        self._end(job, str(error))

    def _end(self, job: Job, what: Sequence[int] | str) -> None:
        self.wanted.remove(job)
        self.came.append(what)
        if not self.wanted:
            self.done.set()


def test_broadcasts_writes_and_reads_of_one_client() -> None:
    def answer(request: bytes) -> bytes:
        if request[0] == 9:
            return b""
        return numbered(request) if request[1] == 4 else framed(request[0], request[1:6])

    playing = Playing(
        [
            Job(Request(2, 4, 0, 8), Urgency.FAST),
            Job(Request(9, 16, 0x20, values=(160,) * 8), Urgency.NOW),
            Job(Request(2, 16, 0, values=(7, 0)), Urgency.NOW),
        ]
    )
    with wire(answer) as there, running(Bus("bus 1", there.device, 9600, settings, [playing])) as bus:
        assert playing.done.wait(PATIENCE_S)
    assert [request[0:2] for request in there.heard] == [b"\x09\x10", b"\x02\x10", b"\x02\x04"]
    assert [tuple(words) for words in playing.came] == [(), (), tuple(range(8))]
    assert bus.statistics.answers == 3


def test_a_bug_in_a_client_is_loud() -> None:
    died = threading.Event()
    before, threading.excepthook = threading.excepthook, lambda _: died.set()

    class Broken(Playing):
        def jobs(self, now: float) -> list[Job]:
            raise RuntimeError(f"a bug at {now}")

    try:
        with wire(lambda _: b"") as there, running(Bus("bus 1", there.device, 9600, settings, [Broken()])):
            assert died.wait(PATIENCE_S)
    finally:
        threading.excepthook = before


def test_of_an_unknown_board_a_line_is_opened_only_when_somebody_wants_something_of_it() -> None:
    with wire(eastron) as line:
        heard, chosen = Heard(), [Settings()]
        asked: list[Settings] = []

        def given() -> Settings:
            asked.append(chosen[0])
            return chosen[0]

        poller = Poller(f"bus 1 ({line.device})", list(MeterRole), given, heard.post)
        bus = Bus("bus 1", line.device, 9600, given, [poller], opens_at_once=False)
        with running(bus):
            until(lambda: bool(asked))
            assert not bus.statistics.is_open
            chosen[0] = settings()
            until(lambda: bus.statistics.answers > 0)


def test_a_line_that_nobody_wants_ends_at_once() -> None:
    with running(Bus("bus 1", "/nonsense", 9600, Settings, [], opens_at_once=False)) as bus:
        pass
    assert bus.statistics.last_error == ""
