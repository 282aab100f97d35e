"""The OpenAPI document: FastAPI's, with the answers of answers.py, form bodies, and our errors.

The routes of /api/v1 type their answers themselves. ``make openapi`` writes it to docs/openapi.json; a test compares.
"""

import re
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from evsed.api.firmware import answers
from evsed.api.problems import MEDIA_TYPE, PROBLEM_SCHEMA, V1
from evsed.api.schemas import named

Document = dict[str, Any]

_FORM: Final = "application/x-www-form-urlencoded"
_ABOUT: Final = (
    "Paths without /api are those of the firmware that clients know: parameters in the query, in a form, or both (the "
    'query wins); a refused value answers 200 with "Value not allowed!" in its place and changes nothing. '
    "/api/v1 takes and gives JSON; refusals are problem JSON (RFC 9457).\n\n"
    "A request that changes something is refused (403) when its Origin is a foreign web page, and every request when "
    "its Host is no name of this charger. 401, 403 and 429 say that a login, more rights or some patience are needed: "
    "a token goes into Authorization: Bearer, the owner's password or the installer's PIN into Basic. 408, 413, 414, "
    "431 and 503 are answers to requests that are too slow, too "
    "long, or too many."
)
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_SENTENCE: Final = re.compile(r"(.+?)[.:;](\s|$)", re.DOTALL)


def document(app: FastAPI) -> Document:
    """The document of ``app``, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="evsed", version=app.version, summary="Smart car charger", description=_ABOUT, routes=app.routes
        )
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        components = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of errors is not ours
            components.pop(name, None)
        components.update({**answers.COMPONENTS, "Problem": PROBLEM_SCHEMA})
        app.openapi_schema = made
    return app.openapi_schema


def _complete(path: str, method: str, operation: Document) -> None:
    operation["operationId"] = "-".join([method, *_WORD.findall(path)])
    for parameter in operation.get("parameters", ()):
        parameter.setdefault("description", _told(parameter["schema"]))
    description = operation.get("description", "")
    if first := _SENTENCE.match(description):
        operation["summary"] = first[1].replace("\n", " ")
    responses = operation["responses"]
    if (method, path) in answers.ANSWERS:
        responses["200"]["content"] = {"application/json": {"schema": answers.ANSWERS[method, path]}}
    form = path != V1 and not path.startswith(f"{V1}/")
    error = {"application/json": {"schema": named("Refusal")}} if form else {MEDIA_TYPE: {"schema": named("Problem")}}
    for status, answer in responses.items():
        if status.startswith(("4", "5")) and (status == "422" or "content" not in answer):
            answer["content"] = error
            answer["description"] = answer["description"].replace("Validation Error", "what was sent is not valid")
    responses["default"] = {"description": "refused, and why", "content": error}
    if form and method == "post":
        _take_forms(operation)


def _told(schema: Document) -> str:
    """What a parameter takes, where Swagger UI shows it."""
    words = [schema["description"]] if "description" in schema else []
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    return ": ".join(words)


def _take_forms(operation: Document) -> None:
    """What may stand in the query may stand in a form."""
    fields = {item["name"]: item["schema"] for item in operation.get("parameters", ()) if item["in"] == "query"}
    if fields:
        schema = {"type": "object", "properties": fields}
        operation["requestBody"] = {"required": False, "content": {_FORM: {"schema": schema}}}
