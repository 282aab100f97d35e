"""A running fake pigpiod for every test that asks for one, and a pilot on it."""

from collections.abc import Iterator

import pytest

from tests.hw.pigpio.wire import Clock, Wire
from tests.silicon.pigpiod_process import Pigpiod


@pytest.fixture
def daemon() -> Iterator[Pigpiod]:
    with Pigpiod() as running:
        yield running


@pytest.fixture
def wire(daemon: Pigpiod) -> Iterator[Wire]:
    with Wire(daemon) as made:
        yield made


@pytest.fixture
def clock(wire: Wire) -> Clock:
    wire.clock = made = Clock()
    return made
