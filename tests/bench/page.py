"""The web page: how many bytes it is, and how soon it is of use, on a phone that is four times as slow as this machine.

Of use is the first view when one reads in it what the charger does. Each load is a new browser's: nothing is cached.
``python -m tests.bench.page`` measures this alone, and tells what was loaded when.
"""

import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession

from evsed.api.pages import WEB
from tests.browser.chromium import PATIENCE_MS, PHONE, chromium
from tests.scenarios.simulation import Simulation

WEIGHT_GOAL_B: Final = 300_000
PAINT_GOAL_MS: Final = 1_000
SLOWER: Final = 4
LOADS: Final = 9

_USEFUL: Final = """const look = () => {
  if (!document.querySelector(".view-charge .state")?.textContent.trim()) requestAnimationFrame(look);
  else requestAnimationFrame(() => setTimeout(() => console.log("useful", performance.now())));
};
requestAnimationFrame(look);"""


@dataclass
class Wire:
    """What comes over the wire, as the browser's network counts it: headers and bodies as they are sent."""

    session: CDPSession
    paths: dict[str, str] = field(default_factory=dict)
    bytes_of: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session.on("Network.requestWillBeSent", self._asked)
        self.session.on("Network.responseReceived", self._answered)
        self.session.on("Network.dataReceived", self._more)
        self.session.on("Network.loadingFinished", self._done)
        self.session.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        self.paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _answered(self, event: dict[str, Any]) -> None:
        self.bytes_of[event["requestId"]] = event["response"]["encodedDataLength"]

    def _more(self, event: dict[str, Any]) -> None:
        self.bytes_of[event["requestId"]] = self.bytes_of.get(event["requestId"], 0) + event["encodedDataLength"]

    def _done(self, event: dict[str, Any]) -> None:
        self.bytes_of[event["requestId"]] = event["encodedDataLength"]

    def by_path(self) -> dict[str, int]:
        """Bytes of each path that was asked for."""
        return {self.paths[request]: count for request, count in self.bytes_of.items()}


@dataclass(frozen=True, slots=True)
class Load:
    """One load of the first view."""

    useful_ms: float
    bytes_of: dict[str, int]
    waterfall: list[dict[str, Any]]  # path, and begin and end in ms


def load(browser: Browser, url: str, slower: float = 1) -> Load:
    """Loads the first view in a new browser, ``slower`` times as slow, until it is of use."""
    context = browser.new_context(**PHONE)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(_USEFUL)
    page = context.new_page()
    session = context.new_cdp_session(page)
    wire = Wire(session)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    with page.expect_console_message(lambda message: message.text.startswith("useful ")) as useful:
        page.goto(url, wait_until="commit")  # nothing is asked of the page meanwhile, which costs it time
    useful_ms = float(useful.value.text.split()[1])
    entries = "performance.getEntriesByType('resource').map((one) => ({path: new URL(one.name).pathname, "
    waterfall = page.evaluate(entries + "begin_ms: Math.round(one.startTime), end_ms: Math.round(one.responseEnd)}))")
    context.close()
    return Load(useful_ms, wire.by_path(), waterfall)


def assets_b() -> int:
    """The size of all that the page's views could ever load, in all languages."""
    return sum(path.stat().st_size for path in WEB.rglob("*") if path.is_file())


def page(loads: int = LOADS) -> dict[str, Any]:
    """Bytes, and milliseconds."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Simulation(Path(directory) / "state") as simulation,
        chromium() as browser,
    ):
        url = simulation.url("/")
        load(browser, url)  # the browser itself starts slowly the first time
        full_speed = [load(browser, url) for _ in range(loads)]
        done = [load(browser, url, SLOWER) for _ in range(loads)]
    return judged(done, statistics.median(each.useful_ms for each in full_speed), assets_b())


def judged(done: list[Load], full_speed_ms: float, assets: int) -> dict[str, Any]:
    """The figures with what they are compared with. ``done``: the loads of a slow phone."""
    by_time = sorted(done, key=lambda each: each.useful_ms)
    middle = by_time[len(by_time) // 2]
    weight = sum(middle.bytes_of.values())
    return {
        "loads": len(done),
        "slower": SLOWER,
        "useful_ms": round(middle.useful_ms),
        "useful_worst_ms": round(by_time[-1].useful_ms),
        "useful_goal_ms": PAINT_GOAL_MS,
        "useful_reached": middle.useful_ms < PAINT_GOAL_MS,
        "useful_full_speed_ms": round(full_speed_ms),
        "requests": len(middle.bytes_of),
        "weight_b": weight,
        "weight_goal_b": WEIGHT_GOAL_B,
        "weight_reached": weight < WEIGHT_GOAL_B,
        "assets_b": assets,
        "waterfall": middle.waterfall,
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """For people."""
    yield (
        f"page: of use after {report['useful_ms']} ms on a processor {report['slower']} times as slow, median of "
        f"{report['loads']} cold loads, worst {report['useful_worst_ms']} ms (goal {report['useful_goal_ms']} ms: "
        f"{_said(report['useful_reached'])}); {report['useful_full_speed_ms']} ms at full speed"
    )
    yield (
        f"page: {report['weight_b'] / 1000:.1f} kB in {report['requests']} requests until then "
        f"(goal {report['weight_goal_b'] / 1000:.0f} kB: {_said(report['weight_reached'])}); "
        f"all views in all languages {report['assets_b'] / 1000:.1f} kB"
    )


def _said(reached: object) -> str:
    return "ok" if reached else "MISSED"


if __name__ == "__main__":
    figures = page()
    for part in figures["waterfall"]:
        print(f"{part['begin_ms']:6} {part['end_ms']:6} ms  {part['path']}")
    print("\n".join(lines(figures)))
