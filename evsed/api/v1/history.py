"""/api/v1/history: the last day in half minutes, for the page's charts and for spreadsheets.

Owns how the rows of evsed.history become columns of JSON. They are written a column at a time: the encoder keeps the
interpreter until it is done, and the control thread must not wait for 40,000 numbers.
"""

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field
from typing_extensions import TypedDict

from evsed.api.site import Site
from evsed.api.v1.bodies import Answers, taking
from evsed.api.v1.documents import Seconds, UnixSeconds, WattHours, exact
from evsed.core.states import State
from evsed.history.rows import CURRENTS, NUMBERS, ROWS, STEP_S, History

_DAY_H: Final = 24
_ROWS_H: Final = ROWS // _DAY_H
_CURSOR: Final = re.compile("([0-9a-f]{8})-([0-9]{1,12})")
_PHASES: Final = ("l1", "l2", "l3")
_SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
_SAVE: Final = {"Cache-Control": "no-cache"}
_INVALID: Final[Answers] = {422: {"description": "a parameter cannot be used; says which"}}

Deciamps = Annotated[int, Field(description="0.1 A")]
Hours = Annotated[int, Query(ge=1, le=_DAY_H, description="so many at most")]
Since = Annotated[
    str | None, Query(pattern=f"^{_CURSOR.pattern}$", description="only what is newer: `cursor` of an answer before")
]


@exact
class Phases(TypedDict):
    """A column for each phase."""

    L1: list[Deciamps | None]
    L2: list[Deciamps | None]
    L3: list[Deciamps | None]


@exact
class HistoryDocument(TypedDict):
    """The last day, a value a row in each column, the oldest first; null: not known, or not recorded.

    ``continues``: these rows come behind those of ``since``; else they are all there are. ``start`` and ``end`` are
    null while the time of day is not known. ``state`` and ``reason`` are places in ``states`` and ``reasons``; while
    the car charges there is no reason.
    """

    cursor: str | None
    continues: bool
    step_s: Seconds
    rows: int
    first: int | None  # the number of the first row: numbers of the same cursor go on without a gap
    start: UnixSeconds | None
    end: UnixSeconds | None
    states: list[str]
    reasons: list[str]
    mains: Phases
    mains_highest: Phases
    ev: Phases
    offer: list[Deciamps | None]
    limit: list[Deciamps | None]
    battery: list[Deciamps | None]
    ev_wh: list[WattHours | None]
    state: list[int | None]
    reason: list[int | None]


def _span(history: History, hours: int, since: str | None) -> tuple[range, bool]:
    """The rows that are asked for, and whether they come behind those of ``since``."""
    most, known = hours * _ROWS_H, _CURSOR.fullmatch(since or "")
    if known is None or known[1] != history.series or history.last is None or int(known[2]) > history.last:
        return history.span(most), False
    oldest = history.last - most  # what is older was not asked for
    return history.span(most, int(known[2])), int(known[2]) >= oldest


def history_text(history: History, hours: int = _DAY_H, since: str | None = None) -> str:
    """The document, see HistoryDocument."""
    span, continues = _span(history, hours, since)
    last = span.stop - 1 if span else None
    head: dict[str, Any] = {
        "cursor": since if last is None and continues else None if last is None else f"{history.series}-{last}",
        "continues": continues,
        "step_s": STEP_S,
        "rows": len(span),
        "first": span.start if span else None,
        "start": history.begin_of(span.start) if span else None,
        "end": history.begin_of(span.stop) if span else None,
        "states": [state.name for state in State],
        "reasons": list(history.reasons),
    }
    parts = [f'"{name}":{_json(value)}' for name, value in head.items()]
    for name in ("mains", "mains_highest", "ev"):
        phases = ",".join(f'"{phase.upper()}":{_json(history.column(f"{name}_{phase}", span))}' for phase in _PHASES)
        parts.append(f'"{name}":{{{phases}}}')
    parts += [f'"{name}":{_json(history.column(name, span))}' for name in ("offer", "limit", "battery", "ev_wh")]
    places = {int(state): place for place, state in enumerate(State)}
    states = [None if value is None else places[value] for value in history.column("state", span)]
    parts += [f'"state":{_json(states)}', f'"reason":{_json(history.column("reason", span))}']
    return "{" + ",".join(parts) + "}\n"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


# ---- for spreadsheets ----

COLUMNS: Final = ("time", *(f"{name}_ma" for name in CURRENTS), *NUMBERS[len(CURRENTS) :], "state", "reason")


def history_csv(history: History, hours: int, separator: str) -> str:
    """RFC 4180 with a byte order mark, as of sessions: whole numbers, local times, the oldest row first."""
    text = io.StringIO()
    text.write("\ufeff")
    rows = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows(_cells(history, hours))
    return text.getvalue()


def _cells(history: History, hours: int) -> Iterator[list[int | str]]:
    for number in history.span(hours * _ROWS_H):
        row = history.row(number)
        if row is None:
            continue
        when = history.begin_of(number)
        currents = [None if value is None else value * 100 for value in row.numbers[: len(CURRENTS)]]
        values = [*currents, *row.numbers[len(CURRENTS) :]]
        shown = "" if when is None else f"{datetime.fromtimestamp(when, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
        yield [shown, *("" if value is None else value for value in values), row.state.name, row.reason]


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/history", response_model=None, responses=taking(_INVALID, model=HistoryDocument))
    async def history(hours: Hours = _DAY_H, since: Since = None) -> Response:
        """The last day in half minutes: currents, what was offered, what the charger did; columns of whole numbers."""
        async with site.reading:
            text = await asyncio.to_thread(history_text, site.history, hours, since)
        return Response(text, media_type="application/json", headers=_SAVE)

    @router.get(
        "/history.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **_INVALID},
    )
    async def as_csv(
        hours: Hours = _DAY_H,
        separator: Annotated[Literal["comma", "semicolon", "tab"], Query(description="between two columns")] = "comma",
    ) -> Response:
        """The same as a table for a spreadsheet, the oldest row first: whole numbers, local times, UTF-8."""
        async with site.reading:
            text = await asyncio.to_thread(history_csv, site.history, hours, _SEPARATORS[separator])
        headers = {"Content-Disposition": 'attachment; filename="history.csv"', **_SAVE}
        return Response(text, media_type="text/csv; charset=utf-8; header=present", headers=headers)

    return router
