"""GET /settings under load beside a bare FastAPI route of the same size, and how late the control step is meanwhile.

Both are served as in the daemon: by our server, in the process of the control loop, which steps every 10 ms as while a
car charges. They are measured in turns, so that what else the machine does meets both.
"""

import gc
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI

from evsed import app, runtime
from evsed.core.events import Inputs
from evsed.core.units import Millis
from tests.api.served import Charger, EmptySocket, Served
from tests.bench.load import in_another_process

CONNECTIONS = 8
ROUNDS = 4
ROUND_S = 5.0
RATIO_GOAL = 0.5
LATER_GOAL_MS = 10.0


@dataclass
class Watched(EmptySocket):
    """An empty socket that notes when each control step looks at it."""

    steps: list[float] = field(default_factory=list)

    def sample(self) -> Inputs:
        self.steps.append(time.perf_counter())
        return super().sample()


def lateness_ms(steps: list[float], cycle_ms: Millis) -> list[float]:
    """How late each step began. It is due a cycle after the one before was; a missed one is not made up for."""
    late: list[float] = []
    due = steps[0]
    for step in steps[1:]:
        due += cycle_ms / 1000
        late.append((step - due) * 1000)
        if step > due + cycle_ms / 1000 or step < due:
            due = step
    return [max(0.0, each) for each in late]


def p99_9(values: list[float]) -> float:
    """The 99.9th percentile."""
    return sorted(values)[int(len(values) * 0.999)]


def _bare(document: Any) -> FastAPI:
    bare = FastAPI()

    @bare.get("/constant")
    async def constant() -> Any:
        return document

    return bare


def web() -> dict[str, Any]:
    """Requests a second, latencies in ms, and lateness in ms."""
    board = Watched()
    switched = sys.getswitchinterval()
    app.prepare_threads()
    with patch.object(runtime, "CYCLE_MS", runtime.FAST_CYCLE_MS), Charger(board=board) as charger:
        app._prefer(charger.runtime.thread_id)
        with (
            Served(charger.app, charger.refusals) as ours,
            Served(_bare(charger.settings()), charger.refusals) as bare,
        ):
            app.settle_memory()
            pages = {"GET /settings": (ours, "/settings"), "bare route": (bare, "/constant")}
            rounds: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
            late: dict[str, list[float]] = {"idle": [], **{name: [] for name in pages}}
            for _ in range(ROUNDS):
                board.steps.clear()
                time.sleep(ROUND_S)
                late["idle"] += lateness_ms(list(board.steps), runtime.FAST_CYCLE_MS)
                for name, (server, path) in pages.items():
                    board.steps.clear()
                    rounds[name].append(in_another_process(server.port, path, CONNECTIONS, ROUND_S))
                    late[name] += lateness_ms(list(board.steps), runtime.FAST_CYCLE_MS)
    sys.setswitchinterval(switched)
    os.setpriority(os.PRIO_PROCESS, 0, 0)
    gc.unfreeze()
    figures = {
        name: {key: round(statistics.median(each[key] for each in done), 2) for key in done[0]}
        for name, done in rounds.items()
    }
    return judged(figures, {name: p99_9(values) for name, values in late.items()})


def judged(figures: dict[str, dict[str, float]], late: dict[str, float]) -> dict[str, Any]:
    """The figures with what they are compared with."""
    ratio = figures["GET /settings"]["requests_per_s"] / figures["bare route"]["requests_per_s"]
    later = late["GET /settings"] - late["idle"]
    return {
        "connections": CONNECTIONS,
        **figures,
        "ratio": round(ratio, 2),
        "ratio_goal": RATIO_GOAL,
        "ratio_reached": ratio >= RATIO_GOAL,
        "late_p99_9_ms": {name: round(value, 2) for name, value in late.items()},
        "later_ms": round(later, 2),
        "later_goal_ms": LATER_GOAL_MS,
        "later_reached": later <= LATER_GOAL_MS,
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """For people."""
    for name in ("GET /settings", "bare route"):
        figures = report[name]
        yield (
            f"{name:14} {figures['requests_per_s']:7.1f} requests/s on {report['connections']} connections, "
            f"p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms"
        )
    yield f"ratio {report['ratio']} (goal {report['ratio_goal']}: {_said(report['ratio_reached'])})"
    late = report["late_p99_9_ms"]
    yield (
        f"control step late at p99.9: idle {late['idle']} ms, under load {late['GET /settings']} ms, "
        f"{report['later_ms']} ms more (goal {report['later_goal_ms']} ms: {_said(report['later_reached'])})"
    )


def _said(reached: object) -> str:
    return "ok" if reached else "MISSED"
