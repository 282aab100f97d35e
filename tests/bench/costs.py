"""What things cost on this machine: CPU time of a control step, a pilot burst, the documents and a whole replay.

Measured alone, before anything runs beside it.
"""

import contextlib
import io
import logging
import statistics
import time
from collections.abc import Callable

from evsed.api.firmware.report import Unit, settings_document
from evsed.api.mqtt.entities import View
from evsed.api.mqtt.publishing import payloads
from evsed.core.events import Inputs, Sampled
from evsed.core.pilot import Level, judge
from evsed.core.snapshot import Saved
from evsed.logs import QueuedLog
from evsed.replay.engine import Options, Replay
from evsed.replay.trace import Trace
from tests.core.story import Story, settings

STEPS = 100_000
FEWER = 20_000
LINES = 1_500  # as many as are queued, and none is dropped


def measure(what: Callable[[], object], times: int) -> dict[str, float]:
    """Median and 99.9th percentile of the CPU time of one call, in microseconds."""
    costs = []
    for _ in range(times):
        begun = time.thread_time_ns()
        what()
        costs.append((time.thread_time_ns() - begun) / 1000)
    costs.sort()
    return {"median_us": statistics.median(costs), "p99_9_us": costs[int(times * 0.999)]}


def calls() -> dict[str, dict[str, float]]:
    """What single calls cost."""
    story = Story(Saved(settings=settings(mode="Smart")))
    story.charge()
    samples = tuple(story.unit.sample())
    inputs = Inputs(samples, 220, 25)

    def step() -> None:
        story.now += 10
        story.core.handle(Sampled(inputs), story.now)

    return {
        "control step, charging in Smart": measure(step, STEPS),
        "judging one pilot burst": measure(lambda: judge(samples, 2_166, Level.WANTS_POWER), FEWER),
        "building a Snapshot": measure(lambda: story.snapshot, FEWER),
        "GET /settings document": measure(lambda: settings_document(story.snapshot, Unit()), FEWER),
        "MQTT payloads": measure(lambda: payloads(View(story.snapshot)), FEWER),
        "logging a line": logging_a_line(),
    }


def logging_a_line() -> dict[str, float]:
    """What a line of the log costs whoever logs it, the control thread for one; others write and keep it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    with contextlib.redirect_stderr(io.StringIO()):
        lines = QueuedLog()
    try:
        log = logging.getLogger("evsed.bench")
        return measure(lambda: log.info("%s: %r is refused: %s", "POST /settings mode", "x", "it takes 0 to 5"), LINES)
    finally:
        root.handlers, root.level = handlers, level
        lines.finish(1.0)


def replay(trace: Trace, options: Options) -> dict[str, float]:
    """Wall and CPU time of one replay, in seconds, and how long the trace is."""
    wall, cpu = time.perf_counter(), time.process_time()
    Replay(trace, options).run()
    return {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "trace_s": trace.seconds,
    }
