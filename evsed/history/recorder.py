"""Looks at the Snapshot once a second, on a thread of its own, and keeps a row of it each half minute.

The control loop never waits for it, and knows nothing of it.
"""

import hashlib
import secrets
import threading
import time
from pathlib import Path
from typing import Final, Protocol

from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis, WattHours
from evsed.history.file import HistoryFile
from evsed.history.rows import STEP_S, History
from evsed.history.seen import Seen, joined

LOOK_S: Final = 1.0
_LEAVES_WITHIN_S: Final = 0.2
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Charger(Protocol):
    """The control loop, as far as it is looked at; evsed.runtime.Runtime is one."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def hangs(self) -> bool: ...


class Clock:
    """The two clocks: how long the machine runs, asleep or not, and the time of day, right or wrong."""

    def up_ms(self) -> Millis:
        """Since the machine was started."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def unix_s(self) -> float:
        """What the system takes for the time of day."""
        return time.time()


class Recorder:
    """Fills ``history``, which anybody may read."""

    def __init__(self, charger: Charger, folder: Path | None, series: str = "", clock: Clock | None = None) -> None:
        """``folder``: where the rows outlive the daemon. ``series``: of this start of the machine; empty: found out."""
        self._charger = charger
        self._file = HistoryFile(folder)
        self._clock = clock or Clock()
        self.history = History(series or series_of(_BOOT_ID))
        self._number: int | None = None
        self._seen = Seen()
        self._register_wh: WattHours | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Looks from now on. Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Ends; what was seen of the half minute that is not over is kept too."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_LEAVES_WITHIN_S)

    def _run(self) -> None:
        self.load()
        self.look()
        while not self._stop.wait(LOOK_S):
            self.look()
        self.finish()

    def load(self) -> None:
        """Takes over what the daemon before this one has recorded since the machine was started."""
        self._file.load(self.history, self._clock.up_ms() // (STEP_S * 1000))

    def look(self) -> None:
        """One look. A control loop that hangs is not seen: what it says is not true any more."""
        up_ms = self._clock.up_ms()
        number = up_ms // (STEP_S * 1000)
        if number != self._number:
            self.finish()
            self._number = number
        if self._charger.hangs:
            return
        snapshot = self._charger.snapshot
        self._seen.add(snapshot)
        known = snapshot.unix_s is not None
        self.history.begun_s = self._clock.unix_s() - up_ms / 1000 if known else None

    def finish(self) -> None:
        """The half minute is over, or is cut short."""
        row = self._seen.row(self._register_wh)
        number, self._number = self._number, None
        if row is not None and number is not None:
            earlier = self.history.row(number)
            self.history.put(number, row if earlier is None else joined(earlier, row))
            self._file.add(self.history, number)
            if self._seen.register_wh is not None:
                self._register_wh = self._seen.register_wh
        self._seen = Seen()


def series_of(boot_id: Path) -> str:
    """A short name of this start of the machine; one of its own where the kernel does not tell."""
    try:
        told = boot_id.read_bytes()
    except OSError:
        told = secrets.token_bytes(16)
    return hashlib.sha256(told).hexdigest()[:8]
