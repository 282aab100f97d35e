"""/api/v1/log: the last lines of the daemon's log, as a document or as server-sent events without an end.

Owns what a listener is sent, and from which line on. Which lines there are is logring.py's, who may listen bounds.py's.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from typing_extensions import TypedDict

from evsed.api.bounds import EventStream
from evsed.api.problems import problem_answer
from evsed.api.rights import Right, asker_of
from evsed.api.site import Site
from evsed.api.v1.bodies import Answers
from evsed.api.v1.documents import exact
from evsed.logring import LEVELS, MOST, Heard, Line, Ring, Wanted

LOOK_S: Final = 0.25
HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 2_000
_USUAL: Final = 200
_LONGEST_FILTER: Final = 100
_AT_ONCE: Final = 100  # lines, in one piece
_PLACE: Final = "^[0-9a-f]{8}-[0-9]{1,15}$"
_LOST: Final = "lost"
_RESTARTED: Final = "restarted"

LevelName = Literal["debug", "info", "warning", "error"]
Text = Annotated[str, Query(max_length=_LONGEST_FILTER, description="only with this in the line or the logger's name")]
Last = Annotated[int, Query(ge=0, le=MOST, description="begins with so many that were there before")]
After = Annotated[str | None, Query(pattern=_PLACE, description="in place of last: what came after this id")]
Follow = Annotated[
    Literal["", "true", "false"] | None, Query(description="goes on with what comes, as with Accept: text/event-stream")
]


@exact
class LineDocument(TypedDict):
    """A line of the log; ``at`` in ms of Unix time, ``text`` with line feeds where a traceback is in it."""

    number: int
    at: int
    level: LevelName
    logger: str
    text: str


@exact
class LogDocument(TypedDict):
    """The newest lines, the oldest of them first. ``id``: what ``after`` is for those that come next.

    ``lost``: some that were asked for are gone, or the daemon was restarted in between.
    """

    id: str
    lost: bool
    lines: list[LineDocument]


def line_document(line: Line) -> LineDocument:
    """A line as it is told."""
    level: Any = line.level.name.lower()
    return {"number": line.number, "at": line.at_ms, "level": level, "logger": line.logger, "text": line.text}


@dataclass(frozen=True, slots=True)
class Begin:
    """Where somebody begins: after the line ``id`` of a daemon (``boot-number``), else with the ``last`` ones."""

    last: int
    id: str = ""

    def heard(self, ring: Ring, wanted: Wanted) -> tuple[Heard, str]:
        """The first lines, and why there is a gap before them; empty: there is none."""
        if not re.fullmatch(_PLACE, self.id):
            return ring.last(self.last, wanted), ""
        boot, _, number = self.id.partition("-")
        if boot != ring.boot:
            return ring.after(0, wanted), _RESTARTED
        heard = ring.after(min(int(number), ring.number), wanted)
        return heard, _LOST if heard.lost else ""


class Lines:
    """The log for those who listen; on the web server's thread only."""

    def __init__(self, ring: Ring, closing: asyncio.Event, clock: Callable[[], float] = time.monotonic) -> None:
        """``closing``: the streams end."""
        self._ring = ring
        self._closing = closing
        self._clock = clock

    def text(self, wanted: Wanted, begin: Begin) -> str:
        """What there is, see LogDocument; a line at a time: the encoder keeps the interpreter until it is done."""
        heard, gap = begin.heard(self._ring, wanted)
        lines = ",".join(_json(line_document(line)) for line in heard.lines)
        return f'{{"id":{_json(self._id(heard.upto))},"lost":{_json(bool(gap))},"lines":[{lines}]}}'

    async def events(
        self, wanted: Wanted, begin: Begin, may_listen: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[bytes]:
        """What one listener is sent, until he ``may_listen`` no more. Who is slow is told what he has missed."""
        with self._ring.listening(wanted.level):
            yield f"retry: {RETRY_MS}\n\n".encode()
            heard, gap = begin.heard(self._ring, wanted)
            beat_at = self._clock()
            while not self._closing.is_set() and may_listen():
                if gap:
                    before = heard.lines[0].number - 1 if heard.lines else heard.upto
                    yield self._event("gap", before, {"why": gap, "boot": self._ring.boot})
                for part in _parts(heard.lines):
                    yield b"".join(self._event("line", line.number, line_document(line)) for line in part)
                if heard.lines or gap:
                    beat_at = self._clock() + HEARTBEAT_S
                elif self._clock() >= beat_at:
                    beat_at = self._clock() + HEARTBEAT_S
                    yield f": nothing new\nid: {self._id(heard.upto)}\n\n".encode()
                if len(heard.lines) < _AT_ONCE:
                    await self._pause()
                heard = self._ring.after(heard.upto, wanted, _AT_ONCE)
                gap = _LOST if heard.lost else ""

    def _id(self, number: int) -> str:
        return f"{self._ring.boot}-{number}"

    def _event(self, name: str, number: int, data: object) -> bytes:
        return f"event: {name}\nid: {self._id(number)}\ndata: {_json(data)}\n\n".encode()

    async def _pause(self) -> None:
        """Until it is time to look again, or the end."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._closing.wait()
        except TimeoutError:
            return


def _json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))


def _parts(lines: tuple[Line, ...]) -> Iterable[tuple[Line, ...]]:
    return (lines[first : first + _AT_ONCE] for first in range(0, len(lines), _AT_ONCE))


_ANSWERS: Final[Answers] = {
    200: {"model": LogDocument, "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    422: {"description": "a parameter cannot be used; says which"},
    503: problem_answer("too many listen"),
}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])
    lines = Lines(site.log_lines, site.closing)

    @router.get("/log", response_model=None, responses=_ANSWERS)
    async def read(
        request: Request,
        level: Annotated[LevelName, Query(description="from this level on")] = "info",
        text: Text = "",
        last: Last = _USUAL,
        after: After = None,
        follow: Follow = None,
        last_event_id: Annotated[str | None, Header(description="as after, from who listened before")] = None,
    ) -> Response:
        """The last lines of the log. With `Accept: text/event-stream` or `follow` they go on: a `line` for each.

        An event `gap` stands where lines were lost, or the daemon was restarted (`why`): its numbers begin anew, and
        `boot` is another one. No line holds a secret. Lines of level `debug` are made only while somebody listens to
        them. The stream ends when the one who listens may not any more.
        """
        wanted, begin = Wanted(LEVELS[level], text), Begin(last, last_event_id or after or "")
        wants_events = "text/event-stream" in request.headers.get("accept", "")
        if follow in {"", "true"} or (follow is None and wants_events):
            asker = asker_of(request)
            return EventStream(site.log_streams, lines.events(wanted, begin, lambda: asker.still() >= Right.READ))
        async with site.reading:
            found = await asyncio.to_thread(lines.text, wanted, begin)
        return Response(found, media_type="application/json", headers={"Cache-Control": "no-store"})

    return router
