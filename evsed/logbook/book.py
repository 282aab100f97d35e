"""One open sessions.db: what is written into it, in whole transactions, and what is read from it.

Owns every statement. It wants of its connection only what sqlite3 and apsw have in common: ``execute``, ``close``, and
that nothing is committed but by COMMIT. Errors of the database pass through.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from evsed.core.record import Counters, Ending, Kept, SessionRecord
from evsed.logbook.fields import Document, kept_fields, kept_of, record_of
from evsed.logbook.schema import STEPS, VERSION

WAITS_S: Final = 5.0
"""How long a statement waits for another connection's."""

_COLUMNS: Final = (
    "number, revision, start_s, end_s, seen_s, ending, charging, start_wh, end_wh, energy_wh, complete, solar_mwh, "
    "one_phase_wh, two_phases_wh, three_phases_wh, phases, modes, peak_da, charging_ms, closings1, closings2, "
    "last_stop, exchanges"
)
_PUT: Final = f"INSERT OR REPLACE INTO sessions ({_COLUMNS}) VALUES ({', '.join('?' * 23)})"  # noqa: S608 - our own names
_WHEN: Final = "coalesce(start_s, seen_s, end_s)"
_FOREVER_S: Final = 2**62
_PART: Final = ("card", "name", "energy_wh", "solar_mwh")
_LEFT: Final = "UPDATE sessions SET ending = ?, charging = 0 WHERE ending IS NULL AND number < ?"


class Connection(Protocol):
    """What sqlite3.Connection (in autocommit) and apsw.Connection have in common."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Iterable[Any]: ...

    def close(self) -> None: ...


Connect: TypeAlias = Callable[[Path], Connection]


class DamagedError(Exception):
    """What is in the database is not what was written into it."""

    sqlite_errorcode = 11  # SQLITE_CORRUPT


class NewerError(Exception):
    """A database of a newer evsed. ``version`` is its own."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"a newer evsed wrote it (version {version}), and this one knows {VERSION}")


