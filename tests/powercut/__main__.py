"""``python -m tests.powercut [KIND ...] [--cuts N] [--seed N]``: power cuts, by default ten thousand of each kind.

Ends with status 1 at the first one after which the last good state was not found, and prints the seed that repeats it.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from itertools import count

from tests.powercut.kinds import KINDS
from tests.powercut.lives import CUTS, LostError, life

PROCESSES = 2


def one(asked: tuple[str, int]) -> tuple[Counter[str], str]:
    """The cuts of one life, and what was lost."""
    name, seed = asked
    try:
        return life(KINDS[name], seed), ""
    except LostError as error:
        return Counter(), str(error)


def run(name: str, cuts: int, pool: "multiprocessing.pool.Pool") -> bool:
    """Makes at least so many cuts of one kind; False at the first loss."""
    begun = time.monotonic()
    counts: Counter[str] = Counter()
    seeds = count()
    while counts["cuts"] < cuts:
        lives = max(PROCESSES, (cuts - counts["cuts"]) // CUTS)
        for found, lost in pool.imap_unordered(one, [(name, next(seeds)) for _ in range(lives)]):
            if lost:
                print(lost)
                return False
            counts += found
            counts["lives"] += 1
            if counts["cuts"] >= cuts:
                break
    print(
        f"{name}: {counts['cuts']} power cuts in {counts['lives']} lives, {counts['twice']} of them while a cut was "
        f"being recovered from, {counts['lied to']} on a disk that had lied; {counts['ops']} calls were there to cut "
        f"between; nothing was lost; {time.monotonic() - begun:.0f} s"
    )
    return True


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)} (default all)")
    parser.add_argument("--cuts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="the one life that this seed makes")
    options = parser.parse_args()
    names = options.kinds or list(KINDS)
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"there is no kind {unknown[0]!r}")
    if options.seed is not None:
        print(*(f"{name}: {one((name, options.seed))}" for name in names), sep="\n")
        return 0
    with multiprocessing.Pool(PROCESSES) as pool:
        good = [run(name, options.cuts, pool) for name in names]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
