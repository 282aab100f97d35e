"""Runs a day of frames, 30 days of bus events and 3,000 exchanges on a port: ``python -m tests.longrun [--days 30]``.

The day and the 30 days run beside each other, each in a process of its own; both say their seed, which repeats them.
"""

import argparse
import logging
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable

from tests.longrun.day import Day
from tests.longrun.memory import grown
from tests.longrun.month import Month

EXCHANGES = 3_000
_TOLD_EVERY_S = 60.0
_SETTLED = 4
"""So many looks it takes until every path has been gone once."""


def flat(sizes: list[int]) -> bool:
    """Whether the later half of what was held is no more than the earlier one, but for a tenth."""
    middle = max(_SETTLED, len(sizes) // 2)
    return len(sizes) <= middle or max(sizes[middle:]) * 10 <= max(sizes[:middle]) * 11


def _counted(what: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(what.items()))


def _went(parts: int, run: Callable[[], None], so_far: Callable[[], str]) -> float:
    """Runs all parts, says every minute how far it is, and returns the seconds it took."""
    begun = told = time.monotonic()
    for _ in range(parts):
        run()
        if time.monotonic() - told > _TOLD_EVERY_S:
            told = time.monotonic()
            print(so_far(), flush=True)
    return time.monotonic() - begun


def frames(hours: int, seed: int) -> str:
    """A day of frames: what it came to. Raises AssertionError."""
    day = Day(seed)
    took_s = _went(
        hours * 6, lambda: day.run(10), lambda: f"frames: {day.clock.now / 3600:.1f} h, {day.exchanges} exchanges"
    )
    assert flat(day.sizes), f"what is held has grown: {day.sizes}"
    return (
        f"frames: {hours} h, {day.exchanges} exchanges, {day.errors} of them failed, {day.measurements} measurements, "
        f"none of them false; {day.wire.injected.total()} faults on the wire ({_counted(day.wire.injected)}) and "
        f"{day.happened.total()} elsewhere ({_counted(day.happened)}); {day.sizes[0]} objects held at first, "
        f"{day.sizes[-1]} at the end; {took_s:.0f} s"
    )


def events(days: int, seed: int) -> str:
    """30 days of bus events: what they came to. Raises AssertionError."""
    month = Month(seed)
    took_s = _went(
        days * 8, lambda: month.run(3), lambda: f"events: {month.now / 86_400_000:.1f} days, {month.events} events"
    )
    assert flat(month.sizes), f"what is held has grown: {month.sizes}"
    return (
        f"events: {days} days, {month.steps} steps, {month.events} events, {month.orders} orders, at most "
        f"{month.highest / 10:.1f} A offered ({_counted(month.happened)}); {month.sizes[0]} objects held at first, "
        f"{month.sizes[-1]} at the end; {took_s:.0f} s"
    )


def _run(job: tuple[str, int, int]) -> tuple[bool, str]:
    logging.disable(logging.CRITICAL)
    what, length, seed = job
    try:
        return True, frames(length, seed) if what == "frames" else events(length, seed)
    except Exception:  # noqa: BLE001 - whatever went wrong is what was looked for
        return False, f"{traceback.format_exc()}\n{what}: seed {seed}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hours", type=int, default=24, help="of frames")
    parser.add_argument("--days", type=int, default=30, help="of bus events")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    jobs = [("frames", given.hours, given.seed), ("events", given.days, given.seed)]
    well = True
    with multiprocessing.Pool(len(jobs)) as pool:
        for passed, told in pool.imap_unordered(_run, jobs):
            well = well and passed
            print(told, flush=True)
    left, failed = grown(EXCHANGES)
    print(f"port: {EXCHANGES} exchanges, {failed} of them failed, leave {left} bytes")
    return 0 if well and left < 8 * EXCHANGES else 1


if __name__ == "__main__":
    sys.exit(main())
