"""/api/v1/sessions: what was charged, a session a plug-in; for programs in pages, for spreadsheets as one file.

Owns the routes and the merging of the log with what the control loop knows better: the open session, and the last one.
"""

import asyncio
import csv
import io
import json
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from typing_extensions import TypedDict

from evsed.api.problems import Wrong, problem, problem_answer
from evsed.api.rights import Right, right_of
from evsed.api.site import BusyError, Site
from evsed.api.v1.bodies import Answers, NotTakenError, taking
from evsed.api.v1.documents import exact
from evsed.api.v1.session_documents import COLUMNS, SessionDocument, session_document, session_row, veiled
from evsed.core.record import Kept, SessionRecord
from evsed.logbook import pages
from evsed.logbook.log import UnreadableError
from evsed.wallclock import LocalCalendar

log = logging.getLogger(__name__)

MOST: Final = 1_000
_USUAL: Final = 100
_PAGE: Final = 200  # of an export
_LAST_ID: Final = 2**53 - 1
_DAY: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
_BROKEN_OFF: Final = "this list is not complete: the log of sessions could not be read further"
_SAVE: Final = {"Cache-Control": "no-cache"}
_INVALID: Final[Answers] = {422: {"description": "a parameter cannot be used; says which"}}
_UNKNOWN: Final[Answers] = {
    404: problem_answer("there is no such session"),
    500: problem_answer("it is damaged in the log"),
}

From = Annotated[str | None, Query(alias="from", pattern=_DAY, description="the first day, YYYY-MM-DD, local time")]
To = Annotated[str | None, Query(alias="to", pattern=_DAY, description="the last day, YYYY-MM-DD, local time")]


@exact
class Sessions(TypedDict):
    """A page of sessions, the newest first. ``next``: what ``before`` is for the next page; null: this was the last."""

    sessions: list[SessionDocument]
    next: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which sessions are asked for, in Unix seconds; None: no bound. ``to_s`` itself is not in it."""

    from_s: int | None = None
    to_s: int | None = None


def span_of(first: str | None, last: str | None) -> Span:
    """The days from ``first`` to ``last`` where the charger is, both whole. Raises NotTakenError."""
    return Span(_midnight("from", first, 0), _midnight("to", last, 1))


def _midnight(name: str, day: str | None, days: int) -> int | None:
    if day is None:
        return None
    try:
        begin = date.fromisoformat(day) + timedelta(days=days)
        return LocalCalendar().unix(begin.toordinal(), 0)
    except (ValueError, OverflowError, OSError):
        raise NotTakenError(Wrong(f"{name} takes a day such as 2026-11-22, not {day}", parameter=name)) from None


def merged(logged: list[SessionRecord], kept: Kept, limit: int, before: int | None, span: Span) -> list[SessionRecord]:
    """A page of the log, with the open and the last session as they are now in place of what was written of them."""
    better = [record for record in (kept.last, kept.open) if record is not None]
    return pages.merged(logged, better, limit, before, span.from_s, span.to_s)


async def page(site: Site, limit: int, before: int | None, span: Span) -> list[SessionRecord]:
    """A page of sessions, newest first. Raises BusyError when the disk does not let it be read."""
    kept = site.snapshot.sessions
    async with site.reading:
        try:
            logged = await asyncio.to_thread(site.logbook.page, limit, before, span.from_s, span.to_s)
        except UnreadableError as error:
            raise BusyError(str(error)) from None
    return merged(logged, kept, limit, before, span)


async def page_for(request: Request, site: Site, limit: int, before: int | None, span: Span) -> list[SessionRecord]:
    """A page of sessions as the sender of ``request`` may see them: cards' numbers are for who may operate."""
    records = await page(site, limit, before, span)
    return records if right_of(request) >= Right.OPERATE else [veiled(record) for record in records]


async def _pages(request: Request, site: Site, span: Span) -> AsyncIterator[list[SessionRecord]]:
    """All of them, a page at a time."""
    before: int | None = None
    while records := await page_for(request, site, _PAGE, before, span):
        yield records
        before = records[-1].number


