"""Judges millions of pilot bursts, a process a processor: ``python -m tests.pilot_soak 3000000``.

What the bursts are, and what each may be judged as, stands in tests/core/bursts.py. A wrong one is printed with its
seed, which repeats it: ``python -m tests.pilot_soak --seed 17``.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from itertools import islice

from evsed.core.pilot import Level
from tests.core.bursts import Bench

BATCH = 20_000


def batch(seed: int) -> tuple[int, Counter[str], Counter[str], list[str]]:
    """One batch: its seed, bursts and invalid readings by kind, and what was wrong."""
    judged: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    wrong = []
    for burst in islice(Bench(seed).bursts(), BATCH):
        reading = burst.judged()
        judged[burst.kind] += 1
        invalid[burst.kind] += reading.level is Level.INVALID
        if fault := burst.wrong(reading):
            wrong.append(fault)
    return seed, judged, invalid, wrong


def soak(wanted: int, first_seed: int) -> bool:
    """Judges at least ``wanted`` bursts; False when one was judged wrongly."""
    begun = time.monotonic()
    judged: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    failures = 0
    seeds = range(first_seed, first_seed + -(-wanted // BATCH))
    with multiprocessing.Pool(min(os.cpu_count() or 1, len(seeds))) as pool:
        for seed, done, unclear, wrong in pool.imap_unordered(batch, seeds):
            judged += done
            invalid += unclear
            failures += len(wrong)
            for fault in wrong[:3]:
                print(f"seed {seed}: {fault}", flush=True)
    for kind, count in judged.most_common():
        print(f"{kind:12} {count:9} bursts, {100 * invalid[kind] / count:6.2f} % of them invalid")
    took = time.monotonic() - begun
    print(f"{judged.total()} bursts in {took:.0f} s, {failures} judged wrongly")
    return failures == 0


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
