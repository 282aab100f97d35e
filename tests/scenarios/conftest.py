"""Simulations that tests share or have for themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.broker import PREFIX, Broker, Listener
from tests.scenarios.simulation import Simulation


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def simulation(state_dir: Path) -> Iterator[Simulation]:
    """A fresh one for this test alone."""
    with Simulation(state_dir) as simulation:
        yield simulation


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    listener = Listener(broker, PREFIX)
    yield listener
    listener.close()
