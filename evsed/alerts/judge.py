"""When somebody is to be told. Pure: a Snapshot in, alerts out; its ``now`` is the time.

A fault is told when it keeps a plugged-in car from charging that the owner lets charge, and lasts; a welded contactor
always. Waiting for sun, power or a time is no fault. Each occurrence is told once, and its end.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from evsed.alerts.alert import Alert, Kind
from evsed.core import reasons
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.units import Millis

PASSES_MS: Final = 60_000
"""A fault that is over within this time is not told; those that need a person are told at once."""

ENDED_MS: Final = 10_000
"""So long a fault has to be away to be over; one that flickers is one fault."""

GRACE_MS: Final = 120_000
"""After a start, what was told before it may take this long to show again."""

HOUR_MS: Final = 3_600_000
MOST_AN_HOUR: Final = 10

AT_ONCE: Final = frozenset({fault.value.code for fault in (Fault.RCM, Fault.DIODE, Fault.WELDED)})
ALWAYS: Final = Fault.WELDED.value.code
_LACKS: Final = frozenset(reason.code for reason in (reasons.NO_CABLE, reasons.NOT_WATCHED, reasons.VENTILATION))
TOLD_OF: Final = frozenset({fault.value.code for fault in Fault if not fault.value.waiting}) | _LACKS
"""The reasons for not charging that somebody has to do something about."""


@dataclass(frozen=True, slots=True)
class Open:
    """A fault that somebody was told of, and not yet of its end."""

    code: str
    text: str
    since_s: int | None
    told: bool = True  # false: it was one too many


@dataclass(slots=True)
class _Seen:
    text: str
    since: Millis
    last: Millis


class Judge:
    """Looks at one Snapshot after the other; ``before``: what was open at the end of the process before this one."""

    def __init__(self, before: Iterable[Open] = ()) -> None:
        self._open = {one.code: one for one in before}
        self._seen: dict[str, _Seen] = {}
        self._there_at: dict[str, Millis] = {}  # when what is open was there last
        self._told_at: deque[Millis] = deque()
        self._left_out = 0

    @property
    def open(self) -> tuple[Open, ...]:
        """What is to be remembered over a restart."""
        return tuple(self._open.values())

    def look(self, snapshot: Snapshot) -> list[Alert]:
        """What is to be told now."""
        return [*self._begun(snapshot), *self._ended(snapshot), *self._summary(snapshot)]

    def _begun(self, snapshot: Snapshot) -> Iterator[Alert]:
        now, there = snapshot.now, _troubles(snapshot)
        for code, text in there.items():
            seen = self._seen.setdefault(code, _Seen(text, now, now))
            seen.text, seen.last = text, now
        self._seen = {code: seen for code, seen in self._seen.items() if now - seen.last < ENDED_MS}
        for code, seen in self._seen.items():
            lasts = code in AT_ONCE or now - seen.since >= PASSES_MS
            if code in self._open or code not in there or not lasts:
                continue
            since_s = snapshot.unix_at(seen.since)
            told = code == ALWAYS or self._has_room(now)
            self._open[code] = Open(code, seen.text, since_s, told)
            self._left_out += not told
            if told:
                yield self._tell(Alert(Kind.FAULT, code, seen.text, snapshot.state.name, snapshot.unix_s, since_s), now)

    def _ended(self, snapshot: Snapshot) -> Iterator[Alert]:
        now = snapshot.now
        for code, one in tuple(self._open.items()):
            last = self._there_at.setdefault(code, now + GRACE_MS if code not in self._seen else now)
            if _is_there(code, snapshot):
                self._there_at[code] = now
            elif snapshot.state is State.C or now - last >= ENDED_MS:
                del self._open[code], self._there_at[code]
                if not one.told:
                    continue  # nobody knew that it was there
                if not self._has_room(now):
                    self._left_out += 1
                else:
                    alert = Alert(Kind.CLEARED, code, one.text, snapshot.state.name, snapshot.unix_s, one.since_s)
                    yield self._tell(alert, now)

    def _summary(self, snapshot: Snapshot) -> Iterator[Alert]:
        """Once there is room again: how many were left out, and how it is now."""
        left_out = self._left_out
        if left_out and self._has_room(snapshot.now):
            reason = snapshot.reason
            code, text = ("", "The car charges") if reason is None else (reason.code, reason.text)
            state = snapshot.state.name
            yield self._tell(Alert(Kind.LEFT_OUT, code, text, state, snapshot.unix_s, left_out=left_out), snapshot.now)
            self._left_out = 0

    def _has_room(self, now: Millis) -> bool:
        """Whether one more may be told."""
        while self._told_at and now - self._told_at[0] >= HOUR_MS:
            self._told_at.popleft()
        return len(self._told_at) < MOST_AN_HOUR

    def _tell(self, alert: Alert, now: Millis) -> Alert:
        self._told_at.append(now)
        return alert


def _troubles(snapshot: Snapshot) -> Mapping[str, str]:
    """What somebody wants to know now: code and text."""
    found = {}
    if Fault.WELDED in snapshot.faults:
        found[ALWAYS] = reasons.of_fault(Fault.WELDED).text
    reason = snapshot.reason
    wanted = snapshot.connected and snapshot.access is Access.ALLOW
    if reason is not None and reason.code in TOLD_OF and wanted:
        found[reason.code] = reason.text
    return found


def _is_there(code: str, snapshot: Snapshot) -> bool:
    """Whether a fault is there, whoever wants to know."""
    reason = snapshot.reason
    return (reason is not None and reason.code == code) or any(fault.value.code == code for fault in snapshot.faults)
