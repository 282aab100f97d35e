"""The web hook: alerts wait on its own thread until they are taken, for an hour. Nobody waits for it.

Owns the queue and when it is tried again; one try is post.py's.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from evsed.alerts.post import Outcome, place, post

log = logging.getLogger(__name__)

MOST_WAITING: Final = 20
GIVEN_UP_S: Final = 3_600.0
FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 600.0
_LEAVES_WITHIN_S: Final = 0.2
_OFF: Final = "it was switched off"
_BUSY: Final = "the test before this one is still under way"

Try = Callable[[str, bytes], Outcome]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    body: bytes
    since: float
    answer: "Future[str]" = field(default_factory=Future)


class Webhook:
    """From ``start`` to ``close``; ``add`` and ``test`` are for any thread."""

    def __init__(
        self, address: Callable[[], str], attempt: Try = post, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``address``: where to, as it is set now; empty is off."""
        self._address = address
        self._attempt = attempt
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web hook", daemon=True)
        self._testing: threading.Thread | None = None
        self._retry_s = 0.0
        self._said = ""
        self.sent = 0
        self.lost = 0
        self.last = ""
        """What came of the last try; empty: there was none."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def start(self) -> None:
        """Begins to send. Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Ends; one that hangs in a try is left behind."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_LEAVES_WITHIN_S)

    def add(self, body: bytes) -> "Future[str]":
        """Sends ``body`` as soon as it can be; the oldest is given up when too many wait. What came of it."""
        if len(self._waiting) >= MOST_WAITING and self._take_off(oldest := self._waiting[0]):
            self._lose(oldest, "too many wait")
        one = _Waiting(body, self._clock())
        one.answer.set_running_or_notify_cancel()  # whoever stops waiting must not take it from under us
        self._waiting.append(one)
        self._wake.set()
        return one.answer

    def forget(self) -> None:
        """Nothing that waits is sent any more."""
        for one in tuple(self._waiting):
            if self._take_off(one):
                one.answer.set_result(_OFF)

    def test(self, body: bytes) -> "Future[str]":
        """Tries ``body`` once, beside what waits; what came of it."""
        answer: Future[str] = Future()
        answer.set_running_or_notify_cancel()  # whoever stops waiting must not take it from under us
        if self._testing is not None and self._testing.is_alive():
            answer.set_result(_BUSY)
            return answer
        self._testing = threading.Thread(target=self._try_once, args=(body, answer), name="web hook test", daemon=True)
        self._testing.start()
        return answer

    def _try_once(self, body: bytes, answer: "Future[str]") -> None:
        outcome = self._attempt(self._address(), body)
        answer.set_result(outcome.answer)
        if outcome.taken:
            self._wake.set()  # what waits need not wait longer

    # ---- on our own thread ----

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            self._wake.wait(self.turn() if self._waiting else None)

    def turn(self) -> float:
        """Tries the oldest; seconds until the next turn."""
        address = self._address()
        try:
            first = self._waiting[0]
        except IndexError:
            return 0.0
        if not address:
            self.forget()
            return 0.0
        outcome = self._attempt(address, first.body)
        self.last = outcome.answer
        if outcome.taken:
            self.sent += 1
            if self._take_off(first):
                first.answer.set_result(outcome.answer)
            self._retry_s, self._said = 0.0, ""
            return 0.0
        self._complain(address, outcome.answer)
        self._retry_s = min(max(2 * self._retry_s, FIRST_RETRY_S), LONGEST_RETRY_S)
        if self._clock() - first.since >= GIVEN_UP_S and self._take_off(first):
            self._lose(first, "for an hour nobody took it")
        return self._retry_s

    def _take_off(self, first: _Waiting) -> bool:
        """Whether it still waited."""
        try:
            self._waiting.remove(first)
        except ValueError:
            return False
        return True

    def _lose(self, one: _Waiting, why: str) -> None:
        self.lost += 1
        one.answer.set_result(why)
        log.error("an alert was not told to %s: %s", place(self._address()), why)

    def _complain(self, address: str, answer: str) -> None:
        if answer != self._said:
            log.warning("alerts: %s: %s; it is tried again for an hour", place(address), answer)
        self._said = answer
