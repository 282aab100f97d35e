"""The control loop's end of the guard's socket.

Owns the connection and what its silence means. The lease itself is guard.py's, in the other process.
"""

import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from evsed.core.actions import SAFE, Outputs
from evsed.core.ports import BoardLostError
from evsed.hw.guard import MODULUS, STATUS, Alive, monotonic_ms
from evsed.hw.lease import Feed, confirms, pack_feed, unpack_alive

ANSWER_MS = 20
"""So long a feed's answer is waited for; then the loop goes on, and what it sees counts for nothing meanwhile."""

STILL_MS = 80
"""So old a feed of the same outputs may be whose answer confirms them."""

LOST_MS = 200
"""A guard that has left a feed unanswered for this long is lost."""

_BEGINS_MS = 500
_REMEMBERED = 64
_PEER = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class _Sent:
    """A feed on its way."""

    sequence: int
    at: int  # ms
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class Status:
    """What a guard says of itself: its process, what it drives, and how often a lease ran out."""

    pid: int
    contactor1: bool
    contactor2: bool
    expiries: int
    fed_ms: int | None  # since the last feed; None: there was none


def connect(path: str) -> socket.socket:
    """A connection to the guard at ``path``. Raises OSError."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        end.setblocking(False)
        end.connect(path)
    except OSError:
        end.close()
        raise
    return end


def status(path: str, timeout_ms: int = 100) -> Status | None:
    """What the guard answers without being fed; None when it does not answer. Raises OSError when nobody is there."""
    with connect(path) as end:
        end.send(STATUS)
        ready = select.select([end], [], [], timeout_ms / 1000)[0]
        alive = unpack_alive(end.recv(64)) if ready else None
        if alive is None:
            return None
        fed_ms = None if alive.fed_ms < 0 else alive.fed_ms
        return Status(_pid(end), alive.contactor1, alive.contactor2, alive.expiries, fed_ms)


def _pid(end: socket.socket) -> int:
    """The process that listens at the other end."""
    pid: int = _PEER.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[0]
    return pid


class GuardLink:
    """Feeds the guard. Not thread-safe: the control thread owns it."""

    def __init__(self, path: str, reach: Callable[[str], socket.socket] = connect) -> None:
        """Connects and asks for safe outputs. Raises BoardLostError when the guard does not confirm them.

        ``reach`` gives the connection, which must not block.
        """
        self._path = path
        self._sequence = 0
        self._sent: deque[_Sent] = deque(maxlen=_REMEMBERED)  # those without an answer, oldest first
        self.expiries = 0
        """How often the lease has run out."""

        try:
            self._end = reach(path)
        except OSError as error:
            raise BoardLostError(
                f"the guard at {path} cannot be reached ({error.strerror}): sudo systemctl restart evsed-guard evsed; "
                "systemctl status evsed-guard says more"
            ) from error
        self._readable = select.poll()
        self._readable.register(self._end, select.POLLIN)
        until = time.monotonic() + _BEGINS_MS / 1000
        while not self.feed(SAFE):
            if time.monotonic() > until:
                self._end.close()
                raise BoardLostError(f"the guard at {path} does not make the outputs safe")

    def feed(self, outputs: Outputs) -> bool:
        """Renews the lease; whether the guard drives just that. Raises BoardLostError when it is gone or silent."""
        self._sequence += 1
        now = monotonic_ms()
        self._sent.append(_Sent(self._sequence, now, outputs))
        try:
            self._end.send(pack_feed(Feed(self._sequence, outputs, single=False)))
        except BlockingIOError:
            pass  # it does not read: silence, judged below
        except OSError as error:
            raise self._lost(f"has gone ({error.strerror})") from error
        alive = self._answer()
        answered = None if alive is None else self._forget_until(alive.sequence)
        if alive is not None:
            self.expiries = alive.expiries
        if self._sent and now - self._sent[0].at >= LOST_MS:
            raise self._lost(f"has not answered for {LOST_MS} ms")
        if answered is None or answered.outputs != outputs or now - answered.at > STILL_MS:
            return False
        return confirms(alive, answered.sequence, outputs)

    def _forget_until(self, sequence: int) -> _Sent | None:
        """The feed that was answered; it and those before it are no longer waited for."""
        if all(sent.sequence % MODULUS != sequence for sent in self._sent):
            return None
        while True:
            sent = self._sent.popleft()
            if sent.sequence % MODULUS == sequence:
                return sent

    def _answer(self) -> Alive | None:
        """The answer to the feed just sent, or the newest that came; None when none did."""
        until = time.monotonic() + ANSWER_MS / 1000
        newest = None
        while self._readable.poll(max(0.0, 1000 * (until - time.monotonic()))):
            try:
                data = self._end.recv(64)
            except OSError as error:
                raise self._lost(f"has gone ({error.strerror})") from error
            if not data:
                raise self._lost("has hung up; another evsed may feed it")
            newest = unpack_alive(data) or newest
            if newest is not None and newest.sequence == self._sequence % MODULUS:
                break
        return newest

    def _lost(self, why: str) -> BoardLostError:
        return BoardLostError(f"the guard at {self._path} {why}")

    def close(self) -> None:
        """Hangs up: the guard makes everything safe at once."""
        self._end.close()
