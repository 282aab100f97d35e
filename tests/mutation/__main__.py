"""Breaks safety, states, faults and pilot in every small way cosmic-ray knows, and asks the tests whether they notice.

``python -m tests.mutation [MODULE ...]`` works on a copy under build/mutation, prints each survivor and the score, and
ends with 1 below 95 %. A mutant of an annotation (``X | None``) is no mutant: it is left out. So is ``is`` against
``==`` (and ``is not`` against ``!=``), which for members of an Enum are the same.
"""

import argparse
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutation"
WANTED_PERCENT = 95
WORKERS = 2
TESTS = {
    "safety": "tests/core/test_safety.py",
    "states": "tests/core/test_states.py tests/core/test_parts.py",
    "faults": "tests/core/test_parts.py",
    "pilot": "tests/core/test_pilot_limits.py tests/core/test_pilot.py tests/core/test_lateness.py",
}
CONFIG = """[cosmic-ray]
module-path = "evsed/core/{module}.py"
timeout = 120.0
excluded-modules = []
test-command = "{python} -m pytest -x -q -p no:cacheprovider {tests}"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = [
    "core/ReplaceBinaryOperator_BitOr_.*",
    "core/ReplaceComparisonOperator_Is_Eq",
    "core/ReplaceComparisonOperator_IsNot_NotEq",
]
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the mutants of one module."""

    module: str
    killed: int
    survivors: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.killed + len(self.survivors)


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _copy(module: str) -> Path:
    place = BUILD / module
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("evsed", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def mutate(module: str) -> Result:
    """Runs every mutant of ``module``."""
    place = _copy(module)
    config, session = place / "cosmic-ray.toml", place / "session.sqlite"
    config.write_text(CONFIG.format(module=module, python=sys.executable, tests=TESTS[module]))
    for tool, *arguments in (
        ("cosmic-ray", "baseline", config),
        ("cosmic-ray", "init", config, session),
        ("cr-filter-operators", session, config),
        ("cosmic-ray", "exec", config, session),
    ):
        subprocess.run([_tool(tool), *map(str, arguments)], cwd=place, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(session) as rows:
        outcomes = rows.execute(
            "select lower(test_outcome), operator_name, start_pos_row, diff"
            " from work_results join mutation_specs using (job_id) where lower(worker_outcome) not like '%skipped%'"
        ).fetchall()
    survivors = [f"{name} line {row}\n{diff}" for outcome, name, row, diff in outcomes if "survived" in outcome]
    return Result(module, len(outcomes) - len(survivors), tuple(survivors))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TESTS)}")
    modules: list[str] = parser.parse_args().modules or list(TESTS)
    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(mutate, modules))
    for result in results:
        for survivor in result.survivors:
            print(f"{result.module}: survived: {survivor}\n")
    for result in results:
        print(f"{result.module}: {result.killed} of {result.total} mutants killed")
    killed, total = sum(result.killed for result in results), sum(result.total for result in results)
    percent = 100 * killed / max(total, 1)
    print(f"score {percent:.1f} % ({killed} of {total}); wanted {WANTED_PERCENT} %")
    return int(percent < WANTED_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
