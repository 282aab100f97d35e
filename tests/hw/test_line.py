"""One line as the one who asks and as one who listens, on real pseudo-terminals, with all that goes wrong there."""

import os
import random
import select
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from evsed.hw import rs485
from evsed.hw.frames import Request, framed
from evsed.hw.rs485 import BusError, Line, LineError
from tests.hw.heard import PATIENCE_S
from tests.hw.wires import Answer, bit_flipped, frame_from, numbered, wire

READ = Request(11, 4, 0x0006, 12)
OTHER_REGISTER = Request(11, 4, 0x0106, 12)
ONE = Request(10, 6, 0x0800, values=(1,))
MANY = Request(3, 16, 0, values=(7, 0))
OFFERS = Request(9, 16, 0x0020, values=(160, 0, 60, 0, 0, 0, 0, 0))
WORDS = tuple(range(6, 18))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers that a test waits for may come late on a machine that has much to do."""
    monkeypatch.setattr(rs485, "ANSWER_S", 0.4)


@contextmanager
def opened(device: str, baud: int = 9600) -> Iterator[Line]:
    line = Line(device, baud)
    try:
        yield line
    finally:
        line.close()


def ask(answer: Answer, request: Request = READ) -> tuple[int, ...]:
    with wire(lambda _request: answer) as there, opened(there.device) as line:
        return tuple(line.ask(request))


def test_registers_are_read_and_written() -> None:
    good = numbered(READ.frame)
    assert ask(good) == WORDS
    assert ask(b"\x00\xff\x0b" + good + b"\x55") == WORDS
    assert ask([good[:1], 0.005, good[1:9], 0.02, good[9:]]) == WORDS  # a USB adapter hands it over in pieces
    assert ask(ONE.frame, ONE) == ()
    assert ask(framed(3, MANY.pdu[:5]), MANY) == ()
    assert ask(numbered(Request(11, 3, 0, 2).frame), Request(11, 3, 0, 2)) == (0, 1)


GOOD = numbered(READ.frame)
WRONG = {
    "cut": GOOD[:-1],
    "checksum": GOOD[:-2] + b"\x00\x00",
    "address": framed(12, GOOD[1:-2]),
    "function": framed(11, b"\x03" + GOOD[2:-2]),
    "length": numbered(Request(11, 4, 6, 10).frame),
    "longer": numbered(Request(11, 4, 6, 14).frame),
    "two at once": bytes(one & other for one, other in zip(GOOD, numbered(OTHER_REGISTER.frame), strict=True)),
    "zeros": bytes(600),
    "refusal's checksum": b"\x0b\x84\x02\x00\x00",
    "another's refusal": framed(12, b"\x84\x02"),
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_what_is_not_the_answer_is_never_taken_for_it(answer: bytes) -> None:
    with pytest.raises(BusError, match=r"garbled answer [0-9a-f ]+$"):
        ask(answer)


def test_silence_and_refusals_say_what_came() -> None:
    with pytest.raises(BusError, match=r"^no answer$"):
        ask(b"")
    with pytest.raises(BusError, match="refused with exception 2"):
        ask(framed(11, b"\x84\x02"))
    with pytest.raises(BusError, match="refused with exception 3"):
        ask(framed(3, b"\x90\x03"), MANY)
    with pytest.raises(BusError, match="garbled"):
        ask(framed(10, b"\x06\x08\x00\x00\x00"), ONE)  # another value than was written


def test_a_line_that_hears_itself_is_read_and_written() -> None:
    """The echo of a write of one register looks like its confirmation."""
    reads = wire(lambda request: numbered(request) if request[1] == 4 else b"", echo=True)
    with reads as there, opened(there.device) as line:
        assert tuple(line.ask(READ)) == WORDS
        with pytest.raises(BusError, match="no answer"):
            line.ask(ONE)
        with pytest.raises(BusError, match="no answer"):
            line.ask(MANY)
        there.answer = lambda request: request if request[1] == 6 else framed(3, request[1:6])
        assert line.ask(ONE) == ()
        assert line.ask(MANY) == ()


def test_a_late_answer_is_not_the_answer_to_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rs485, "ANSWER_S", 0.05)
    monkeypatch.setattr(rs485, "LATE_S", 1.0)
    late = [True]

    def answer(request: bytes) -> Iterable[bytes | float]:
        if late.pop():
            late.append(False)
            return [rs485.ANSWER_S + 0.12, numbered(request)]
        late.append(False)
        return [numbered(request)]

    with wire(answer) as there, opened(there.device) as line:
        with pytest.raises(BusError, match="no answer"):
            line.ask(READ)
        assert line.free_at(11) > time.monotonic()
        assert line.free_at(12) == 0.0
        assert tuple(line.ask(OTHER_REGISTER)) == tuple(range(0x106, 0x106 + 12))
        assert line.free_at(11) == 0.0


def test_a_late_answer_of_one_device_does_not_disturb_another() -> None:
    with wire(lambda _request: b"") as there, opened(there.device) as line:
        with pytest.raises(BusError, match="no answer"):
            line.ask(READ)
        there.answer = lambda request: [GOOD, numbered(request)]
        assert tuple(line.ask(Request(12, 4, 0x0048, 4))) == (0x48, 0x49, 0x4A, 0x4B)


def test_two_devices_at_one_address_do_not_shift_the_answers() -> None:
    """The second answer is still coming when the first one is taken."""
    with wire(lambda request: [numbered(request), 0.001, numbered(request)]) as there, opened(there.device) as line:
        for first in range(0, 0x300, 0x40):
            assert tuple(line.ask(Request(11, 4, first, 4))) == tuple(range(first, first + 4))
        assert line.strays > 0


def test_after_a_broadcast_the_next_answer_is_read() -> None:
    """Owners' bug 22: a broadcast swallowed the answer of whoever was asked next."""
    for echo in (False, True):
        nobody_answers_9 = wire(lambda request: b"" if request[0] == 9 else numbered(request), echo=echo)
        with nobody_answers_9 as there, opened(there.device) as line:
            for _ in range(3):
                line.tell(OFFERS)
                assert tuple(line.ask(READ)) == WORDS
            assert there.heard == [OFFERS.frame, READ.frame] * 3
            assert line.strays == 0


