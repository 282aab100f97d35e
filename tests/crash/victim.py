"""evsed, with saboteurs that wait for a signal: ``python -m tests.crash.victim run --config ...``.

SIGUSR1: the next control cycle raises. SIGUSR2: memory runs out. SIGRTMIN: the thread of the API waits for itself.
"""

import contextlib
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from evsed.cli import main
from evsed.core.units import Millis
from evsed.runtime import Runtime

RAISE = signal.SIGUSR1
EXHAUST = signal.SIGUSR2
DEADLOCK = signal.SIGRTMIN

_struck = threading.Event()
_hoard: list[bytes] = []


class SabotageError(Exception):
    """What the control thread meets."""


def _arm_control_thread() -> None:
    cycle = Runtime._cycle

    def sabotaged(runtime: Runtime, now: Millis) -> None:
        if _struck.is_set():
            raise SabotageError("as the crash matrix wants it")
        cycle(runtime, now)

    Runtime._cycle = sabotaged  # type: ignore[method-assign, assignment]


def _exhaust(*_: object) -> None:
    """From now on the process gets no more memory, and what it gives back somebody else takes at once."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    threading.Thread(target=_take_what_is_left, daemon=True).start()


def _take_what_is_left() -> None:
    size = 1 << 20
    while True:
        try:
            _hoard.append(bytes(size))
        except MemoryError:
            if size > 1:
                size = size // 2
            else:
                size = 512
                time.sleep(0.0002)


def _deadlock(*_: object) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _armed(arguments: list[str]) -> int:
    _arm_control_thread()
    signal.signal(RAISE, lambda *_: _struck.set())
    signal.signal(EXHAUST, _exhaust)
    signal.signal(DEADLOCK, _deadlock)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return main(arguments)


if __name__ == "__main__":
    raise SystemExit(_armed(sys.argv[1:]))
