"""Logging that never blocks: whoever logs only queues, and threads write and keep.

A journal that is stuck, or a pipe that nobody reads, must not hold up the control loop, nor the lines that people look
at in logring.py. A line that finds the queue full is dropped; how many were is said as soon as there is room again.
"""

import contextlib
import logging
import logging.handlers
import queue
import sys
import threading

from evsed.logring import Ring
from evsed.redaction import Secrets, cut

_LONGEST_QUEUE = 2_000
_LONGEST_BEGIN = 4_000  # of a text; a traceback's end says more
_LONGEST_END = 8_000


class _Safe(logging.Formatter):
    """Lines as everybody may see them who reads the journal: without secrets and without escapes. For one thread."""

    def __init__(self, ring: Ring) -> None:
        """``ring`` is told which secrets there are."""
        super().__init__("%(levelname)s %(message)s")
        self._ring = ring
        self._secrets = Secrets()

    def format(self, record: logging.LogRecord) -> str:
        """The line, or several of a traceback. Where it cannot be made, that; logging's own words would show it all."""
        with contextlib.suppress(Exception):  # the secrets from before are hidden still, and the ring tells of it
            self._secrets.know(self._ring.known())
        try:
            return self._secrets.hide(cut(super().format(record), _LONGEST_BEGIN, _LONGEST_END))
        except Exception as error:  # noqa: BLE001 - whatever it is, the lines after it are wanted all the same
            return f"{record.levelname} this line of the log could not be made ({type(error).__name__})"


class QueuedLog(logging.handlers.QueueHandler):
    """The root logger's only handler while the daemon runs. What the root logger lets through is written to stderr.

    ``ring`` is given everything, also what some logger lets through beyond that.
    """

    def __init__(self) -> None:
        self.lines: queue.Queue[logging.LogRecord] = queue.Queue(_LONGEST_QUEUE)
        super().__init__(self.lines)
        self.dropped = 0
        self.ring = Ring()
        self._writer = logging.StreamHandler(sys.stderr)
        self._writer.setFormatter(_Safe(self.ring))
        self._root = logging.getLogger()
        self._root.setLevel(logging.INFO)
        self._root.handlers = [self]
        self.ring.start()
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def handle(self, record: logging.LogRecord) -> bool:
        """Takes a record without the lock of handlers: nobody waits until another one's traceback is written out."""
        if passes := self.filter(record):
            self.emit(record)
        return bool(passes)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queues a line, or drops it; never waits."""
        self.ring.take(record)
        if record.levelno < self._root.level:
            return
        try:
            self.lines.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def _write(self) -> None:
        told = 0
        while True:
            self._writer.handle(self.lines.get())
            if self.dropped > told and self.lines.empty():
                lost, told = self.dropped - told, self.dropped
                self._writer.handle(
                    logging.makeLogRecord({"levelname": "WARNING", "msg": f"{lost} log lines were lost"})
                )
            self.lines.task_done()

    def finish(self, within_s: float) -> None:
        """Gives the writer ``within_s`` to write what is queued."""
        waiting = threading.Thread(target=self.lines.join, daemon=True)
        waiting.start()
        waiting.join(within_s)
