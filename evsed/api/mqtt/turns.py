"""What ``Set/`` messages ask for, on its way to the control loop: one thing at a time, in the order of the messages.

Owns what waits. Of each topic that is the latest only: a sender that is faster than the control loop fills no queue,
and his last word is never the one that is lost.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from evsed.api.refusals import Refusals
from evsed.core.events import Verdict

_BURST: Final = "a burst of messages"
_REPLACED: Final = "they come faster than they can be carried out; a newer one took the place of one that waited"


@dataclass(frozen=True, slots=True)
class Asked:
    """One message. ``begin`` hands it over when its turn has come; None: there was nothing to do."""

    where: str
    payload: str
    begin: "Callable[[], Future[Verdict] | None]"


class Turns:
    """Takes messages from one thread, and goes on from whichever thread gives the answers. Nothing in it blocks."""

    def __init__(self, refusals: Refusals, answered: Callable[[], None]) -> None:
        """``answered`` is called after every answer."""
        self._refusals = refusals
        self._answered = answered
        self._lock = threading.Lock()
        self._waiting: dict[str, Asked] = {}  # by topic
        self._under_way = False

    def take(self, asked: Asked) -> None:
        """Begins with ``asked`` now, or when those before it are done."""
        with self._lock:
            replaced = self._waiting.pop(asked.where, None)  # and to the end: what was said last is done last
            self._waiting[asked.where] = asked
            idle, self._under_way = not self._under_way, True
        if replaced is not None:
            self._refusals.note(asked.where, _BURST, _REPLACED)
        if idle:
            self._go_on()

    def _go_on(self) -> None:
        while (asked := self._next()) is not None:
            answer = asked.begin()
            if answer is not None:
                answer.add_done_callback(self._done(asked))
                return

    def _next(self) -> Asked | None:
        with self._lock:
            self._under_way = bool(self._waiting)
            return self._waiting.pop(next(iter(self._waiting))) if self._waiting else None

    def _done(self, asked: Asked) -> "Callable[[Future[Verdict]], None]":
        def done(answer: "Future[Verdict]") -> None:
            if refused := answer.result().refused:
                self._refusals.note(asked.where, asked.payload, refused)
            self._answered()
            self._go_on()

        return done
