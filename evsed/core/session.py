"""The session of a car: from plug-in to unplug, whatever lies between; and the counters that outlive every session.

Owns the record of the session and when it is handed on. Energy is what the EV meter's import register advances by, so
that neither pauses nor restarts nor a silent meter lose any. Where it came from is origin.py's; what clients know as
``charged_wh`` is charged.py's.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from evsed.core.actions import Action, LogSession
from evsed.core.look import Look
from evsed.core.model import PhaseCurrents
from evsed.core.origin import Origin
from evsed.core.record import NOTHING_KEPT, Ending, Kept, Part, SessionRecord
from evsed.core.register import Register
from evsed.core.units import Deciamps, Millis, WattHours

CHARGING_TURN_MS: Final = 60_000
"""So often a record is handed on while the car charges."""

WAITING_TURN_MS: Final = 600_000
"""And so often while it does not: that it is there is news, too."""

LATE_MS: Final = 120_000
"""What the register advances by for so long after an unplug, and until the next car charges, belongs to the car."""

_HOUR_MS: Final = 3_600_000
_PUT_S: Final = 5
"""A clock that differs by this much from what has passed was put forward or back."""

_DRAWS: Deciamps = 10
_MOST_PARTS: Final = 50
_MOST_UNDATED: Final = 16
RESTARTED: Final = "restarted"
"""The code of a stop for which the charger's own process or its supply ended."""


@dataclass(slots=True)
class _Dates:
    """When a session began and ended on the monotonic clock, until the time of day is known."""

    start_at: Millis | None
    end_at: Millis | None = None


@dataclass(slots=True)
class _Seen:
    """What was looked at last."""

    import_at: Millis | None = None
    drawn_at: Millis | None = None
    imported_at: Millis | None = None
    unix_s: int | None = None
    clock_s: int | None = None  # the time of day as it was last known to change, and when that was
    clock_at: Millis = 0
    card: str = ""
    legs: int = 3  # phases that the car draws from
    undated: dict[int, tuple[SessionRecord, _Dates]] = field(default_factory=dict)


