"""The rows of the crash matrix: what is done to whom, and what has to come of it.

Owns the deeds and the measurement of one case; yard.py owns the processes.
"""

import contextlib
import os
import signal
import tempfile
import threading
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evsed.wiring import Driver
from tests.crash.victim import DEADLOCK, EXHAUST, RAISE
from tests.crash.yard import PERIOD_MS, Yard
from tests.scenarios.simulation import wait_for

LIMIT_MS = 1_000
"""A safe row takes this at most; DESIGN.md."""

GOES_ON_S = 6.0
STAYS_SAFE_S = 0.5


@dataclass(frozen=True)
class Case:
    """A row. ``strikes``: what is done while the car charges. ``safe``: whether charging has to end by it."""

    name: str
    strike: Callable[[Yard], None]
    safe: bool = True
    drivers: tuple[Driver, ...] = tuple(Driver)
    dies: tuple[str, ...] = ()
    """Units that have to be over before the case is."""

    says: str = ""
    """What the log has to say."""


@dataclass(frozen=True)
class Row:
    """What was measured. ``safe_ms`` None: charging went on, as it should. ``fault``: why it is no good, or empty."""

    case: str
    expected: str
    safe_ms: int | None
    max_late_ms: int
    fault: str = ""
    tries: int = 1


def _signal(number: signal.Signals, *names: str) -> Callable[[Yard], None]:
    def strike(yard: Yard) -> None:
        for name in names:
            os.kill(yard.service(name).pid, number)

    return strike


def _kill_broker(yard: Yard) -> None:
    yard.broker.kill()


def _freeze_broker(yard: Yard) -> None:
    yard.broker.freeze()


def _fill_disk(yard: Yard) -> None:
    yard.fill_disk()
    with contextlib.suppress(urllib.error.HTTPError):  # it tells the client that this will not outlast a restart
        yard.http("PATCH", "/api/v1/settings", b'{"current_min": 7}')  # something to write at once


PIGPIO = (Driver.PIGPIO,)
CASES = (
    Case("evsed kill -9", _signal(signal.SIGKILL, "evsed"), dies=("evsed",)),
    Case("evsed SIGSTOP", _signal(signal.SIGSTOP, "evsed"), dies=("evsed",)),
    Case("exception in the control thread", _signal(RAISE, "evsed"), dies=("evsed",), says="control loop stopped"),
    Case("evsed memory exhausted", _signal(EXHAUST, "evsed"), dies=("evsed",)),
    Case("guard kill -9", _signal(signal.SIGKILL, "guard"), dies=("guard", "evsed")),
    Case("guard SIGSTOP", _signal(signal.SIGSTOP, "guard"), dies=("guard", "evsed")),
    Case("pigpiod kill -9", _signal(signal.SIGKILL, "pigpiod"), drivers=PIGPIO, dies=("pigpiod", "evsed")),
    Case("pigpiod SIGSTOP", _signal(signal.SIGSTOP, "pigpiod"), drivers=PIGPIO, dies=("evsed",)),
    Case("evsed and pigpiod kill -9", _signal(signal.SIGKILL, "pigpiod", "evsed"), drivers=PIGPIO, dies=("evsed",)),
    Case("evsed and guard kill -9", _signal(signal.SIGKILL, "guard", "evsed"), dies=("guard", "evsed")),
    Case("API thread deadlocked", _signal(DEADLOCK, "evsed"), safe=False),
    Case("broker dead", _kill_broker, safe=False),
    Case("broker frozen", _freeze_broker, safe=False),
    Case("disk full", _fill_disk, safe=False, says="File too large"),
)


def _ms() -> int:
    return time.monotonic_ns() // 1_000_000


def run(case: Case, driver: Driver, *, log: Path | None = None) -> Row:
    """Charges, strikes, waits and measures."""
    try:
        return _struck(case, driver, log)
    except AssertionError as error:  # it did not get so far as to charge
        expected = "safe" if case.safe else "charging"
        return Row(_label(case, driver), expected, None, 0, f"no charging to begin with: {error}"[:2_000])


def _struck(case: Case, driver: Driver, log: Path | None) -> Row:
    with tempfile.TemporaryDirectory(prefix="crash-") as directory, Yard(driver, Path(directory)) as yard:
        yard.charge()
        threading.Event().wait(1.0)  # some charging to look at
        try:
            row = _safe(case, yard) if case.safe else _charging(case, yard)
        finally:
            if log is not None:
                log.write_text(yard.said())
    return row


def recover(driver: Driver) -> int:
    """Kills what can die together, starts it again as systemd would, and waits until the car charges; how long, in ms.

    Raises AssertionError when it does not.
    """
    dead = ("pigpiod", "evsed") if driver is Driver.PIGPIO else ("guard", "evsed")
    with tempfile.TemporaryDirectory(prefix="crash-") as directory, Yard(driver, Path(directory)) as yard:
        yard.charge()
        _signal(signal.SIGKILL, *dead)(yard)
        for name in dead:
            wait_for(yard.service(name).over.is_set, f"{name} is over")
        wait_for(lambda: yard.safe, "all is safe")
        began = _ms()
        for name in yard.names:
            if name in dead:
                yard.start(name)
        wait_for(lambda: yard.draws, "the car draws again")
        return _ms() - began


def _label(case: Case, driver: Driver) -> str:
    return f"{driver}: {case.name}"


def _late(yard: Yard) -> int:
    return max(0, int(yard.silicon.state["worst_gap_ms"]) - PERIOD_MS)


def _safe(case: Case, yard: Yard) -> Row:
    late = _late(yard)
    struck = _ms()
    case.strike(yard)
    fault = ""
    with contextlib.suppress(AssertionError):
        wait_for(lambda: yard.safe, "all is safe")
        for name in case.dies:
            wait_for(yard.service(name).over.is_set, f"{name} is over")
    threading.Event().wait(STAYS_SAFE_S)
    left = [name for name in case.dies if not yard.service(name).over.is_set()]
    if left:
        fault = f"{', '.join(left)} did not end"
    if not yard.safe:
        fault = "it is not safe"
    fault = fault or _unsaid(case, yard)
    off = [at for at, _, on in yard.silicon.state["history"] if at >= struck and not on]
    return Row(_label(case, yard.driver), "safe", max(off, default=struck) - struck, late, fault)


def _charging(case: Case, yard: Yard) -> Row:
    case.strike(yard)
    until = time.monotonic() + GOES_ON_S
    fault, pause = "", threading.Event()
    while time.monotonic() < until and not fault:
        pause.wait(0.05)
        if not yard.draws:
            fault = "the car does not draw any more"
    fault = fault or _unsaid(case, yard)
    return Row(_label(case, yard.driver), "charging", None, _late(yard), fault)


def _unsaid(case: Case, yard: Yard) -> str:
    return "" if case.says in yard.said() else f"the log does not say {case.says!r}"


def bad(row: Row) -> str:
    """What is wrong with a row, or nothing."""
    if row.fault:
        return row.fault
    return f"{row.safe_ms} ms is more than {LIMIT_MS}" if row.safe_ms is not None and row.safe_ms > LIMIT_MS else ""
