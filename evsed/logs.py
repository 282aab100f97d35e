"""Logging that never blocks: whoever logs only queues, and threads write and keep.

A journal that is stuck, or a pipe that nobody reads, must not hold up the control loop, nor the lines that people look
at in logring.py. A line that finds the queue full is dropped; how many were is said as soon as there is room again.
"""

import logging
import logging.handlers
import queue
import sys
import threading

from evsed.logring import Ring

_LONGEST_QUEUE = 2_000


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
        self._writer.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
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
