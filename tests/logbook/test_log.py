"""The log's thread: nothing is lost while the disk is ill, and charging never waits for it."""

import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evsed.core.actions import LogSession
from evsed.core.record import NOTHING_KEPT, Counters, Kept
from evsed.logbook import log as module
from evsed.logbook.book import Connection, connect
from evsed.logbook.log import Logbook, UnreadableError
from tests.logbook.samples import kept, session

WITHIN_S = 30


def opened(directory: Path, known: Kept = NOTHING_KEPT) -> Logbook:
    logbook = Logbook(directory)
    logbook.load(known)
    logbook.start()
    return logbook


def test_what_is_logged_is_there_after_a_restart(tmp_path: Path) -> None:
    logbook = opened(tmp_path)
    logbook.submit(LogSession(kept(1)))
    logbook.submit(LogSession(kept(2, None), (session(1, 5),)))
    assert logbook.barrier().result(WITHIN_S)
    assert logbook.page(9) == [session(2, ending=None), session(1, 5)]
    assert logbook.close(WITHIN_S)
    assert Logbook(tmp_path).load(NOTHING_KEPT) == Kept(session(2, ending=None), session(1, 5), kept(2).counters)
    assert (tmp_path / "sessions.db").stat().st_mode & 0o777 == 0o600


def test_everything_beside_it_is_for_us_only(tmp_path: Path) -> None:
    (tmp_path / "sessions.db").touch(0o644)
    logbook = opened(tmp_path, kept(1))
    assert logbook.barrier().result(WITHIN_S)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"sessions.db": 0o600, "sessions.db-shm": 0o600, "sessions.db-wal": 0o600}
    assert logbook.close(WITHIN_S)


@pytest.mark.parametrize(("in_settings", "in_log"), [(2, 1), (1, 2), (2, 0), (0, 2)])
def test_of_two_copies_after_a_power_cut_the_newer_counts_and_the_log_has_it(
    tmp_path: Path, in_settings: int, in_log: int
) -> None:
    if in_log:
        logbook = opened(tmp_path, kept(in_log, None))
        assert logbook.close(WITHIN_S)
    logbook = Logbook(tmp_path)
    found = logbook.load(kept(in_settings, None) if in_settings else NOTHING_KEPT)
    assert found.open == session(2, ending=None)
    assert found.counters.sessions == 2
    logbook.start()
    assert logbook.close(WITHIN_S)
    assert Logbook(tmp_path).page(1) == [session(2, ending=None)]


@pytest.mark.parametrize("damage", [b"no database at all" * 500, b"SQLite format 3\0" + b"\xff" * 8_000])
def test_a_damaged_database_is_put_aside_and_told_and_a_new_one_begun(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sessions.db"
    file.write_bytes(damage)
    logbook = opened(tmp_path, kept(3))
    assert logbook.barrier().result(WITHIN_S)
    assert logbook.page(9) == [session(3)]
    assert (tmp_path / "sessions.db.damaged").read_bytes() == damage
    assert "is kept as sessions.db.damaged, and a new one is begun" in caplog.text
    assert logbook.close(WITHIN_S)


def test_what_belongs_to_a_damaged_database_goes_with_it(tmp_path: Path) -> None:
    """A new database must not meet an old log: SQLite would write that into it."""
    files = ("sessions.db", "sessions.db-wal", "sessions.db-shm")
    for name in files:
        (tmp_path / name).write_text(name)
    Logbook(tmp_path)._put_aside(".damaged", "a test says so")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {name.replace(".db", ".db.damaged"): name for name in files}


def test_damage_in_the_middle_is_found_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logbook = opened(tmp_path)
    for number in range(1, 200):
        logbook.submit(LogSession(kept(number)))
    assert logbook.close(WITHIN_S)
    with (tmp_path / "sessions.db").open("r+b") as file:
        file.seek(8 * 4_096)
        file.write(b"\xa5" * 4_096)
    logbook = opened(tmp_path, kept(199))
    logbook.submit(LogSession(kept(200)))
    assert logbook.barrier().result(WITHIN_S)
    assert logbook.page(9) == [session(200)]
    assert (tmp_path / "sessions.db.damaged").exists()
    assert caplog.text.count("a new one is begun") == 1
    assert logbook.close(WITHIN_S)


def test_a_database_of_a_newer_evsed_is_put_aside(tmp_path: Path) -> None:
    connection = connect(tmp_path / "sessions.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    logbook = opened(tmp_path, kept(1))
    assert logbook.close(WITHIN_S)
    assert (tmp_path / "sessions.db.version99").exists()


class FullDisk:
    """A connection whose writes fail while ``full``."""

    def __init__(self, path: Path, full: threading.Event) -> None:
        self._connection = connect(path)
        self._full = full

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        if self._full.is_set() and sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(sql, parameters)

    def close(self) -> None:
        self._connection.close()


def test_a_full_disk_is_told_once_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    full = threading.Event()

    def on_disk(path: Path) -> Connection:
        return FullDisk(path, full)

    logbook = Logbook(tmp_path, on_disk)
    logbook.load(NOTHING_KEPT)
    logbook.start()
    full.set()
    for number in range(1, 9):
        logbook.submit(LogSession(kept(number)))
        assert not logbook.barrier().result(WITHIN_S)
    assert caplog.text.count("cannot be written") == 1
    full.clear()
    logbook.submit(LogSession(kept(9)))
    assert logbook.barrier().result(WITHIN_S)
    assert [record.number for record in logbook.page(99)] == [9, 8, 7, 6, 5]
    assert "written again; the oldest 4 sessions that waited are lost" in caplog.text
    assert logbook.close(WITHIN_S)


def test_a_directory_in_its_place_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "sessions.db").mkdir()
    logbook = Logbook(tmp_path)
    assert logbook.load(kept(1)) == kept(1)
    logbook.start()
    assert not logbook.barrier().result(WITHIN_S)
    with pytest.raises(UnreadableError):
        logbook.page(1)
    assert not logbook.close(WITHIN_S)


def test_a_charger_that_never_logged_has_no_sessions(tmp_path: Path) -> None:
    assert Logbook(tmp_path).page(5) == []


def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    logbook = opened(tmp_path)
    found = []
    for number in range(1, 101):
        logbook.submit(LogSession(Kept(None, session(number), Counters(number))))
        found.append(len(logbook.page(1_000)))
    assert logbook.barrier().result(WITHIN_S)
    assert found == sorted(found)
    assert len(logbook.page(1_000)) == 100
    assert logbook.close(WITHIN_S)
