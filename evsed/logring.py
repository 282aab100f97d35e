"""The last lines of the log, in memory, for those who look while the daemon runs: numbered, bounded, without secrets.

Owns which lines are kept, and which are lost. Whoever logs only queues; a thread of its own makes lines of records.
Readers take what came after the last one they know, and whoever is too slow learns that lines are lost. Lines at DEBUG
are made only while somebody wants them, and only evsed's own.
"""

import logging
import queue
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from heapq import merge
from itertools import takewhile
from typing import Final

from evsed.redaction import Secrets, cut

log = logging.getLogger(__name__)

MOST: Final = 2_000
"""Lines that are kept, DEBUG aside."""

MOST_DEBUG: Final = 1_000
_MOST_BYTES: Final = 1_000_000  # of memory, for either
_BYTES_BESIDE: Final = 150  # of a line, beside its texts
_LONGEST_TEXT: Final = 3_000
_LONGEST_END: Final = 2_000  # of a text that is too long, such as a traceback
_MOST_QUEUED: Final = 2_000
LINGER_S: Final = 20.0
"""DEBUG goes on for so long when the last one who wants it has left: he may only have lost his connection."""


class Level(IntEnum):
    """How much a line matters."""

    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR


LEVELS: Final = {level.name.lower(): level for level in Level}
"""By the names that people give them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or several where a traceback is in it. ``at_ms`` is Unix time, by the clock of then."""

    number: int
    at_ms: int
    level: Level
    logger: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines somebody wants: from ``level`` on, with ``text`` in them or in the logger's name, in any case."""

    level: Level = Level.INFO
    text: str = ""

    def has(self, line: Line) -> bool:
        """Whether ``line`` is one of them."""
        if line.level < self.level:
            return False
        text = self.text.casefold()
        return not text or text in line.text.casefold() or text in line.logger.casefold()


@dataclass(frozen=True, slots=True)
class Heard:
    """Lines, the oldest first. ``upto``: the number to go on from. ``lost``: before them were some that are gone."""

    lines: tuple[Line, ...]
    upto: int
    lost: bool = False


class _Shelf:
    """Lines within bounds; the oldest go first."""

    def __init__(self, most: int, gone: Callable[[Line], None]) -> None:
        self.lines: deque[Line] = deque()
        self._most = most
        self._gone = gone
        self._bytes = 0

    def put(self, line: Line) -> None:
        self.lines.append(line)
        self._bytes += _size(line)
        while len(self.lines) > self._most or self._bytes > _MOST_BYTES:
            oldest = self.lines.popleft()
            self._bytes -= _size(oldest)
            self._gone(oldest)


def _size(line: Line) -> int:
    """In bytes of memory: one sign from far away makes each sign of its text longer."""
    return sys.getsizeof(line.text) + sys.getsizeof(line.logger) + _BYTES_BESIDE


