"""Runs the hypothesis machine for a given number of steps, in two processes: ``python -m tests.soak 5000000``.

Every event that the core takes is a step, and every step is judged (tests/core/invariants.py). Each batch of lives has
a seed of its own, which is printed with a violation and repeats it: ``python -m tests.soak --seed 17``.
"""

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter

from tests.core.machine_sharing import SharingMachine, run_machine

LIVES = 40
PROCESSES = 2


def batch(seed: int) -> tuple[int, int, Counter[str], str]:
    """One batch of lives: its seed, its steps, what was reached, and the violation if there was one."""
    SharingMachine.steps = 0
    SharingMachine.reached.clear()
    try:
        run_machine(LIVES, seed)
    except Exception:  # noqa: BLE001 - whatever went wrong is what was looked for
        return seed, SharingMachine.steps, SharingMachine.reached, traceback.format_exc()
    return seed, SharingMachine.steps, SharingMachine.reached, ""


def soak(wanted: int, first_seed: int) -> bool:
    """Runs at least ``wanted`` steps; False at the first violation."""
    begun, told, steps = time.monotonic(), 0.0, 0
    reached: Counter[str] = Counter()
    seeds = iter(range(first_seed, first_seed + wanted))
    with multiprocessing.Pool(PROCESSES) as pool:
        for seed, done, seen, violation in pool.imap_unordered(batch, seeds):
            steps += done
            reached += seen
            took = time.monotonic() - begun
            if violation:
                print(f"{violation}\nseed {seed}: a violation after {steps} steps")
                return False
            if took - told >= 10 or steps >= wanted:
                told = took
                print(f"{steps} of {wanted} steps, {steps / took:.0f} a second, seed {seed}", flush=True)
            if steps >= wanted:
                pool.terminate()
                break
    print("reached: " + ", ".join(f"{name} {count}" for name, count in sorted(reached.items())))
    print(f"{steps} steps in {time.monotonic() - begun:.0f} s with no violation")
    return True


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("steps", type=int, nargs="?", default=5_000_000)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seed", type=int, help="run this one batch again")
    given = parser.parse_args()
    if given.seed is not None:
        *_, violation = batch(given.seed)
        print(violation or "no violation")
        return int(bool(violation))
    return 0 if soak(given.steps, given.first_seed) else 1


if __name__ == "__main__":
    sys.exit(main())
