"""sessions.db: what is written comes back whole, on sqlite3 and on apsw."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings

from evsed.core.record import Counters, Ending, Kept
from evsed.logbook.book import Book, Connect, NewerError, connect
from evsed.logbook.pages import begun_within
from evsed.logbook.schema import STEPS, VERSION
from tests.logbook.samples import DAY, NOON, counters, records, session


def by_apsw(path: Path) -> Any:
    return apsw.Connection(str(path))


@pytest.fixture(params=[connect, by_apsw], ids=["sqlite3", "apsw"])
def connects(request: pytest.FixtureRequest) -> Connect:
    made: Connect = request.param
    return made


@pytest.fixture
def book(connects: Connect, tmp_path: Path) -> Iterator[Book]:
    book = Book.for_writing(connects(tmp_path / "sessions.db"))
    yield book
    book.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(records, counters)
def test_what_is_written_comes_back(book: Book, record: Any, counted: Counters) -> None:
    book.write([record], counted)
    assert book.page(1, record.number + 1)[0] == record
    assert book.kept().counters == counted


def test_a_session_is_written_again_in_its_place(book: Book) -> None:
    book.write([session(1), session(2)], Counters())
    again = replace(session(1), energy_wh=7, parts=(), stops=(("paused", 9),))
    book.write([again], Counters())
    assert book.page(10) == [session(2), again]


def test_pages_go_back_in_time(book: Book) -> None:
    book.write([session(number) for number in range(1, 8)], Counters())
    assert [record.number for record in book.page(3)] == [7, 6, 5]
    assert [record.number for record in book.page(3, before=5)] == [4, 3, 2]
    days = book.page(9, from_s=NOON + 3 * DAY, to_s=NOON + 5 * DAY)
    assert [record.number for record in days] == [4, 3]


def test_what_has_no_time_is_within_what_has_no_end(book: Book) -> None:
    untimed = replace(session(9), start_s=None, seen_s=None, end_s=None)
    book.write([session(1), untimed], Counters())
    for bounds in ((NOON, None), (None, None), (NOON, NOON + 9 * DAY), (None, NOON + 9 * DAY)):
        has_it = bounds[1] is None
        assert (untimed in book.page(9, None, *bounds)) == begun_within(untimed, *bounds) == has_it


def test_a_restart_goes_on_from_the_newest(book: Book) -> None:
    assert book.kept() == Kept()
    book.write([session(1), session(2), session(3, ending=None)], Counters(3))
    assert book.kept() == Kept(session(3, ending=None), session(2), Counters(3))
    book.write([session(3)], Counters(3))
    assert book.kept() == Kept(None, session(3), Counters(3))


def test_a_session_whose_end_nobody_could_write_does_not_stay_open(book: Book) -> None:
    book.write([replace(session(1, ending=None), charging=True)], Counters())
    book.write([session(2, ending=None)], Counters())
    left = book.page(1, 2)[0]
    assert (left.ending, left.charging) == (Ending.FOUND_UNPLUGGED, False)


def test_a_transaction_that_fails_changes_nothing(book: Book) -> None:
    book.write([session(1)], Counters(1))
    wrong = replace(session(1), stops=(("paused", "often"),), energy_wh=3)  # type: ignore[arg-type]
    with pytest.raises((sqlite3.Error, apsw.Error)):
        book.write([session(2), wrong], Counters(2))
    assert book.kept() == Kept(None, session(1), Counters(1))


def test_it_is_safe_against_power_cuts_as_sqlite_promises_it(book: Book) -> None:
    """WAL, and synchronous = FULL: what was committed is on the disk."""
    asked = [book._rows(f"PRAGMA {pragma}")[0][0] for pragma in ("journal_mode", "synchronous", "foreign_keys")]
    assert asked == ["wal", 2, 1]
    assert book.check() == ""


def test_every_version_ends_in_the_same_tables(tmp_path: Path) -> None:
    for version in range(VERSION):
        connection = connect(tmp_path / f"{version}.db")
        for step in STEPS[:version]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        book = Book.for_writing(connection)
        book.write([session(1)], Counters())
        assert book.page(1) == [session(1)]
        book.close()


def test_a_database_of_a_newer_evsed_is_left_alone(connects: Connect, tmp_path: Path) -> None:
    connection = connects(tmp_path / "sessions.db")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(NewerError, match=f"version {VERSION + 1}"):
        Book.for_writing(connection)


def test_a_thousand_sessions_take_less_than_a_megabyte(book: Book, tmp_path: Path) -> None:
    """docs/sessions.md says so."""
    book.write([session(number) for number in range(1, 1_001)], Counters())
    book.close()
    assert (tmp_path / "sessions.db").stat().st_size < 500_000
