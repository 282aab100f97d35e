"""What things cost on this machine. Prints figures and writes them to build/bench.json; nothing here can fail.

CPU time of a control step, of judging a pilot burst and of building the documents, and how busy the bus is.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from evsed.api.entities import payloads
from evsed.api.report import settings_document
from evsed.config import Installation
from evsed.core.events import Inputs, Sampled
from evsed.core.pilot import Level, judge
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings

STEPS = 100_000
FEWER = 20_000


def measure(what: Callable[[], object], times: int) -> dict[str, float]:
    """Median and 99.9th percentile of the CPU time of one call, in microseconds."""
    costs = []
    for _ in range(times):
        begun = time.thread_time_ns()
        what()
        costs.append((time.thread_time_ns() - begun) / 1000)
    costs.sort()
    return {"median_us": statistics.median(costs), "p99_9_us": costs[int(times * 0.999)]}


def main() -> None:
    """Measures, prints, writes."""
    story = Story(Saved(settings=settings(mode="Smart")))
    story.charge()
    samples = tuple(story.unit.sample())
    inputs = Inputs(samples, 220, 25)

    def step() -> None:
        story.now += 10
        story.core.handle(Sampled(inputs), story.now)

    figures = {
        "control step, charging in Smart": measure(step, STEPS),
        "judging one pilot burst": measure(lambda: judge(samples, 2_166, Level.WANTS_POWER), FEWER),
        "building a Snapshot": measure(lambda: story.snapshot, FEWER),
        "GET /settings document": measure(
            lambda: settings_document(story.snapshot, Installation(), mqtt_connected=True), FEWER
        ),
        "MQTT payloads": measure(lambda: payloads(story.snapshot), FEWER),
    }
    for name, figure in figures.items():
        print(f"{name:34} median {figure['median_us']:8.1f} us   p99.9 {figure['p99_9_us']:8.1f} us")
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
