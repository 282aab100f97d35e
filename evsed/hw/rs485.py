"""One RS485 line: requests, their answers and broadcasts on an open port, with the silences that a line needs.

Owns the timing on the wire and what counts as an answer; frames are frames.py's, the port is port.py's, whose turn it
is is bus.py's. Standard clock functions are used for timeouts on the wire only.

What Modbus cannot tell apart: an answer carries no register, so a late answer to one read looks like the answer to the
next read of as many registers of the same device. After a timeout that device is therefore left alone for LATE_S, which
other devices can use; ``free_at`` says until when. A device that is later still than that cannot be read safely.
"""

import time
from collections.abc import Sequence

from evsed.hw.frames import BROADCAST, LONGEST, WRITE_ONE, RefusedError, Request, find_answer, framed
from evsed.hw.port import LineError, Port

__all__ = ["LATE_S", "BusError", "Line", "LineError", "Request", "UnreachableError"]

ANSWER_S = 0.15
"""A device begins to answer within this time. Meters take 5 to 100 ms, a USB adapter up to 16 ms more."""

REMOTE_S = 0.35
"""What a network may add to that."""

LATE_S = 0.3
"""After a timeout, for how long an answer may still come and would be taken for another one's."""

TURNAROUND_S = 0.025
"""After a broadcast, for how long nobody is asked: nobody answers, but all have to carry it out."""

_NOISE_S = 0.1
_ECHO_S = 0.03
_BITS_A_BYTE = 10
_SILENCE_BYTES = 3.5
_SHORTEST_SILENCE_S = 0.00175  # above 19200 baud


class BusError(Exception):
    """A request that got no usable answer; the text says what came instead."""


class UnreachableError(BusError):
    """The port was gone before there could be an answer: no word on the device."""


class Line:
    """An open line. Not thread-safe: one thread owns it."""

    def __init__(self, device: str, baud: int) -> None:
        """Opens ``device``, a serial port or tcp://host:port. Raises LineError."""
        self.device = device
        self.strays = 0  # bytes that came when nobody was asked
        self._byte_s = _BITS_A_BYTE / baud
        self._gap_s = max(_SILENCE_BYTES * self._byte_s, _SHORTEST_SILENCE_S)
        self._port = Port(device, baud)
        self._answer_s = ANSWER_S + (REMOTE_S if self._port.remote else 0.0)
        self._quiet_from = time.monotonic()  # since then, or from then on, nobody sends
        self._echoes = False  # learned from reads: what we send comes back to us
        self._echo = b""
        self._echo_until = 0.0
        self._late: dict[int, float] = {}

    def close(self) -> None:
        """Lets go of the port."""
        self._port.close()

    # ---- as the one who asks ----

    def free_at(self, address: int) -> float:
        """From when on ``address`` may be asked again (time.monotonic); ``ask`` waits until then."""
        return self._late.get(address, 0.0)

    def ask(self, request: Request) -> Sequence[int]:
        """The words that were read; none for a confirmed write.

        Raises BusError when the device refuses, does not answer or answers something else, LineError when the port is
        gone. Takes at most the time of both frames and ANSWER_S, and LATE_S more when the device failed just before.
        """
        self._listen_until(self._late.pop(request.address, 0.0))
        self._await_silence()
        sent = self._send(request.frame)
        deadline = self._quiet_from + self._answer_s + request.answer_length * self._byte_s
        received = b""
        while (rest := deadline - time.monotonic()) > 0 and len(received) < 2 * LONGEST:
            received += self._receive(rest)
            try:
                words = find_answer(received, request, echoed=self._echoes)
            except RefusedError as refusal:
                raise BusError(str(refusal)) from None
            if words is not None:
                if request.function != WRITE_ONE:
                    self._echoes = sent in received
                return words
        self._late[request.address] = time.monotonic() + LATE_S
        came = received.removeprefix(sent)
        raise BusError(f"garbled answer {came[:16].hex(' ')}" if came else "no answer")

    def tell(self, request: Request) -> None:
        """Sends what nobody answers; returns when everybody has had the time to take it. Raises LineError."""
        if request.address not in BROADCAST:
            raise ValueError(f"address {request.address} is one device's: ask it")
        self._await_silence()
        sent = self._send(request.frame)
        heard = self._listen_until(self._quiet_from + TURNAROUND_S)
        self.strays += len(heard.removeprefix(sent))

    # ---- as one who listens ----

    def listen(self, timeout_s: float) -> bytes:
        """What others send, as soon as it comes, without the echo of ``reply``; empty after ``timeout_s`` of silence.

        Raises LineError.
        """
        return self._without_echo(self._receive(timeout_s))

    def reply(self, address: int, pdu: bytes) -> bytes:
        """Answers as ``address`` after the silence that belongs there. Raises LineError.

        When somebody else speaks before that, nothing is sent and what was heard is given back.
        """
        if heard := self.listen(self._quiet_from + self._gap_s - time.monotonic()):
            return heard
        self._echo = self._send(framed(address, pdu))
        self._echo_until = self._quiet_from + _ECHO_S
        return b""

    def _without_echo(self, data: bytes) -> bytes:
        """``data`` less our own answer, where that comes back to us."""
        if not data or not self._echo:
            return data
        length = min(len(data), len(self._echo))
        if time.monotonic() > self._echo_until or data[:length] != self._echo[:length]:
            self._echo = b""
            return data
        self._echo = self._echo[length:]
        return data[length:]

    # ---- bytes and silences ----

    def _send(self, frame: bytes) -> bytes:
        self._port.write(frame)
        self._quiet_from = time.monotonic() + len(frame) * self._byte_s
        return frame

    def _receive(self, timeout_s: float) -> bytes:
        data = self._port.read(timeout_s)
        if data:
            self._quiet_from = max(self._quiet_from, time.monotonic())
        return data

    def _await_silence(self) -> None:
        """Until nobody has sent for 3.5 characters; a line that never falls silent is used all the same."""
        give_up = time.monotonic() + _NOISE_S
        while True:
            rest = self._quiet_from + self._gap_s - time.monotonic()
            stray = self._receive(rest)
            self.strays += len(stray)
            now = time.monotonic()
            if now > give_up or (not stray and now >= self._quiet_from + self._gap_s):
                return

    def _listen_until(self, end: float) -> bytes:
        heard = b""
        while (rest := end - time.monotonic()) > 0:
            heard = (heard + self._receive(rest))[-LONGEST:]
        return heard
