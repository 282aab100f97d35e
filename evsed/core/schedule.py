"""Delayed charging: a start, and if wanted a stop and a daily repetition, in Unix seconds; access follows them.

Owns the times. Without a clock nothing happens: the time of day comes in as its own event, and what the clock on the
wall says then is the calendar's word, because the core knows no time zone.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from evsed.core.model import Access

DAY_S = 86_400
DAY_MINUTES = 1_440
LAST_S = 2**31 - 7 * DAY_S
"""Times from here on (January 2038) are none: the calendar of a 32-bit system ends there."""

LAST_DAY = 1_000_000
"""Days from here on are none, from whatever day they are counted."""

_DAYS_AROUND = 5  # yesterday's window may still be open, and a clock may jump over that of a day


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

    A daily timer (``repeat``) has both always. They follow from the minutes of the day and the first day, so that a
    clock that was wrong for a while leaves no trace.
    """

    start_s: int | None = None
    stop_s: int | None = None
    repeat: bool = False
    first_day: int = 0
    start_minute: int = 0
    stop_minute: int = 0

    @property
    def waits(self) -> bool:
        """Whether the start is what comes next."""
        return self.start_s is not None and (self.stop_s is None or self.start_s < self.stop_s)


NO_TIMER = Timer()


def minutes_between(start_s: int, stop_s: int, calendar: Calendar) -> int:
    """How many minutes the clock on the wall goes on from ``start_s`` to ``stop_s``."""
    (day, minute), (stop_day, stop_minute) = calendar.local(start_s), calendar.local(stop_s)
    return (stop_day - day) * DAY_MINUTES + stop_minute - minute


def daily(start_s: int, stop_s: int, calendar: Calendar) -> Timer:
    """A timer that repeats every day at the same time on the clock; ``stop_s`` is less than a day after ``start_s``."""
    first_day, start_minute = calendar.local(start_s)
    return Timer(start_s, stop_s, True, first_day, start_minute, calendar.local(stop_s)[1])


def due(
    timer: Timer, access: Access, unix_s: int, calendar: Calendar, before_s: int | None = None
) -> tuple[Timer, Access]:
    """The timer and the access at ``unix_s``. ``before_s``: the time of day when this was last asked, if it was."""
    if timer.repeat:
        return _due_daily(timer, access, unix_s, calendar, before_s)
    if timer.start_s is not None and unix_s >= timer.start_s:
        timer, access = Timer(None, timer.stop_s), Access.ALLOW
    if timer.start_s is None and timer.stop_s is not None and unix_s >= timer.stop_s:
        timer, access = NO_TIMER, Access.DENY
    return timer, access


def _due_daily(
    timer: Timer, access: Access, unix_s: int, calendar: Calendar, before_s: int | None
) -> tuple[Timer, Access]:
    if timer.start_s is None or timer.stop_s is None:
        return NO_TIMER, access  # no daily timer at all
    goes_on = before_s is not None and before_s <= unix_s < min(timer.start_s, timer.stop_s)
    if goes_on:
        return timer, access
    windows = _windows(timer, unix_s, calendar)
    start_s = next(start for start, _ in windows if start > unix_s)
    stop_s = next(stop for _, stop in windows if stop > unix_s)
    return replace(timer, start_s=start_s, stop_s=stop_s), Access.ALLOW if stop_s < start_s else Access.DENY


def _windows(timer: Timer, unix_s: int, calendar: Calendar) -> list[tuple[int, int]]:
    """Start and stop on the days around ``unix_s``, from the first day on. The clock may jump over a whole window."""
    over_night = timer.stop_minute <= timer.start_minute
    begin = max(calendar.local(unix_s)[0] - 1, timer.first_day)
    days = range(begin, begin + _DAYS_AROUND)
    both = [(calendar.unix(d, timer.start_minute), calendar.unix(d + over_night, timer.stop_minute)) for d in days]
    return [(start, stop) for start, stop in both if start < stop]


def clock_text(when_s: int, unix_s: int, calendar: Calendar) -> str:
    """When ``when_s`` is, as people say it at ``unix_s``: HH:MM, and on which day when not within one."""
    day, minute = calendar.local(when_s)
    text = f"{minute // 60:02}:{minute % 60:02}"
    days = day - calendar.local(unix_s)[0]
    if when_s - unix_s < DAY_S:
        return text
    return f"{text} tomorrow" if days == 1 else f"{text} in {days} days"
