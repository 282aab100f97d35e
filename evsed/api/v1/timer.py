"""/api/v1/timer: delayed charging, with a stop and daily if wanted. What the timer does then is the core's."""

import re
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.local_time import with_zone
from evsed.api.problems import Wrong
from evsed.api.site import Site
from evsed.api.v1.bodies import NOT_TAKEN, NotTakenError, body_of, carry_out, json_object, taking, whole
from evsed.api.v1.charging import MODE_SCHEMA, read_mode
from evsed.api.v1.documents import LocalTime, ModeName, UnixSeconds, exact
from evsed.core.events import ChooseMode, Command, DelayedCharging
from evsed.core.model import Access, choice_of
from evsed.core.schedule import NO_TIMER
from evsed.core.snapshot import Snapshot

_PARTS: Final = ("mode", "start", "stop", "daily")
_EXAMPLE: Final = '{"mode": "Smart", "start": "2026-11-22T23:30", "stop": "2026-11-23T06:00", "daily": true}'
_FORM: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?"
_TIME: Final = re.compile(_FORM)
_LAST_UNIX: Final = 2**40
_TIME_SCHEMA: Final = {"anyOf": [{"type": "string", "pattern": f"^{_FORM}$"}, {"type": "integer"}]}
_BODY: Final = body_of(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["mode", "start"],
        "properties": {
            "mode": MODE_SCHEMA,
            "start": {**_TIME_SCHEMA, "description": "the charger's local time, or Unix seconds"},
            "stop": {"anyOf": [*_TIME_SCHEMA["anyOf"], {"type": "null"}]},
            "daily": {"type": "boolean", "default": False},
        },
        "example": {"mode": "Smart", "start": "2026-11-22T23:30", "stop": "2026-11-23T06:00", "daily": True},
    }
)


@exact
class TimerDocument(TypedDict):
    """The next start and stop in Unix seconds and as the charger's local time; null where there is none."""

    mode: ModeName | None
    start: UnixSeconds | None
    start_local: LocalTime | None
    stop: UnixSeconds | None
    stop_local: LocalTime | None
    daily: bool
    waiting: bool  # the start is what comes next


def read_timer(body: bytes) -> Command:
    """The timer in a JSON body. What of it is possible is the core's. Raises NotTakenError with all that is wrong."""
    given = json_object(body, _EXAMPLE, _PARTS)
    errors: list[Wrong] = []
    daily = given.get("daily", False)
    if not isinstance(daily, bool):
        errors.append(Wrong("daily takes true or false", pointer="/daily"))
    start_s = _time("start", given.get("start"), errors)
    stop_s = None if given.get("stop") is None else _time("stop", given["stop"], errors)
    try:
        choice = read_mode(given.get("mode"))
    except NotTakenError as error:
        raise NotTakenError(*error.errors, *errors) from None
    if errors:
        raise NotTakenError(*errors)
    return DelayedCharging(choice, start_s, stop_s, repeat=bool(daily))


def _time(name: str, given: object, errors: list[Wrong]) -> int:
    """``given`` as Unix seconds; 0, and one more of ``errors``, when it is no time."""
    seconds = whole(given)
    try:
        if isinstance(given, str) and _TIME.fullmatch(given):
            seconds = int(datetime.fromisoformat(given).timestamp())  # without a zone: the system's
    except (ValueError, OverflowError):
        seconds = None
    if seconds is not None and 0 < seconds < _LAST_UNIX:
        return seconds
    says = f"{name} takes a local time such as 2026-11-22T23:30, a time with its zone, or Unix seconds"
    errors.append(Wrong(says, pointer=f"/{name}"))
    return 0


def timer_document(snapshot: Snapshot) -> TimerDocument:
    """The timer in force."""
    timer = snapshot.timer
    return {
        "mode": None if timer == NO_TIMER else choice_of(snapshot.mode, Access.ALLOW).name,
        "start": timer.start_s,
        "start_local": with_zone(timer.start_s),
        "stop": timer.stop_s,
        "stop_local": with_zone(timer.stop_s),
        "daily": timer.repeat,
        "waiting": timer.waits,
    }


def _about(_command: Command, refused: str) -> str:
    """The part of the body that a refusal of the core is about."""
    parts = {"needs a mains meter": "mode", "goes with": "mode", "stop": "stop"}
    return next((part for words, part in parts.items() if words in refused), "start")


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    def document() -> TimerDocument:
        return timer_document(site.snapshot)

    @router.get("/timer", response_model=None, responses=taking(model=TimerDocument))
    async def read() -> JSONResponse:
        """Delayed charging: what comes next, and when."""
        return JSONResponse(document())

    @router.put("/timer", response_model=None, openapi_extra=_BODY, responses=taking(NOT_TAKEN, model=TimerDocument))
    async def delay(request: Request) -> JSONResponse:
        """Charges from ``start`` on in ``mode`` (Normal or Smart), until ``stop``; ``daily`` repeats that.

        A start that has passed is now: charging begins, and there is no timer, unless it is daily.
        """
        return await carry_out(site, request, read_timer, document, _about)

    @router.delete("/timer", response_model=None, responses=taking(model=TimerDocument))
    async def end() -> JSONResponse:
        """Forgets the timer. What the charger does now stays: Off while it waited for the start."""
        snapshot = site.snapshot
        if snapshot.timer != NO_TIMER:
            await site.submit(ChooseMode(snapshot.choice))
        return JSONResponse(document())

    return router
