"""How clients send parameters: in the query, in a form body, or both. The query wins; values may stand in quotes."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

_MOST_FIELDS = 100
_DECIMAL = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?")


class Parameters:
    """The parameters of one request. A name given twice with different values (None) has no value that is taken."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """The value as it was sent, without quotes around it; empty when it is missing."""
        return self._values.get(name) or ""

    def left_empty(self, name: str) -> bool:
        """Whether ``name`` is missing or was sent without a value, as a form sends a field that nobody filled in."""
        return self._values.get(name, "") == ""

    def doubled(self, *names: str) -> bool:
        """Whether one of ``names`` was sent with two different values."""
        return any(self._values.get(name, "") is None for name in names)

    def only(self, *names: str) -> dict[str, str]:
        """Those of ``names`` that were sent, with their values."""
        return {name: self.text(name) for name in names if name in self._values}

    def whole(self, name: str) -> int | None:
        """The value as a whole number; None when it is not one."""
        number = self.decimal(name)
        return int(number) if number is not None and "." not in self.text(name) else None

    def decimal(self, name: str) -> float | None:
        """The value as a number, decimals allowed; None when it is not one."""
        text = self.text(name).strip()
        return float(text) if _DECIMAL.fullmatch(text) else None

    def has_any(self, *names: str) -> bool:
        """Whether one of ``names`` was sent."""
        return any(name in self._values for name in names)


async def parameters(request: Request) -> Parameters:
    """The parameters of ``request``. An empty or missing body is fine.

    Raises HTTPException 415 for a body of JSON or multipart, 400 for too many fields.
    """
    body = await request.body()
    sent_as = request.headers.get("content-type", "")
    if body and ("json" in sent_as or "multipart" in sent_as):
        raise HTTPException(
            415, f"send parameters in the query or as a form (key=value&key=value), not as {sent_as[:40]}"
        )
    try:
        query = _pairs(request.url.query)
        form = _pairs(body.decode("utf-8", "replace"))
    except ValueError:
        raise HTTPException(400, f"more than {_MOST_FIELDS} parameters") from None
    return Parameters({**form, **query})


def _pairs(text: str) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for name, given in parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS):
        value = _unquoted(given)
        values[name] = value if values.get(name, value) == value else None
    return values


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value


def described(takes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Parameters and their JSON schemas for the OpenAPI document."""
    fields = [
        {"name": name, "in": "query", "required": False, "schema": dict(schema)} for name, schema in takes.items()
    ]
    return {"parameters": fields}
