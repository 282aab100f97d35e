"""How much of a line the bus makes use of: meters read back to back at 9600 baud, against what their bytes allow.

Wire time is that of the bytes alone: (request + answer) * 10 bits / baud; 8 + 29 bytes = 38.5 ms for an Eastron's
currents. Two silences of 3.5 characters belong to each exchange besides; the one before the answer is the device's.
"""

import os
import select
import threading
import time
import tty
from collections.abc import Sequence
from dataclasses import dataclass, field

from evsed.core.events import Event
from evsed.core.model import MeterRole
from evsed.core.settings import Settings
from evsed.hw.bus import Bus
from evsed.hw.poller import Poller
from evsed.hw.simulation.station import THINKING_S
from tests.core.story import settings
from tests.hw.wires import numbered

BAUD = 9600
BYTE_S = 10 / BAUD
SILENCE_S = 3.5 * BYTE_S
GOAL_PCT = 85.0
MEASURED_S = 10.0


@dataclass
class Devices:
    """Every address on a pseudo-terminal, answering at the pace of a real wire after ``thinking_s``."""

    thinking_s: float
    bytes_seen: int = 0
    exchanges: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Hangs up."""
        self.over.set()
        self._thread.join()
        os.close(self.master)
        os.close(self.slave)

    def _serve(self) -> None:
        while not self.over.is_set():
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            request = os.read(self.master, 256)
            at = time.monotonic()
            answer = numbered(request)
            # A real port gives the last byte when it has come; the wire is busy for both frames until then.
            time.sleep(max(0.0, at + (len(request) + len(answer)) * BYTE_S + self.thinking_s - time.monotonic()))
            os.write(self.master, answer)
            self.bytes_seen += len(request) + len(answer)
            self.exchanges += 1


def measure(thinking_s: float) -> dict[str, float]:
    """Requests a second of one mains and one EV meter, and the share of the wire time that they use."""
    given = settings(mains_meter="Eastron3P", ev_meter="Eastron3P")
    devices = Devices(thinking_s)
    events: list[Event] = []

    def current() -> Settings:
        return given

    bus = Bus("bench", devices.device, BAUD, current, [Poller("bench", list(MeterRole), current, events.append)])
    bus.start()
    try:
        while not devices.exchanges:
            time.sleep(0.001)
        begun, seen, exchanges = time.monotonic(), devices.bytes_seen, devices.exchanges
        cpu = time.process_time()
        time.sleep(MEASURED_S)
        took, used = time.monotonic() - begun, time.process_time() - cpu
        seen, exchanges = devices.bytes_seen - seen, devices.exchanges - exchanges
    finally:
        bus.close()
        devices.close()
    wire_s = seen * BYTE_S
    return {
        "requests_per_s": round(exchanges / took, 2),
        "wire_allows_per_s": round(exchanges / wire_s, 2),
        "used_pct": round(100 * wire_s / took, 1),
        "cpu_pct": round(100 * used / took, 1),
        "errors": bus.statistics.errors,
    }


DEVICES = {
    "answers at once": 0.0,
    "keeps its own silence": SILENCE_S,
    "simulated meter": SILENCE_S + THINKING_S,
}


def bus() -> dict[str, dict[str, float]]:
    """What the bus reaches, by how long a device takes to answer."""
    return {name: measure(thinking_s) for name, thinking_s in DEVICES.items()}


def lines(figures: dict[str, dict[str, float]]) -> Sequence[str]:
    """The figures for people."""
    head = f"one Eastron mains and one EV meter at {BAUD} baud; goal {GOAL_PCT:.0f} % of the bytes' wire time"
    told = [head]
    for name, one in figures.items():
        rate = f"{one['requests_per_s']:6.2f} of {one['wire_allows_per_s']:6.2f} requests/s"
        rest = f"CPU {one['cpu_pct']:4.1f} %   errors {one['errors']:.0f}"
        told.append(f"  {name:22} {rate} = {one['used_pct']:5.1f} %   {rest}")
    return told
