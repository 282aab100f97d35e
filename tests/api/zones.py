"""Where the clock of the owner's wall hangs, for one test."""

import time
from collections.abc import Iterator

import pytest


def _living_in(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def amsterdam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from _living_in("Europe/Amsterdam", monkeypatch)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from _living_in("Europe/Berlin", monkeypatch)
