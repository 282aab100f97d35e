"""The simulated RS485 line: the wires in virtual time, the meters on them, and real ports into it."""

import os
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.line import Line
from evsed.hw.simulation.pair import CHUNK, Heard, Pair
from evsed.hw.simulation.station import THINKING_S, Station
from tests.hw.heard import PATIENCE_S
from tests.hw.wires import served_line

BAUD = 9600
BYTE_S = 10 / BAUD
FRAME = bytes.fromhex("09 10 00 20 00 08 10 00 A0 00 00 00 3C") + bytes(11)


def framed(body: str) -> bytes:
    data = bytes.fromhex(body)
    return data + FramerRTU.compute_CRC(data).to_bytes(2, "big")


ASK_12 = framed("0c 04 00 06 00 02")


def meter(address: int, amps: float = 6.0, silent: Callable[[], bool] = lambda: False) -> Eastron:
    return Eastron(address, lambda: (amps, 0.0, 0.0), lambda: 0.0, lambda: 0.0, silent)


# ---- the wires ----


def all_of(pair: Pair) -> list[Heard]:
    """Everything until nobody sends any more."""
    heard: list[Heard] = []
    while (due := pair.deadline) is not None:
        heard += pair.advance(due)
    return heard


def heard_by(listener: int, heard: list[Heard]) -> bytes:
    return b"".join(part.data for part in heard if listener not in part.deaf)


def test_bytes_come_through_in_small_chunks_at_the_speed_of_the_wire() -> None:
    pair = Pair(BAUD, 0)
    pair.send(0, FRAME, 5.0)
    assert pair.advance(5.0 + 7.9 * BYTE_S) == []
    heard = all_of(pair)
    assert [len(part.data) for part in heard] == [8, 8, 8]
    assert [part.at for part in heard] == pytest.approx([5.0 + count * BYTE_S for count in (8, 16, 24)])
    assert pair.quiet_from == heard[-1].at


def test_everybody_hears_but_the_sender() -> None:
    pair = Pair(BAUD, 0)
    pair.send(2, FRAME, 0.0)
    heard = all_of(pair)
    assert [heard_by(listener, heard) for listener in range(4)] == [FRAME, FRAME, b"", FRAME]


def test_what_is_written_too_soon_follows_what_is_on_the_wire() -> None:
    pair = Pair(BAUD, 0)
    pair.send(0, FRAME, 0.0)
    pair.send(0, FRAME, BYTE_S)
    heard = all_of(pair)
    assert heard_by(1, heard) == FRAME + FRAME
    assert heard[-1].at == pytest.approx(48 * BYTE_S)


def test_a_sender_that_never_stops_loses_what_its_port_cannot_hold() -> None:
    pair = Pair(BAUD, 0)
    for _ in range(100):
        pair.send(0, bytes(96), 0.0)
    assert pair.quiet_from == pytest.approx(1.1)


def test_two_at_once_are_garbage_where_they_overlap_and_deaf_to_each_other() -> None:
    pair = Pair(BAUD, 0)
    pair.send(0, FRAME, 0.0)
    assert heard_by(2, pair.advance(8 * BYTE_S)) == FRAME[:8]
    pair.send(1, FRAME, 12.5 * BYTE_S)
    heard = all_of(pair)
    third = heard_by(2, heard)
    assert len(third) == 4 + 12 + 12  # sound, garbage, sound
    assert (third[:4], third[16:]) == (FRAME[8:12], FRAME[12:])
    assert third[4:16] != FRAME[12:]
    assert heard_by(1, heard) == FRAME[8:12]
    assert heard_by(0, heard) == FRAME[12:]


def test_the_garbage_is_that_of_the_seed() -> None:
    def collision(seed: int) -> bytes:
        pair = Pair(BAUD, seed)
        for sender in range(3):
            pair.send(sender, FRAME, sender * BYTE_S)
        return heard_by(7, all_of(pair))

    assert collision(1) == collision(1) != collision(2)


def test_one_after_the_other_is_no_collision() -> None:
    pair = Pair(BAUD, 0)
    pair.send(0, FRAME, 0.0)
    pair.send(1, FRAME, pair.quiet_from)
    assert heard_by(2, all_of(pair)) == FRAME + FRAME


SENDINGS = st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=1, max_size=20), st.floats(0, 0.02)), max_size=12)


@given(SENDINGS)
def test_time_never_goes_back_and_no_byte_is_heard_twice(sendings: list[tuple[int, bytes, float]]) -> None:
    pair, now, heard = Pair(BAUD, 0), 0.0, list[Heard]()
    for sender, data, pause in sendings:
        now += pause
        heard += pair.advance(now)
        pair.send(sender, data, now)
    heard += all_of(pair)
    times = [part.at for part in heard]
    assert times == sorted(times)
    assert all(0 < len(part.data) <= CHUNK and part.sender in part.deaf for part in heard)
    assert len(heard_by(9, heard)) <= sum(len(data) for _, data, _ in sendings)
    assert pair.deadline is None


