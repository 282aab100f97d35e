"""The log must never hold up whoever writes it."""

import io
import logging
import threading
from collections.abc import Iterator

import pytest

from evsed.logs import QueuedLog


class Stuck(io.StringIO):
    """A standard error that nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.go_on.wait(30)
        return super().write(text)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield root
    root.handlers, root.level = handlers, level


def test_a_stuck_stream_costs_lines_and_no_time(root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck()
    monkeypatch.setattr("sys.stderr", stuck)
    lines = QueuedLog()
    for number in range(3_000):
        root.warning("line %s", number)
    assert 990 <= lines.dropped <= 1_000
    lines.finish(0.01)
    stuck.go_on.set()
    lines.finish(30)
    assert stuck.getvalue().startswith("WARNING line 0\nWARNING line 1\n")
    assert stuck.getvalue().endswith(f"WARNING {lines.dropped} log lines were lost\n")
