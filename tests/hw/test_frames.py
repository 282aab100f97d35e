"""Frames: made, checked, and found in a stream with noise. No port, no clock."""

import random

import pytest

from evsed.hw.frames import Deframer, Frame, Kind, Pairing, RefusedError, Request, answers, find_answer, framed, sound
from tests.hw.wires import bit_flipped, numbered

READ = Request(11, 4, 0x0006, 12)
ONE = Request(10, 6, 0x0800, values=(1,))
MANY = Request(3, 16, 0, values=(7, 0))


def test_frames_are_those_of_the_recorded_exchanges() -> None:
    assert Request(10, 4, 0, 20).frame == bytes.fromhex("0a0400000014f17e")
    assert MANY.frame == bytes.fromhex("031000000002040007000049d6")
    assert ONE.frame[:-2] == bytes.fromhex("0a0608000001")
    assert sound(READ.frame)
    assert not sound(READ.frame[:-1])
    assert not sound(b"")


@pytest.mark.parametrize(
    "wrong",
    [
        {"function": 4, "count": 0},
        {"function": 3, "count": 126},
        {"function": 4, "count": 1, "values": (1,)},
        {"function": 6, "values": (1, 2)},
        {"function": 16},
        {"function": 5, "values": (1,)},
    ],
)
def test_what_no_frame_can_carry_is_refused_at_once(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="no frame can carry"):
        Request(11, first=0, **wrong)  # type: ignore[arg-type]


# ---- the answer to what we asked ----


def test_an_answer_is_found_behind_noise_echo_and_other_devices() -> None:
    answer = numbered(READ.frame)
    others = framed(12, answer[1:-2])
    for before in (b"", b"\x00\xff\x0b", READ.frame, others, answer[:-1] + b"\x00"):
        assert find_answer(before + answer + b"\x0b\x04", READ, echoed=False) == tuple(range(6, 18))
    assert find_answer(others + answer[:-1], READ, echoed=False) is None


def test_a_write_is_confirmed_by_what_it_echoes() -> None:
    confirmed = framed(3, bytes.fromhex("1000000002"))
    assert find_answer(MANY.frame + confirmed, MANY, echoed=True) == ()
    assert find_answer(framed(3, bytes.fromhex("1000010002")), MANY, echoed=False) is None  # another register
    assert find_answer(framed(3, bytes.fromhex("1000000001")), MANY, echoed=False) is None  # another count
    assert find_answer(ONE.frame, ONE, echoed=False) == ()
    assert find_answer(framed(10, bytes.fromhex("0608000000")), ONE, echoed=False) is None  # another value


def test_our_own_echo_is_not_the_confirmation_of_a_write() -> None:
    assert find_answer(ONE.frame, ONE, echoed=True) is None
    assert find_answer(ONE.frame * 2, ONE, echoed=True) == ()


def test_a_refusal_is_of_this_device_and_function() -> None:
    with pytest.raises(RefusedError, match="exception 2"):
        find_answer(b"\xff" + framed(11, b"\x84\x02"), READ, echoed=False)
    for other in (framed(12, b"\x84\x02"), framed(11, b"\x83\x02"), b"\x0b\x84\x02\x00\x00"):
        assert find_answer(other, READ, echoed=False) is None


def test_request_and_answer_belong_together_by_function_length_and_register() -> None:
    assert answers(READ.pdu, numbered(READ.frame)[1:-2])
    assert not answers(READ.pdu, numbered(Request(11, 4, 6, 10).frame)[1:-2])
    assert not answers(READ.pdu, numbered(Request(11, 3, 6, 12).frame)[1:-2])
    assert not answers(READ.pdu, b"\x84\x02")
    assert not answers(READ.pdu, b"\x04")
    assert not answers(b"\x01\x00", b"\x01\x00")
    assert not answers(b"", b"")


# ---- frames of others ----


def fed(*parts: bytes) -> list[Frame]:
    """What a Deframer finds in ``parts``, and then in the silence."""
    deframer = Deframer()
    return [frame for part in parts for frame in deframer.feed(part)] + deframer.silence()


def kinds(*parts: bytes) -> list[tuple[int, Kind]]:
    return [(frame.address, frame.kind) for frame in fed(*parts)]


EXCHANGES: dict[str, tuple[bytes, bytes, list[tuple[int, Kind]]]] = {
    "read": (READ.frame, numbered(READ.frame), [(11, Kind.REQUEST), (11, Kind.ANSWER)]),
    "write one": (ONE.frame, ONE.frame, [(10, Kind.EITHER), (10, Kind.EITHER)]),
    "write many": (MANY.frame, framed(3, MANY.pdu[:5]), [(3, Kind.REQUEST), (3, Kind.ANSWER)]),
    "refused": (READ.frame, framed(11, b"\x84\x02"), [(11, Kind.REQUEST), (11, Kind.ANSWER)]),
    "most read": (
        Request(247, 3, 0, 125).frame,
        numbered(Request(247, 3, 0, 125).frame),
        [(247, Kind.REQUEST), (247, Kind.ANSWER)],
    ),
    "most written": (Request(9, 16, 0x20, values=(5,) * 123).frame, b"", [(9, Kind.REQUEST)]),
}


