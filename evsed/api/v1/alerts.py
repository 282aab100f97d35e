"""/api/v1/alerts: who is told of faults, what was told last, and a test. When something is told is evsed.alerts's."""

import asyncio
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.alerts.post import brief
from evsed.alerts.service import MQTT, NONE_IS_ON, WEBHOOK, Alerts, NoWayError, TooSoonError, Way
from evsed.api.problems import problem, problem_answer
from evsed.api.rights import Right, right_of
from evsed.api.site import Site
from evsed.api.v1.bodies import Answers, taking
from evsed.api.v1.documents import SinceStart, exact

_ANSWERS_WITHIN_S: Final = 10.0
_NO_ANSWER: Final = f"no answer within {_ANSWERS_WITHIN_S:g} s"
_REFUSED: Final[Answers] = {
    409: problem_answer("every way is off"),
    429: problem_answer("so soon after the last"),
}


@exact
class WayDocument(TypedDict):
    """One way to tell. ``last``: what came of the last try; null before the first."""

    on: bool
    waiting: int
    sent: SinceStart
    lost: SinceStart
    last: str | None


@exact
class AlertDocument(TypedDict):
    """An alert as it was told; times in ISO 8601, UTC."""

    event_type: str
    title: str
    text: str
    code: str
    state: str
    since: str | None
    time: str | None
    left_out: int
    name: str
    serial: int
    evsed: str


@exact
class AlertsDocument(TypedDict):
    """The ways, and the last alert since the daemon started; null: none."""

    webhook: WayDocument
    mqtt: WayDocument
    last_alert: AlertDocument | None


@exact
class TriedDocument(TypedDict):
    """What came of a test by the web hook, and by MQTT ``sent`` or what is wrong; null where it is off."""

    webhook: str | None
    mqtt: str | None


_NO_WAY: Final = Way(on=False, waiting=0, sent=0, lost=0, last="")


def _way(way: Way) -> WayDocument:
    return {"on": way.on, "waiting": way.waiting, "sent": way.sent, "lost": way.lost, "last": way.last or None}


def alerts_document(alerts: Alerts | None, *, installer: bool = True) -> AlertsDocument:
    """All of it; what came of the web hook in few words, unless it is for an ``installer``."""
    ways = {} if alerts is None else alerts.ways
    last: AlertDocument | None = None if alerts is None or alerts.last is None else AlertDocument(**alerts.last)  # type: ignore[typeddict-item]
    webhook = ways.get(WEBHOOK, _NO_WAY)
    return {
        "webhook": _way(webhook if installer else replace(webhook, last=brief(webhook.last))),
        "mqtt": _way(ways.get(MQTT, _NO_WAY)),
        "last_alert": last,
    }


async def _answers(alerts: Alerts | None, *, installer: bool) -> TriedDocument:
    """Tells a test and waits for what comes of it. Raises NoWayError, TooSoonError."""
    if alerts is None:
        raise NoWayError(NONE_IS_ON)
    tried = {way: asyncio.wrap_future(answer) for way, answer in alerts.test().items()}
    await asyncio.wait(tried.values(), timeout=_ANSWERS_WITHIN_S)
    said = {way: answer.result() if answer.done() else _NO_ANSWER for way, answer in tried.items()}
    webhook = said.get(WEBHOOK)
    webhook = webhook if installer or webhook is None else brief(webhook)
    return {"webhook": webhook, "mqtt": said.get(MQTT)}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/alerts", response_model=None, responses=taking(model=AlertsDocument))
    async def read(request: Request) -> JSONResponse:
        """Which ways of telling of faults are on, how they do, and what was told last."""
        return JSONResponse(alerts_document(site.alerts, installer=right_of(request) is Right.INSTALL))

    @router.post("/alerts/test", response_model=None, responses=taking(_REFUSED, model=TriedDocument))
    async def test(request: Request) -> JSONResponse:
        """Tells a test by every way that is on; answers within 10 s what came of each.

        Of the web hook the status or what is wrong is told to who may install, else whether it was taken.
        """
        try:
            return JSONResponse(await _answers(site.alerts, installer=right_of(request) is Right.INSTALL))
        except NoWayError as error:
            site.refusals.note("POST /api/v1/alerts/test", "", str(error))
            return problem(409, str(error))
        except TooSoonError as error:
            return problem(429, str(error), headers={"Retry-After": str(error.seconds)})

    return router
