"""``python -m tests.api.fuzz [REQUESTS] [SEED]``: throws random requests at the whole web server, and watches it.

No answer is a fault of ours (500 and above, but for 503); what is refused, and what only reads, changes nothing; and
the process does not grow.
"""

import contextlib
import gc
import json
import logging
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evsed import runtime
from evsed.api.firmware.posted_settings import REFUSED
from evsed.core.events import ChangeSetting
from evsed.core.model import MeterRole
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved, Snapshot
from evsed.doors.webserver import Bounds
from tests.api.dice import Asked, Dice
from tests.api.served import Charger, Served, now_and_then_as_root
from tests.core.story import settings
from tests.scenarios.simulation import PATIENCE_S, wait_for

SETTINGS = {"mains_meter": "API", "ev_meter": "API", "rfidreader": "EnableAll"}
"""With these, more of what is asked is taken."""

_SAYS_NO = frozenset({"stop_timer", "success"})
"""What is false when it was refused; elsewhere false is a value."""

READS = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_GROWN_BYTES = 12_000_000
MOST_GROWN_OBJECTS = 5_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int = 0  # 0: the connection ended without one
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Size:
    """How big this process is, with its garbage collected."""

    rss: int
    objects: int


def size() -> Size:
    """Now."""
    gc.collect()
    return Size(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE, len(gc.get_objects()))


class Client:
    """Sends to ``served``; keeps its connection while that goes well."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._open: socket.socket | None = None

    def close(self) -> None:
        """Ends the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def busy(self) -> bool:
        """Whether the server is at work for anybody."""
        return bool(self._served.server.server_state.tasks)

    def ask(self, asked: Asked) -> Told:
        """The answer; what is not whole is sent on a connection of its own, and ended there."""
        if not asked.is_whole:
            with self._served.connect() as door:
                with contextlib.suppress(OSError):
                    door.sendall(asked.data)
                    door.shutdown(socket.SHUT_WR)
                return _read(door, asked)
        for _ in range(2):  # the server may have ended the connection since
            kept = self._open is not None
            self._open = self._open or self._served.connect()
            with contextlib.suppress(OSError):
                self._open.sendall(asked.data)
            told = _read(self._open, asked)
            if not told.status or told.status == 400 or "connection" in told.headers or _endless(told):
                self.close()
            if told.status or not kept:
                return told
        return Told()


def _endless(told: Told) -> bool:
    return told.headers.get("content-type", "").startswith("text/event-stream")


def _read(door: socket.socket, asked: Asked) -> Told:
    """One answer; empty when the connection ends before it is whole."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while b"\r\n\r\n" not in said or said.startswith(b"HTTP/1.1 100"):
            said = said.partition(b"\r\n\r\n")[2] if said.startswith(b"HTTP/1.1 100") and b"\r\n\r\n" in said else said
            if b"\r\n\r\n" in said:
                break
            data = door.recv(65_536)
            if not data:
                return Told()
            said += data
        head, _, body = said.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        told = Told(int(status.split()[1]), headers)
        if asked.method == "HEAD" or _endless(told):
            return told
        chunked = headers.get("transfer-encoding") == "chunked"
        while not body.endswith(b"0\r\n\r\n") if chunked else len(body) < int(headers.get("content-length", 0)):
            data = door.recv(65_536)
            if not data:
                return Told()
            body += data
        return Told(told.status, headers, body)
    return Told()


def is_refused(asked: Asked, told: Told) -> bool:
    """Whether ``told`` says that nothing was done: an error, or a firmware's 200 without anything that was taken."""
    if told.status >= 400 or asked.method in READS:
        return True
    if "json" not in told.headers.get("content-type", "") or asked.path.startswith("/api/"):
        return False
    return not _taken(json.loads(told.body))


def _taken(echo: Any, name: str = "") -> bool:
    if isinstance(echo, dict):
        return any(_taken(value, key) for key, value in echo.items() if key != "reason")
    return echo != REFUSED and not (echo is False and name in _SAYS_NO)


