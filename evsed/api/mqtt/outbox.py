"""Messages that have to arrive: they wait for the broker, for an hour, and until it has acknowledged them.

For alerts. Owns the queue; publishing is link.py's. Used by several threads, none of which waits.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

log = logging.getLogger(__name__)

MOST_WAITING: Final = 20
GIVEN_UP_S: Final = 3_600.0
SENT: Final = "sent"
NOT_CONNECTED: Final = "not connected to the broker"
NO_BROKER: Final = "no broker is named: [mqtt] host in evsed.toml"
NO_WORD: Final = "the broker did not acknowledge it"
_OFF: Final = "switched off meanwhile"


class Info(Protocol):
    """What paho says of a message."""

    def is_published(self) -> bool:
        """Whether the broker has acknowledged it."""


@dataclass(slots=True, eq=False)
class _Waiting:
    text: str
    until: float
    counts: bool  # false: a test
    answer: "Future[str]" = field(default_factory=Future)
    info: Info | None = None  # None: not published on this connection


class Outbox:
    """One for a charger, whatever broker it has."""

    def __init__(
        self, named: Callable[[], bool], connected: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``named``: whether there is a broker at all; ``connected``: whether it has us now."""
        self._named = named
        self._connected = connected
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self.sent = 0
        self.lost = 0
        self.last = ""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def put(self, text: str, within_s: float | None = None) -> "Future[str]":
        """Says ``text`` within an hour; or within this time, and only if we are connected. What came of it."""
        one = _Waiting(text, self._clock() + (GIVEN_UP_S if within_s is None else within_s), within_s is None)
        one.answer.set_running_or_notify_cancel()  # whoever stops waiting must not take it from under us
        if not self._named():
            self._end(one, NO_BROKER)
            return one.answer
        if not one.counts and not self._connected():
            self._end(one, NOT_CONNECTED)
            return one.answer
        with self._lock:
            self._waiting.append(one)
            over = self._waiting[:-MOST_WAITING]
            self._waiting = self._waiting[-MOST_WAITING:]
        for old in over:
            self._end(old, "too many wait")
        return one.answer

    def forget(self) -> None:
        """Nothing that waits is said any more."""
        with self._lock:
            gone, self._waiting = self._waiting, []
        for one in gone:
            one.answer.set_result(_OFF)

    def again(self) -> None:
        """Another connection: what was not acknowledged is said anew."""
        with self._lock:
            for one in self._waiting:
                one.info = None

    def step(self, publish: Callable[[str], Info]) -> None:
        """We are connected: publishes what waits, and strikes out what has arrived."""
        with self._lock:
            for one in self._waiting:
                one.info = one.info or publish(one.text)
            arrived = [one for one in self._waiting if one.info is not None and _arrived(one.info)]
            self._waiting = [one for one in self._waiting if one not in arrived]
        for one in arrived:
            self.sent += one.counts
            self.last = SENT if one.counts else self.last
            one.answer.set_result(SENT)

    def expire(self) -> None:
        """What has waited too long is given up."""
        now = self._clock()
        with self._lock:
            old = [one for one in self._waiting if now >= one.until]
            self._waiting = [one for one in self._waiting if one not in old]
        for one in old:
            self._end(one, NOT_CONNECTED if not self._connected() else NO_WORD)

    def _end(self, one: _Waiting, why: str) -> None:
        if one.counts:
            self.last = why
            self.lost += 1
            log.error("an alert was not told by MQTT: %s", why)
        one.answer.set_result(why)


def _arrived(info: Info) -> bool:
    try:
        return info.is_published()
    except (ValueError, RuntimeError):  # paho could not even keep it: said anew on the next connection
        return False
