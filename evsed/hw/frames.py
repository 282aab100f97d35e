"""Modbus RTU frames as pure functions on bytes: made, checked, and found in a stream that carries noise as well.

Owns the shape of requests and answers of functions 3, 4, 6 and 16. When a line is silent and who may speak is
rs485.py's and bus.py's; checksums are pymodbus's.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pymodbus.framer import FramerRTU

READS: Final = frozenset({3, 4})
WRITE_ONE: Final = 6
WRITE_MANY: Final = 16
BROADCAST: Final = frozenset({0, 9})
"""Nobody answers here: 0 is everybody on any Modbus line, 9 is everybody among chargers that share power."""

MOST_READ = 125
MOST_WRITTEN = 123
LONGEST = 256
_HIGHEST_ADDRESS = 247
_KNOWN = READS | {WRITE_ONE, WRITE_MANY}
_REFUSED = 0x80
_CRC = 2
_SHORTEST = 4  # address, function, checksum


class RefusedError(Exception):
    """The device answered with an exception; ``code`` is its number."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with exception {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a device, as one Modbus RTU frame."""

    address: int  # 1..247; 9 (among chargers) and 0 are everybody: nobody answers
    function: int  # 3, 4: read; 6, 16: write
    first: int  # register
    count: int = 0  # registers to read, 1..125
    values: tuple[int, ...] = ()  # words to write: one for function 6, 1..123 for 16

    def __post_init__(self) -> None:
        words = len(self.values)
        if self.function in READS:
            fits = 1 <= self.count <= MOST_READ and not words
        else:
            fits = self.function in _KNOWN and 1 <= words <= (1 if self.function == WRITE_ONE else MOST_WRITTEN)
        if not fits:
            raise ValueError(f"no frame can carry {self}")

    @property
    def pdu(self) -> bytes:
        """Function code and data."""
        if self.function in READS:
            return struct.pack(">BHH", self.function, self.first, self.count)
        if self.function == WRITE_ONE:
            return struct.pack(">BHH", self.function, self.first, self.values[0])
        words = struct.pack(f">{len(self.values)}H", *self.values)
        return struct.pack(">BHHB", self.function, self.first, len(self.values), len(words)) + words

    @property
    def frame(self) -> bytes:
        """The bytes for the wire."""
        return framed(self.address, self.pdu)

    @property
    def answer_length(self) -> int:
        """Bytes of the frame that answers this."""
        return 5 + 2 * self.count if self.function in READS else 8


def framed(address: int, pdu: bytes) -> bytes:
    """``pdu`` between address and checksum."""
    body = bytes((address,)) + pdu
    return body + FramerRTU.compute_CRC(body).to_bytes(_CRC, "big")


def sound(frame: bytes) -> bool:
    """Whether the checksum at the end of ``frame`` is right."""
    return len(frame) >= _SHORTEST and FramerRTU.check_CRC(frame[:-_CRC], int.from_bytes(frame[-_CRC:], "big"))


def words_of(answer: bytes) -> tuple[int, ...]:
    """The registers in the PDU that answers a read."""
    return struct.unpack(f">{answer[1] // 2}H", answer[2 : 2 + answer[1]])


def answers(request: bytes, answer: bytes) -> bool:
    """Whether the PDU ``answer`` confirms the PDU ``request``: function, length and what is echoed agree."""
    if not request or request[0] not in _KNOWN or answer[:1] != request[:1]:
        return False
    if request[0] in READS:
        return len(answer) >= 2 and answer[1] == len(answer) - 2 == 2 * int.from_bytes(request[3:5], "big")
    return answer == request[:5]


def find_answer(received: bytes, request: Request, *, echoed: bool) -> Sequence[int] | None:
    """The words that answer ``request`` (none for a write), found among noise, echoes and other devices' frames.

    None while no answer is there. ``echoed``: our own frame comes back to us, which is not yet the answer to a write of
    one register, though it looks like it. Raises RefusedError.
    """
    if request.function in READS:
        head = bytes((request.address, request.function, 2 * request.count))
        frame = _find(received, head, request.answer_length)
        if frame is not None:
            return words_of(frame[1:-_CRC])
    else:
        confirmed = framed(request.address, request.pdu[:5])
        if received.count(confirmed) > (1 if echoed and request.function == WRITE_ONE else 0):
            return ()
    refusal = _find(received, bytes((request.address, request.function | _REFUSED)), 5)
    if refusal is not None:
        raise RefusedError(refusal[2])
    return None


def _find(received: bytes, head: bytes, length: int) -> bytes | None:
    start = received.find(head)
    while start >= 0:
        frame = received[start : start + length]
        if len(frame) == length and sound(frame):
            return frame
        start = received.find(head, start + 1)
    return None


# ---- finding frames without having asked ----