def changes(before: Snapshot, after: Snapshot) -> list[str]:
    """What a request has changed; what only time changes (a limit that ends, a light that goes off) is none."""
    names = ["saved", "override", "pilot_override", "rfid_last"]
    if not after.settings.switch:  # a switch that was chosen just before says a moment later where it is
        names.append("custom_button")
    found = [name for name in names if getattr(before, name) != getattr(after, name)]
    if after.battery_at not in {None, before.battery_at}:
        found.append("battery")
    for role in MeterRole:
        new, old = after.meters[role].values, before.meters[role].values
        if new != old:
            found.append(f"{role.value} meter")
    if after.backlight_s > before.backlight_s:
        found.append("backlight")
    over = before.lent is not None and before.lent.until is not None and before.lent.until <= after.now
    if before.lent != after.lent and not over:
        found.append("lent")
    return found


@dataclass
class Report:
    """What came of it."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    changed: int = 0  # requests that changed something
    wrong: list[str] = field(default_factory=list)
    begin: Size = Size(0, 0)
    end: Size = Size(0, 0)
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """For people."""
        statuses = ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(self.statuses.items()))
        yield f"{self.requests} requests in {self.seconds:.0f} s, {self.changed} changed something; answers {statuses}"
        grown = self.end.rss - self.begin.rss
        more = self.end.objects - self.begin.objects
        yield f"memory {self.begin.rss / 1e6:.1f} to {self.end.rss / 1e6:.1f} MB ({grown / 1e6:+.1f})"
        yield f"objects {self.begin.objects} to {self.end.objects} ({more:+d})"
        yield from self.wrong[:20]


class _Faults(logging.Handler):
    """Puts what is logged as an error among what is wrong."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.ERROR)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the text."""
        self._report.wrong.append(f"logged: {self.format(record)[-600:]}")


def throw(requests: int, seed: int) -> Report:
    """Throws ``requests``. The size is that after the first fifth, and at the end."""
    report = Report(requests)
    saved = Saved(settings=settings(**dict(SETTINGS)))
    bounds = Bounds(request_s=1.0, closing_s=0.2)
    faults = _Faults(report)
    logging.getLogger().addHandler(faults)
    with (
        patch.object(runtime, "CYCLE_MS", 1),
        Charger(saved) as charger,
        Served(now_and_then_as_root(charger.app), charger.refusals, bounds) as served,
    ):
        dice = Dice(charger.app.openapi(), seed)
        client = Client(served)
        begun = time.monotonic()
        for number in range(requests):
            if number == requests // 5:
                report.begin = size()
            _one(charger, client, dice.throw(), report)
        report.seconds = time.monotonic() - begun
        client.close()
        report.end = size()
    logging.getLogger().removeHandler(faults)
    return report


def _one(charger: Charger, client: Client, asked: Asked, report: Report) -> None:
    before = charger.site.snapshot
    told = client.ask(asked)
    if not told.status:
        wait_for(lambda: not client.busy, "the server is done with what it did not answer")
    changed = changes(before, charger.site.snapshot)
    if asked.path == "/erasesettings" and told.status == 200:
        for key, value in SETTINGS.items():
            charger.runtime.submit(ChangeSetting(key, TABLE[key].parse(value))).result(PATIENCE_S)
    report.statuses[told.status] += 1
    report.changed += bool(changed)
    shown = f"{told.status} to {asked.data[:300]!r}: {told.body[:300]!r}"
    if told.status >= 500 and told.status != 503:
        report.wrong.append(f"a fault of ours: {shown}")
    if changed and told.status and is_refused(asked, told):
        report.wrong.append(f"refused, and changed {', '.join(changed)}: {shown}")
    if asked.is_whole and not told.status:
        report.wrong.append(f"no answer to {asked.data[:300]!r}")


def grown(report: Report) -> bool:
    """Whether the process grew by more than noise."""
    bytes_, objects = report.end.rss - report.begin.rss, report.end.objects - report.begin.objects
    return bytes_ > MOST_GROWN_BYTES or objects > MOST_GROWN_OBJECTS


def main(arguments: list[str]) -> int:
    """Throws, prints, judges."""
    logging.disable(logging.WARNING)  # a line for each thing that is refused
    report = throw(*(int(argument) for argument in arguments), *(100_000, 1)[len(arguments) :])
    print("\n".join(report.lines()))  # noqa: T201 - a command
    return int(bool(report.wrong) or grown(report))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