def connect(path: Path) -> Connection:
    """A connection of the standard library's sqlite3, which any one thread at a time may use."""
    connection = sqlite3.connect(path, timeout=WAITS_S, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text  # else one byte that is no UTF-8 makes all rows beside it unreadable
    return connection


def _text(found: bytes) -> str:
    return found.decode("utf-8", "surrogateescape")


class Book:
    """An open database. Used by one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.unusable: dict[int, str] = {}
        """Rows that are no sessions, as far as they were read: their numbers, and what is wrong."""

    @classmethod
    def for_writing(cls, connection: Connection) -> "Book":
        """Makes or migrates the tables. Raises NewerError, or the database's own errors; then it is closed."""
        book = cls(connection)
        try:
            book._set_up()
        except BaseException:
            with suppress(Exception):
                connection.close()
            raise
        return book

    def _set_up(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._rows(f"PRAGMA {pragma}")
        version = self._version()
        if version > VERSION:
            raise NewerError(version)
        if version == VERSION:
            return
        with self._transaction():
            for number in range(self._version(), VERSION):
                for statement in STEPS[number]:
                    self._rows(statement)
                self._rows(f"PRAGMA user_version = {number + 1}")

    def _version(self) -> int:
        return int(self._rows("PRAGMA user_version")[0][0])

    def close(self) -> None:
        """Ends it."""
        self._connection.close()

    # ---- writing ----

    def write(self, records: Iterable[SessionRecord], counters: Counters) -> None:
        """Puts all of them in place of what is there of them: all, or nothing."""
        with self._transaction():
            newest = 0
            for record in records:
                newest = max(newest, record.number)
                self._put(record)
            self._rows(_LEFT, (Ending.FOUND_UNPLUGGED.value, newest))  # whose end nobody could write
            for name, value in _values(counters).items():
                self._rows("INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)", (name, value))

    def _put(self, record: SessionRecord) -> None:
        for table in ("parts", "stops"):
            self._rows(f"DELETE FROM {table} WHERE session = ?", (record.number,))  # noqa: S608 - our own names
        self._rows(_PUT, _row(record))
        for place, part in enumerate(record.parts):
            values = (record.number, place, part.card, part.name, part.energy_wh, part.solar_mwh)
            self._rows("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", values)
        for place, (reason, count) in enumerate(record.stops):
            self._rows("INSERT INTO stops VALUES (?, ?, ?, ?)", (record.number, place, reason, count))

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._rows(f"BEGIN {kind}")
        try:
            yield
            self._rows("COMMIT")
        except BaseException:
            with suppress(Exception):  # SQLite may have rolled it back itself
                self._rows("ROLLBACK")
            raise

    # ---- reading ----

    def check(self) -> str:
        """What is wrong with the file; empty when nothing is. Reads all of it. Raises DamagedError too."""
        found = str(self._rows("PRAGMA quick_check(1)")[0][0])
        if found != "ok":
            return found
        self.kept()  # all tables and columns are there, too
        return ""

    def kept(self) -> Kept:
        """What a restart goes on from. Raises DamagedError where it is none."""
        newest = self.page(2)
        for number, wrong in self.unusable.items():
            raise DamagedError(f"session {number} in it is none: {wrong}")
        opened = next((record for record in newest[:1] if record.ending is None), None)
        last = next((record for record in newest if record.ending is not None), None)
        kept = Kept(opened, last, _counters(dict(self._rows("SELECT name, value FROM counters"))))
        _, remarks = kept_of(kept_fields(kept))
        if remarks:
            raise DamagedError(remarks[0])
        return kept

    def page(
        self, limit: int, before: int | None = None, from_s: int | None = None, to_s: int | None = None
    ) -> list[SessionRecord]:
        """At most ``limit`` sessions, newest first: with a number below ``before``, begun from ``from_s`` to ``to_s``.

        ``to_s`` itself is not in it. A session whose beginning is not known counts by when it was seen; one of
        which no time is known is within what has no end. Rows that are no sessions are left out,
        and noted in ``unusable``.
        """
        found: list[SessionRecord] = []
        while True:
            missing = limit - len(found)
            rows = self._some(missing, before, from_s, to_s)
            found += [record for _, record in rows if record is not None]
            if len(rows) < missing or len(found) == limit:
                return found
            before = rows[-1][0]

    def _some(
        self, limit: int, before: int | None, from_s: int | None, to_s: int | None
    ) -> list[tuple[int, SessionRecord | None]]:
        since = f"{_WHEN} >=" if to_s is not None else f"coalesce({_WHEN}, {_FOREVER_S}) >="
        given = (("number <", before), (since, from_s), (f"{_WHEN} <", to_s))
        asked = [(words, value) for words, value in given if value is not None]
        where = " AND ".join([f"{words} ?" for words, _ in asked] or ["1"])
        return self._records(f"{where} ORDER BY number DESC LIMIT ?", (*(value for _, value in asked), limit))

    def _records(self, which: str, parameters: Sequence[Any]) -> list[tuple[int, SessionRecord | None]]:
        with self._transaction(""):
            rows = self._rows(f"SELECT {_COLUMNS} FROM sessions WHERE {which}", parameters)  # noqa: S608 - our own names
            numbers = [row[0] for row in rows] or [0]
            span = (min(numbers), max(numbers))
            parts: dict[int, list[Document]] = {}
            found = "SELECT session, card, name, energy_wh, solar_mwh FROM parts WHERE session BETWEEN ? AND ? "
            for number, *part in self._rows(found + "ORDER BY session, place", span):
                parts.setdefault(number, []).append(dict(zip(_PART, part, strict=True)))
            stops: dict[int, list[tuple[str, int]]] = {}
            found = "SELECT session, reason, count FROM stops WHERE session BETWEEN ? AND ? ORDER BY session, place"
            for number, reason, count in self._rows(found, span):
                stops.setdefault(number, []).append((reason, count))
        return [(row[0], self._record(row, parts.get(row[0], []), stops.get(row[0], []))) for row in rows]

    def _record(self, row: Sequence[Any], parts: list[Document], stops: list[tuple[str, int]]) -> SessionRecord | None:
        try:
            return record_of(_fields(row) | {"parts": parts, "stops": stops})
        except (AttributeError, TypeError, ValueError) as error:
            self.unusable[row[0]] = str(error)
            return None

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return list(self._connection.execute(sql, parameters))


def _row(record: SessionRecord) -> tuple[object, ...]:
    return (
        record.number,
        record.revision,
        record.start_s,
        record.end_s,
        record.seen_s,
        None if record.ending is None else record.ending.value,
        int(record.charging),
        record.start_wh,
        record.end_wh,
        record.energy_wh,
        int(record.complete),
        record.solar_mwh,
        *record.by_phases,
        ",".join(map(str, record.phases)),
        ",".join(record.modes),
        record.peak,
        record.charging_ms,
        *record.closings,
        record.last_stop,
        record.exchanges,
    )


def _fields(row: Sequence[Any]) -> Document:
    """All of a session's fields that stand in its own row."""
    return {
        "number": row[0],
        "revision": row[1],
        "start_s": row[2],
        "end_s": row[3],
        "seen_s": row[4],
        "ending": row[5],
        "charging": bool(row[6]),
        "start_wh": row[7],
        "end_wh": row[8],
        "energy_wh": row[9],
        "complete": bool(row[10]),
        "solar_mwh": row[11],
        "by_phases": (row[12], row[13], row[14]),
        "phases": [int(word) for word in row[15].split(",") if word],
        "modes": [word for word in row[16].split(",") if word],
        "peak": row[17],
        "charging_ms": row[18],
        "closings": (row[19], row[20]),
        "last_stop": row[21],
        "exchanges": row[22],
    }


def _values(counters: Counters) -> dict[str, int | None]:
    one, two = counters.closings
    return {
        "sessions": counters.sessions,
        "closings1": one,
        "closings2": two,
        "charging_ms": counters.charging_ms,
        "energy_wh": counters.energy_wh,
        "powered_s": counters.powered_s,
    }


def _counters(values: dict[str, int | None]) -> Counters:
    def count(name: str) -> int:
        return values.get(name) or 0

    return Counters(
        count("sessions"),
        (count("closings1"), count("closings2")),
        count("charging_ms"),
        values.get("energy_wh"),
        count("powered_s"),
    )
