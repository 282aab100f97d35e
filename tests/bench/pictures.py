"""``python -m tests.bench.pictures TRACES [OUT]``: draws the pictures of docs/regulation.md.

Of each trace the stretch in which the offer changes most, found in what was replayed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

from evsed.core.units import Deciamps
from evsed.replay.engine import Replay
from evsed.replay.plot import Curves, clock, draw
from evsed.replay.trace import Trace, read
from tests.bench.goals import SCENARIOS, Scenario
from tests.bench.runs import file_of


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, of one scenario."""

    file: str
    scenario: str
    seconds: int


PICTURES: Final = (
    Picture("regulation-broken.png", "broken_3ph, Auto", 3_600),
    Picture("regulation-fuse1.png", "fuse1", 3_600),
)


def hardest(offers: Sequence[Deciamps], seconds: int) -> tuple[int, int]:
    """The stretch of so many seconds in which the offer changes most often; the first of several."""
    sums = list(accumulate((before != after for before, after in pairwise(offers)), initial=0))
    starts = range(max(1, len(sums) - seconds))
    start = max(starts, key=lambda at: sums[min(at + seconds, len(sums) - 1)] - sums[at])
    return start, start + seconds


def curves(trace: Trace, replay: Replay) -> Curves:
    """What is drawn, in ampere."""
    return Curves(
        house=[max(row) / 10 for row in trace.house],
        sun=[max(row) / 10 for row in trace.sun],
        offer=[row.offer / 10 for row in replay.rows],
        car=[row.car[0] / 10 for row in replay.rows],
        mains=[max(row.mains) / 10 for row in replay.rows],
        limit=25,
    )


def picture(folder: Path, wanted: Picture, scenario: Scenario, out: Path) -> Path:
    """Replays, draws, and says where the picture is."""
    trace = read(file_of(folder, scenario))
    replay = Replay(trace, scenario.options())
    replay.run()
    start, end = hardest([row.offer for row in replay.rows], wanted.seconds)
    path = out / wanted.file
    draw(path, f"{scenario.name}: {_span(start, end)}", curves(trace, replay), (start, end))
    return path


def _span(start: int, end: int) -> str:
    first, last = (clock(second, with_seconds=False) for second in (start, end))
    return f"the hour from {first} to {last} after the trace began, in which the offer changes most"


def main(arguments: list[str] | None = None) -> None:
    """Draws all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pictures", description=__doc__)
    parser.add_argument("traces", type=Path, metavar="TRACES", help="folder with the traces (*.csv.gz)")
    parser.add_argument(
        "out", type=Path, metavar="OUT", nargs="?", default=Path("docs"), help="folder, docs if left out"
    )
    options = parser.parse_args(arguments)
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    for wanted in PICTURES:
        print(picture(options.traces, wanted, scenarios[wanted.scenario], options.out))


if __name__ == "__main__":
    main()
