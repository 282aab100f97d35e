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
    assert logbook.page(9) == [session(200), session(199)]
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
        self._writes = False

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        self._writes = sql == "BEGIN IMMEDIATE" or (self._writes and not sql.startswith("BEGIN"))
        if self._full.is_set() and self._writes and sql == "COMMIT":
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


def spoilt(directory: Path, statement: str) -> None:
    other = connect(directory / "sessions.db")
    other.execute(statement)
    other.close()


def filled(directory: Path, most: int = 5) -> None:
    logbook = opened(directory)
    for number in range(1, most + 1):
        logbook.submit(LogSession(kept(number)))
    assert logbook.close(WITHIN_S)


@pytest.mark.parametrize(
    "damage",
    ["UPDATE sessions SET last_stop = CAST(x'ff41' AS TEXT) WHERE number = 5", "DROP TABLE stops",
     "ALTER TABLE sessions DROP COLUMN exchanges", "PRAGMA user_version = 0"],
)  # fmt: skip
def test_tables_that_are_not_ours_any_more_are_damage(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path)
    spoilt(tmp_path, damage)
    logbook = opened(tmp_path, kept(5))
    logbook.submit(LogSession(kept(6)))
    assert logbook.barrier().result(WITHIN_S)
    assert logbook.page(9)[0] == session(6)
    assert (tmp_path / "sessions.db.damaged").exists()
    assert caplog.text.count("a new one is begun") == 1
    assert logbook.close(WITHIN_S)


def test_a_table_that_goes_missing_while_it_runs_costs_one_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    filled(tmp_path)
    logbook = opened(tmp_path, kept(5))
    assert logbook.barrier().result(WITHIN_S)
    spoilt(tmp_path, "DROP TABLE stops")
    with pytest.raises(UnreadableError):
        logbook.page(9)
    assert logbook.barrier().result(WITHIN_S)
    assert logbook.page(9) == [session(5)]
    assert caplog.text.count("a new one is begun") == 1
    assert "written again" not in caplog.text
    assert logbook.close(WITHIN_S)


@pytest.mark.parametrize("damage", ["last_stop = CAST(x'ff41' AS TEXT)", "start_s = 99999999999999", "energy_wh = -5"])
def test_one_bad_session_is_left_out_and_told_once(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path)
    spoilt(tmp_path, f"UPDATE sessions SET {damage} WHERE number = 3")  # noqa: S608
    logbook = opened(tmp_path)
    for _ in range(3):
        assert [record.number for record in logbook.page(3)] == [5, 4, 2]
    assert logbook.wrong(3)
    assert not logbook.wrong(4)
    assert caplog.text.count("session 3 cannot be used and is left out") == len(caplog.records) == 1
    assert logbook.close(WITHIN_S)


@pytest.mark.parametrize("other", [False, True])
def test_a_file_that_is_taken_away_or_exchanged_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: bool
) -> None:
    (tmp_path / "other").mkdir()
    filled(tmp_path / "other", 2)
    logbook = opened(tmp_path)
    for number in (3, 4):
        logbook.submit(LogSession(kept(number, None), (session(number - 1),)))
        assert logbook.barrier().result(WITHIN_S)
    if other:
        (tmp_path / "other" / "sessions.db").replace(tmp_path / "sessions.db")
    else:
        (tmp_path / "sessions.db").unlink()
    logbook.submit(LogSession(Kept(session(5, ending=None), session(4), kept(5).counters)))
    assert logbook.barrier().result(WITHIN_S)
    assert logbook.close(WITHIN_S)
    assert caplog.text.count("was deleted or replaced while evsed wrote it") == 1
    found = Logbook(tmp_path)
    assert found.load(NOTHING_KEPT).open == session(5, ending=None)
    assert [record.number for record in found.page(9)] == ([5, 4, 2, 1] if other else [5, 4])


def test_a_file_that_is_exchanged_is_not_read_with_what_belonged_to_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    filled(tmp_path / "other", 2)
    logbook = opened(tmp_path, kept(4))
    assert logbook.barrier().result(WITHIN_S)
    (tmp_path / "other" / "sessions.db").replace(tmp_path / "sessions.db")
    with pytest.raises(UnreadableError, match="opened anew"):
        logbook.page(9)
    assert logbook.barrier().result(WITHIN_S)
    assert [record.number for record in logbook.page(9)] == [4, 2, 1]
    assert logbook.close(WITHIN_S)


def test_what_waits_for_a_full_disk_is_listed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    full = threading.Event()

    def on_disk(path: Path) -> Connection:
        return FullDisk(path, full)

    logbook = Logbook(tmp_path, on_disk)
    logbook.load(NOTHING_KEPT)
    logbook.start()
    logbook.submit(LogSession(kept(1)))
    assert logbook.barrier().result(WITHIN_S)
    full.set()
    for number in (2, 3):
        logbook.submit(LogSession(kept(number)))
    assert not logbook.barrier().result(WITHIN_S)
    assert [record.number for record in logbook.page(2, 3)] == [2, 1]
    assert [record.number for record in logbook.page(9)] == [3, 2, 1]
    logbook._look_through()
    assert not logbook.barrier().result(WITHIN_S)
    assert "written again" not in caplog.text, "it was only looked through"
    full.clear()
    assert logbook.close(WITHIN_S)
