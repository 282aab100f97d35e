"""One session as a JSON document and as a row of a table for spreadsheets. Pure.

The table has whole numbers and dates as ISO 8601 has them, so that no spreadsheet reads a decimal point or a month as
what it is not; texts that it would take for formulas or numbers are made texts.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from typing_extensions import TypedDict

from evsed.api.v1.cells import as_text, uncomputed
from evsed.api.v1.documents import Amps, LocalTime, Seconds, UnixSeconds, WattHours, exact
from evsed.core.cards import VEIL, last_digits
from evsed.core.record import Part, SessionRecord


@exact
class StopDocument(TypedDict):
    """How often charging ended for a reason."""

    reason: str
    count: int


@exact
class CardPart(TypedDict):
    """What was charged with one card; ``uid`` null: without one. Who may look only is told its last digits."""

    uid: str | None
    name: str | None
    energy_wh: WattHours | None
    solar_wh: WattHours | None


@exact
class EnergyByPhases(TypedDict):
    """What the car drew from one, two and three phases."""

    one: WattHours
    two: WattHours
    three: WattHours


@exact
class SessionDocument(TypedDict):
    """A session, from plug-in to unplug. What is not known is null."""

    id: int
    open: bool  # the car is still there
    start: UnixSeconds | None
    start_local: LocalTime | None
    end: UnixSeconds | None
    end_local: LocalTime | None
    last_seen: UnixSeconds | None
    ended: str | None
    register_start_wh: WattHours | None
    register_end_wh: WattHours | None
    meter_exchanges: int
    energy_wh: WattHours | None
    energy_complete: bool
    solar_wh: WattHours | None
    grid_wh: WattHours | None
    solar_percent: int | None
    phases: list[int]
    energy_by_phases: EnergyByPhases | None
    peak_a: Amps | None
    charging_s: Seconds
    contactor_closings: int
    contactor2_closings: int
    modes: list[str]
    stops: list[StopDocument]
    last_stop: str | None
    cards: list[CardPart]


def session_document(record: SessionRecord) -> SessionDocument:
    """``record`` for programs."""
    one, two, three = record.by_phases
    by_phases: EnergyByPhases = {"one": one, "two": two, "three": three}
    return {
        "id": record.number,
        "open": record.ending is None,
        "start": record.start_s,
        "start_local": _local(record.start_s),
        "end": record.end_s,
        "end_local": _local(record.end_s),
        "last_seen": record.seen_s,
        "ended": None if record.ending is None else record.ending.value,
        "register_start_wh": record.start_wh,
        "register_end_wh": record.end_wh,
        "meter_exchanges": record.exchanges,
        "energy_wh": record.energy_wh,
        "energy_complete": record.energy_wh is not None and record.complete,
        "solar_wh": record.solar_wh,
        "grid_wh": record.grid_wh,
        "solar_percent": record.solar_percent,
        "phases": list(record.phases),
        "energy_by_phases": None if record.energy_wh is None else by_phases,
        "peak_a": None if record.peak is None else record.peak / 10,
        "charging_s": record.charging_ms // 1000,
        "contactor_closings": record.closings[0],
        "contactor2_closings": record.closings[1],
        "modes": list(record.modes),
        "stops": [{"reason": reason, "count": count} for reason, count in record.stops],
        "last_stop": record.last_stop or None,
        "cards": [_card(part, record) for part in _parts(record)],
    }


def veiled(record: SessionRecord) -> SessionRecord:
    """``record`` with no more of a card's number than its last digits."""
    return replace(record, parts=tuple(replace(part, card=last_digits(part.card)) for part in record.parts))


def _parts(record: SessionRecord) -> tuple[Part, ...]:
    """The cards' shares; none where no card had a part in it."""
    return record.parts if any(part.card for part in record.parts) else ()


def _card(part: Part, record: SessionRecord) -> CardPart:
    return {
        "uid": part.card or None,
        "name": part.name or None,
        "energy_wh": None if record.energy_wh is None else part.energy_wh,
        "solar_wh": None if record.solar_mwh is None else part.solar_mwh // 1000,
    }


def _local(unix_s: int | None) -> str | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC).astimezone().isoformat()


# ---- for spreadsheets ----

COLUMNS: Final = (
    *("session", "start", "end", "ended", "last_seen", "energy_wh", "energy_complete", "solar_wh", "grid_wh"),
    *("solar_percent", "card", "card_name", "energy_by_card", "energy_one_phase_wh", "energy_two_phases_wh"),
    *("energy_three_phases_wh", "peak_ma", "charging_s", "contactor_closings", "contactor2_closings", "modes"),
    *("last_stop", "stops", "register_start_wh", "register_end_wh", "meter_exchanges"),
)


def session_row(record: SessionRecord) -> list[int | str]:
    """``record`` as a row below COLUMNS. What is not known is empty."""
    parts = _parts(record)
    metered = record.energy_wh is not None
    one, two, three = ((wh if metered else None) for wh in record.by_phases)
    shares = [f"{part.name or _uid(part.card) or 'no card'}: {part.energy_wh} Wh" for part in parts]
    values = (
        record.number,
        _cell_time(record.start_s),
        _cell_time(record.end_s),
        "open" if record.ending is None else record.ending.value,
        _cell_time(record.seen_s),
        record.energy_wh,
        "yes" if metered and record.complete else "no",
        record.solar_wh,
        record.grid_wh,
        record.solar_percent,
        uncomputed("; ".join(_uid(part.card) for part in parts if part.card)),
        as_text("; ".join(part.name for part in parts if part.name)),
        uncomputed("; ".join(shares)) if metered else None,
        one,
        two,
        three,
        None if record.peak is None else record.peak * 100,
        record.charging_ms // 1000,
        *record.closings,
        " ".join(record.modes),
        record.last_stop,
        "; ".join(f"{reason}: {count}" for reason, count in record.stops),
        record.start_wh,
        record.end_wh,
        record.exchanges,
    )
    return ["" if value is None else value for value in values]


def _uid(card: str) -> str:
    """A card's number in a form that no spreadsheet takes for a number: 12E456789012 would be a very long one."""
    if card.startswith(VEIL):
        return card
    return ":".join(card[at : at + 2] for at in range(0, len(card), 2))


def _cell_time(unix_s: int | None) -> str | None:
    """The charger's local time as every spreadsheet knows it for one."""
    return None if unix_s is None else f"{datetime.fromtimestamp(unix_s, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
