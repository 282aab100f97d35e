"""The one owner of a serial line: a thread that asks for its clients, or listens and answers as a node.

Owns the port's life and the line's statistics. Whose turn it is is turns.py's, the timing on the wire rs485.py's, what
is asked its clients' and what is answered its server's.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from evsed.core.settings import Settings
from evsed.devices import DeviceHealth
from evsed.hw.frames import BROADCAST, READS, Deframer, Frame, Kind, Pairing
from evsed.hw.rs485 import BusError, Line, LineError, UnreachableError
from evsed.hw.turns import Job, Turns, Urgency

__all__ = ["Bus", "BusError", "Client", "Job", "Server", "Statistics", "Urgency"]

log = logging.getLogger(__name__)

REOPEN_S = 1.0
IDLE_S = 0.01
SILENCE_S = 0.02
"""Nothing more belongs to what was heard after this; a USB adapter gives what it received every 16 ms."""

WINDOW_S = 2.0
"""Requests per second are counted over this time."""

_CLOSES_WITHIN_S = 0.5


class Client(Protocol):
    """Somebody who wants things from the line. Called on the bus's thread only; ``now`` is time.monotonic()."""

    def jobs(self, now: float) -> Iterable[Job]:
        """Everything that is due now; asked before every step, so it has to be cheap."""
        ...

    def answered(self, job: Job, words: Sequence[int], now: float) -> None:
        """The words read; none for a confirmed write or a broadcast."""
        ...

    def failed(self, job: Job, error: BusError, now: float) -> None:
        """The job got no usable answer, or the port is gone."""
        ...


class Server(Protocol):
    """What a node says on the chargers' line. Called on the bus's thread only; has to be quick."""

    def answer(self, pdu: bytes) -> bytes | None:
        """The answer (or exception) to a request to our own address: function code and data; None stays silent."""
        ...

    def overheard(self, address: int, request: bytes, answer: bytes) -> None:
        """Another device's exchange, both PDUs."""
        ...

    def told(self, pdu: bytes) -> None:
        """A broadcast."""
        ...


@dataclass(frozen=True, slots=True)
class Statistics:
    """How a line does, since it was started."""

    name: str
    device: str
    is_open: bool = False
    listens: bool = False  # as a node: it asks nothing
    requests: int = 0
    answers: int = 0
    errors: int = 0
    heard: int = 0  # sound frames of others, as a node
    strays: int = 0  # bytes that nobody had asked for
    per_second: float | None = None  # requests, over the last WINDOW_S; None: not known yet
    last_error: str = ""


