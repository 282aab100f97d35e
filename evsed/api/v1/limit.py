"""/api/v1/limit: the limit that a program outside lends the charger, in ampere per phase and for some seconds."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.problems import problem
from evsed.api.site import Site
from evsed.api.v1.bodies import NOT_TAKEN, NotTakenError, json_object, taking, without_secrets
from evsed.api.v1.documents import Amps, Seconds, UnixSeconds, exact
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.events import EndLimit, Limit
from evsed.core.lent import LONGEST_SECONDS, LOWEST_SECONDS
from evsed.core.snapshot import Snapshot
from evsed.core.units import Deciamps, deciamps, seconds_left

_PARTS: Final = ("current", "seconds", "fallback")
_FAR: Final = 1_000_000  # beyond every range; numbers up to here can be reckoned with
_AMPS: Final = {"type": "number", "minimum": 0, "maximum": HIGHEST_OFFER // 10, "multipleOf": 0.1}
_SCHEMA: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["current", "seconds"],
    "properties": {
        "current": _AMPS,
        "seconds": {"type": "integer", "minimum": LOWEST_SECONDS, "maximum": LONGEST_SECONDS},
        "fallback": {**_AMPS, "type": ["number", "null"]},
    },
}
_BODY: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}}


class NoLimitError(ValueError):
    """What was sent is no limit; the text says why, ``pointer`` where."""

    def __init__(self, text: str, pointer: str = "") -> None:
        super().__init__(text)
        self.pointer = pointer


def read_limit(body: bytes) -> Limit:
    """The limit in a JSON body. Ranges are the core's. Raises NoLimitError."""
    try:
        given = json_object(body, '{"current": 10, "seconds": 60, "fallback": null}')
    except NotTakenError as error:
        raise NoLimitError(str(error)) from None
    if unknown := sorted(set(given) - set(_PARTS)):
        raise NoLimitError(f"{unknown[0][:40]!a} is not known here; a limit has current, seconds and fallback")
    fallback = given.get("fallback")
    return Limit(
        _current("current", given.get("current")),
        _seconds(given.get("seconds")),
        None if fallback is None else _current("fallback", fallback),
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_FAR < value < _FAR else None  # NaN is neither


def _current(name: str, value: object) -> Deciamps:
    amps = _number(value)
    if amps is not None and abs(deciamps(amps) - amps * 10) < 1e-6:
        return deciamps(amps)
    raise NoLimitError(f"{name} takes 0 to {HIGHEST_OFFER // 10} A as a number with one decimal at most", f"/{name}")


def _seconds(value: object) -> int:
    seconds = _number(value)
    if seconds is not None and seconds == int(seconds):
        return int(seconds)
    raise NoLimitError(f"seconds takes a whole number from {LOWEST_SECONDS} to {LONGEST_SECONDS}", "/seconds")


@exact
class LimitDocument(TypedDict):
    """A limit in A per phase, what is left of its time, its end (Unix seconds), and what stays after that."""

    current: Amps | None
    seconds_left: Seconds | None
    until: UnixSeconds | None
    fallback: Amps | None


def limit_document(snapshot: Snapshot) -> LimitDocument:
    """The limit in force in ampere and until when; all null while there is none.

    ``seconds_left`` and ``until`` are null as well once the fallback is in force, which has no end.
    """
    lent = snapshot.lent
    if lent is None:
        return {"current": None, "seconds_left": None, "until": None, "fallback": None}
    return {
        "current": lent.current / 10,
        "seconds_left": None if lent.until is None else seconds_left(lent.until, snapshot.now),
        "until": snapshot.unix_at(lent.until),
        "fallback": None if lent.fallback is None else lent.fallback / 10,
    }


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/limit", responses=taking(model=LimitDocument))
    async def read() -> LimitDocument:
        """The limit that a program has lent; nulls while there is none."""
        return limit_document(site.snapshot)

    @router.put("/limit", response_model=None, openapi_extra=_BODY, responses=taking(NOT_TAKEN, model=LimitDocument))
    async def lend(request: Request) -> LimitDocument | JSONResponse:
        """Lends ``current`` A per phase for ``seconds``; ``fallback`` A stay after that, or (null) no such limit."""
        body = await request.body()
        pointer = ""
        try:
            refused = (await site.submit(read_limit(body))).refused
        except NoLimitError as error:
            refused, pointer = str(error), error.pointer
        if refused:
            site.refusals.note("PUT /api/v1/limit", without_secrets(body), refused)
            return problem(422, refused, pointer=pointer)
        return limit_document(site.snapshot)

    @router.delete("/limit", responses=taking(model=LimitDocument))
    async def end() -> LimitDocument:
        """Takes the limit back, and its fallback with it."""
        await site.submit(EndLimit())
        return limit_document(site.snapshot)

    return router
