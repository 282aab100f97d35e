"""The serial line: our client against the simulated meters and against a hostile line, on real pseudo-terminals."""

import asyncio
import os
import re
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from evsed.core.events import Event, MeterHealthChanged, MeterRead
from evsed.core.model import MeterRole, PhaseCurrents
from evsed.core.settings import Settings
from evsed.hw.meters import Read
from evsed.hw.poller import Poller
from evsed.hw.rs485 import BusError, Line, LineError
from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.line import Line as SimulatedLine
from tests.core.story import settings

PATIENCE_S = 20.0


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
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        line = SimulatedLine(installation.meters(), 9600, lambda: installation.offline)
        installation.device = line.device
        ready.set()
        await over.wait()
        line.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(PATIENCE_S)
    yield installation
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def line(installation: Installation) -> Iterator[Line]:
    line = Line(installation.device, 9600)
    yield line
    line.close()


def test_registers_come_back(line: Line) -> None:
    registers = line.read_registers(11, Read(4, 0x0006, 12))
    assert len(registers) == 12
    assert registers[:2] == [0x4120, 0]  # 10.0


def test_silence_and_refusals_say_what_came(line: Line, installation: Installation) -> None:
    installation.silent[11] = True
    with pytest.raises(BusError, match="no answer"):
        line.read_registers(11, Read(4, 0x0006, 12))
    with pytest.raises(BusError, match="exception 2"):
        line.read_registers(12, Read(4, 0x017F, 2))
    with pytest.raises(BusError, match="exception 1"):
        line.read_registers(12, Read(3, 0x0006, 12))
    assert line.read_registers(12, Read(4, 0x0048, 2)) == [0x4040, 0]  # 3.0 kWh


def test_a_port_that_is_not_there_is_named() -> None:
    with pytest.raises(LineError, match="/dev/nonsense cannot be opened"):
        Line("/dev/nonsense", 9600)


def test_a_port_that_hangs_up_between_two_reads_is_a_line_error() -> None:
    """termios.error is no OSError, and killed the poller's thread."""
    master, slave = os.openpty()
    tty.setraw(slave)
    line = Line(os.ttyname(slave), 9600)
    os.close(slave)
    os.close(master)
    with pytest.raises(LineError, match="failed"):
        line.read_registers(11, Read(4, 0x0006, 2))
    line.close()


# ---- a hostile line ----


@dataclass
class Hostile:
    """A line on which a test answers every request with the bytes it likes."""

    answer: Callable[[bytes], bytes]

    def __post_init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self.master, 256)
            except OSError:
                return
            if request == b"over":
                return
            answer = self.answer(request)
            if answer:
                os.write(self.master, answer)

    def close(self) -> None:
        os.write(self.slave, b"over")
        self._thread.join()
        os.close(self.slave)
        os.close(self.master)


def crc(frame: bytes) -> bytes:
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


GOOD = bytes.fromhex("0b040441200000")
GOOD += crc(GOOD)


def ask(answer: bytes) -> list[int]:
    hostile = Hostile(lambda _request: answer)
    try:
        line = Line(hostile.device, 9600)
        try:
            return list(line.read_registers(11, Read(4, 0x0006, 2)))
        finally:
            line.close()
    finally:
        hostile.close()


def test_a_good_frame_is_found_behind_noise_and_an_echo() -> None:
    request = bytes.fromhex("0b0400060002")
    assert ask(GOOD) == [0x4120, 0]
    assert ask(b"\x00\xff\x0b" + GOOD) == [0x4120, 0]
    assert ask(request + crc(request) + GOOD) == [0x4120, 0]