def test_only_everybody_can_be_told() -> None:
    silent = wire(lambda _request: b"")
    with silent as there, opened(there.device) as line, pytest.raises(ValueError, match="address 3 is one device's"):
        line.tell(MANY)


def test_frames_are_kept_apart_by_three_and_a_half_characters() -> None:
    """At 1200 baud that is 29 ms; the device tells when it heard each frame."""
    at = []

    def answer(request: bytes) -> bytes:
        at.append(time.monotonic())
        return numbered(request) if request[0] != 9 else b""

    request = Request(11, 4, 0, 1)
    with wire(answer) as there, opened(there.device, 1200) as line:
        line.ask(request)
        line.tell(OFFERS)
        line.ask(request)
    assert at[1] - at[0] >= 3.5 * 10 / 1200
    assert at[2] - at[1] >= (len(OFFERS.frame) + 3.5) * 10 / 1200


def test_a_line_full_of_noise_is_used_all_the_same() -> None:
    over = threading.Event()
    with wire(lambda _request: GOOD) as there, opened(there.device) as line:

        def chatter() -> None:
            while not over.wait(0.0005):
                if select.select([], [there.master], [], 0)[1]:
                    os.write(there.master, b"\x55")

        thread = threading.Thread(target=chatter)
        thread.start()
        try:
            answers = 0
            for _ in range(20):
                try:
                    answers += tuple(line.ask(READ)) == WORDS
                except BusError:
                    continue
        finally:
            over.set()
            thread.join()
        assert answers
        assert line.strays


