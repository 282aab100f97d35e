"""The time of day: whether the system's clock is right yet, and what it shows on the owner's wall.

Owns the judgement of the clock and the time zone. Delayed charging does nothing until the clock is right: a Pi without
a battery begins its day at the moment it was last switched off.
"""

import ctypes
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from evsed.core.units import Millis

log = logging.getLogger(__name__)

PLAUSIBLE_FROM_S = 1_767_225_600  # 2026-01-01: no clock that is right is earlier than this program
PLAUSIBLE_TO_S = PLAUSIBLE_FROM_S + 20 * 31_557_600  # and none as late as this while anybody runs this version
BELIEVED_AFTER_MS = 300_000
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than a struct timex; mode 0 reads only
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_RTC = Path("/sys/class/rtc/rtc0")
_RTC_AGREES_S = 60


def synchronised() -> bool:
    """Whether the kernel's clock is kept right by a time server (timesyncd, chrony, ntpd)."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR or _TIMESYNCD.exists()


def set_from_hardware_clock(unix_s: int, rtc: Path = _RTC) -> bool:
    """Whether the kernel took the time from a hardware clock when it started, and that one agrees with ``unix_s``.

    One without a battery counts from 1970 again, and the system has moved its own clock on since.
    """
    try:
        used = (rtc / "hctosys").read_text(encoding="ascii").strip() == "1"
        return used and abs(int((rtc / "since_epoch").read_text(encoding="ascii")) - unix_s) <= _RTC_AGREES_S
    except (OSError, ValueError):
        return False


class ClockJudge:
    """Says whether the clock is right. Once it was, it stays so."""

    def __init__(
        self,
        is_synchronised: Callable[[], bool] = synchronised,
        is_from_hardware: Callable[[int], bool] = set_from_hardware_clock,
    ) -> None:
        self._is_synchronised = is_synchronised
        self._is_from_hardware = is_from_hardware
        self._plausible_since: Millis | None = None
        self._right = False
        self._told = False

    def right(self, unix_s: int, now: Millis) -> bool:
        """Whether ``unix_s``, read at the monotonic ``now``, is the time of day. Logs what it waits for, once."""
        if not self._right and self._becomes_right(unix_s, now):
            self._right = True
        if not self._right and not self._told:
            self._told = True
            log.warning(
                "the system clock is not known to be right yet (no time server, no battery): timers wait for it"
            )
        return self._right

    def _becomes_right(self, unix_s: int, now: Millis) -> bool:
        if not PLAUSIBLE_FROM_S <= unix_s < PLAUSIBLE_TO_S:
            self._plausible_since = None
            return False
        if self._is_synchronised() or self._is_from_hardware(unix_s):
            return True
        if self._plausible_since is None:
            self._plausible_since = now
        if now - self._plausible_since < BELIEVED_AFTER_MS:
            return False
        log.warning("the system clock is not synchronised, but has been plausible for 5 minutes: timers believe it now")
        return True


class LocalCalendar:
    """The owner's wall clock: in the system's time zone, or in ``zone``. See evsed.core.schedule.Calendar."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def local(self, unix_s: int) -> tuple[int, int]:
        """See Calendar."""
        self._look_at_zone()
        shown = datetime.fromtimestamp(unix_s, self._zone)  # noqa: DTZ005, DTZ006, RUF100 - None is the system's zone
        return shown.toordinal(), shown.hour * 60 + shown.minute

    def unix(self, day: int, minute: int) -> int:
        """See Calendar."""
        self._look_at_zone()
        shown = datetime.fromordinal(day).replace(tzinfo=self._zone) + timedelta(minutes=minute)
        return int(shown.timestamp())

    def _look_at_zone(self) -> None:
        if self._zone is None:
            time.tzset()  # the owner may have changed the system's zone since
