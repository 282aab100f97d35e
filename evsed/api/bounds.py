"""Bounds on what a request may cost: its size, and how many are answered at the same time.

How long a request may take to arrive, and how many connections there are, is up to ``evsed.doors.webserver``.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evsed.api.problems import refusal

LONGEST_BODY: Final = 65_536
LONGEST_HEAD: Final = 16_384
LONGEST_TARGET: Final = 8_192
_READ_AWAY: Final = 4_194_304  # of a body that is too long, so that the client gets to read the answer

MOST_AT_ONCE: Final = 48
MOST_UNREAD: Final = 2  # beside those
MOST_STREAMS: Final = 16
MOST_STREAMS_OF_ONE: Final = 8
MOST_LOG_STREAMS: Final = 8
MOST_LOG_STREAMS_OF_ONE: Final = 4
LATER: Final = {"Retry-After": "1"}


class Places:
    """A number of places, for one thread: who finds none free is told so at once instead of waiting."""

    def __init__(self, most: int, most_of_one: int | None = None) -> None:
        """``most_of_one``: what one client may have of them; None: all."""
        self.most = most
        self.most_of_one = most if most_of_one is None else most_of_one
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    @property
    def full(self) -> bool:
        """Whether nobody else may come in."""
        return self.taken >= self.most

    def of(self, client: str) -> int:
        """How many ``client`` has."""
        return self._taken[client]

    def full_for(self, client: str) -> bool:
        """Whether ``client`` may not come in."""
        return self.full or self._taken[client] >= self.most_of_one

    @contextmanager
    def one(self, client: str = "") -> Iterator[None]:
        """A place for ``client``, given back at the end."""
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            self._taken += Counter()  # forgets who has none


class EventStream(StreamingResponse):
    """Server-sent events without an end, on one of ``places`` as long as the client listens; 503 when all are taken."""

    def __init__(self, places: Places, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the client leaves."""
        client = (scope.get("client") or ("",))[0]
        if self._places.full_for(client):
            most, of_one = self._places.most, self._places.most_of_one
            detail = f"there are {most} event streams, {of_one} of them for one client, and no more; close one"
            await refusal(scope["path"], 503, detail, LATER)(scope, receive, send)
            return
        with self._places.one(client):
            await super().__call__(scope, receive, send)


UNREAD: Final = frozenset({("POST", "/update")})
"""Whose body the route reads itself, as it comes, with bounds of its own: they take long, and nobody else's place."""

GIVE_BACK: Final = "evsed.give_back"
"""In the scope of such a request: called, it gives its place back; what is refused needs none to be read away."""


class Bounds:
    """Answers 414, 431 or 413 to a request that is too long and 503 when too many are at work, before any route."""

    def __init__(self, app: ASGIApp, most_at_once: int = MOST_AT_ONCE, most_unread: int = MOST_UNREAD) -> None:
        self._app = app
        self._places = Places(most_at_once)
        self._unread = Places(most_unread)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if too_long := _head(scope):
            await refusal(path, *too_long, {"Connection": "close"})(scope, receive, send)
            return
        if (scope["method"], path) in UNREAD and not self._unread.full:
            with ExitStack() as held:
                held.enter_context(self._unread.one())
                await self._app({**scope, GIVE_BACK: held.close}, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return  # the client is gone
        if (scope["method"], path) in UNREAD:
            detail = f"{self._unread.most} uploads are at work already; try again later"
            await refusal(path, 503, detail, {**LATER, "Connection": "close"})(scope, receive, send)
            return
        if len(body) > LONGEST_BODY:
            await refusal(path, 413, f"the body is longer than {LONGEST_BODY} bytes")(scope, receive, send)
            return
        if self._places.full:
            detail = f"{self._places.most} requests are at work already; try again in a second"
            await refusal(path, 503, detail, LATER)(scope, receive, send)
            return
        with self._places.one():
            await self._app(scope, _replay(body, receive), send)


def _head(scope: Scope) -> tuple[int, str] | None:
    """Status and text when the head of a request is too long."""
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > LONGEST_TARGET:
        return 414, f"path and query are longer than {LONGEST_TARGET} bytes"
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEAD:
        return 431, f"the headers are longer than {LONGEST_HEAD} bytes"
    return None


async def _body(receive: Receive) -> bytes | None:
    """The body, its first byte too many at most; None when the client left before it was whole."""
    body = bytearray()
    size = 0
    more = True
    while more and size <= _READ_AWAY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        body += chunk[: LONGEST_BODY + 1 - len(body)]
        more = message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
