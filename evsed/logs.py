"""Logging that never blocks: whoever logs only queues, and one thread writes.

A journal that is stuck, or a pipe that nobody reads, must not hold up the control loop. A line that finds the queue
full is dropped; how many were is said as soon as there is room again.
"""

import logging
import logging.handlers
import queue
import sys
import threading

_LONGEST_QUEUE = 2_000


class QueuedLog(logging.handlers.QueueHandler):
    """The root logger's only handler while the daemon runs."""

    def __init__(self) -> None:
        self.lines: queue.Queue[logging.LogRecord] = queue.Queue(_LONGEST_QUEUE)
        super().__init__(self.lines)
        self.dropped = 0
        self._writer = logging.StreamHandler(sys.stderr)
        self._writer.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        root.handlers = [self]
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queues a line, or drops it; never waits."""
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
