"""Bounds on what a request may cost."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evsed.api.problems import refusal

LONGEST_BODY = 65_536
MOST_STREAMS: Final = 16
LATER: Final = {"Retry-After": "1"}
_READ_AWAY = 4_194_304  # so much of a body that is too long is read away, so that the client gets to read the answer


class Places:
    """A number of places, for one thread: who finds none free is told so at once instead of waiting."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @property
    def full(self) -> bool:
        """Whether nobody else may come in."""
        return self.taken >= self.most

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place, given back at the end."""
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class EventStream(StreamingResponse):
    """Server-sent events without an end, on one of ``places`` as long as the client listens; 503 when all are taken."""

    def __init__(self, places: Places, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the client leaves."""
        if self._places.full:
            detail = f"{self._places.most} event streams are open, and there are no more; close one"
            await refusal(scope["path"], 503, detail, LATER)(scope, receive, send)
            return
        with self._places.one():
            await super().__call__(scope, receive, send)


class BodyLimit:
    """Answers 413 to a body of more than 64 KiB, before any route sees it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = b""
        size = 0
        more = True
        while more and size <= _READ_AWAY:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client is gone
            chunk = message.get("body", b"")
            size += len(chunk)
            body = body + chunk if size <= LONGEST_BODY else b""
            more = message.get("more_body", False)
        if size > LONGEST_BODY:
            answer = JSONResponse({"detail": f"the body is longer than {LONGEST_BODY} bytes"}, 413)
            await answer(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
