"""Times of day as owners write them: on the clock on their wall, to the minute."""

import re
from datetime import UTC, datetime

from evsed.wallclock import LocalCalendar

_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


def local_text(unix_s: int) -> str:
    """``unix_s`` as YYYY-MM-DDTHH:MM where the charger is."""
    day, minute = LocalCalendar().local(unix_s)
    return f"{datetime.fromordinal(day):%Y-%m-%d}T{minute // 60:02}:{minute % 60:02}"


def unix_of(text: str) -> int | None:
    """The Unix second of YYYY-MM-DDTHH:MM where the charger is; None when it is no such time."""
    if not _MINUTE.fullmatch(text):
        return None
    try:
        when = datetime.fromisoformat(text)
        return LocalCalendar().unix(when.toordinal(), when.hour * 60 + when.minute)
    except (ValueError, OverflowError, OSError):
        return None


def with_zone(unix_s: int | None) -> str | None:
    """``unix_s`` where the charger is, with the distance from UTC (ISO 8601); None for what is not known."""
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC).astimezone().isoformat()