class Bus:
    """One line with its clients and, where chargers share it, its server."""

    def __init__(
        self,
        name: str,
        device: str,
        baud: int,
        settings: Callable[[], Settings],
        clients: Sequence[Client],
        server: Server | None = None,
        *,
        opens_at_once: bool = True,
    ) -> None:
        """``settings`` gives the owner settings in force; with ``loadbl`` above 1 and a ``server`` we are a node.

        ``opens_at_once`` false: the port is left alone until somebody wants something of the line.
        """
        self._wanted = opens_at_once
        self._baud = baud
        self._settings = settings
        self._clients = tuple(clients)
        self._server = server
        self._turns = Turns()
        self._deframer = Deframer()
        self._pairing = Pairing()
        self._answered: bytes | None = None  # what we said last, as a node
        self._warned_of_twin = False
        self._complained = False
        self._statistics = Statistics(name, device)
        self._window = (time.monotonic(), 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread. One that dies of a bug reaches threading.excepthook."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; waits for what is under way."""
        self._stop.set()
        self._thread.join(_CLOSES_WITHIN_S)

    @property
    def statistics(self) -> Statistics:
        """How the line does; may be read by any thread."""
        return self._statistics

    def health(self, number: int) -> DeviceHealth:
        """How it does, as the line of this ``number``."""
        stats = self._statistics
        return DeviceHealth(f"bus_{number}", stats.is_open if stats.is_open or stats.last_error else None, stats.errors)

    # ---- the port's life ----

    def _run(self) -> None:
        while not (self._wanted or self._stop.is_set()):
            self._wanted = self._listens or any(True for client in self._clients for _ in client.jobs(time.monotonic()))
            self._stop.wait(REOPEN_S * (not self._wanted))
        while not self._stop.is_set():
            try:
                line = Line(self._statistics.device, self._baud)
            except LineError as error:
                self._lost(error)
                continue
            try:
                self._count(is_open=True)
                while not self._stop.is_set():
                    self._step(line)
            except LineError as error:
                self._lost(error)
            finally:
                line.close()
                self._count(is_open=False)

    def _lost(self, error: LineError) -> None:
        """Says so once, lets the clients know, and waits before the next try."""
        stats = self._statistics
        self._count(is_open=False, per_second=None, last_error=str(error))
        if not self._complained:
            log.error("%s: %s; trying again until it works", stats.name, error)
        self._complained = True
        if not self._listens:
            now = time.monotonic()
            for client in self._clients:
                for job in tuple(client.jobs(now)):
                    client.failed(job, UnreachableError(str(error)), now)
        self._stop.wait(REOPEN_S)

    def _works(self) -> None:
        if self._complained:
            self._complained = False
            log.info("%s: %s works again", self._statistics.name, self._statistics.device)

    @property
    def _listens(self) -> bool:
        return self._server is not None and self._settings().loadbl > 1

    def _step(self, line: Line) -> None:
        listens = self._listens
        if listens is not self._statistics.listens:  # the owner changed our role
            self._deframer, self._pairing, self._turns = Deframer(), Pairing(), Turns()
            self._warned_of_twin = False
            self._count(listens=listens)
        if listens and self._server is not None:
            self._listen(line, self._server)
        else:
            self._ask(line)
        self._look_at_window(line)

    # ---- as client ----

    def _ask(self, line: Line) -> None:
        now = time.monotonic()
        due = [(number, job) for number, client in enumerate(self._clients) for job in client.jobs(now)]
        turn = self._turns.next(due, lambda job: line.free_at(job.request.address) <= now)
        if turn is None:
            self._stop.wait(IDLE_S)
            return
        number, job = turn
        client, request, stats = self._clients[number], job.request, self._statistics
        self._count(requests=stats.requests + 1)
        try:
            words: Sequence[int] = ()
            if request.address in BROADCAST and request.function not in READS:
                line.tell(request)
            else:
                words = line.ask(request)
                self._works()
        except BusError as error:
            where = f"address {request.address}, register {request.first:#06x}: {error}"
            self._count(errors=stats.errors + 1, last_error=where)
            client.failed(job, error, time.monotonic())
        except LineError as error:
            self._count(errors=stats.errors + 1)
            client.failed(job, UnreachableError(str(error)), time.monotonic())
            raise
        else:
            self._count(answers=stats.answers + 1)
            client.answered(job, words, time.monotonic())

    # ---- as node ----

    def _listen(self, line: Line, server: Server) -> None:
        data = line.listen(SILENCE_S)
        frames = self._deframer.feed(data) if data else self._deframer.silence()
        if frames:
            self._works()
            self._count(heard=self._statistics.heard + len(frames))
        for frame in frames:
            self._heard(frame, line, server)

    def _heard(self, frame: Frame, line: Line, server: Server) -> None:
        if frame.address in BROADCAST:
            self._pairing.forget()
            if frame.kind is not Kind.ANSWER:
                server.told(frame.pdu)
        elif frame.address == self._settings().loadbl:
            self._pairing.forget()
            self._own(frame, line, server)
        elif (exchange := self._pairing.hear(frame)) is not None:
            server.overheard(*exchange)

    def _own(self, frame: Frame, line: Line, server: Server) -> None:
        """Answers a request to our own address, unless its sender has already gone on."""
        if frame.kind is Kind.ANSWER:
            if not self._warned_of_twin and frame.pdu != self._answered:  # ours comes back, and noise came before it
                self._warned_of_twin = True
                name = self._statistics.name
                log.error("%s: another device answers at our address %d; give one another", name, frame.address)
            return
        if not frame.last:
            return
        stats = self._statistics
        self._count(requests=stats.requests + 1)
        answer = self._answered = server.answer(frame.pdu)
        if answer is None:
            return
        heard = line.reply(frame.address, answer)
        if not heard:
            self._count(answers=stats.answers + 1)
            return
        for other in self._deframer.feed(heard):
            self._heard(other, line, server)

    # ---- statistics ----

    def _count(self, **changed: object) -> None:
        self._statistics = replace(self._statistics, **changed)  # type: ignore[arg-type]

    def _look_at_window(self, line: Line) -> None:
        now, requests = time.monotonic(), self._statistics.requests
        since, before = self._window
        if now - since >= WINDOW_S:
            self._window = (now, requests)
            self._count(per_second=(requests - before) / (now - since), strays=line.strays)