def test_no_random_frame_is_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand of them with a fixed seed; in between the device answers, and is understood."""
    monkeypatch.setattr(rs485, "ANSWER_S", 0.0)
    monkeypatch.setattr(rs485, "LATE_S", 0.0)
    monkeypatch.setattr(rs485, "_NOISE_S", 0.005)
    dice = random.Random(11)

    def answer(request: bytes) -> bytes:
        good = numbered(request)
        noise = [dice.randbytes(dice.randrange(1, 60)) for _ in range(5)]
        match dice.randrange(6):
            case 0:
                return good
            case 1:
                noise.append(good[: dice.randrange(len(good))])
            case 2:
                noise.append(bit_flipped(good, dice.randrange(8 * len(good))))
            case 3:
                noise.append(framed(dice.randrange(1, 11), good[1:-2]))
            case 4:
                noise.append(framed(11, b"\x04" + bytes((dice.choice([2, 22, 26]),)) + dice.randbytes(24)))
            case _:
                noise.append(framed(11, bytes((3, 24)) + dice.randbytes(24)))
        return b"".join(noise)

    understood = failed = 0
    with wire(answer) as there, opened(there.device, 115_200) as line:
        while len(there.heard) < 2_000:  # with five random frames in each wrong answer
            try:
                assert tuple(line.ask(READ)) == WORDS
                understood += 1
            except BusError:
                failed += 1
    assert failed > 1_000
    assert understood > 200


# ---- the port ----


def test_a_port_that_is_not_there_or_taken_is_named() -> None:
    with pytest.raises(LineError, match="/dev/nonsense cannot be opened"):
        Line("/dev/nonsense", 9600)
    taken = pytest.raises(LineError, match="cannot be opened: another program uses it")
    with wire(lambda _request: b"") as there, opened(there.device), taken:
        Line(there.device, 9600)


def test_a_port_that_hangs_up_is_a_line_error() -> None:
    """termios.error is no OSError, and once killed the poller's thread."""
    there = wire(lambda _request: b"")
    with there as hung:
        line = Line(hung.device, 9600)
    with pytest.raises(LineError, match="failed"):
        line.ask(READ)
    with pytest.raises(LineError, match="failed"):
        line.listen(0.1)
    line.close()


@contextmanager
def gateway() -> Iterator[tuple[str, socket.socket]]:
    """A Modbus RTU over TCP gateway's door."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(PATIENCE_S)
        yield f"tcp://127.0.0.1:{door.getsockname()[1]}", door


def test_a_line_behind_a_gateway() -> None:
    with gateway() as (device, door), opened(device) as line:
        connection, _ = door.accept()

        def serve() -> None:
            with connection:
                connection.sendall(numbered(connection.recv(512)))

        thread = threading.Thread(target=serve)
        thread.start()
        assert tuple(line.ask(READ)) == WORDS
        thread.join()
        with pytest.raises(LineError, match=f"{device} failed"):
            line.ask(READ)
    with pytest.raises(LineError, match="cannot be opened"):
        Line(device, 9600)


# ---- as one who listens ----


def test_what_others_send_is_heard_and_answered() -> None:
    with wire(lambda _request: b"") as there, opened(there.device) as line:
        os.write(there.master, READ.frame)
        assert line.listen(PATIENCE_S) == READ.frame
        assert line.listen(0.0) == b""
        assert line.reply(11, GOOD[1:-2]) == b""
        while not there.heard:
            assert line.listen(0.01) == b""
        assert there.heard == [GOOD]


def test_nobody_is_answered_while_somebody_else_speaks() -> None:
    with wire(lambda _request: b"") as there, opened(there.device, 1200) as line:
        os.write(there.master, READ.frame)
        assert line.listen(PATIENCE_S) == READ.frame
        os.write(there.master, b"\x55")
        assert line.reply(11, GOOD[1:-2]) == b"\x55"
        assert there.heard == []


def test_a_node_does_not_hear_its_own_answer() -> None:
    with wire(lambda _request: b"", echo=True) as there, opened(there.device, 1200) as line:
        assert line.reply(3, MANY.pdu[:5]) == b""
        while not there.heard:
            assert line.listen(0.001) == b""
        os.write(there.master, READ.frame)
        heard = b""
        while len(heard) < len(READ.frame):
            heard += line.listen(PATIENCE_S)
        assert heard == READ.frame


def test_what_only_begins_like_our_answer_is_heard() -> None:
    with wire(lambda _request: b"") as there, opened(there.device, 1200) as line:
        assert line.reply(3, MANY.pdu[:5]) == b""
        os.write(there.master, MANY.frame)
        assert line.listen(PATIENCE_S) == MANY.frame


def test_our_answer_can_be_read_by_who_asked() -> None:
    master, slave = os.openpty()
    try:
        with opened(os.ttyname(slave)) as line:
            line.reply(3, MANY.pdu[:5])
            assert frame_from(master) == framed(3, MANY.pdu[:5])
    finally:
        os.close(master)
        os.close(slave)
