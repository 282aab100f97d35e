"""What is told: one message, and its JSON, which is the same on every way."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from evsed import __version__


class Kind(StrEnum):
    """Why somebody is told; ``event_type`` in the JSON."""

    FAULT = "fault"  # it keeps a car from charging, or is dangerous
    CLEARED = "cleared"  # that fault has ended, or the car charges again
    LEFT_OUT = "left_out"  # so many were not told, because there were too many
    TEST = "test"


_TITLES: Final = {
    Kind.FAULT: "{name} does not charge",
    Kind.CLEARED: "{name}: this is over",
    Kind.LEFT_OUT: "{name}: {left_out} messages were left out",
    Kind.TEST: "{name}: a test",
}
TEST_TEXT: Final = "This is a test: nothing is wrong"


@dataclass(frozen=True, slots=True)
class Alert:
    """``code`` and ``text`` are those of the reason for not charging. Times are Unix seconds; None: not known."""

    kind: Kind
    code: str
    text: str
    state: str
    unix_s: int | None
    since_s: int | None = None  # of the fault
    left_out: int = 0


def document(alert: Alert, serial: int) -> dict[str, Any]:
    """``alert`` as it is told, by the charger with this ``serial``."""
    name = f"SmartEVSE-{serial}"
    return {
        "event_type": alert.kind.value,
        "title": _TITLES[alert.kind].format(name=name, left_out=alert.left_out),
        "text": alert.text,
        "code": alert.code,
        "state": alert.state,
        "since": _moment(alert.since_s),
        "time": _moment(alert.unix_s),
        "left_out": alert.left_out,
        "name": name,
        "serial": serial,
        "evsed": __version__,
    }


def _moment(unix_s: int | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC).isoformat()
