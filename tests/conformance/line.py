"""The chargers' line in virtual time: the master's jobs as its bus would ask them, frames with their time on the wire.

Owns the wire between evsed's own master and nodes; what is asked and what is answered is theirs. Times in ms.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from evsed.hw.frames import BROADCAST, READS, Deframer, Kind, RefusedError, Request, find_answer, framed
from evsed.hw.nodeserver import NodeServer
from evsed.hw.powershare import Master
from evsed.hw.rs485 import ANSWER_S, LATE_S, TURNAROUND_S, BusError
from evsed.hw.turns import Job, Turns

BYTE_MS: Final = 10 * 1_000 / 9_600
GAP_MS: Final = 3.5 * BYTE_MS
IDLE_MS: Final = 10
REACTS_MS: Final = 15
"""A charger begins to answer after this time."""

_NEVER = -1.0


class ChargersLine:
    """One request at a time, as hw/bus.py does it. ``nodes`` by address; ``offline`` says who is off the line."""

    def __init__(self, master: Master, nodes: Mapping[int, NodeServer], offline: Callable[[int], bool]) -> None:
        self._master = master
        self._nodes = nodes
        self._offline = offline
        self._turns = Turns()
        self._late: dict[int, float] = {}
        self._at = 0.0
        self._next: Callable[[], None] = self._ask
        self.exchanges: list[tuple[float, Request, Sequence[int] | None]] = []
        """When what was asked, and the words of the answer; None: no usable one."""

    def advance(self, now: int) -> None:
        """Does everything that is due up to ``now``."""
        while self._at <= now:
            self._next()

    def _after(self, wait_ms: float, then: Callable[[], None]) -> None:
        self._at += wait_ms
        self._next = then

    def _ask(self) -> None:
        due = [(0, job) for job in self._master.jobs(self._at / 1_000)]
        turn = self._turns.next(due, lambda job: self._late.get(job.request.address, _NEVER) <= self._at)
        if turn is None:
            self._after(IDLE_MS, self._ask)
            return
        job = turn[1]
        self._after(GAP_MS + len(job.request.frame) * BYTE_MS, lambda: self._arrived(job))

    def _arrived(self, job: Job) -> None:
        request = job.request
        everybody = request.address in BROADCAST and request.function not in READS
        answer = b""
        for address, server in self._nodes.items():
            if not self._offline(address):
                answer += self._hear(request.frame, address, server)
        if everybody:
            self._after(TURNAROUND_S * 1_000, lambda: self._came(job, b""))
        elif answer:
            self._after(REACTS_MS + len(answer) * BYTE_MS, lambda: self._came(job, answer))
        else:
            wait_ms = ANSWER_S * 1_000 + request.answer_length * BYTE_MS
            self._after(wait_ms, lambda: self._failed(job, BusError("no answer")))

    @staticmethod
    def _hear(data: bytes, address: int, server: NodeServer) -> bytes:
        """What a node sends back."""
        deframer = Deframer()
        for frame in [*deframer.feed(data), *deframer.silence()]:
            if frame.address in BROADCAST:
                server.told(frame.pdu)
            elif frame.address == address and frame.kind is not Kind.ANSWER:
                pdu = server.answer(frame.pdu)
                return b"" if pdu is None else framed(address, pdu)
        return b""

    def _came(self, job: Job, answer: bytes) -> None:
        request = job.request
        if request.address in BROADCAST:
            words: Sequence[int] | None = ()
        else:
            try:
                words = find_answer(answer, request, echoed=False)
            except RefusedError as refusal:
                self._failed(job, BusError(str(refusal)))
                return
        if words is None:
            self._failed(job, BusError(f"garbled answer {answer.hex(' ')}"))
            return
        self.exchanges.append((self._at, request, words))
        self._master.answered(job, words, self._at / 1_000)
        self._after(0, self._ask)

    def _failed(self, job: Job, error: BusError) -> None:
        self.exchanges.append((self._at, job.request, None))
        self._late[job.request.address] = self._at + LATE_S * 1_000
        self._master.failed(job, error, self._at / 1_000)
        self._after(0, self._ask)
