"""``python -m tests.browser.pictures [OUT]``: pictures of the page for the documents, of a simulated charger.

A car charges in Smart mode on a sunny day in a house that uses some power; the day before it is the one of past.py.
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from evsed.api.v1.history import history_text
from tests.browser.charger import SET_UP, Charger
from tests.browser.chromium import DESKTOP, PATIENCE_MS, PHONE, chromium
from tests.browser.past import a_day
from tests.scenarios.simulation import Simulation, wait_for

MOST_B: Final = 600_000
"""All of them together."""

_CHARGED_WH: Final = 60
_OUT: Final = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True, slots=True)
class Picture:
    """One file: which view, in what browser."""

    file: str
    view: str
    browser: dict[str, Any]
    ready: Callable[[Page], None]


def _charging(page: Page) -> None:
    expect(page.locator(".view-charge .state")).to_have_text("Charging")


def _charted(page: Page) -> None:
    expect(page.locator(".chart canvas")).to_have_count(2)


def _opened(page: Page) -> None:
    page.locator("summary").first.click()
    expect(page.locator("details[open]").first).to_be_visible()


PICTURES: Final = (
    Picture("page-phone.png", "charge", {**PHONE, "device_scale_factor": 2}, _charging),
    Picture("page-phone-dark.png", "charge", {**PHONE, "device_scale_factor": 2, "color_scheme": "dark"}, _charging),
    Picture("page-desktop.png", "charge", DESKTOP, _charging),
    Picture("page-history.png", "history", DESKTOP, _charted),
    Picture("page-settings.png", "settings", {**PHONE, "device_scale_factor": 2}, _opened),
)


def small(png: bytes) -> bytes:
    """The same picture with a palette: a page has few colours, and the shades of its letters."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        palette = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        palette.save(out, "PNG", optimize=True)
    return out.getvalue()


def charging(charger: Charger) -> None:
    """A car charges, less than it could, in a house with a roof full of sun; it has done so for a while."""
    charger.set(mode="Smart", current_main=25, current_max=16)
    charger.plant(house={"L1": 9.0, "L2": 4.0, "L3": 6.5}, sun={"L1": 5.0, "L2": 5.0, "L3": 5.0})
    charger.charge()
    wait_for(lambda: (charger.state["charged_wh"] or 0) >= _CHARGED_WH, "the car has taken some energy")


def _midnight() -> int:
    """The Unix time at which the last whole day ended."""
    return int(datetime.now().astimezone().replace(hour=0, minute=0, second=0).timestamp())


def take(browser: Browser, charger: Charger, picture: Picture) -> bytes:
    """One picture, as large as the window."""
    context = browser.new_context(
        base_url=charger.url, **{"locale": "en-GB", "color_scheme": "light", **picture.browser}
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    day = history_text(a_day(_midnight()))
    page.route("**/api/v1/history*", lambda route: route.fulfill(body=day, content_type="application/json"))
    page.goto(f"/#/{picture.view}")
    expect(page.locator(f".view-{picture.view}")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    picture.ready(page)
    page.evaluate("new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))")
    png = page.screenshot(animations="disabled")
    context.close()
    return small(png)


def main(arguments: list[str] | None = None) -> None:
    """Takes all; says how large they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", nargs="?", default=_OUT, help="folder, docs if left out")
    out: Path = parser.parse_args(arguments).out
    with (
        tempfile.TemporaryDirectory() as directory,
        Simulation(Path(directory) / "state", SET_UP) as simulation,
        chromium() as browser,
    ):
        charger = Charger(simulation)
        charging(charger)
        taken = {picture.file: take(browser, charger, picture) for picture in PICTURES}
    whole = sum(map(len, taken.values()))
    assert whole < MOST_B, f"the pictures are {whole} bytes, more than {MOST_B}"
    for name, png in taken.items():
        (out / name).write_bytes(png)
        print(f"{out / name}: {len(png) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
