"""Judges millions of pilot bursts, a process a processor: ``python -m tests.pilot_soak 3000000``.

What the bursts are, and what each may be judged as, stands in tests/core/bursts.py. A wrong one is printed with its
seed, which repeats it: ``python -m tests.pilot_soak --seed 17``. It fails as well when a good pilot is called invalid
too often at any one spacing of the samples and duty.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from evsed.core.pilot import Level
from tests.core.bursts import MOST_INVALID, Bench, Burst, too_often

BATCH = 20_000


@dataclass
class Tally:
    """How many bursts there were and how many of them were invalid, by kind and by spacing and duty."""

    judged: Counter[str] = field(default_factory=Counter)
    invalid: Counter[str] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    invalid_cells: Counter[str] = field(default_factory=Counter)

    def count(self, burst: Burst, level: Level) -> None:
        """One more."""
        self.judged[burst.kind] += 1
        self.cells[burst.cell] += 1
        if level is Level.INVALID:
            self.invalid[burst.kind] += 1
            self.invalid_cells[burst.cell] += 1

    def add(self, other: "Tally") -> None:
        """Those of another batch."""
        self.judged += other.judged
        self.invalid += other.invalid
        self.cells += other.cells
        self.invalid_cells += other.invalid_cells


def batch(seed: int) -> tuple[int, Tally, list[str]]:
    """One batch: its seed, its bursts, and what was judged wrongly."""
    tally, wrong = Tally(), []
    for burst in islice(Bench(seed).bursts(), BATCH):
        reading = burst.judged()
        tally.count(burst, reading.level)
        if fault := burst.wrong(reading):
            wrong.append(fault)
    return seed, tally, wrong


def soak(wanted: int, first_seed: int) -> bool:
    """Judges at least ``wanted`` bursts; False when one was judged wrongly, or good ones too often as invalid."""
    begun = time.monotonic()
    tally, failures = Tally(), 0
    seeds = range(first_seed, first_seed + -(-wanted // BATCH))
    with multiprocessing.Pool(min(os.cpu_count() or 1, len(seeds))) as pool:
        for seed, done, wrong in pool.imap_unordered(batch, seeds):
            tally.add(done)
            failures += len(wrong)
            for fault in wrong[:3]:
                print(f"seed {seed}: {fault}", flush=True)
    for kind, count in tally.judged.most_common():
        print(f"{kind:12} {count:9} bursts, {100 * tally.invalid[kind] / count:6.2f} % of them invalid")
    often = too_often(tally.cells, tally.invalid_cells)
    print("\n".join(often) or f"no spacing and duty with more than {100 * MOST_INVALID:g} % of a good pilot invalid")
    took = time.monotonic() - begun
    print(f"{tally.judged.total()} bursts in {took:.0f} s, {failures} judged wrongly")
    return not failures and not often


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("bursts", type=int, nargs="?", default=3_000_000)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seed", type=int, help="judge this one batch again")
    given = parser.parse_args()
    if given.seed is not None:
        *_, wrong = batch(given.seed)
        print("\n".join(wrong) or "nothing is wrong")
        return int(bool(wrong))
    return 0 if soak(given.bursts, given.first_seed) else 1


if __name__ == "__main__":
    sys.exit(main())
