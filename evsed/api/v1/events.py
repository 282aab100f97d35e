"""/api/v1/events: the state as server-sent events."""

from fastapi import APIRouter
from fastapi.responses import Response

from evsed.api.bounds import EventStream
from evsed.api.problems import MEDIA_TYPE, PROBLEM_SCHEMA
from evsed.api.site import Site
from evsed.api.v1.feed import Feed
from evsed.api.v1.state import whole_document


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])
    feed = Feed(lambda: whole_document(site), site.closing)

    @router.get(
        "/events",
        response_class=Response,
        responses={
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            503: {"description": "too many listen", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}},
        },
    )
    async def listen() -> EventStream:
        """Server-sent events: `state`, with all of /api/v1/state, at once and at every change, at most twice a second.

        `trouble` says that the control loop does not answer. A comment every 15 s is a sign of life.
        """
        return EventStream(site.streams, feed.events())

    return router
