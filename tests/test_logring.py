"""The last lines in memory: numbered, bounded, with gaps that are told, and DEBUG only while somebody wants it."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from evsed import logring
from evsed.logring import LINGER_S, MOST, MOST_DEBUG, Heard, Level, Ring, Wanted
from tests.scenarios.simulation import wait_for

ALL = Wanted(Level.DEBUG)


class Story:
    """A ring whose thread is the test's."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ring = Ring("evsed.test_logring", lambda: self.now)

    def say(self, text: str, level: int = logging.INFO, name: str = "evsed.a") -> None:
        self.ring.keep(logging.makeLogRecord({"msg": text, "levelno": level, "name": name, "created": 1.5}))


@pytest.fixture
def story() -> Iterator[Story]:
    before = [(logger, logger.level) for logger in (logging.getLogger(), logging.getLogger("evsed"))]
    logging.getLogger("evsed").setLevel(logging.NOTSET)  # a ring of another test may not be calm yet
    yield Story()
    for logger, level in before:
        logger.setLevel(level)


def texts(heard: Heard) -> list[str]:
    return [line.text for line in heard.lines]


def test_lines_have_numbers_times_levels_and_names(story: Story) -> None:
    story.say("one")
    story.say("two", logging.CRITICAL, "evsed.b")
    one, two = story.ring.last(10, Wanted()).lines
    assert (one.number, one.at_ms, one.level, one.logger, one.text) == (1, 1_500, Level.INFO, "evsed.a", "one")
    assert (two.number, two.level, two.logger) == (2, Level.ERROR, "evsed.b")


def test_who_goes_on_from_a_line_hears_what_came_after_it(story: Story) -> None:
    for number in range(5):
        story.say(f"line {number}")
    heard = story.ring.after(2, Wanted(), most=2)
    assert (texts(heard), heard.upto, heard.lost) == (["line 2", "line 3"], 4, False)
    heard = story.ring.after(heard.upto, Wanted())
    assert (texts(heard), heard.upto) == (["line 4"], 5)
    assert story.ring.after(5, Wanted()) == Heard((), 5)
    assert texts(story.ring.last(0, Wanted())) == []


def test_the_oldest_go_and_that_is_told_only_to_who_missed_them(story: Story) -> None:
    for number in range(MOST + 10):
        story.say(f"line {number}")
    assert len(story.ring.last(MOST * 2, Wanted()).lines) == MOST
    assert story.ring.after(9, Wanted()).lost
    assert not story.ring.after(10, Wanted()).lost
    assert not story.ring.after(1, Wanted(Level.WARNING)).lost, "none of those that he wants"


def test_long_lines_take_the_place_of_many(story: Story) -> None:
    for _ in range(MOST):
        story.say("x y" * 1_000)
    kept = story.ring.last(MOST, Wanted()).lines
    assert sum(len(line.text) for line in kept) <= logring._MOST_BYTES
    assert 250 < len(kept) < 400


@pytest.mark.parametrize("sign", ["", "\u00e9", "\u03a9", "\U0001f50c"])
def test_what_is_kept_takes_no_more_memory_than_is_said(story: Story, sign: str) -> None:
    """One sign from far away makes a text four times as long."""
    for _ in range(MOST):
        story.say("x y" * 400 + sign)
    kept = story.ring.last(MOST, Wanted()).lines
    held = [sys.getsizeof(part) for line in kept for part in (line, line.number, line.at_ms, line.logger, line.text)]
    assert 900_000 < sum(held) <= 1_000_000


def test_a_text_that_is_too_long_keeps_its_begin_and_its_end(story: Story) -> None:
    story.say("Traceback\n" + "in between\n" * 10_000 + "the last")
    (line,) = story.ring.last(1, Wanted()).lines
    assert line.text.startswith("Traceback\n")
    assert line.text.endswith("\nthe last")
    assert "signs are left out" in line.text
    assert len(line.text) < 9_000


def test_lines_are_chosen_by_level_and_text(story: Story) -> None:
    story.say("Meter lost", logging.WARNING, "evsed.hw.poller")
    story.say("all is well", logging.INFO, "evsed.api.mqtt.link")
    assert texts(story.ring.last(9, Wanted(Level.WARNING))) == ["Meter lost"]
    assert texts(story.ring.last(9, Wanted(text="MQTT"))) == ["all is well"]
    assert texts(story.ring.last(9, Wanted(text="meter"))) == ["Meter lost"]


