"""/api/v1/events: the state as server-sent events."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from evsed.api.bounds import EventStream
from evsed.api.problems import problem_answer
from evsed.api.rights import Right, asker_of
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
            503: problem_answer("too many listen"),
        },
    )
    async def listen(request: Request) -> EventStream:
        """Server-sent events: `state`, with all of /api/v1/state, at once, at every change (at most twice a second),
        and every 5 s.

        `charger` comes first, with the version of what speaks. `trouble` says that the control loop does not answer.
        The stream ends when the one who listens may not any more: login was turned On, or what he logged in with is
        gone.
        """
        asker = asker_of(request)
        return EventStream(site.streams, feed.events(lambda: asker.still() >= Right.READ))

    return router
