"""What tests of lines share."""

import pytest

from evsed.hw import bus as bus_module


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "REOPEN_S", 0.05)
