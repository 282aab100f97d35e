"""``python -m tests.crash [PART OF A NAME ...]``: runs the crash matrix, prints it, writes build/crash-matrix.json."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from evsed.wiring import Driver
from tests.crash.cases import CASES, Case, Row, bad, recover, run

BUILD = Path("build")
TRIES = 3
_FIELDS = ("case", "expected", "safe_ms", "max_late_ms")


def pairs(words: list[str]) -> list[tuple[Driver, Case]]:
    """Every case with each driver that it is for; with ``words`` only those whose name has one of them in it."""
    found = [(driver, case) for driver in Driver for case in CASES if driver in case.drivers]
    return [
        (driver, case) for driver, case in found if not words or any(word in name_of(driver, case) for word in words)
    ]


def name_of(driver: Driver, case: Case) -> str:
    """What a row is called."""
    return f"{driver}: {case.name}"


def best(driver: Driver, case: Case) -> Row:
    """One try, and while it is no good up to two more: this machine may have stood still."""
    rows: list[Row] = []
    BUILD.mkdir(exist_ok=True)
    while len(rows) < TRIES and (not rows or bad(rows[-1])):
        rows.append(run(case, driver, log=BUILD / f"crash-{driver}-{case.name.replace(' ', '-')}.log"))
    return Row(**{**asdict(rows[-1]), "tries": len(rows)})


def write(rows: list[Row]) -> None:
    """The matrix for programs."""
    BUILD.mkdir(exist_ok=True)
    document = [{name: getattr(row, name) for name in _FIELDS} for row in rows]
    (BUILD / "crash-matrix.json").write_text(json.dumps(document, indent=1) + "\n")


def main(words: list[str]) -> int:
    """Runs it; 0 when every row is good."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    print(f"{'case':44} {'expected':9} {'safe after':>11} {'late by':>9} {'tries':>5}")
    rows = []
    for driver, case in pairs(words):
        row = best(driver, case)
        safe = "-" if row.safe_ms is None else f"{row.safe_ms} ms"
        print(
            f"{row.case:44} {row.expected:9} {safe:>11} {row.max_late_ms:>6} ms {row.tries:>5} {bad(row)}", flush=True
        )
        rows.append(row)
    for driver in Driver if not words else ():
        print(f"{driver}: what was killed is started again, and the car charges {recover(driver) / 1000:.1f} s later")
    write(rows)
    return 1 if any(map(bad, rows)) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
