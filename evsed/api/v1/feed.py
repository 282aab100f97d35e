"""The state as server-sent events: one encoding for all who listen, and none while nobody does.

Owns when something is an event. What the state is stands in state.py, who may listen in bounds.py.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evsed import __version__
from evsed.api.site import BusyError

PERIOD_S: Final = 0.5
"""Changes within this time are one event."""

REPEATS_S: Final = 5.0
"""So often the state is sent when nothing has changed: whoever hears nothing for longer has lost the connection."""

RETRY_MS: Final = 2_000

_PASSING: Final = frozenset(
    {"uptime_s", "local_time", "seconds_left", "age_s", "answers", "high_v", "low_v", "control_loop_worst_lateness_ms"}
)
"""What changes by itself, all the time: no event for its own sake."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; the number is its id."""

    number: int
    text: bytes


def lasting(value: Any) -> Any:
    """``value`` without what changes all the time."""
    if isinstance(value, Mapping):
        return {key: lasting(part) for key, part in value.items() if key not in _PASSING}
    if isinstance(value, list):
        return [lasting(part) for part in value]
    return value


class Feed:
    """The state of one charger for all listeners; on the web server's thread only."""

    def __init__(
        self,
        document: Callable[[], Mapping[str, Any]],
        closing: asyncio.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``document`` may raise BusyError. ``closing``: the streams end."""
        self._document = document
        self._closing = closing
        self._clock = clock
        self._looked_at = float("-inf")
        self._lasting: object = None
        self._event = Event(0, b"")

    def latest(self) -> Event:
        """The state; looks again at most every half second. Its number is a new one when something has changed."""
        now = self._clock()
        if now - self._looked_at < PERIOD_S * 0.9:
            return self._event
        self._looked_at = now
        try:
            kind, document = "state", self._document()
        except BusyError as error:
            kind, document = "trouble", {"detail": str(error)}
        now_lasting = (kind, lasting(document))
        changed = now_lasting != self._lasting
        self._lasting = now_lasting
        number = self._event.number + changed
        data = json.dumps(document, separators=(",", ":"))
        self._event = Event(number, f"event: {kind}\nid: {number}\ndata: {data}\n\n".encode())
        return self._event

    async def events(self, may_listen: Callable[[], bool] = lambda: True) -> AsyncIterator[bytes]:
        """What one listener is sent: who speaks, then the state at once, at every change, and every 5 s.

        It ends as soon as he ``may_listen`` no more, which is asked before each.
        """
        hello = json.dumps({"version": __version__})
        yield f"retry: {RETRY_MS}\n\nevent: charger\ndata: {hello}\n\n".encode()
        sent, again_at = 0, self._clock()
        while not self._closing.is_set() and may_listen():
            event = self.latest()
            if event.number != sent or self._clock() >= again_at:
                sent, again_at = event.number, self._clock() + REPEATS_S
                yield event.text
            await self._pause()

    async def _pause(self) -> None:
        """Until the next half second, the same for all listeners, or the end."""
        try:
            async with asyncio.timeout(PERIOD_S - self._clock() % PERIOD_S):
                await self._closing.wait()
        except TimeoutError:
            return
