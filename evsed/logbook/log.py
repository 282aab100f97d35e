"""The log of sessions as the daemon has it: one thread that writes, and what a full or a damaged disk means for it.

Charging never waits for it. What cannot be written stays in memory until it can, within bounds. A damaged database is
put aside and a new one begun, with loud words; what the charger itself goes on from is in settings.json too.
"""

import logging
import os
import queue
import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from evsed.core.actions import LogSession
from evsed.core.record import Counters, Kept, SessionRecord, newer
from evsed.files import sync_directory
from evsed.logbook.book import Book, Connect, DamagedError, NewerError, connect
from evsed.logbook.pages import merged

log = logging.getLogger(__name__)

NAME: Final = "sessions.db"
RETRY_S: Final = 30.0
MOST_WAITING: Final = 1_000
"""Sessions that cannot be written are kept in memory up to this many; then the oldest is lost."""

_ENDS: Final = ("-wal", "-shm", "")
_ONLY_US: Final = 0o600
_DAMAGED: Final = frozenset({11, 26})  # SQLITE_CORRUPT, SQLITE_NOTADB
_OTHER_TABLES: Final = re.compile(r"no such (table|column)|has no column|has \d+ columns|already exists")
_MOST_TOLD: Final = 10  # numbers in one line of the log
_Found = TypeVar("_Found")
_Identity: TypeAlias = "tuple[int, int] | None"


class _Check:
    """The file is to be looked through."""


class _Stop:
    """The end of the writing thread."""


_Item: TypeAlias = "LogSession | Future[bool] | _Check | _Stop"


class UnreadableError(Exception):
    """The log cannot be read now; the text says why."""


