"""The control cycle on the Pi's board: what one costs, whether memory grows, and how late it comes on a busy machine.

Cost and growth are taken in virtual time, lateness in real time. ``python -m tests.bench.cycle 1000000`` judges growth
over so many cycles.
"""

import argparse
import gc
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evsed import app, runtime
from evsed.core.states import State
from evsed.core.units import Millis
from evsed.runtime import Runtime
from tests.bench.charger import Memory, Watched, saved

CYCLES = 20_000
WARM_UP = 5_000
LATENESS_S = 60.0
SPI_S = 0.0033  # 106 frames of 30 us, of which the processor is free for others
LATENESS_GOAL_MS = 50.0
MORE_OBJECTS = 20
MORE_BLOCKS = 400
"""What a snapshot more or less, or a cache that is not yet full, may hold; one object a cycle would be thousands."""

_LONGEST_S = 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds: objects that the collector knows, blocks of memory in use, and the process's pages."""

    objects: int
    blocks: int
    rss_kib: int


def held() -> Held:
    """As of now, after a collection."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(len(gc.get_objects()), sys.getallocatedblocks(), pages * _PAGE // 1024)


class Virtual:
    """A control loop whose clock stands still between its cycles. It charges when it is made."""

    def __init__(self) -> None:
        self.now: Millis = 1_000_000
        with self._clock():
            self.board = Watched()
            self.runtime = Runtime(self.board, Memory(), saved(), lambda: None)
            self._until_charging()

    def _clock(self) -> Any:
        return patch.object(runtime, "monotonic_ms", lambda: self.now)

    def _until_charging(self) -> None:
        for _ in range(_LONGEST_S * 100):
            if self.runtime.snapshot.state is State.C:
                return
            self._cycle()
        raise AssertionError(f"the car does not charge: {self.runtime.snapshot}")

    def _cycle(self) -> None:
        self.now += runtime.FAST_CYCLE_MS
        self.runtime._cycle(self.now)

    def cycles(self, count: int) -> None:
        """So many cycles, 10 ms apart."""
        with self._clock():
            for _ in range(count):
                self._cycle()
        assert self.runtime.snapshot.state is State.C

    def costs_us(self, count: int) -> list[float]:
        """What each of so many cycles took of the processor, in microseconds."""
        costs = []
        with self._clock():
            for _ in range(count):
                begun = time.thread_time_ns()
                self._cycle()
                costs.append((time.thread_time_ns() - begun) / 1000)
        return costs

    def close(self) -> None:
        """Lets go of the board."""
        self.board.close()


def cost(count: int = CYCLES) -> dict[str, float]:
    """Median and 99.9th percentile of a cycle while a car charges, in microseconds of the processor."""
    charger = Virtual()
    charger.cycles(WARM_UP)
    costs = sorted(charger.costs_us(count))
    charger.close()
    return {"median_us": statistics.median(costs), "p99_9_us": costs[int(count * 0.999)]}


def growth(count: int) -> dict[str, Any]:
    """What the process holds before and after ``count`` cycles of charging."""
    charger = Virtual()
    charger.cycles(WARM_UP)
    before = held()
    charger.cycles(count)
    after = held()
    charger.close()
    grew = after.objects - before.objects > MORE_OBJECTS or after.blocks - before.blocks > MORE_BLOCKS
    return {"cycles": count, "before": asdict(before), "after": asdict(after), "grew": grew}


# ---- lateness ----


def _spin(until: float) -> None:
    while time.monotonic() < until:
        pass


@contextmanager
def busy(seconds: float) -> Iterator[None]:
    """Every processor has a process that spins, for ``seconds`` at most."""
    spinning = multiprocessing.get_context("spawn")
    processes = [
        spinning.Process(target=_spin, args=(time.monotonic() + seconds,), daemon=True)
        for _ in range(os.cpu_count() or 1)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def late_ms(steps: list[float], cycle_ms: Millis) -> list[float]:
    """How much later than a cycle after the one before each step came."""
    return [max(0.0, (step - before) * 1000 - cycle_ms) for before, step in pairwise(steps)]


def lateness(seconds: float = LATENESS_S, *, preferred: bool) -> dict[str, Any]:
    """How late the cycles of a charging loop come while every processor is kept busy.

    ``preferred``: with the real-time priority that the daemon asks for; False: as where it is not permitted.
    """
    board = Watched(spi_s=SPI_S)
    loop = Runtime(board, Memory(), saved(), lambda: None)
    loop.start()
    try:
        until = time.monotonic() + _LONGEST_S
        while loop.snapshot.state is not State.C and time.monotonic() < until:
            time.sleep(0.05)
        assert loop.snapshot.state is State.C, loop.snapshot
        if preferred:
            app._prefer(loop.thread_id)
        with busy(seconds + _LONGEST_S):
            time.sleep(1.0)  # until they spin
            board.noting = True
            time.sleep(seconds)
            board.noting = False
        charging = loop.snapshot.state is State.C
    finally:
        loop.leave()
        loop.join(5.0)
        board.close()
    late = sorted(late_ms(board.steps, runtime.FAST_CYCLE_MS))
    p99_99 = late[int(len(late) * 0.9999)]
    return {
        "steps": len(board.steps),
        "median_ms": round(statistics.median(late), 2),
        "p99_9_ms": round(late[int(len(late) * 0.999)], 2),
        "p99_99_ms": round(p99_99, 2),
        "worst_ms": round(late[-1], 2),
        "charging": charging,
        "goal_ms": LATENESS_GOAL_MS,
        "reached": p99_99 <= LATENESS_GOAL_MS,
    }


def cycle() -> dict[str, Any]:
    """All of it."""
    return {
        "cost": cost(),
        "growth": growth(CYCLES),
        "late, every processor busy": lateness(preferred=True),
        "late, every processor busy, no real-time priority": lateness(preferred=False),
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """For people."""
    figure = report["cost"]
    yield f"control cycle, charging: median {figure['median_us']:.0f} us, p99.9 {figure['p99_9_us']:.0f} us of CPU time"
    yield grown(report["growth"])
    for name, figures in report.items():
        if name.startswith("late"):
            yield (
                f"{name}: median {figures['median_ms']} ms, p99.99 {figures['p99_99_ms']} ms, worst "
                f"{figures['worst_ms']} ms of {figures['steps']} cycles "
                f"(goal {figures['goal_ms']} ms: {'ok' if figures['reached'] else 'MISSED'})"
            )


def grown(figures: dict[str, Any]) -> str:
    """The growth, for people."""
    before, after = figures["before"], figures["after"]
    parts = ", ".join(f"{name} {before[name]} -> {after[name]}" for name in before)
    return f"{figures['cycles']} cycles: {parts} ({'GREW' if figures['grew'] else 'no growth'})"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cycles", type=int, nargs="?", default=1_000_000)
    figures = growth(parser.parse_args().cycles)
    print(grown(figures))
    return int(figures["grew"])


if __name__ == "__main__":
    sys.exit(main())
