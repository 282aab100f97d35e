"""A share of the random requests of ``make fuzz``, and that the thrower would notice."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from evsed.core.units import Millis
from tests.api.dice import Asked, Dice
from tests.api.fuzz import Told, changes, grown, is_refused, throw
from tests.api.openapi_file import generated
from tests.core.story import Story

REQUESTS = 6_000


@pytest.fixture
def quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("quiet")
def test_random_requests_break_nothing() -> None:
    report = throw(REQUESTS, seed=6)
    assert report.wrong == []
    assert not grown(report), list(report.lines())
    assert report.changed > REQUESTS // 100
    assert {200, 400, 403, 404, 405, 413, 422} <= set(report.statuses)


def test_the_same_seed_throws_the_same() -> None:
    one, other = Dice(generated(), 1), Dice(generated(), 1)
    assert [one.throw() for _ in range(300)] == [other.throw() for _ in range(300)]


@pytest.mark.parametrize(
    ("asked", "told", "refused"),
    [
        (Asked(b"", "POST", "/settings"), Told(403), True),
        (Asked(b"", "GET", "/settings"), Told(200), True),
        (Asked(b"", "PUT", "/api/v1/limit"), Told(200, {"content-type": "application/json"}, b"{}"), False),
        (Asked(b"", "POST", "/settings"), Told(200, {"content-type": "application/json"}, b"{}"), True),
        (
            Asked(b"", "POST", "/settings"),
            Told(200, {"content-type": "application/json"}, b'{"mode":"Value not allowed!","stop_timer":false}'),
            True,
        ),
        (
            Asked(b"", "POST", "/settings"),
            Told(200, {"content-type": "application/json"}, b'{"mode":"Value not allowed!","current_min":6}'),
            False,
        ),
        (
            Asked(b"", "POST", "/settings"),
            Told(200, {"content-type": "application/json"}, b'{"mode":"Value not allowed!","custombutton":false}'),
            False,
        ),
        (Asked(b"", "POST", "/update"), Told(200, {"content-type": "text/plain"}, b"FAIL"), False),
    ],
)
def test_what_counts_as_refused(asked: Asked, told: Told, refused: bool) -> None:
    assert is_refused(asked, told) is refused


def test_what_counts_as_a_change() -> None:
    before = Story().snapshot
    assert changes(before, replace(before, now=Millis(before.now + 1), uptime_s=9)) == []
    assert changes(before, replace(before, override=80)) == ["override"]
    assert changes(before, replace(before, backlight_s=5)) == ["backlight"]
    assert changes(replace(before, backlight_s=5), before) == []
