"""Power cuts while evsed/logbook logs sessions: its own statements, in an SQLite whose writes are recorded."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apsw

from evsed.core.actions import LogSession
from evsed.core.record import Ending, Kept, Part, SessionRecord
from evsed.logbook.book import Book, Connect, Connection
from evsed.logbook.log import NAME, Logbook, UnreadableError
from tests.powercut.folder import Trouble, watched
from tests.powercut.history import Cut, History
from tests.powercut.vfs import Vfs

MANY = 1_000_000
STATEMENTS = {
    "synchronous = OFF": ("PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF"),
    "synchronous = NORMAL": ("PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"),
    "no journal": ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode = OFF"),
    "a journal in memory": ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode = MEMORY"),
    "no transaction": ("BEGIN IMMEDIATE", "SELECT 1"),
}
"""Ways to write a database that are not good enough: what is executed in place of what."""


@dataclass(frozen=True, slots=True)
class Logged:
    """All that the log has."""

    kept: Kept
    records: tuple[SessionRecord, ...]  # newest first


class _Exchanging:
    """A connection that executes something else."""

    def __init__(self, connection: apsw.Connection, exchanged: tuple[str, str]) -> None:
        self._connection = connection
        self._old, self._new = exchanged

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Iterable[Any]:
        if sql == "COMMIT" and not self._connection.in_transaction:
            return ()
        return self._connection.execute(self._new if sql == self._old else sql, parameters)

    def close(self) -> None:
        self._connection.close()


class SessionsKind:
    """See lives.Kind."""

    name = "sessions"
    bears_lies = False  # such a disk can damage any database

    exchanged: tuple[str, str] | None = None
    """Of STATEMENTS."""

    def live(self, folder: Path, dice: random.Random, history: History[Logged], writes: int) -> None:
        """Cars come, charge and go; the daemon is stopped and started now and then."""
        vfs = Vfs("recorded", history)
        try:
            with watched(folder, history, contents=False) as watch:
                life = _Life(folder, history, self._connect(dice), dice)
                vfs.trouble = watch.trouble = Trouble.sometimes(dice, 30 * writes)
                for _ in range(writes):
                    life.log()
                    if dice.random() < 0.1:
                        life.close()
                        life.open()
                life.close()
        finally:
            vfs.close()

    def _connect(self, dice: random.Random) -> Connect:
        pages = dice.choice((1, 8, 1000))

        def connect(path: Path) -> Connection:
            connection = apsw.Connection(str(path), vfs="recorded")
            connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
            return connection if self.exchanged is None else _Exchanging(connection, self.exchanged)

        return connect

    def read(self, folder: Path) -> Logged:
        """As the daemon does at its start, with the SQLite that it has."""
        (folder / f"{NAME}-shm").write_bytes(b"\xaa" * 32_768)  # whatever was in memory
        logbook = Logbook(folder)
        found = _found(logbook)
        assert logbook._book is not None
        logbook._end()
        return found

    def is_good(self, found: object, cut: Cut[Logged]) -> bool:
        """See lives.Kind."""
        return found in cut.good

    def judge(self, _found: object, _cut: Cut[Logged]) -> str:
        """Nothing more is asked of it."""
        return ""


class _Life:
    """A log on the recorded disk, and beside it another one in memory, which says what has to be in it."""

    def __init__(self, folder: Path, history: History[Logged], connect: Connect, dice: random.Random) -> None:
        self._folder, self._history, self._connect, self._dice = folder, history, connect, dice
        self.open()

    def open(self) -> None:
        """The daemon starts; while its disk is full or read-only, again and again."""
        while True:
            self._logbook = Logbook(self._folder, self._connect, (apsw.Error,))
            try:
                found = _found(self._logbook)
            except UnreadableError:
                found = None
            if found is not None and self._logbook._book is not None:
                break
            self._logbook._end()
        if not self._history.states or self._history.states[-1] != found:
            self._history.begins(found)
        self._first = len(self._history.states)
        self._shadow = Book.for_writing(apsw.Connection(":memory:"))
        self._shadow.write(found.records, found.kept.counters)
        self._logbook.start()

    def log(self) -> None:
        """Something has happened, and is to be kept."""
        told = happened(self._shadow.kept(), self._dice)
        records = [record for record in (*told.amended, told.kept.last, told.kept.open) if record is not None]
        self._shadow.write(records, told.kept.counters)
        self._history.begins(Logged(self._shadow.kept(), tuple(self._shadow.page(MANY))))
        self._logbook.submit(told)
        if self._logbook.barrier().result(30):
            self._history.is_kept()

    def close(self) -> None:
        """The daemon ends."""
        if self._logbook.close(30) and len(self._history.states) > self._first:
            self._history.is_kept()
        self._shadow.close()


def _found(logbook: Logbook) -> Logged:
    kept = logbook.load(Kept())
    return Logged(kept, tuple(logbook.page(MANY)))


def happened(kept: Kept, dice: random.Random) -> LogSession:
    """A car comes, or the one that is there charges on or goes; now and then more is known of the last one."""
    revision, counters = kept.revision + 1, kept.counters
    counters = replace(counters, charging_ms=counters.charging_ms + dice.randrange(10**6), energy_wh=revision * 10)
    if kept.open is None:
        number = kept.number + 1
        record = SessionRecord(number, revision, start_s=1_800_000_000 + revision, modes=("Smart",))
        return LogSession(Kept(record, kept.last, replace(counters, sessions=number)))
    record = replace(
        kept.open,
        revision=revision,
        energy_wh=dice.randrange(10**5),
        parts=tuple(Part(f"{dice.randrange(16**12):012X}", "x" * 20, 1) for _ in range(dice.randint(0, 5))),
        stops=(("no_sun", dice.randrange(1, 9)),),
    )
    if dice.random() < 0.5:
        amended = () if kept.last is None or dice.random() < 0.5 else (replace(kept.last, solar_mwh=revision),)
        return LogSession(Kept(record, kept.last, counters), amended)
    ended = replace(record, ending=Ending.UNPLUGGED, end_s=1_800_000_000 + revision)
    return LogSession(Kept(None, ended, counters))
