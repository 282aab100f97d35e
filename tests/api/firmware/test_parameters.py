"""Parameters as they arrive, without a server."""

import asyncio
import contextlib
from typing import Any

import pytest
from fastapi import HTTPException, Request
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.parameters import Parameters, parameters


def parse(query: str = "", body: bytes = b"", content_type: str = "") -> Parameters:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": query.encode(),
        "headers": [(b"content-type", content_type.encode()), (b"host", b"localhost")],
    }
    return asyncio.run(parameters(Request(scope, receive)))


def test_the_query_wins_over_the_body() -> None:
    given_both = parse("a=1", b"a=2&b=3")
    assert (given_both.text("a"), given_both.text("b"), given_both.text("c")) == ("1", "3", "")


def test_quotes_are_taken_off_once() -> None:
    quoted = parse("a=%22x%22&b=%22%22y%22%22&c=%22&d='z'")
    assert [quoted.text(name) for name in "abcd"] == ["x", '"y"', '"', "'z'"]


def test_a_doubled_name_has_no_value_unless_both_agree() -> None:
    doubled = parse("a=1&a=2&b=3&b=3")
    assert "a" in doubled
    assert (doubled.text("a"), doubled.whole("b")) == ("", 3)


@pytest.mark.parametrize(
    ("text", "whole", "decimal"),
    [("5", 5, 5.0), ("-5", -5, -5.0), ("+5", 5, 5.0), ("5.5", None, 5.5), ("5.0", None, 5.0), ("", None, None),
     ("x", None, None), ("1e3", None, None), ("٣", None, None), ("9999999999", None, None), ("nan", None, None)],
)  # fmt: skip
def test_numbers(text: str, whole: int | None, decimal: float | None) -> None:
    given_one = Parameters({"n": text})
    assert (given_one.whole("n"), given_one.decimal("n")) == (whole, decimal)


def test_json_and_floods_are_refused() -> None:
    with pytest.raises(HTTPException) as refusal:
        parse(body=b"{}", content_type="application/json")
    assert refusal.value.status_code == 415
    with pytest.raises(HTTPException) as refusal:
        parse("a=1&" * 101)
    assert refusal.value.status_code == 400


@given(st.text(max_size=200), st.binary(max_size=200))
def test_nothing_raises_anything_else(query: str, body: bytes) -> None:
    safe_query = query.encode("ascii", "ignore").decode()
    with contextlib.suppress(HTTPException):
        parse(safe_query, body)
