"""A running chip process, and this process with it under itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.silicon.hooks import install
from tests.silicon.link import Silicon


@pytest.fixture
def silicon(tmp_path: Path) -> Iterator[Silicon]:
    with Silicon(tmp_path) as chips:
        yield chips


@pytest.fixture
def under_hooks(silicon: Silicon) -> Iterator[Silicon]:
    """The chips, which this process finds at /dev/gpiochip0 and /dev/spidev0.1."""
    take_away = install(silicon.path)
    yield silicon
    take_away()
