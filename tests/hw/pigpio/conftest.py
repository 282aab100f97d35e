"""A running fake pigpiod for every test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.silicon.pigpiod_process import Pigpiod


@pytest.fixture
def daemon() -> Iterator[Pigpiod]:
    with Pigpiod() as running:
        yield running