class Logbook:
    """The sessions of one charger. ``load`` first, then ``start``."""

    def __init__(
        self, directory: Path, connect: Connect = connect, errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    ) -> None:
        """``errors``: what a connection that ``connect`` makes raises."""
        self._path = directory / NAME
        self._connect = connect
        self._errors: tuple[type[Exception], ...] = (*errors, DamagedError, OSError)
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="logbook", daemon=True)
        self._book: Book | None = None
        self._told: LogSession | None = None  # last
        self._waiting: dict[int, SessionRecord] = {}
        self._counters: Counters | None = None  # to be written
        self._failing = False
        self._lost = 0
        self._opened: dict[str, _Identity] = {}  # by what its name ends in: the files that we write
        self._checking = False
        self._unusable: dict[int, str] = {}

    # ---- before anything runs ----

    def load(self, kept: Kept) -> Kept:
        """What to go on from: ``kept``, as settings.json has it, or what the log has, whichever is the newer."""
        found = self._try(self._begin)
        later = kept if found is None else newer(kept, found)
        if later.revision:
            self._told = LogSession(later)
            if later != found:
                self.submit(self._told)
        return later

    def _begin(self) -> Kept:
        """Opens the file, or a new one; what it has. Raises what the database does."""
        for _ in range(2):
            try:
                self._make_file()
                book = Book.for_writing(self._connect(self._path))
                kept = book.kept()
            except NewerError as error:
                self._put_aside(f".version{error.version}", str(error))
            except self._errors as error:
                if not _is_damage(error):
                    raise
                self._put_aside(".damaged", str(error))
            else:
                self._book = book
                self._opened = {end: self._identity(end) for end in _ENDS}
                return kept
        raise OSError(f"{self._path} cannot be made anew")

    def _make_file(self) -> None:
        """An empty database that is there after a power cut too, and for nobody else."""
        if self._path.exists():
            self._path.chmod(_ONLY_US)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _ONLY_US))
        sync_directory(self._path.parent)

    def _put_aside(self, suffix: str, why: str) -> None:
        """Never a wipe: the file is kept, and what belongs to it. That goes first: it must not meet a new database."""
        self._end()
        self._opened = {}
        aside = self._path.name + suffix
        log.error("%s cannot be used: %s. It is kept as %s, and a new one is begun", self._path, why, aside)
        for end in _ENDS:
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + end).replace(self._path.with_name(aside + end))
        sync_directory(self._path.parent)

    def _identity(self, end: str) -> _Identity:
        try:
            found = self._path.with_name(self._path.name + end).stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _is_another(self) -> bool:
        """Whether somebody has taken away, or exchanged, the file that we write."""
        opened = self._opened.get("")
        return opened is not None and self._identity("") != opened

    def _leave(self) -> None:
        """Lets go of a file that has no name any more, with what belonged to it: that must not meet another one."""
        self._end()
        log.error("%s was deleted or replaced while evsed wrote it: sessions in the old file are gone", self._path)
        for end in _ENDS[:-1]:
            if self._identity(end) == self._opened[end] is not None:
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        self._opened = {}

    # ---- for the other threads ----

    def start(self) -> None:
        """Starts the writing thread."""
        self._queue.put(_Check())
        self._thread.start()

    def submit(self, told: LogSession) -> None:
        """Takes what is to be logged; never blocks."""
        self._queue.put(told)

    def barrier(self) -> "Future[bool]":
        """Is done when everything submitted before it was tried; False when it could not be written."""
        done: Future[bool] = Future()
        done.set_running_or_notify_cancel()  # whoever stops waiting must not take it from under the writer
        self._queue.put(done)
        return done

    def close(self, timeout_s: float) -> bool:
        """Writes what is there and ends; False when that does not come to an end in time, or cannot be written."""
        self._queue.put(_Stop())
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._waiting

    def page(
        self, limit: int, before: int | None = None, from_s: int | None = None, to_s: int | None = None
    ) -> list[SessionRecord]:
        """See Book.page; with what waits to be written. Waits for the disk. Raises UnreadableError."""
        waiting = self._waiting.copy()  # first: what is written meanwhile is then in both
        logged = self._read(limit, before, from_s, to_s)
        known = {record.number: record.revision for record in logged}
        better = [record for record in waiting.values() if record.revision >= known.get(record.number, 0)]
        return merged(logged, better, limit, before, from_s, to_s)

    def wrong(self, number: int) -> str:
        """What is wrong with this session in the log, if it was found to be none; else empty."""
        return self._unusable.get(number, "")

    def _read(self, limit: int, before: int | None, from_s: int | None, to_s: int | None) -> list[SessionRecord]:
        try:
            if self._is_another():
                self._look_through()
                raise OSError(f"{self._path} was deleted or replaced, and is opened anew")
            if not self._path.exists():
                return []
            book = Book(self._connect(self._path))
            try:
                return book.page(limit, before, from_s, to_s)
            finally:
                book.close()
                self._note(book.unusable)
        except self._errors as error:
            if _is_damage(error):
                self._look_through()
            raise UnreadableError(f"the log of sessions cannot be read: {error}") from error

    def _look_through(self) -> None:
        if not self._checking:
            self._checking = True
            self._queue.put(_Check())

    def _note(self, unusable: dict[int, str]) -> None:
        """Tells once of each session that cannot be used."""
        fresh = [number for number in unusable if number not in self._unusable]
        self._unusable |= unusable
        if fresh:
            numbers = ", ".join(map(str, fresh[:_MOST_TOLD])) + (", ..." if len(fresh) > _MOST_TOLD else "")
            why, count = unusable[fresh[0]], len(self._unusable)
            log.error("%s: session %s cannot be used and is left out: %s (%d so far)", self._path, numbers, why, count)

    # ---- on the writing thread ----

    def _run(self) -> None:
        while True:
            items = self._next()
            for item in items:
                if isinstance(item, LogSession):
                    self._take(item)
            if any(isinstance(item, _Check) for item in items):
                self._check()
            if self._counters is not None and not self._try(self._write) and self._book is None:
                self._try(self._write)  # into the new database, if the old one was damaged
            for item in items:
                if isinstance(item, Future):
                    item.set_result(not self._failing)
            if any(isinstance(item, _Stop) for item in items):
                self._end()
                return

    def _next(self) -> list[_Item]:
        """Everything that is queued; nothing when it is time to try again what could not be written."""
        try:
            items = [self._queue.get(timeout=RETRY_S if self._failing else None)]
        except queue.Empty:
            return []
        while not self._queue.empty():
            items.append(self._queue.get_nowait())
        return items

    def _take(self, told: LogSession) -> None:
        self._told = told
        self._counters = told.kept.counters
        for record in (*told.amended, told.kept.last, told.kept.open):
            if record is not None:
                self._waiting[record.number] = record
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[min(self._waiting)]
            self._lost += 1

    def _check(self) -> None:
        """Looks through the whole file: damage is better known before it is written into."""
        self._checking = False
        with suppress(*self._errors):  # a file that cannot be renamed is told of when it is written
            try:
                wrong = "" if self._book is None or self._is_another() else self._book.check()
            except self._errors as error:
                wrong = str(error) if _is_damage(error) else ""
            if wrong:
                self._begin_anew(wrong)
            elif self._told is not None and self._is_another():
                self._take(self._told)  # and so it is opened anew

    def _begin_anew(self, why: str) -> None:
        self._put_aside(".damaged", why)
        if self._told is not None:
            self._take(self._told)

    def _write(self) -> bool:
        if self._is_another():
            self._leave()
            if self._told is not None:
                self._take(self._told)
        if self._book is None:
            self._begin()
        if self._book is not None and self._counters is not None:
            self._book.write(self._waiting.values(), self._counters)
            self._waiting.clear()
            self._counters = None
        return True

    def _end(self) -> None:
        book, self._book = self._book, None
        if book is not None:
            with suppress(*self._errors):
                book.close()

    def _try(self, deed: Callable[[], _Found]) -> _Found | None:
        """Does it, and tells once when it cannot be done, and once when it can be again."""
        try:
            done = deed()
        except self._errors as error:
            if _is_damage(error):
                with suppress(*self._errors):
                    self._begin_anew(str(error))
            if not self._failing:
                log.error("%s cannot be written (%s): sessions stay in memory until it can be", self._path, error)  # noqa: TRY400
            self._failing = True
            self._end()  # and opens it anew next time
            return None
        if self._failing:
            lost = f"; the oldest {self._lost} sessions that waited are lost" if self._lost else ""
            log.info("%s: written again%s", self._path, lost)
        self._failing, self._lost = False, 0
        return done


def _is_damage(error: Exception) -> bool:
    """Whether the file is no sound database; anything else may pass."""
    code = getattr(error, "sqlite_errorcode", getattr(error, "result", None))  # of sqlite3, of apsw
    if code == 1:  # SQLITE_ERROR: our own statements do not fit the tables in it
        return _OTHER_TABLES.search(str(error)) is not None
    return isinstance(code, int) and code & 0xFF in _DAMAGED