class Kind(Enum):
    """What a frame can be by its shape."""

    REQUEST = "request"
    ANSWER = "answer"
    EITHER = "either"  # the confirmation of a write of one register repeats its request


@dataclass(frozen=True, slots=True)
class Frame:
    """A sound frame. ``last``: nothing stood behind it, so its sender may be waiting for an answer."""

    address: int
    pdu: bytes
    kind: Kind
    last: bool


_ANY = ((LONGEST + 1, Kind.EITHER),)
"""After a silence or a frame any beginning may be that of a frame whose length we cannot know."""


class Deframer:
    """Finds sound frames in a stream of bytes. Never raises; keeps no more than the longest frame.

    A frame is given as soon as its last byte has come. What could be the beginning of a longer frame is waited for,
    until ``silence`` says that nothing more comes: then what stands behind that beginning is looked at too.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._fresh = True  # the buffer begins where a silence or a frame ended

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole with ``data``."""
        return self._take(data, over=False)

    def silence(self) -> list[Frame]:
        """The frames that are left when nothing more comes; forgets the rest."""
        frames = self._take(b"", over=True)
        self._fresh = True
        return frames

    def _take(self, data: bytes, *, over: bool) -> list[Frame]:
        buffer, at, fresh = self._buffer + data, 0, 0 if self._fresh else -1
        found: list[tuple[Kind, int, int]] = []
        while at < len(buffer):
            waits = False
            for length, kind in _shapes(buffer[at : at + 7]) or (_ANY if at == fresh else ()):
                if at + length > len(buffer):
                    waits = length <= LONGEST or len(buffer) < LONGEST
                elif sound(buffer[at : at + length]):
                    found.append((kind, at, at + length))
                    break
            else:
                if over and at == 0 and _sound_alone(buffer):
                    found.append((Kind.EITHER, at, len(buffer)))
                elif waits and not over:
                    break
                else:
                    at += 1
                    continue
            at = fresh = found[-1][2]
        self._buffer, self._fresh = buffer[at:], at == fresh
        return [
            Frame(buffer[start], buffer[start + 1 : end - _CRC], kind, end == len(buffer)) for kind, start, end in found
        ]


def _sound_alone(rest: bytes) -> bool:
    """Whether ``rest`` is one sound frame between two silences, though of a shape that we do not know."""
    return rest[0] <= _HIGHEST_ADDRESS and len(rest) <= LONGEST and sound(rest)


def _shapes(head: bytes) -> list[tuple[int, Kind]]:
    """The lengths that a frame with this beginning (up to 7 bytes) can have, the shorter one first."""
    if head[0] > _HIGHEST_ADDRESS:
        return []
    if len(head) < 2:
        return [(_SHORTEST, Kind.EITHER)]
    function = head[1]
    if function in READS:
        return _read_shapes(head)
    if function == WRITE_ONE:
        return [(8, Kind.EITHER)]
    if function == WRITE_MANY:
        return _write_shapes(head)
    return [(5, Kind.ANSWER)] if function & ~_REFUSED in _KNOWN else []


def _read_shapes(head: bytes) -> list[tuple[int, Kind]]:
    shapes = []
    if len(head) < 6 or 1 <= int.from_bytes(head[4:6], "big") <= MOST_READ:
        shapes.append((8, Kind.REQUEST))
    if len(head) > 2 and head[2] % 2 == 0 and 2 <= head[2] <= 2 * MOST_READ:
        shapes.append((5 + head[2], Kind.ANSWER))
    return sorted(shapes, key=lambda shape: shape[0])


def _write_shapes(head: bytes) -> list[tuple[int, Kind]]:
    if len(head) < 6:
        return [(8, Kind.ANSWER)]
    count = int.from_bytes(head[4:6], "big")
    if not 1 <= count <= MOST_WRITTEN:
        return []
    shapes = [(8, Kind.ANSWER)]
    if len(head) < 7 or head[6] == 2 * count:
        shapes.append((9 + 2 * count, Kind.REQUEST))
    return shapes


class Pairing:
    """Puts together what others ask and answer, in the order in which it was heard."""

    def __init__(self) -> None:
        self._asked: Frame | None = None

    def hear(self, frame: Frame) -> tuple[int, bytes, bytes] | None:
        """Address, request and answer when ``frame`` is the answer to the frame before it; exceptions are no answer."""
        asked, self._asked = self._asked, None
        same = asked is not None and asked.address == frame.address and frame.kind is not Kind.REQUEST
        if asked is not None and same and answers(asked.pdu, frame.pdu):
            return frame.address, asked.pdu, frame.pdu
        if frame.kind is not Kind.ANSWER:
            self._asked = frame
        return None

    def forget(self) -> None:
        """What was asked is not answered any more."""
        self._asked = None
