"""How a refusal is told: problem JSON (RFC 9457) under /api/v1, ``{"detail": ...}`` on the paths of the firmware.

What is wrong is found elsewhere; here is only its form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse

V1: Final = "/api/v1"
MEDIA_TYPE: Final = "application/problem+json"
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110; Python's depend on its version

PROBLEM_SCHEMA: Final = {
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457).",
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "the name of the status"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "what is wrong and what to do, for people"},
        "errors": {
            "type": "array",
            "description": "where it is wrong, if one place can be named",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {
                        "type": "string",
                        "description": "a part of the JSON body, such as #/seconds",
                    },
                    "parameter": {"type": "string", "description": "a parameter of the query or the path"},
                },
            },
        },
    },
}


def problem_answer(description: str) -> dict[str, Any]:
    """What a route answers with a problem, for OpenAPI: ``description`` says when."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}


class ProblemResponse(JSONResponse):
    """JSON in ASCII: whatever a client sent can be said back to it."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        """``content`` as bytes; escapes also what is no valid UTF-8."""
        return json.dumps(content, separators=(",", ":")).encode()


class DetailResponse(ProblemResponse):
    """A refusal on a path of the firmware."""

    media_type = "application/json"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong, and where.

    ``pointer`` names the part of the JSON body (``/seconds``), ``parameter`` the one of query or path.
    """

    detail: str
    pointer: str = ""
    parameter: str = ""

    def document(self) -> dict[str, str]:
        """As it is told."""
        where = {"pointer": f"#{self.pointer}" if self.pointer else "", "parameter": self.parameter}
        return {"detail": self.detail, **{key: value for key, value in where.items() if value}}


def problem(
    status: int,
    detail: str,
    *,
    pointer: str = "",
    parameter: str = "",
    errors: Sequence[Wrong] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Problem JSON with ``detail``, a text for the owner: what is wrong, and what to do.

    ``pointer`` or ``parameter`` say where, as in ``Wrong``; ``errors`` where there are several places.
    """
    content: dict[str, object] = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if not errors and (pointer or parameter):
        errors = [Wrong(detail, pointer, parameter)]
    if errors:
        content["errors"] = [wrong.document() for wrong in errors]
    return ProblemResponse(content, status, headers)


def refusal(
    path: str, status: int, detail: str, headers: Mapping[str, str] | None = None, errors: Sequence[Wrong] = ()
) -> JSONResponse:
    """The refusal of a request for ``path``, in the form that clients of that path read."""
    if path == V1 or path.startswith(f"{V1}/"):
        return problem(status, detail, errors=errors, headers=headers)
    return DetailResponse({"detail": detail}, status, headers)
