"""The LCD: what a frame costs, and how late the control step is while the LCD moves and somebody looks from afar.

The panel is panel.py's: everything but the glass. The control loop steps every 10 ms beside it, as while a car charges.
Idle, moving and looked at are measured in turns, whose order moves on from round to round, so that what else the
machine does meets all. As that may be more than what is looked for, idle is measured twice as often, and compared with
itself.
"""

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, count
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
from tests.bench.panel import Effort, Panel, pigpiod
from tests.bench.web import Watched, lateness_ms, p99_9
from tests.core.story import Story, settings

FRAMES = 5_000
ROUNDS = 5
ROUND_S = 8.0
LATER_GOAL_MS = 1.0
IDLE: Final = "idle"
MOVING: Final = "the LCD moves"
LOOKED_AT: Final = "and a client gets /lcd without a pause"
TURNS: Final = (IDLE, MOVING, IDLE, LOOKED_AT)

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


def lateness(rounds: int = ROUNDS, round_s: float = ROUND_S) -> dict[str, Any]:
    """How late control steps are, in ms; what the LCD's thread does, and how often the client was answered."""
    board = Watched()
    switched = sys.getswitchinterval()
    app.prepare_threads()
    picture = charging("Solar")
    face = Face(lambda: replace(picture, now=monotonic_ms()), _AROUND.calendar, lambda: _AROUND.address)
    late: dict[str, list[float]] = {name: [] for name in TURNS}
    asked: list[dict[str, float]] = []
    efforts: list[Effort] = []
    with (
        pigpiod() as port,
        patch.object(runtime, "CYCLE_MS", runtime.FAST_CYCLE_MS),
        Charger(board=board) as charger,
    ):
        app._prefer(charger.runtime.thread_id)
        panel = Panel(port, lambda: picture, face.image, monotonic_ms)
        with Served(create_app(replace(charger.site, lcd=face.shown)), charger.refusals) as served:
            with panel.moving():  # gpiozero and pigpio are loaded on the first opening
                app.settle_memory()

            def live(name: str) -> None:
                board.steps.clear()
                if name == LOOKED_AT:
                    asked.append(in_another_process(served.port, "/lcd", 1, round_s))
                else:
                    time.sleep(round_s)
                late[name].append(p99_9(lateness_ms(list(board.steps), runtime.FAST_CYCLE_MS)))

            for number in range(rounds):
                first = number % len(TURNS)
                for name in (*TURNS[first:], *TURNS[:first]):
                    if name == IDLE:
                        live(name)
                        continue
                    with panel.moving() as effort:
                        live(name)
                    efforts.append(effort)
    sys.setswitchinterval(switched)
    os.setpriority(os.PRIO_PROCESS, 0, 0)
    gc.unfreeze()
    return judged(late, asked, efforts)


def noise_ms(idle: list[float]) -> float:
    """By how much the medians of two halves of the idle rounds differ: no more, in 19 of 20 ways to halve them."""
    found: list[float] = []
    for chosen in combinations(range(len(idle)), len(idle) // 2):
        half = [value for number, value in enumerate(idle) if number in chosen]
        rest = [value for number, value in enumerate(idle) if number not in chosen]
        found.append(abs(statistics.median(half) - statistics.median(rest)))
    return sorted(found)[int(len(found) * 0.95)]


def reached(later: float, noise: float) -> bool | None:
    """Whether the goal is; None: the noise is too loud to tell."""
    if later + noise <= LATER_GOAL_MS:
        return True
    return False if later - noise > LATER_GOAL_MS else None


def judged(late: dict[str, list[float]], asked: list[dict[str, float]], efforts: list[Effort]) -> dict[str, Any]:
    """The figures with what they are compared with. ``late``: of each round the 99.9th percentile."""
    usual = {name: statistics.median(values) for name, values in late.items()}
    noise = noise_ms(late[IDLE])
    later = {name: usual[name] - usual[IDLE] for name in (MOVING, LOOKED_AT)}
    return {
        "late_p99_9_ms": {name: round(value, 2) for name, value in usual.items()},
        "rounds": {name: [round(value, 2) for value in values] for name, values in late.items()},
        "noise_ms": round(noise, 2),
        "later_ms": {name: round(value, 2) for name, value in later.items()},
        "later_goal_ms": LATER_GOAL_MS,
        "later_reached": {name: reached(value, noise) for name, value in later.items()},
        "requests_per_s": round(statistics.mean(each["requests_per_s"] for each in asked), 1),
        "spi_bytes_per_s": round(statistics.mean(each.bytes_per_s for each in efforts)),
        "thread_cpu_pct": round(statistics.mean(each.cpu_pct for each in efforts), 1),
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
    late, idle = figures["late_p99_9_ms"], figures["rounds"][IDLE]
    yield f"LCD's thread: {figures['thread_cpu_pct']} % of a processor, {figures['spi_bytes_per_s']} bytes/s on SPI"
    yield (
        f"control step late at p99.9, median of rounds: idle {late[IDLE]} ms "
        f"({min(idle)} to {max(idle)} in {len(idle)} rounds; idle differs from idle by {figures['noise_ms']} ms)"
    )
    for name in (MOVING, LOOKED_AT):
        said = {True: "ok", False: "MISSED", None: "cannot be told in this noise"}[figures["later_reached"][name]]
        often = f" ({figures['requests_per_s']}/s)" if name == LOOKED_AT else ""
        goal = f"(goal {figures['later_goal_ms']} ms: {said})"
        yield f"  {name}{often}: {late[name]} ms, {figures['later_ms'][name]} ms more {goal}"
