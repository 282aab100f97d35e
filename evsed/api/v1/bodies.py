"""JSON bodies of /api/v1: read strictly, carried out, answered with the new state or with what is wrong and where."""

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final, TypeAlias

from fastapi import Request
from fastapi.responses import JSONResponse

from evsed.api.problems import Wrong, problem, problem_answer
from evsed.api.site import Site
from evsed.core.events import Command
from evsed.core.settings import TABLE

Answers: TypeAlias = dict[int | str, dict[str, Any]]
"""What a route may answer, by status, for OpenAPI."""

_KEYS: Final = frozenset({"mode", "start", "stop", "daily", "current", "seconds", "fallback"})
_MOST_WRONG: Final = 20  # things told at once
_FAR: Final = 10**15  # beyond every range; numbers up to here can be reckoned with


class NotTakenError(ValueError):
    """What was sent cannot be used: each thing that is wrong, and where."""

    status = 422

    def __init__(self, *errors: Wrong) -> None:
        super().__init__("; ".join(error.detail for error in errors))
        self.errors = errors


class NotAllowedError(NotTakenError):
    """What was sent under ``keys`` is not for the one who sent it; ``why`` says what to do."""

    status = 403

    def __init__(self, why: str, keys: Sequence[str]) -> None:
        super().__init__(*(Wrong(f"{key}: {why}", pointer=pointer(key)) for key in keys))
        self.args = (f"{', '.join(keys)}: {why}",)


def json_object(body: bytes, example: str, known: Collection[str] | None = None) -> dict[str, Any]:
    """The JSON object in ``body``; ``known``: the only keys that it may have. Raises NotTakenError."""
    try:
        given = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise NotTakenError(Wrong(f"the body has to be a JSON object such as {example}, with each key once"))
    unknown = [] if known is None else sorted(set(given) - set(known))[:_MOST_WRONG]
    if unknown:
        has = f"known are {', '.join(known or ())}"
        raise NotTakenError(*(Wrong(f"{key[:40]!a} is not known here; {has}", pointer=pointer(key)) for key in unknown))
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def pointer(key: str) -> str:
    """Where ``key`` is in the body (RFC 6901)."""
    return "/" + key[:80].replace("~", "~0").replace("/", "~1")


def number(value: object) -> float | None:
    """``value`` if it is a JSON number that one can reckon with; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_FAR < value < _FAR else None  # NaN is neither


def whole(value: object) -> int | None:
    """``value`` if it is a whole JSON number (7 and 7.0 are); else None."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def _nowhere(_command: Command, _refused: str) -> str:
    return ""


async def _nothing() -> None:
    """Is done already."""


async def carry_out(
    site: Site,
    request: Request,
    read: Callable[[bytes], Command],
    document: Callable[[], Any],
    about: Callable[[Command, str], str] = _nowhere,
    prepare: Callable[[], Awaitable[None]] = _nothing,
) -> JSONResponse:
    """Carries out what ``read`` makes of the body. 200 with ``document`` then, else 422 or 403 with the reason.

    ``about``: the key that a refusal of the core is about, or nothing. ``prepare``: what is done before the command.
    """
    body = await request.body()
    errors: Sequence[Wrong] = ()
    status = NotTakenError.status
    try:
        command = read(body)
        await prepare()
        refused = (await site.submit(command)).refused
        key = about(command, refused) if refused else ""
        errors = [Wrong(refused, pointer=pointer(key))] if key else []
    except NotTakenError as error:
        refused, errors, status = str(error), [wrong for wrong in error.errors if wrong.pointer], error.status
    if not refused:
        return JSONResponse(document())
    site.refusals.note(f"{request.method} {request.url.path}", without_secrets(body), refused)
    return problem(status, refused, errors=errors)


def without_secrets(body: bytes) -> str:
    """``body`` for the log: values only of keys that we know and that are no secrets."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return f"{len(body)} bytes"
    known = {key for key, row in TABLE.items() if not row.secret} | _KEYS
    return ", ".join(f"{key[:40]}={value!r}" if key in known else f"{key[:40]}=..." for key, value in given.items())


NOT_TAKEN: Final[Answers] = {422: problem_answer("not taken, nothing has changed; says why")}
"""The answer of a route that reads a body, for OpenAPI."""

NOT_ALLOWED: Final[Answers] = {403: problem_answer("not for the one who asks, nothing has changed; says what to do")}


def body_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The body of a route, for OpenAPI."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def taking(*errors: Answers, model: Any) -> Answers:
    """The answers of a route, for OpenAPI: ``model`` when all is well, else ``errors``."""
    answers: Answers = {200: {"model": model}}
    for error in errors:
        answers.update(error)
    return answers
