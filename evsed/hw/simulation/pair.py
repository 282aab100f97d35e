"""The pair of wires of a simulated RS485 line: who sends when, who hears what, and what collides. Pure, in seconds.

Half duplex, as with the usual transceivers: whoever drives the pair is deaf to it. Bytes that two drive at once arrive
as garbage. It knows no frames; those are for the stations on the line.
"""

import random
from dataclasses import dataclass

BIT_TIMES_A_BYTE = 10
SILENCE_BYTES = 3.5
CHUNK = 8
"""So many bytes come out of a port at once: half the FIFO of a Raspberry Pi's UART."""

BACKLOG_S = 1.0
"""What a sender has written so far ahead of the wire is lost: its port's buffer is full."""

_Deaf = frozenset[int]
_EPSILON_S = 1e-9


@dataclass(frozen=True, slots=True)
class Heard:
    """``data`` of ``sender`` has come through at ``at``; everybody hears it but ``deaf``."""

    sender: int
    data: bytes
    deaf: _Deaf
    at: float


class _Sending:
    """Bytes of one sender, without a gap. A cell is a byte and who is deaf to it; None: part of another's garbage."""

    def __init__(self, sender: int, data: bytes, start: float, byte_s: float) -> None:
        deaf = frozenset((sender,))
        self.sender = sender
        self.cells: list[tuple[int, _Deaf] | None] = [(byte, deaf) for byte in data]
        self.start = start
        self.byte_s = byte_s
        self.through = 0

    @property
    def end(self) -> float:
        return self.start + len(self.cells) * self.byte_s

    @property
    def due(self) -> float:
        """When the next chunk is through."""
        return self.start + min(self.through + CHUNK, len(self.cells)) * self.byte_s

    def take(self) -> list[Heard]:
        """The chunk that is due."""
        at = self.due
        chunk = self.cells[self.through : self.through + CHUNK]
        self.through += len(chunk)
        heard: list[Heard] = []
        for cell in chunk:
            if cell is None:
                continue
            byte, deaf = cell
            if heard and heard[-1].deaf == deaf:
                heard[-1] = Heard(self.sender, heard[-1].data + bytes((byte,)), deaf, at)
            else:
                heard.append(Heard(self.sender, bytes((byte,)), deaf, at))
        return heard


class Pair:
    """``send`` puts bytes on the wire; ``advance`` tells what has come through. Time never goes backwards."""

    def __init__(self, baud: int, seed: int) -> None:
        self._byte_s = BIT_TIMES_A_BYTE / baud
        self._sendings: list[_Sending] = []
        self._ends: dict[int, float] = {}
        self._garbage = random.Random(seed)

    @property
    def silence_s(self) -> float:
        """A pause of this length ends a frame."""
        return SILENCE_BYTES * self._byte_s

    @property
    def quiet_from(self) -> float:
        """When the last byte that is known of is through."""
        return max(self._ends.values(), default=0.0)

    def send(self, sender: int, data: bytes, now: float) -> None:
        """``sender`` begins to send ``data`` at ``now``, or as soon as what it sends already is through."""
        start = max(now, self._ends.get(sender, now))
        if not data or start - now > BACKLOG_S:
            return
        new = _Sending(sender, data, start, self._byte_s)
        for other in self._sendings:
            if other.sender != sender:
                self._collide(*sorted((other, new), key=lambda sending: sending.start))
        self._sendings.append(new)
        self._ends[sender] = new.end

    def _collide(self, first: _Sending, second: _Sending) -> None:
        """Where they overlap the bytes of ``first`` become garbage, and those of ``second`` are part of it."""
        ends = min(first.end, second.end) - _EPSILON_S
        for index in range(first.through, len(first.cells)):
            at, cell = first.start + index * self._byte_s, first.cells[index]
            if cell is not None and at < ends and at + self._byte_s > second.start + _EPSILON_S:
                first.cells[index] = (self._garbage.randrange(256), cell[1] | {second.sender})
        for index in range(second.through, len(second.cells)):
            if second.start + index * self._byte_s < ends:
                second.cells[index] = None

    @property
    def deadline(self) -> float | None:
        """When something comes through next; None while nobody sends."""
        return min((sending.due for sending in self._sendings), default=None)

    def advance(self, now: float) -> list[Heard]:
        """What has come through up to ``now``, in the order of the wire."""
        heard: list[Heard] = []
        while self._sendings:
            sending = min(self._sendings, key=lambda sending: sending.due)
            if sending.due > now:
                break
            heard += sending.take()
            if sending.through == len(sending.cells):
                self._sendings.remove(sending)
        return heard
