"""Power cuts while sessions are logged in SQLite."""

import contextlib
import random
from pathlib import Path
from typing import TypeAlias

import apsw

from tests.powercut.folder import Trouble
from tests.powercut.history import Cut, History
from tests.powercut.vfs import Vfs

Rows: TypeAlias = tuple[tuple[object, ...], ...]

_SHM = "sessions.db-shm"


class SessionsKind:
    """See lives.Kind."""

    name = "sessions"
    lies = False  # whose sync is a lie can damage any database

    synchronous = "FULL"

    def live(self, folder: Path, dice: random.Random, history: History[Rows], writes: int) -> None:
        writes *= 3
        vfs = Vfs("recorded", history, None)
        try:
            book = self._opened(folder, "recorded", dice)
            history.begins(rows(book))
            vfs.trouble = Trouble.sometimes(dice, 20 * writes)
            for _ in range(writes):
                try:
                    self._write(book, dice, history)
                except apsw.Error:
                    _close(book)
                    book = self._opened(folder, "recorded", dice)
                if dice.random() < 0.05:
                    _close(book)
                    book = self._opened(folder, "recorded", dice)
            _close(book)
        finally:
            vfs.close()

    def _opened(self, folder: Path, vfs: str, dice: random.Random) -> apsw.Connection:
        while True:
            try:
                return self._open(folder, vfs, dice)
            except apsw.Error:
                continue  # what ails the disk ends

    def _open(self, folder: Path, vfs: str, dice: random.Random) -> apsw.Connection:
        book = apsw.Connection(str(folder / "sessions.db"), vfs=vfs)
        book.execute("PRAGMA journal_mode=WAL")
        book.execute(f"PRAGMA synchronous={self.synchronous}")
        book.execute(f"PRAGMA wal_autocheckpoint={dice.choice((1, 4, 1000))}")
        book.execute("CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY, note TEXT, wh INTEGER)")
        return book

    def _write(self, book: apsw.Connection, dice: random.Random, history: History[Rows]) -> None:
        before = rows(book)
        if history.states[-1] != before:
            history.begins(before)
        after = list(before)
        book.execute("BEGIN IMMEDIATE")
        for _ in range(dice.randint(1, 3)):
            if after and dice.random() < 0.5:
                number = dice.randrange(len(after))
                row = (after[number][0], after[number][1], dice.randrange(10**6))
                after[number] = row
                book.execute("UPDATE session SET wh = ? WHERE id = ?", (row[2], row[0]))
            else:
                row = (len(after) + 1, "x" * dice.randrange(2_000), dice.randrange(10**6))
                after.append(row)
                book.execute("INSERT INTO session VALUES (?, ?, ?)", row)
        history.begins(tuple(after))
        book.execute("COMMIT")
        history.is_kept()

    def read(self, folder: Path) -> Rows:
        (folder / _SHM).write_bytes(b"\xaa" * 32_768)  # whatever was in memory
        book = apsw.Connection(str(folder / "sessions.db"))
        try:
            assert book.execute("PRAGMA integrity_check").get == "ok"
            return rows(book) if book.execute("SELECT * FROM sqlite_master").fetchall() else ()
        finally:
            book.close()

    def judge(self, _found: object, _cut: Cut[Rows]) -> str:
        return ""


def rows(book: apsw.Connection) -> Rows:
    return tuple(book.execute("SELECT id, note, wh FROM session ORDER BY id"))


def _close(book: apsw.Connection) -> None:
    with contextlib.suppress(apsw.Error):  # a checkpoint that fails is made by the next one
        book.close()
