"""Replays the reference traces, two at a time at most: one process a core, and never more than two."""

import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evsed.core.units import Millis
from evsed.replay.engine import Replay
from evsed.replay.trace import read
from tests.bench.goals import DEAD_TIME_MS, DEAD_TIMES_MS, PERIOD_MS, PERIODS_MS, SCENARIOS, Scenario, with_net

MOST_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One replay."""

    folder: Path
    scenario: int  # index into SCENARIOS
    dead_time_ms: Millis = DEAD_TIME_MS
    period_ms: Millis = PERIOD_MS

    @property
    def of(self) -> Scenario:
        """What is replayed."""
        return SCENARIOS[self.scenario]


@dataclass(frozen=True, slots=True)
class Done:
    """A job and its figures."""

    job: Job
    figures: dict[str, Any]


def file_of(folder: Path, scenario: Scenario) -> Path:
    """Where its trace is."""
    return folder / f"{scenario.trace}.csv.gz"


def jobs(folder: Path) -> list[Job]:
    """The replays of every trace that is in ``folder``: as the reference did it, and with other cars and meters."""
    found = [index for index, scenario in enumerate(SCENARIOS) if file_of(folder, scenario).is_file()]
    robust = [index for index in found if SCENARIOS[index].robust]
    return [
        *(Job(folder, index) for index in found),
        *(Job(folder, index, dead_time_ms=dead) for index in robust for dead in DEAD_TIMES_MS),
        *(Job(folder, index, period_ms=period) for index in robust for period in PERIODS_MS),
    ]


def run(job: Job) -> Done:
    """Replays one."""
    replay = Replay(read(file_of(job.folder, job.of)), job.of.options(job.dead_time_ms, job.period_ms))
    replay.run()
    return Done(job, with_net(replay.measures.result()))


def run_all(wanted: list[Job]) -> list[Done]:
    """Replays all, in order."""
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pool.map(run, wanted, chunksize=1)
