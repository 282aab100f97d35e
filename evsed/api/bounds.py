"""Bounds on what a request may cost."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 65_536
_READ_AWAY = 4_194_304  # so much of a body that is too long is read away, so that the client gets to read the answer


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
