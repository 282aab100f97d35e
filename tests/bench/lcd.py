"""The LCD: what a frame costs, and how late the control step is while the LCD moves and somebody looks from afar.

Frames are drawn as the daemon draws them, on a thread beside the control loop, which steps every 10 ms as while a car
charges. With and without are measured in turns, so that what else the machine does meets all. The display's own wires
are not here.
"""

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, Final
from unittest.mock import patch

from evsed import app, runtime
from evsed.api.app import create_app
from evsed.core.panel_view import MenuView, PanelView
from evsed.core.schedule import UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.flow import STEP_MS
from evsed.core.screens.main import screen
from evsed.core.snapshot import Saved, Snapshot
from evsed.lcd.draw import draw
from evsed.lcd.face import Face
from evsed.lcd.picture import png
from evsed.runtime import monotonic_ms
from tests.api.served import Charger, Served
from tests.bench.costs import measure
from tests.bench.load import in_another_process
from tests.bench.web import Watched, lateness_ms, p99_9
from tests.core.story import Story, settings

FRAMES = 5_000
ROUNDS = 4
ROUND_S = 10.0
LATER_GOAL_MS = 1.0
IDLE: Final = "idle"
MOVING: Final = "the LCD moves"
LOOKED_AT: Final = "and a client gets /lcd without a pause"

_AROUND = Around(UtcCalendar(), "192.168.178.100")


def charging(mode: str) -> Snapshot:
    """A charger in ``mode`` whose car charges."""
    story = Story(Saved(settings=settings(mode=mode)))
    story.plant.sun = (10.0, 10.0, 10.0)
    story.charge()
    return story.snapshot


def snapshots() -> dict[str, Snapshot]:
    """One for each kind of screen."""
    normal, smart, solar = (charging(mode) for mode in ("Normal", "Smart", "Solar"))
    menu = PanelView(menu=MenuView("lock", smart.settings))
    return {"words": normal, "energy flow": smart, "energy flow with sun": solar, "menu": replace(smart, panel=menu)}


def frames(times: int = FRAMES) -> dict[str, dict[str, float]]:
    """CPU time of a frame of each kind, one step later than the one before it, and of what is done with a frame."""
    costs = {name: measure(_frame(snapshot), times) for name, snapshot in snapshots().items()}
    image = draw(screen(charging("Solar"), _AROUND, 0))
    costs["PNG of a frame"] = measure(lambda: png(image), times)
    still = charging("Normal")
    face = Face(lambda: still, _AROUND.calendar, lambda: _AROUND.address, lambda: still.now)
    costs["the same frame again"] = measure(face.image, times)
    return costs


def _frame(snapshot: Snapshot) -> Callable[[], object]:
    later = count(snapshot.now, STEP_MS)
    return lambda: draw(screen(snapshot, _AROUND, next(later)))


@contextmanager
def moving(face: Face) -> Iterator[None]:
    """A thread that asks for a frame as often as its dots move."""
    over = threading.Event()

    def show() -> None:
        while not over.wait(STEP_MS / 1000):
            face.image()

    thread = threading.Thread(target=show, name="lcd")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def lateness(rounds: int = ROUNDS, round_s: float = ROUND_S) -> dict[str, Any]:
    """How late control steps are, in ms; and how often the client was answered."""
    board = Watched()
    switched = sys.getswitchinterval()
    app.prepare_threads()
    picture = charging("Solar")
    face = Face(lambda: replace(picture, now=monotonic_ms()), _AROUND.calendar, lambda: _AROUND.address)
    late: dict[str, list[float]] = {name: [] for name in (IDLE, MOVING, LOOKED_AT)}
    asked: list[dict[str, float]] = []
    with patch.object(runtime, "CYCLE_MS", runtime.FAST_CYCLE_MS), Charger(board=board) as charger:
        app._prefer(charger.runtime.thread_id)
        with Served(create_app(replace(charger.site, lcd=face.png)), charger.refusals) as served:
            app.settle_memory()

            def note(name: str) -> None:
                late[name] += lateness_ms(list(board.steps), runtime.FAST_CYCLE_MS)
                board.steps.clear()

            for _ in range(rounds):
                board.steps.clear()
                time.sleep(round_s)
                note(IDLE)
                with moving(face):
                    time.sleep(round_s)
                    note(MOVING)
                    asked.append(in_another_process(served.port, "/lcd", 1, round_s))
                    note(LOOKED_AT)
    sys.setswitchinterval(switched)
    os.setpriority(os.PRIO_PROCESS, 0, 0)
    gc.unfreeze()
    return judged({name: p99_9(values) for name, values in late.items()}, asked)


def judged(late: dict[str, float], asked: list[dict[str, float]]) -> dict[str, Any]:
    """The figures with what they are compared with."""
    later = {name: late[name] - late[IDLE] for name in (MOVING, LOOKED_AT)}
    return {
        "late_p99_9_ms": {name: round(value, 2) for name, value in late.items()},
        "later_ms": {name: round(value, 2) for name, value in later.items()},
        "later_goal_ms": LATER_GOAL_MS,
        "later_reached": {name: value <= LATER_GOAL_MS for name, value in later.items()},
        "requests_per_s": round(sum(each["requests_per_s"] for each in asked) / len(asked), 1),
    }


def lcd(times: int = FRAMES, rounds: int = ROUNDS, round_s: float = ROUND_S) -> dict[str, Any]:
    """All of it."""
    return {"frames": frames(times), "lateness": lateness(rounds, round_s)}


def lines(report: dict[str, Any]) -> Iterator[str]:
    """For people."""
    for name, figure in report["frames"].items():
        cost = f"median {figure['median_us']:8.1f} us   p99.9 {figure['p99_9_us']:8.1f} us"
        yield f"{'LCD, ' + name:34} {cost}"
    figures = report["lateness"]
    late = figures["late_p99_9_ms"]
    yield f"control step late at p99.9: idle {late[IDLE]} ms"
    for name in (MOVING, LOOKED_AT):
        said = "ok" if figures["later_reached"][name] else "MISSED"
        often = f" ({figures['requests_per_s']}/s)" if name == LOOKED_AT else ""
        goal = f"(goal {figures['later_goal_ms']} ms: {said})"
        yield f"  {name}{often}: {late[name]} ms, {figures['later_ms'][name]} ms more {goal}"