class Session:
    """``look`` comes with every control cycle; ``began_charging`` and ``stopped_charging`` with the states."""

    def __init__(self, kept: Kept = NOTHING_KEPT, now: Millis = 0) -> None:
        """``kept``: what a restart goes on from."""
        self.kept = kept
        self._open = kept.open
        self._last = kept.last
        self._counters = kept.counters
        self._origin = Origin()
        self._seen = _Seen()
        self._dates = _Dates(None)
        self._found = kept.open is not None  # from before the restart, and not seen again yet
        newest = kept.open or kept.last
        self._register = Register(None if newest is None else newest.end_wh)
        late = kept.last is not None and not kept.last.complete and (kept.open is None or not kept.open.phases)
        self._late_until: Millis | None = now + LATE_MS if late else None
        self._charging_since: Millis | None = None
        self._powered_at = now
        self._turned_at = now
        self._due = False
        self._amended: list[SessionRecord] = []
        if newest is not None and newest.phases:
            self._seen.legs = newest.phases[-1]
        if kept.open is not None and kept.open.charging:
            self._open = _stopped(kept.open, RESTARTED)
            self._due = True

    @property
    def card(self) -> str:
        """The card that was seen last in this session; empty: none was."""
        return self._seen.card

    # ---- what happens ----

    def began_charging(self, phases: int, now: Millis) -> None:
        """State C was entered, with ``phases`` (1 or 3) that reach the car."""
        self._charging_since = now
        self._late_until = None
        self._origin.closed(now)
        self._seen.legs = phases
        record = self._open
        if record is None:
            return
        first = record.energy_wh == 0 and not record.charging_ms
        self._open = replace(
            record,
            charging=True,
            complete=False,
            energy_wh=None if first else record.energy_wh,  # nothing is known to be 0 that nobody has looked at
            phases=record.phases if phases in record.phases else (*record.phases, phases),
        )
        self._due = True

    def stopped_charging(self, code: str, now: Millis) -> None:
        """State C was left, for the reason ``code``. The contactor may stay closed for a moment (C1)."""
        if self._charging_since is None:
            return
        self._count_charging(now)
        self._charging_since = None
        self._origin.opened(now)
        if self._open is not None:
            self._open = _stopped(self._open, code)
            self._due = True

    def meter_exchanged(self) -> None:
        """Another meter was configured: its register says nothing about the old one's."""
        self._register = Register()
        self._seen.import_at = None
        self._open = _exchanged(self._open)
        self._last = _exchanged(self._last) if self._late_until is not None else self._last

    def _count_charging(self, now: Millis) -> None:
        """Charging time up to ``now``."""
        if self._charging_since is None:
            return
        span, self._charging_since = now - self._charging_since, now
        self._counters = replace(self._counters, charging_ms=self._counters.charging_ms + span)
        if self._open is not None:
            self._open = replace(self._open, charging_ms=self._open.charging_ms + span)

    # ---- every cycle ----

    def look(self, look: Look, now: Millis) -> list[Action]:
        """Takes in one look at the charger, and returns what is to be handed on."""
        if look.unix_s is not None and self._seen.unix_s is None:
            self._date(look.unix_s, now)
        self._follow_clock(look.unix_s, now)
        self._seen.unix_s = look.unix_s
        if now - self._powered_at >= _HOUR_MS:
            self._powered_at += _HOUR_MS
            self._counters = replace(self._counters, powered_s=self._counters.powered_s + _HOUR_MS // 1000)
            self.kept = replace(self.kept, counters=self._counters)
        if self._open is None and look.connected and not look.gone:
            self._begin(look, now)
        self._close(look)
        self._measure(look, now)
        if self._open is not None:
            self._attend(look, now)
        return self._turn(look, now)

    def _follow_clock(self, unix_s: int | None, now: Millis) -> None:
        """Where the clock was put forward or back, a session that is open keeps its length and moves its beginning."""
        if unix_s is None or unix_s == self._seen.clock_s:
            return
        before, self._seen.clock_s = self._seen.clock_s, unix_s
        since, self._seen.clock_at = self._seen.clock_at, now
        put = 0 if before is None else unix_s - before - (now - since) // 1000
        if abs(put) >= _PUT_S and self._open is not None and self._open.start_s is not None:
            self._open = replace(self._open, start_s=max(0, self._open.start_s + put))
            self._due = True

    def _begin(self, look: Look, now: Millis) -> None:
        self._counters = replace(self._counters, sessions=self._counters.sessions + 1)
        if self._late_until is None:
            self._read(look, now)  # nobody's
            self._register = Register() if look.import_wh is None else self._register
        register = None if look.import_wh is None else self._register.wh
        self._dates = _Dates(now)
        self._seen.card = ""
        self._origin = Origin()
        self._open = SessionRecord(
            self._counters.sessions,
            start_s=look.unix_s,
            start_wh=register,
            end_wh=register,
            energy_wh=None if register is None else 0,
        )
        self._due = True

    def _close(self, look: Look) -> None:
        """Counts the closings of the contactors."""
        if True not in look.closed:
            return
        self._counters = replace(self._counters, closings=_added(self._counters.closings, look.closed))
        if self._open is not None:
            self._open = replace(self._open, closings=_added(self._open.closings, look.closed))
        self._due = True

    def _attend(self, look: Look, now: Millis) -> None:
        """The car is there, or has just gone."""
        assert self._open is not None  # noqa: S101 - asked for by look
        if look.gone:
            self._end(look, now)
            return
        self._found = self._found and not look.connected
        if look.card != self._seen.card and (
            look.card or self._open.charging
        ):  # else: what comes late is the last one's
            self._seen.card = look.card
            self._open = _with_card(self._open, look.card, look.card_name)
            self._due = True
        if self._open.charging and look.mode not in self._open.modes:
            self._open = replace(self._open, modes=(*self._open.modes, look.mode))

    def _end(self, look: Look, now: Millis) -> None:
        """A car that charged may have drawn what its meter tells only later."""
        assert self._open is not None  # noqa: S101 - as above
        found, self._found = self._found, False
        self._last = replace(
            self._open,
            end_s=_not_before(self._open.start_s, look.unix_s),
            seen_s=self._open.seen_s if found else look.unix_s,
            ending=Ending.FOUND_UNPLUGGED if found else Ending.UNPLUGGED,
        )
        self._dates.end_at = now
        if look.unix_s is None:
            self._seen.undated[self._last.number] = (self._last, self._dates)
            while len(self._seen.undated) > _MOST_UNDATED:
                del self._seen.undated[min(self._seen.undated)]
        self._open = None
        self._late_until = now + LATE_MS
        self._due = True

    # ---- measuring ----

    def _measure(self, look: Look, now: Millis) -> None:
        if look.drawn_at != self._seen.drawn_at:
            self._seen.drawn_at = look.drawn_at
            self._drawn(look.drawn)
        if look.imported is not None and look.imported_at != self._seen.imported_at:
            self._seen.imported_at = look.imported_at
            own = look.drawn.total
            bought = look.imported.total
            self._origin.seen(own, bought * own // look.all_drawn if look.all_drawn > own > 0 else bought, now)
        self._read(look, now)
        if self._late_until is not None and now >= self._late_until:
            complete = self._last is None or self._last.complete
            self._late_until = None if complete else self._late_until  # the first word of a silent meter still counts

    def _drawn(self, currents: PhaseCurrents) -> None:
        if self._open is None or not self._open.charging:
            return
        legs = sum(current >= _DRAWS for current in currents.each())
        self._seen.legs = legs or self._seen.legs
        highest = max(currents.each())
        if highest > (self._open.peak or 0):
            self._open = replace(self._open, peak=highest)

    def _read(self, look: Look, now: Millis) -> None:
        """The register was read, or not. What it advanced by belongs to the car that is there, or has just gone."""
        if look.import_wh is None or look.import_at == self._seen.import_at:
            return
        self._seen.import_at = look.import_at
        advance = self._register.read(look.import_wh, now)
        late = self._late_until is not None
        record = self._last if late else self._open
        if record is None or advance is None:
            return
        register, energy = self._register.wh, advance.energy_wh
        record = replace(
            record,
            start_wh=register if record.start_wh is None else record.start_wh,
            end_wh=register,
            energy_wh=(record.energy_wh or 0) + energy,
            complete=record.complete or not record.charging,
            exchanges=record.exchanges + advance.exchanged,
        )
        if energy:
            record = self._credited(record, energy, now)
            self._counters = replace(self._counters, energy_wh=(self._counters.energy_wh or 0) + energy)
        if late:
            self._amend(record)
        else:
            self._open = record

    def _credited(self, record: SessionRecord, energy: WattHours, now: Millis) -> SessionRecord:
        """``energy`` goes to its phases, its card and its origin."""
        by_phases = list(record.by_phases)
        by_phases[self._seen.legs - 1] += energy
        own = self._origin.split(energy, now)
        parts = record.parts or (Part(self._seen.card),)
        place = next((at for at, part in enumerate(parts) if part.card == self._seen.card), len(parts) - 1)
        part = parts[place]
        part = replace(part, energy_wh=part.energy_wh + energy, solar_mwh=part.solar_mwh + (own or 0))
        solar = record.solar_mwh if own is None else (record.solar_mwh or 0) + own
        one, two, three = by_phases
        return replace(
            record,
            by_phases=(one, two, three),
            parts=(*parts[:place], part, *parts[place + 1 :]),
            solar_mwh=solar,
        )

    def _amend(self, record: SessionRecord) -> None:
        """The session that has ended is known better now; one that has begun meanwhile begins at the same register."""
        self._due = self._due or record != self._last
        self._last = record
        if record.number in self._seen.undated:
            self._seen.undated[record.number] = (record, self._seen.undated[record.number][1])
        if self._open is not None:
            self._open = replace(self._open, start_wh=record.end_wh, end_wh=record.end_wh, energy_wh=0)

    # ---- handing on ----

    def _date(self, unix_s: int, now: Millis) -> None:
        """The time of day has become known: what began and ended before that has its times now."""

        def date(at: Millis | None) -> int | None:
            return None if at is None else unix_s - (now - at) // 1000

        for number, (record, dates) in self._seen.undated.items():
            start = date(dates.start_at) if record.start_s is None else record.start_s
            end = _not_before(start, date(dates.end_at))
            found = record.ending is Ending.FOUND_UNPLUGGED
            dated = replace(record, start_s=start, end_s=end, seen_s=record.seen_s if found else end)
            if self._last is not None and number == self._last.number:
                self._last = dated
            else:
                self._amended.append(dated)
        self._due = self._due or bool(self._seen.undated)
        self._seen.undated.clear()
        if self._open is not None and self._open.start_s is None:
            self._open = replace(self._open, start_s=date(self._dates.start_at))
            self._due = True

    def _turn(self, look: Look, now: Millis) -> list[Action]:
        """Hands on what has to be: at once, or because it is time."""
        if self._open is not None:
            span = CHARGING_TURN_MS if self._open.charging else WAITING_TURN_MS
            self._due = self._due or now - self._turned_at >= span
        if not self._due:
            return []
        self._due = False
        self._turned_at = now
        self._count_charging(now)
        revision = self.kept.revision + 1
        if self._open is not None:
            seen = self._open.seen_s if self._found or look.unix_s is None else look.unix_s
            self._open = replace(self._open, revision=revision, seen_s=seen)
        if self._last is not None and self._last != self.kept.last:
            self._last = replace(self._last, revision=revision)
        amended = tuple(replace(record, revision=revision) for record in self._amended)
        self._amended.clear()
        self.kept = Kept(self._open, self._last, self._counters)
        return [LogSession(self.kept, amended)]

    def live(self, now: Millis) -> Kept:
        """What is kept, as it is at this moment."""
        if self._open is None:
            return self.kept
        self._count_charging(now)
        return Kept(self._open, self._last, self._counters)


def _not_before(start_s: int | None, end_s: int | None) -> int | None:
    """``end_s``, or the beginning where a clock that was put back over a restart would have it end before that."""
    return end_s if start_s is None or end_s is None else max(start_s, end_s)


def _added(closings: tuple[int, int], closed: tuple[bool, bool]) -> tuple[int, int]:
    return closings[0] + closed[0], closings[1] + closed[1]


def _stopped(record: SessionRecord, code: str) -> SessionRecord:
    """``record`` after a stop; what the car took last, its meter may not have told yet."""
    counts = dict(record.stops)
    counts[code] = counts.get(code, 0) + 1
    return replace(record, charging=False, complete=False, stops=tuple(counts.items()), last_stop=code)


def _exchanged(record: SessionRecord | None) -> SessionRecord | None:
    return None if record is None else replace(record, end_wh=None, exchanges=record.exchanges + 1)


def _with_card(record: SessionRecord, card: str, name: str) -> SessionRecord:
    if any(part.card == card for part in record.parts) or len(record.parts) >= _MOST_PARTS:
        return record
    return replace(record, parts=(*record.parts, Part(card, name)))
