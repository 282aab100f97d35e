"""Delayed charging: a start, and if wanted a stop, in Unix seconds; access goes on and off by it.

Owns the two times. Without a clock nothing happens: the time of day comes in as its own event.
"""

from dataclasses import dataclass

from evsed.core.model import Access


@dataclass(frozen=True, slots=True)
class Timer:
    """``start_s`` None: it has passed, and only the stop is still to come."""

    start_s: int | None = None
    stop_s: int | None = None


NO_TIMER = Timer()


def due(timer: Timer, access: Access, unix_s: int) -> tuple[Timer, Access]:
    """The timer and the access at ``unix_s``."""
    if timer.start_s is not None and unix_s >= timer.start_s:
        timer, access = Timer(None, timer.stop_s), Access.ALLOW
    if timer.start_s is None and timer.stop_s is not None and unix_s >= timer.stop_s:
        timer, access = NO_TIMER, Access.DENY
    return timer, access
