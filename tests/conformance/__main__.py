"""``python -m tests.conformance DIR [--json OUT]``: replays every recorded run of a folder and says how ours differs.

One line a run: ``NAME equal``, ``NAME deviation 3,7``, ``NAME DIFFERENT <what, when>``.
The exit status is 1 when any run is DIFFERENT.
"""

import argparse
import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

from tests.conformance.runs import SUFFIX
from tests.conformance.verdicts import Verdict, judge_file

_MOST_WORKERS = 8


def main(arguments: list[str] | None = None) -> int:
    """Judges a folder; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR", help=f"folder with the runs (*{SUFFIX})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every comparison to this file")
    parser.add_argument("--workers", type=int, default=min(_MOST_WORKERS, os.cpu_count() or 1))
    options = parser.parse_args(arguments)
    paths = sorted(options.directory.glob(f"*{SUFFIX}"))
    if not paths:
        sys.stderr.write(f"no runs (*{SUFFIX}) in {options.directory}\n")
        return 1
    verdicts = judge_all(paths, options.workers)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        report: dict[str, Any] = {verdict.name: verdict.as_json() for verdict in verdicts}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if any(verdict.different for verdict in verdicts) else 0


def judge_all(paths: list[Path], workers: int) -> list[Verdict]:
    """Judges ``paths`` in order, printing each verdict as soon as it is there."""
    verdicts: list[Verdict] = []
    if workers <= 1 or len(paths) == 1:
        verdicts.extend(_told(judge_file(path)) for path in paths)
        return verdicts
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        verdicts.extend(_told(verdict) for verdict in pool.imap(judge_file, paths))
    return verdicts


def _told(verdict: Verdict) -> Verdict:
    sys.stdout.write(f"{verdict.line}\n")
    sys.stdout.flush()
    return verdict


if __name__ == "__main__":
    sys.exit(main())
