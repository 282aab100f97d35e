"""What an adapter posted to the control loop, for tests that wait for what they want to see."""

import threading
from collections.abc import Callable
from typing import TypeVar

from evsed.core.events import Event, MeterHealthChanged, MeterRead
from evsed.core.model import MeterRole

PATIENCE_S = 60.0

_Kind = TypeVar("_Kind", bound=Event)


class Heard:
    """All events so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = threading.Condition()

    def post(self, event: Event) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def wait(self, kind: type[_Kind], true: Callable[[_Kind], bool], *, since: int | None = None) -> _Kind:
        """The first event of ``kind`` for which ``true`` holds, counted from ``since`` (None: from now)."""
        with self._more:
            begun = len(self.events) if since is None else since

            def found() -> list[_Kind]:
                return [event for event in self.events[begun:] if isinstance(event, kind) and true(event)]

            assert self._more.wait_for(lambda: bool(found()), PATIENCE_S), f"not heard; the last: {self.events[-1:]}"
            return found()[0]


def reads(role: MeterRole) -> Callable[[MeterRead], bool]:
    """Whether it carries the currents of ``role``."""
    return lambda event: event.role is role and event.currents is not None


def health(role: MeterRole, *, answering: bool) -> Callable[[MeterHealthChanged], bool]:
    """Whether it says how the meter of ``role`` answers."""
    return lambda event: event.role is role and event.health.answering is answering