class Ring:
    """The lines of one daemon; ``boot`` is another text for each, because numbers begin anew with it."""

    def __init__(self, logger: str = "evsed", clock: Callable[[], float] = time.monotonic) -> None:
        """``logger``: whose lines at DEBUG can be had."""
        self.boot = secrets.token_hex(4)
        self._logger = logging.getLogger(logger)
        self._clock = clock
        self._inbox: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self._overrun = self._overrun_told = 0
        self._failed = False
        self._secrets = Secrets()
        self.known: Callable[[], Iterable[str]] = tuple
        """Which secrets there are at the moment; any thread may ask."""

        self._lock = threading.Lock()  # of lines, between the thread and readers; who logs never takes it
        self._number = 0
        self._gone = dict.fromkeys(Level, 0)
        self._kept = _Shelf(MOST, self._lose)
        self._debug = _Shelf(MOST_DEBUG, self._lose)
        self._wanted = 0  # so many want DEBUG
        self._debug_until: float | None = None  # None: it is off

    def start(self) -> None:
        """Begins; what was taken before is not lost."""
        threading.Thread(target=self._run, name="log lines", daemon=True).start()

    def hides(self, known: Callable[[], Iterable[str]]) -> None:
        """``known`` says which secrets there are at the moment; it is asked for each line, by threads of the log."""
        self.known = known

    # ---- who logs ----

    def take(self, record: logging.LogRecord) -> None:
        """Queues a record whose text is made; never waits. It is lost when there are too many, which is told."""
        if record.levelno < Level.INFO and (self._debug_until is None or record.levelno < Level.DEBUG):
            return
        if self._inbox.qsize() >= _MOST_QUEUED:
            self._overrun += 1
            return
        self._inbox.put(record)

    # ---- who looks ----

    @property
    def number(self) -> int:
        """That of the newest line."""
        return self._number

    def last(self, count: int, wanted: Wanted) -> Heard:
        """The newest ``count`` of the lines that are ``wanted``."""
        heard = self.after(0, wanted)
        return Heard(heard.lines[-count:] if count else (), heard.upto)

    def after(self, number: int, wanted: Wanted, most: int | None = None) -> Heard:
        """The first ``most`` lines after ``number`` that are ``wanted``; None: all of them."""
        if number == self._number:
            return Heard((), number)
        with self._lock:
            upto = self._number
            shelves = (self._kept, self._debug) if wanted.level < Level.INFO else (self._kept,)
            newer = [[*takewhile(lambda line: line.number > number, reversed(shelf.lines))] for shelf in shelves]
            lost = any(self._gone[level] > number for level in Level if level >= wanted.level)
        lines = [line for line in merge(*map(reversed, newer), key=_number_of) if wanted.has(line)]
        if most is not None and len(lines) > most:
            lines = lines[:most]
            upto = lines[-1].number
        return Heard(tuple(lines), upto, lost)

    @contextmanager
    def listening(self, level: Level) -> Iterator[None]:
        """As long as this lasts, and a little longer, lines of ``level`` are made."""
        wants_debug = level < Level.INFO
        if wants_debug:
            with self._lock:
                self._wanted += 1
                self._debug_until = self._clock() + LINGER_S
            self._logger.setLevel(logging.DEBUG)
            self._inbox.put(None)
        try:
            yield
        finally:
            if wants_debug:
                with self._lock:
                    self._wanted -= 1
                    self._debug_until = self._clock() + LINGER_S

    # ---- its thread ----

    def _run(self) -> None:
        while True:
            try:
                record = self._inbox.get(timeout=None if self._debug_until is None else LINGER_S / 4)
            except queue.Empty:
                record = None
            if record is not None:
                self.keep_or_lose(record)
            self.calm()

    def keep_or_lose(self, record: logging.LogRecord) -> None:
        """As keep(); a record of which no line can be made is lost, and who looks is told of the gap."""
        try:
            self.keep(record)
        except Exception:  # whatever it is, the lines after it are wanted all the same
            with self._lock:
                self._number += 1
                self._gone = dict.fromkeys(Level, self._number)
            if not self._failed:  # once: this is a record too
                self._failed = True
                log.exception("a line of the live log could not be made: it is lost, and so are others of the kind")

    def calm(self) -> None:
        """DEBUG ends when nobody has wanted it for a while."""
        with self._lock:
            until = self._debug_until
            if until is None or self._wanted or self._clock() < until:
                return
            self._debug_until = None
            self._logger.setLevel(logging.NOTSET)

    def keep(self, record: logging.LogRecord) -> None:
        """Makes a line of a record that was taken."""
        self._secrets.know(self.known())
        text = self._secrets.hide(cut(record.getMessage(), _LONGEST_TEXT, _LONGEST_END))
        name = self._secrets.hide(record.name[:100])
        level = max(level for level in Level if level <= max(record.levelno, Level.DEBUG))
        with self._lock:
            if lost := self._overrun - self._overrun_told:
                self._overrun_told += lost
                self._number += lost
                self._gone = dict.fromkeys(Level, self._number)
            line = Line(self._number + 1, int(record.created * 1000), level, name, text)
            (self._debug if level < Level.INFO else self._kept).put(line)
            self._number = line.number

    def _lose(self, line: Line) -> None:
        self._gone[line.level] = line.number


def _number_of(line: Line) -> int:
    return line.number
