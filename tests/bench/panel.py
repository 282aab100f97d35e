"""The LCD as the daemon runs it: its own thread, luma, gpiozero, pigpio's socket and the light that comes and goes.

Only the ends are not there: an SPI that swallows everything, and as much of a pigpiod as it takes. That one runs in a
process of its own, as the real one does: ``python -m tests.bench.panel`` prints its port and ends with its input.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis
from evsed.hw.lcd.display import Glass
from evsed.hw.lcd.show import Face
from evsed.hw.lcd.thread import Lcd
from evsed.hw.lcd.wire import Kernel
from evsed.wiring import Wiring
from tests.hw.small_pigpiod import SmallPigpiod

LIT_MS: Final = 4_000
DARK_MS: Final = 2_000
"""As long as the light takes to go: it fades about half of the time."""

OPENS_S: Final = 30.0


@contextmanager
def pigpiod() -> Iterator[int]:
    """Its port."""
    words = [sys.executable, "-m", "tests.bench.panel"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate(timeout=30)


@dataclass(slots=True)
class Effort:
    """What the LCD's thread did."""

    bytes_per_s: float = 0.0
    cpu_pct: float = 0.0


class Panel:
    """One panel, which can be switched on again and again. ``clock``: ms, for the light."""

    def __init__(self, port: int, snapshot: Callable[[], Snapshot], face: Face, clock: Callable[[], Millis]) -> None:
        self.sent = 0  # bytes, by the SPI
        self._shows = threading.Event()
        self._wiring = replace(Wiring(), pigpio_port=port)
        kernel = Kernel(lambda _, flags: os.open(os.devnull, flags), lambda *_: 0, self._write)
        self._glass = Glass(self._wiring, kernel=kernel)
        self._snapshot = snapshot
        self._face = face
        self._clock = clock

    def _write(self, _: int, data: bytes) -> int:
        self.sent += len(data)
        self._shows.set()
        return len(data)

    def _look(self) -> Snapshot:
        lit = self._clock() % (LIT_MS + DARK_MS) < LIT_MS
        return replace(self._snapshot(), backlight_s=1 if lit else 0)

    @contextmanager
    def moving(self) -> Iterator[Effort]:
        """It shows; what that took is known at the end. RuntimeError: it does not come up."""
        lcd = Lcd(self._wiring, self._look, self._face, opener=lambda _: self._glass)
        self._shows.clear()
        lcd.start()
        thread = lcd._thread
        assert thread is not None
        assert thread.ident is not None
        try:
            if not self._shows.wait(OPENS_S):
                raise RuntimeError("the LCD does not come up; the log says why")
            processor = time.pthread_getcpuclockid(thread.ident)
            begun, sent, used = time.monotonic(), self.sent, time.clock_gettime(processor)
            effort = Effort()
            yield effort
            passed = time.monotonic() - begun
            effort.bytes_per_s = (self.sent - sent) / passed
            effort.cpu_pct = 100 * (time.clock_gettime(processor) - used) / passed
        finally:
            lcd.close()
            thread.join(OPENS_S)


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, 0)  # it is one program among others, whoever started it
    print(SmallPigpiod().port, flush=True)
    sys.stdin.read()