def test_secrets_are_hidden_as_they_are_now(story: Story) -> None:
    known = ["f1R-s7T-p4S-w0"]
    story.ring.hides(lambda: known)
    story.say("said f1R-s7T-p4S-w0")
    known[:] = ["s2E-c8N-p4S-w0"]
    story.say("said s2E-c8N-p4S-w0 and f1R-s7T-p4S-w0, pin=1234\x1b[0m")
    assert texts(story.ring.last(9, Wanted())) == ["said ***", "said *** and ***, pin=***"]


def test_too_many_records_at_once_are_lost_and_that_is_told(story: Story) -> None:
    record = logging.makeLogRecord({"msg": "x", "levelno": logging.INFO, "name": "evsed"})
    story.say("before")
    for _ in range(logring._MOST_QUEUED + 5):
        story.ring.take(record)
    story.say("after")
    heard = story.ring.after(1, Wanted())
    assert (texts(heard), heard.upto, heard.lost) == (["after"], 7, True)


def test_a_record_that_cannot_be_kept_is_lost_and_told_once(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    story.say("before")
    story.ring.hides(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    record = logging.makeLogRecord({"msg": "x", "levelno": logging.INFO, "name": "evsed"})
    for _ in range(3):
        story.ring.keep_or_lose(record)
    assert story.ring.after(1, Wanted()) == Heard((), 4, lost=True)
    assert [said.name for said in caplog.records] == ["evsed.logring"]
    assert "ZeroDivisionError" in caplog.text
    story.ring.hides(tuple)
    story.say("after")
    heard = story.ring.after(1, Wanted())
    assert (texts(heard), heard.upto, heard.lost) == (["after"], 5, True)


def test_the_ring_goes_on_behind_a_record_that_cannot_be_kept() -> None:
    ring = Ring("evsed.test_logring")
    asked: list[int] = []

    def known() -> tuple[str, ...]:
        asked.append(1)
        if len(asked) == 1:
            raise ValueError("only the first time")
        return ()

    ring.hides(known)
    ring.start()
    for text in ("one", "two"):
        ring.take(logging.makeLogRecord({"msg": text, "levelno": logging.INFO, "name": "evsed"}))
    wait_for(lambda: ring.number == 2, "both are dealt with")
    assert texts(ring.last(9, Wanted())) == ["two"]


# ---- DEBUG ----


def test_debug_is_on_while_somebody_wants_it_and_a_little_longer(story: Story) -> None:
    logger = logging.getLogger("evsed.test_logring")
    logging.getLogger().setLevel(logging.WARNING)
    with story.ring.listening(Level.INFO):
        assert not logger.isEnabledFor(logging.DEBUG)
    with story.ring.listening(Level.DEBUG), story.ring.listening(Level.DEBUG):
        assert logger.isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("paho").isEnabledFor(logging.DEBUG), "evsed's own lines only"
        story.now += 10 * LINGER_S
        story.ring.calm()
        assert logger.isEnabledFor(logging.DEBUG)
    story.now += LINGER_S - 1
    story.ring.calm()
    assert logger.isEnabledFor(logging.DEBUG), "he may come back"
    story.now += 1
    story.ring.calm()
    assert logger.level == logging.NOTSET


def test_debug_takes_no_place_of_what_matters_more(story: Story) -> None:
    story.say("first")
    for number in range(MOST_DEBUG + 3):
        story.say(f"debug {number}", logging.DEBUG)
    story.say("last")
    assert texts(story.ring.last(9, Wanted())) == ["first", "last"]
    heard = story.ring.after(1, ALL)
    assert (heard.lost, len(heard.lines), heard.lines[-1].text) == (True, MOST_DEBUG + 1, "last")
    assert [line.number for line in heard.lines] == sorted(line.number for line in heard.lines)
    assert not story.ring.after(1, Wanted()).lost


def test_debug_that_nobody_wants_is_not_even_queued(story: Story) -> None:
    record = logging.makeLogRecord({"msg": "x", "levelno": logging.DEBUG, "name": "evsed"})
    story.ring.take(record)
    assert story.ring._inbox.empty()


def test_many_threads_log_and_every_line_has_its_number() -> None:
    ring = Ring("evsed.test_logring")
    ring.start()

    def log(name: int) -> None:
        for number in range(100):
            ring.take(logging.makeLogRecord({"msg": f"{name} {number}", "levelno": logging.INFO, "name": "evsed"}))

    threads = [threading.Thread(target=log, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: ring.number == 800, "all are kept")
    lines = ring.last(800, Wanted()).lines
    assert [line.number for line in lines] == list(range(1, 801))
    for name in range(8):
        assert [line.text for line in lines if line.text.startswith(f"{name} ")] == [f"{name} {n}" for n in range(100)]
