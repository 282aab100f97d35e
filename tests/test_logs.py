"""The log must never hold up whoever writes it."""

import io
import logging
import threading
from collections.abc import Iterator

import pytest

from evsed import logs
from evsed.logs import QueuedLog
from evsed.redaction import Secrets


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


@pytest.fixture
def written(root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> tuple[QueuedLog, io.StringIO]:
    """The log, and what the journal gets of it."""
    journal = io.StringIO()
    monkeypatch.setattr("sys.stderr", journal)
    lines = QueuedLog()
    assert root.handlers == [lines]
    return lines, journal


KNOWN = "k4R-w9Lq2Zx7-Pb3"


def test_the_journal_gets_no_secret_and_nothing_that_moves_a_cursor(written: tuple[QueuedLog, io.StringIO]) -> None:
    lines, journal = written
    lines.ring.hides(lambda: [KNOWN])
    logging.warning("the broker took %s, pin=1234 \x1b[2J", KNOWN)
    lines.finish(30)
    assert journal.getvalue() == "WARNING the broker took ***, pin=*** \\x1b[2J\n"


def test_a_traceback_in_the_journal_is_lines_without_secrets(written: tuple[QueuedLog, io.StringIO]) -> None:
    lines, journal = written
    lines.ring.hides(lambda: [KNOWN])
    broken = f"{KNOWN} of mqtt://me:abc@broker"
    try:
        int(broken)
    except ValueError:
        logging.exception("it broke")
    lines.finish(30)
    first, second, *_, last = journal.getvalue().splitlines()
    assert (first, second) == ("ERROR it broke", "Traceback (most recent call last):")
    assert last == "ValueError: invalid literal for int() with base 10: '*** of mqtt://***@broker'"


def test_a_text_that_is_too_long_for_the_journal_keeps_its_begin_and_its_end(
    written: tuple[QueuedLog, io.StringIO],
) -> None:
    lines, journal = written
    logging.error("it broke\n%sthe last", "in between\n" * 100_000)
    lines.finish(30)
    assert journal.getvalue().startswith("ERROR it broke\nin between\n")
    assert journal.getvalue().endswith("\nthe last\n")
    assert len(journal.getvalue()) <= logs._LONGEST_BEGIN + logs._LONGEST_END + 100


def test_a_line_that_cannot_be_made_safe_is_not_written(
    written: tuple[QueuedLog, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, journal = written
    monkeypatch.setattr(Secrets, "hide", lambda *_: 1 / 0)
    logging.warning("the broker took %s", KNOWN)
    lines.finish(30)
    assert journal.getvalue().startswith("WARNING this line of the log could not be made (ZeroDivisionError)\n")
    assert KNOWN not in journal.getvalue()


def test_the_journal_goes_on_where_nobody_can_say_which_secrets_there_are(
    written: tuple[QueuedLog, io.StringIO],
) -> None:
    lines, journal = written
    lines.ring.hides(lambda: [KNOWN])
    logging.warning("first")
    lines.finish(30)
    lines.ring.hides(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    logging.warning("the broker took %s, pin=1234", KNOWN)
    lines.finish(30)
    assert "WARNING the broker took ***, pin=***\n" in journal.getvalue()
