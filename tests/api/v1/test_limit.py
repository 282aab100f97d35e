"""The JSON of /api/v1/limit, without a server."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.v1.limit import NoLimitError, limit_document, read_limit
from evsed.api.v1.state import state_document
from evsed.core.events import Limit, WallClock
from tests.core.story import Story

NOON = 1_800_000_000


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ('{"current": 10, "seconds": 60}', Limit(100, 60)),
        ('{"current": 10.0, "seconds": 1, "fallback": null}', Limit(100, 1)),
        ('{"current": 10, "seconds": 60.0}', Limit(100, 60)),
        ('{"current": 0, "seconds": 86400, "fallback": 6.5}', Limit(0, 86_400, 65)),
        ('{"current": 0.3, "seconds": 60, "fallback": 0}', Limit(3, 60, 0)),
        ('{"current": 64.9, "seconds": 60, "fallback": 80}', Limit(649, 60, 800)),
        ('{"current": -1, "seconds": 0, "fallback": 81}', Limit(-10, 0, 810)),  # the core knows what is wrong with it
    ],
)
def test_limits(body: str, limit: Limit) -> None:
    assert read_limit(body.encode()) == limit


NUMBERLESS = ("NaN", "Infinity", "-Infinity", "1e999", "1e308", "1" + "0" * 400, "true", "false", '"10"', "[10]", "{}")
CURRENT = "takes 0 to 80 A as a number with one decimal at most"
SECONDS = "seconds takes a whole number from 1 to 86400"
OBJECT = "the body has to be a JSON object"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        *((f'{{"current": {value}, "seconds": 60}}', f"current {CURRENT}") for value in (*NUMBERLESS, "null", "6.55")),
        *((f'{{"current": 6, "seconds": 60, "fallback": {value}}}', f"fallback {CURRENT}") for value in NUMBERLESS),
        *((f'{{"current": 6, "seconds": {value}}}', SECONDS) for value in (*NUMBERLESS, "null", "1.5")),
        ('{"seconds": 60}', f"current {CURRENT}"),
        ('{"current": 6}', SECONDS),
        ('{"current": 6, "seconds": 60, "amps": 6}', "'amps' is not known here; a limit has current, seconds and f"),
        ('{"current": 6, "seconds": 60, "\\ud800": 6}', "'\\ud800' is not known here"),
        *((body, OBJECT) for body in ("", "6", "[6, 60]", "null", '"x"', "current=6&seconds=60", "{", "[" * 60_000)),
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused_with_the_reason(body: str, says: str) -> None:
    with pytest.raises(NoLimitError) as refusal:
        read_limit(body.encode())
    assert str(refusal.value).startswith(says)
    assert str(refusal.value).isascii()


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_nothing_raises_anything_else(body: bytes) -> None:
    with pytest.raises(NoLimitError):
        read_limit(body)


def test_the_document() -> None:
    story = Story()
    story.core.handle(WallClock(NOON), 0)
    nothing = {"current": None, "seconds_left": None, "until": None, "fallback": None}
    assert limit_document(story.snapshot) == nothing
    story.command(Limit(105, 60, 60))
    story.run(0.5)
    assert limit_document(story.snapshot) == {"current": 10.5, "seconds_left": 60, "until": NOON + 60, "fallback": 6.0}
    story.run(59.5)
    stays = {"current": 6.0, "seconds_left": None, "until": None, "fallback": 6.0}
    assert limit_document(story.snapshot) == stays
    assert state_document(story.snapshot)["outside_limit"] == stays


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(NoLimitError, match="each key once"):
        read_limit(b'{"current":6,"seconds":60,"seconds":3600}')
