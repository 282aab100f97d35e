"""Delayed charging: a start, and if wanted a stop and a daily repetition, in Unix seconds; access follows them.

Owns the times. Without a clock nothing happens: the time of day comes in as its own event, and what the clock on the
wall says then is the calendar's word, because the core knows no time zone.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from evsed.core.model import Access

DAY_S = 86_400
LAST_S = 2**33
"""Times from here on (the year 2242) are none: calendars end not much later."""


class Calendar(Protocol):
    """The clock on the owner's wall."""

    def local(self, unix_s: int) -> tuple[int, int]:
        """The day (counted from any day on) and the minute of that day (0..1439)."""

    def unix(self, day: int, minute: int) -> int:
        """The Unix second at which that minute begins: the first one of two, and the one after a gap."""


class UtcCalendar:
    """A wall clock that shows UTC."""

    def local(self, unix_s: int) -> tuple[int, int]:
        """See Calendar."""
        day, second = divmod(unix_s, DAY_S)
        return day, second // 60

    def unix(self, day: int, minute: int) -> int:
        """See Calendar."""
        return day * DAY_S + minute * 60


@dataclass(frozen=True, slots=True)
class Timer:
    """The next start and the next stop. ``start_s`` None: it has passed, and only the stop is still to come.

    A daily timer (``repeat``) has both always, and the minute of the day for each: a day on which the clock jumps over
    it moves it for that day only.
    """

    start_s: int | None = None
    stop_s: int | None = None
    repeat: bool = False
    start_minute: int = 0
    stop_minute: int = 0

    @property
    def waits(self) -> bool:
        """Whether the start is what comes next."""
        return self.start_s is not None and (self.stop_s is None or self.start_s < self.stop_s)


NO_TIMER = Timer()


def daily(start_s: int, stop_s: int, calendar: Calendar) -> Timer:
    """A timer that repeats every day at the same time on the clock."""
    return Timer(start_s, stop_s, repeat=True, start_minute=calendar.local(start_s)[1],
                 stop_minute=calendar.local(stop_s)[1])  # fmt: skip


def due(timer: Timer, access: Access, unix_s: int, calendar: Calendar) -> tuple[Timer, Access]:
    """The timer and the access at ``unix_s``."""
    if timer.repeat:
        return _due_daily(timer, access, unix_s, calendar)
    if timer.start_s is not None and unix_s >= timer.start_s:
        timer, access = Timer(None, timer.stop_s), Access.ALLOW
    if timer.start_s is None and timer.stop_s is not None and unix_s >= timer.stop_s:
        timer, access = NO_TIMER, Access.DENY
    return timer, access


def _due_daily(timer: Timer, access: Access, unix_s: int, calendar: Calendar) -> tuple[Timer, Access]:
    start_s, stop_s = timer.start_s, timer.stop_s
    if start_s is None or stop_s is None:
        return NO_TIMER, access  # no daily timer at all
    if unix_s < min(start_s, stop_s):
        return timer, access
    behind = (unix_s - max(start_s, stop_s)) // DAY_S - 1  # whole days nobody was there for
    if behind > 0:
        start_s = _days_later(start_s, behind, timer.start_minute, calendar)
        stop_s = _days_later(stop_s, behind, timer.stop_minute, calendar)
    while unix_s >= min(start_s, stop_s):
        if start_s <= stop_s:
            start_s, access = _days_later(start_s, 1, timer.start_minute, calendar), Access.ALLOW
        else:
            stop_s, access = _days_later(stop_s, 1, timer.stop_minute, calendar), Access.DENY
            if start_s >= stop_s:  # the clock jumps over that whole window: there is none that day
                start_s = _days_later(start_s, 1, timer.start_minute, calendar)
                stop_s = _days_later(stop_s, 1, timer.stop_minute, calendar)
    return replace(timer, start_s=start_s, stop_s=stop_s), access


def _days_later(unix_s: int, days: int, minute: int, calendar: Calendar) -> int:
    return calendar.unix(calendar.local(unix_s)[0] + days, minute)


def clock_text(when_s: int, unix_s: int, calendar: Calendar) -> str:
    """When ``when_s`` is, as people say it at ``unix_s``: HH:MM, and in how many days when not within one."""
    day, minute = calendar.local(when_s)
    text = f"{minute // 60:02}:{minute % 60:02}"
    days = day - calendar.local(unix_s)[0]
    return text if when_s - unix_s < DAY_S else f"{text} in {days} days"