WRONG = {
    "cut": GOOD[:-1],
    "checksum": GOOD[:-1] + b"\x00",
    "address": b"\x0c" + GOOD[1:],
    "function": b"\x0b\x03" + GOOD[2:],
    "length": b"\x0b\x04\x02\x41\x20" + crc(b"\x0b\x04\x02\x41\x20"),
    "zeros": bytes(300),
    "refusal's checksum": b"\x0b\x84\x02\x00\x00",
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_what_is_not_the_answer_is_never_taken_for_it(answer: bytes) -> None:
    with pytest.raises(BusError, match="garbled answer"):
        ask(answer)


# ---- the poller ----


class Heard:
    """What the poller posted; waits for what a test wants to see, without a clock in the assertions."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = threading.Condition()

    def post(self, event: Event) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def wait(self, true: Callable[[Event], bool]) -> Event:
        with self._more:
            begun = len(self.events)
            found: list[Event] = []

            def there() -> bool:
                found[:] = [event for event in self.events[begun:] if true(event)]
                return bool(found)

            assert self._more.wait_for(there, PATIENCE_S), "the poller did not say it"
            return found[0]


@dataclass
class Polling:
    heard: Heard
    settings: Settings


@pytest.fixture
def polling(installation: Installation) -> Iterator[Polling]:
    polling = Polling(Heard(), settings())
    poller = Poller("bus 1", installation.device, 9600, lambda: polling.settings, polling.heard.post)
    poller.start()
    yield polling
    poller.close()


def reads(role: MeterRole) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, MeterRead) and event.role is role and event.currents is not None


def health(role: MeterRole, *, answering: bool) -> Callable[[Event], bool]:
    return lambda event: (
        isinstance(event, MeterHealthChanged) and event.role is role and event.health.answering is answering
    )


def test_currents_and_the_slow_values_are_read(polling: Polling) -> None:
    mains = polling.heard.wait(reads(MeterRole.MAINS))
    assert isinstance(mains, MeterRead)
    assert mains.currents == PhaseCurrents(100, -65, 0)
    assert polling.heard.wait(reads(MeterRole.EV)) == MeterRead(MeterRole.EV, PhaseCurrents(60, 60, 60))
    for slow in (
        MeterRead(MeterRole.EV, power_w=18 * 230),
        MeterRead(MeterRole.EV, import_wh=3_000, export_wh=0),
    ):
        polling.heard.wait(lambda event, slow=slow: event == slow)  # type: ignore[misc]


def test_a_silent_meter_is_named_with_bus_address_and_register(polling: Polling, installation: Installation) -> None:
    polling.heard.wait(reads(MeterRole.MAINS))
    installation.silent[11] = True
    told = polling.heard.wait(health(MeterRole.MAINS, answering=False))
    assert isinstance(told, MeterHealthChanged)
    assert told.health.where == f"Eastron3P on bus 1 ({installation.device}), address 11"
    assert re.fullmatch("no answer to a read of register 0x00(06|34|48)", told.health.last_error)
    polling.heard.wait(reads(MeterRole.EV))
    installation.silent[11] = False
    polling.heard.wait(health(MeterRole.MAINS, answering=True))
    polling.heard.wait(reads(MeterRole.MAINS))


def test_a_meter_role_set_to_api_is_not_polled(polling: Polling) -> None:
    """D35#292: an unused address stole the replies of another meter."""
    polling.heard.wait(reads(MeterRole.MAINS))
    polling.settings = settings(mains_meter="API")
    polling.heard.wait(reads(MeterRole.EV))
    polling.heard.wait(reads(MeterRole.EV))
    seen = len(polling.heard.events)
    polling.heard.wait(reads(MeterRole.EV))
    assert not any(reads(MeterRole.MAINS)(event) for event in polling.heard.events[seen:])


def test_values_that_cannot_be_are_reported_and_not_used() -> None:
    hot = bytes.fromhex("0b0418") + b"\x7f\xc0\x00\x00" * 6
    hostile = Hostile(lambda _request: hot + crc(hot))
    heard = Heard()
    poller = Poller("bus 1", hostile.device, 9600, lambda: settings(ev_meter="Disabled"), heard.post)
    poller.start()
    told = heard.wait(health(MeterRole.MAINS, answering=False))
    poller.close()
    hostile.close()
    assert isinstance(told, MeterHealthChanged)
    assert told.health.last_error == "the power of L1 in register 0x000c is nan W; no meter measures that"
    assert not any(isinstance(event, MeterRead) for event in heard.events)


def test_a_port_that_comes_later_is_opened_then(tmp_path: os.PathLike[str]) -> None:
    hostile = Hostile(lambda _request: b"")
    link = os.path.join(tmp_path, "port")  # noqa: PTH118
    heard = Heard()
    poller = Poller("bus 1", link, 9600, lambda: settings(ev_meter="Disabled"), heard.post)
    poller.start()
    os.symlink(hostile.device, link)  # noqa: PTH211
    heard.wait(health(MeterRole.MAINS, answering=False))
    poller.close()
    hostile.close()