@pytest.mark.parametrize(("request_frame", "answer", "found"), EXCHANGES.values(), ids=EXCHANGES.keys())
def test_frames_are_found_whole_byte_by_byte_and_between_noise(
    request_frame: bytes, answer: bytes, found: list[tuple[int, Kind]]
) -> None:
    stream = request_frame + answer
    assert kinds(stream) == found
    assert kinds(*(stream[index : index + 1] for index in range(len(stream)))) == found
    assert kinds(b"\x00\xff" + request_frame, b"\x07" + answer) == found
    assert kinds(request_frame[:-1]) == []


def test_a_frame_is_given_with_its_last_byte_and_says_whether_anything_follows() -> None:
    deframer = Deframer()
    assert deframer.feed(READ.frame[:-1]) == []
    assert deframer.feed(READ.frame[-1:]) == [Frame(11, READ.pdu, Kind.REQUEST, last=True)]
    assert [frame.last for frame in deframer.feed(READ.frame * 2)] == [False, True]


def test_the_beginning_of_a_long_frame_holds_a_sound_one_back_until_there_is_silence() -> None:
    deframer = Deframer()
    assert deframer.feed(b"\x0c\x04\xf0" + READ.frame) == []
    assert [frame.address for frame in deframer.silence()] == [11]
    assert deframer.silence() == []


def test_a_request_of_a_kind_that_we_do_not_know_is_found_between_two_silences() -> None:
    strange = framed(2, b"\x2b\x0e\x01\x00")
    assert fed(strange) == [Frame(2, b"\x2b\x0e\x01\x00", Kind.EITHER, last=True)]
    assert fed(framed(2, b"\x04\x00\x00\x00\x00"))[0].pdu == b"\x04\x00\x00\x00\x00"  # no registers
    assert fed(b"\xff" + strange) == []
    assert fed(strange[:-1]) == []


def test_any_bytes_are_taken_without_an_error_and_without_keeping_much() -> None:
    dice = random.Random(5)
    deframer = Deframer()
    whole = [frame for asked, answer, _ in EXCHANGES.values() for frame in (asked, answer)]
    for _ in range(10_000):
        frame = dice.choice(whole)
        match dice.randrange(4):
            case 0:
                frame = bit_flipped(frame, dice.randrange(8 * len(frame))) if frame else b""
            case 1:
                frame = frame[: dice.randrange(len(frame) + 1)]
            case 2:
                frame = dice.randbytes(dice.randrange(300))
            case _:
                frame = frame[dice.randrange(len(frame) + 1) :] + frame
        for found in deframer.feed(frame):
            assert sound(framed(found.address, found.pdu))
        assert len(deframer._buffer) <= 256
        if dice.random() < 0.5:
            deframer.silence()
            assert deframer._buffer == b""
    deframer.silence()
    assert [found.pdu for found in deframer.feed(READ.frame)] == [READ.pdu]


@pytest.mark.parametrize("bit", range(8 * len(MANY.frame)))
def test_one_wrong_bit_is_never_a_frame(bit: int) -> None:
    assert fed(bit_flipped(MANY.frame, bit)) == []


# ---- who answers whom ----


def pairs(*frames: bytes) -> list[tuple[int, bytes, bytes]]:
    pairing = Pairing()
    return [pair for frame in fed(*frames) if (pair := pairing.hear(frame)) is not None]


def test_an_answer_belongs_to_the_request_right_before_it() -> None:
    answer = numbered(READ.frame)
    exchange = (11, READ.pdu, answer[1:-2])
    assert pairs(READ.frame, answer) == [exchange]
    assert pairs(READ.frame, READ.frame, answer) == [exchange]  # asked again
    assert pairs(answer) == []
    assert pairs(READ.frame, framed(12, answer[1:-2]), answer) == []  # somebody else came between
    assert pairs(READ.frame, numbered(Request(11, 4, 6, 2).frame)) == []  # of another length
    assert pairs(READ.frame, framed(11, b"\x84\x02"), answer) == []
    assert pairs(ONE.frame, ONE.frame) == [(10, ONE.pdu, ONE.pdu)]
    assert pairs(MANY.frame, framed(3, MANY.pdu[:5])) == [(3, MANY.pdu, MANY.pdu[:5])]


def test_what_was_forgotten_is_not_answered() -> None:
    pairing = Pairing()
    request, answer = fed(READ.frame, numbered(READ.frame))
    pairing.hear(request)
    pairing.forget()
    assert pairing.hear(answer) is None
