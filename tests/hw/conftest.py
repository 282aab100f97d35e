"""What tests of adapters share."""

from collections.abc import Iterator

import pytest

from evsed.hw import bus as bus_module
from tests.hw.homewizard_device import Device
from tests.silicon.conftest import silicon, under_hooks

__all__ = ["silicon", "under_hooks"]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that cannot be opened is tried again at once."""
    monkeypatch.setattr(bus_module, "REOPEN_S", 0.05)


@pytest.fixture
def device() -> Iterator[Device]:
    """A HomeWizard on the loopback."""
    device = Device()
    server = device.serve()
    yield device
    server.shutdown()
    server.server_close()