# ---- the meters ----


def test_a_meter_answers_after_it_has_thought_and_only_what_was_meant_for_it() -> None:
    station = Station([meter(11), meter(12)])
    assert not station.listens
    station.hear(ASK_12[:3])
    station.hear(ASK_12[3:])
    assert station.listens
    answer = station.frame_ended(1.0)
    assert answer is not None
    assert answer.at == 1.0 + THINKING_S
    assert answer.frame == framed("0c 04 04 40 c0 00 00")
    for other in (FRAME, framed("02 04 00 00 00 08"), framed("0c 04 04 40 c0 00 00")[:-1], ASK_12[:3], b""):
        station.hear(other)
        assert station.frame_ended(1.0) is None
    assert not station.listens


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("0c 03 00 06 00 02", "0c 83 01"),
        ("0c 06 00 06 00 02", "0c 86 01"),
        ("0c 10 00 06 00 01 02 00 00", "0c 90 01"),
        ("0c 04 00 06 00", "0c 84 01"),
        ("0c 04 01 7f 00 02", "0c 84 02"),
        ("0c 04 00 06 00 00", "0c 84 02"),
    ],
)
def test_a_meter_refuses_what_it_does_not_know(request_: str, answer: str) -> None:
    station = Station([meter(12)])
    station.hear(framed(request_))
    answered = station.frame_ended(0.0)
    assert answered is not None
    assert answered.frame == framed(answer)


def test_noise_before_a_request_does_not_hide_it_and_a_silent_meter_is_silent() -> None:
    silent = False
    station = Station([meter(12, silent=lambda: silent)])
    station.hear(b"\x0c\x0c\xff" * 100)
    station.hear(ASK_12)
    assert station.frame_ended(0.0) is not None
    silent = True
    station.hear(ASK_12)
    assert station.frame_ended(0.0) is None


# ---- the ports ----


@dataclass
class Served:
    """A line with four taps and two meters, on an event loop of its own; every tap is opened as a port."""

    offline: list[bool] = field(default_factory=lambda: [False] * 4)
    ports: list[int] = field(default_factory=list)

    def read(self, tap: int, count: int) -> bytes:
        """The next ``count`` bytes that the port gives."""
        data = b""
        while len(data) < count:
            assert select.select([self.ports[tap]], [], [], PATIENCE_S)[0], f"only {data.hex(' ')}"
            data += os.read(self.ports[tap], count - len(data))
        return data

    def silent(self, tap: int) -> bool:
        return not select.select([self.ports[tap]], [], [], 0)[0]


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    offline = [lambda tap=tap: served.offline[tap] for tap in range(4)]
    with served_line(lambda: Line([meter(11, 10.0), meter(12)], BAUD, *offline)) as line:
        served.ports = [os.open(device, os.O_RDWR | os.O_NOCTTY) for device in line.devices]
        yield served
    for port in served.ports:
        os.close(port)


def test_what_one_port_sends_the_others_hear_and_a_meters_answer_all(served: Served) -> None:
    answer = framed("0c 04 04 40 c0 00 00")
    os.write(served.ports[1], ASK_12)
    assert served.read(1, len(answer)) == answer
    for tap in (0, 2, 3):
        assert served.read(tap, len(ASK_12) + len(answer)) == ASK_12 + answer
    os.write(served.ports[0], FRAME)
    for tap in (1, 2, 3):
        assert served.read(tap, len(FRAME)) == FRAME
    assert served.silent(0)


def test_a_port_that_is_cut_off_neither_hears_nor_is_heard(served: Served) -> None:
    served.offline[1] = True
    os.write(served.ports[1], FRAME)
    os.write(served.ports[0], ASK_12)
    answer = framed("0c 04 04 40 c0 00 00")
    assert served.read(0, len(answer)) == answer
    assert served.read(2, len(ASK_12) + len(answer)) == ASK_12 + answer
    assert served.silent(1)
    served.offline[1] = False
    os.write(served.ports[1], ASK_12)
    assert served.read(1, len(answer)) == answer


def test_a_port_that_nobody_reads_stops_nobody(served: Served) -> None:
    """More than a pseudo-terminal holds; the line goes on without the one that does not read."""
    loud = bytes(range(1, 241))
    for _ in range(20):
        os.write(served.ports[0], loud)
        assert served.read(1, len(loud)) == loud
