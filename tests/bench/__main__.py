"""``python -m tests.bench [TRACES]``: what things cost and what regulation reaches; keeps all in build/bench.json.

TRACES is the folder with the reference's traces; without it only the costs are measured.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from evsed.replay.trace import read
from tests.bench import bus, costs, cycle, lcd, page, start, tables, web
from tests.bench.goals import SCENARIOS
from tests.bench.runs import file_of, jobs, run_all

TARGET = Path("build/bench.json")
DAY = SCENARIOS[2]
"""The day of which is told how long its replay takes."""


def main(arguments: list[str] | None = None) -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("traces", type=Path, metavar="TRACES", nargs="?", help="folder with the traces (*.csv.gz)")
    parser.add_argument("--page", type=Path, metavar="PAGE", help="docs/regulation.md: put the tables there too")
    options = parser.parse_args(arguments)
    folder: Path | None = options.traces
    report: dict[str, Any] = {"costs": costs.calls(), "traces": {}, "robustness": []}
    for name, figure in report["costs"].items():
        print(f"{name:34} median {figure['median_us']:8.1f} us   p99.9 {figure['p99_9_us']:8.1f} us", flush=True)
    report["cycle"] = cycle.cycle()
    print("\n".join(cycle.lines(report["cycle"])), flush=True)
    report["bus"] = bus.bus()
    print("\n".join(bus.lines(report["bus"])), flush=True)
    report["web"] = web.web()
    print("\n".join(web.lines(report["web"])), flush=True)
    report["page"] = page.page()
    print("\n".join(page.lines(report["page"])), flush=True)
    report["lcd"] = lcd.lcd()
    print("\n".join(lcd.lines(report["lcd"])), flush=True)
    report["start"] = start.start()
    print("\n".join(start.lines(report["start"])), flush=True)
    if folder is None:
        print("no folder with traces was named: nothing is replayed")
    elif not folder.is_dir():
        print(f"{folder} is not there: nothing is replayed (make bench TRACES=<folder with the traces>)")
    else:
        _replay(folder, report)
    if options.page is not None and report["traces"]:
        _put(options.page, report)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(report, indent=2) + "\n")


def _replay(folder: Path, report: dict[str, Any]) -> None:
    missing = sorted({scenario.trace for scenario in SCENARIOS if not file_of(folder, scenario).is_file()})
    if missing:
        print(f"not in {folder}: {', '.join(missing)}; not replayed")
    if DAY.trace not in missing:
        cost = costs.replay(read(file_of(folder, DAY)), DAY.options())
        report["costs"][f"replay of {DAY.name}"] = cost
        hours = cost["trace_s"] / 3_600
        print(f"replay of {DAY.name} ({hours:g} h): {cost['wall_s']} s, CPU {cost['cpu_s']} s", flush=True)
    done = run_all(jobs(folder))
    report["traces"] = tables.traces(done)
    report["robustness"] = tables.robustness(done)
    if done:
        print(f"\n{tables.traces_table(report['traces'])}\n\n{tables.robustness_table(report['robustness'])}")


def _put(page: Path, report: dict[str, Any]) -> None:
    text = tables.put(page.read_text(), "traces", tables.traces_table(report["traces"]))
    page.write_text(tables.put(text, "robustness", tables.robustness_table(report["robustness"])))


if __name__ == "__main__":
    main()