async def _csv(pages: AsyncIterator[list[SessionRecord]], separator: str) -> AsyncIterator[bytes]:
    """RFC 4180 in UTF-8; a byte order mark tells spreadsheets that it is."""
    yield "\ufeff".encode() + _lines([COLUMNS], separator)
    async for records in pages:
        yield _lines([session_row(record) for record in records], separator)


def _lines(rows: Iterable[Iterable[int | str]], separator: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


async def _json(pages: AsyncIterator[list[SessionRecord]]) -> AsyncIterator[bytes]:
    """The same as the documents of the page."""
    yield b'{"next":null,"sessions":['
    between = ""
    async for records in pages:
        texts = [json.dumps(session_document(record), separators=(",", ":")) for record in records]
        yield (between + ",\n".join(texts)).encode()
        between = ",\n"
    yield b"]}\n"


async def _begun(stream: AsyncIterator[bytes], media_type: str, name: str, broken_off: bytes = b"") -> Response:
    """``stream`` as a file to be saved, with its first part ready: what goes wrong then has a status of its own.

    What goes wrong later ends the file with ``broken_off``.
    """
    first = [await anext(stream), await anext(stream, b"")]

    async def whole() -> AsyncIterator[bytes]:
        for part in first:
            yield part
        try:
            async for part in stream:
                yield part
        except BusyError as error:
            log.error("%s broke off: %s", name, error)  # noqa: TRY400 - for the owner, not a traceback
            yield broken_off

    headers = {"Content-Disposition": f'attachment; filename="{name}"', **_SAVE}
    return StreamingResponse(whole(), media_type=media_type, headers=headers)


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/sessions", response_model=None, responses=taking(_INVALID, model=Sessions))
    async def sessions(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST, description="so many at most")] = _USUAL,
        before: Annotated[int | None, Query(ge=1, le=_LAST_ID, description="only with a lower id")] = None,
        first: From = None,
        last: To = None,
    ) -> JSONResponse:
        """What was charged, a session from plug-in to unplug, the newest first; the open one too."""
        try:
            records = await page_for(request, site, limit, before, span_of(first, last))
        except NotTakenError as error:
            return problem(422, str(error), errors=error.errors)
        answer: Sessions = {
            "sessions": [session_document(record) for record in records],
            "next": records[-1].number if len(records) == limit else None,
        }
        return JSONResponse(answer)

    _add_files(router, site)

    @router.get("/sessions/{id}", response_model=None, responses=taking(_UNKNOWN, _INVALID, model=SessionDocument))
    async def one(request: Request, number: Annotated[int, Path(alias="id", ge=1, le=_LAST_ID)]) -> JSONResponse:
        """One session."""
        records = await page_for(request, site, 1, number + 1, Span())
        if not records or records[0].number != number:
            if wrong := site.logbook.wrong(number):
                return problem(500, f"session {number} is damaged in the log, and left out of lists: {wrong}")
            return problem(404, f"there is no session {number}")
        return JSONResponse(session_document(records[0]))

    return router


def _add_files(router: APIRouter, site: Site) -> None:
    """The routes of all sessions in one file."""

    @router.get(
        "/sessions.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **_INVALID},
    )
    async def as_csv(
        request: Request,
        first: From = None,
        last: To = None,
        separator: Annotated[Literal["comma", "semicolon", "tab"], Query(description="between two columns")] = "comma",
    ) -> Response:
        """All sessions as a table for a spreadsheet, the newest first: whole numbers, local times, UTF-8."""
        try:
            span = span_of(first, last)
        except NotTakenError as error:
            return problem(422, str(error), errors=error.errors)
        stream, broken_off = _csv(_pages(request, site, span), _SEPARATORS[separator]), _lines([[_BROKEN_OFF]], ",")
        return await _begun(stream, "text/csv; charset=utf-8; header=present", "sessions.csv", broken_off)

    @router.get("/sessions.json", response_model=None, responses=taking(_INVALID, model=Sessions))
    async def as_json(request: Request, first: From = None, last: To = None) -> Response:
        """All sessions in one file, the newest first."""
        try:
            span = span_of(first, last)
        except NotTakenError as error:
            return problem(422, str(error), errors=error.errors)
        return await _begun(_json(_pages(request, site, span)), "application/json", "sessions.json")
