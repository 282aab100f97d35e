"""``python -m tests.browser.pictures [OUT]``: pictures of the page for the documents, of a simulated charger.

A car charges in Smart mode on a sunny day in a house that uses some power. Nothing of them is drawn by hand.
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.charger import SET_UP, Charger
from tests.browser.chromium import DESKTOP, PATIENCE_MS, PHONE, chromium
from tests.scenarios.simulation import Simulation, wait_for

MOST_B: Final = 600_000
"""All of them together."""

_COLOURS: Final = 128
_CAR_KWH: Final = 0.02
_OUT: Final = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True, slots=True)
class Picture:
    """One file: which view, in what browser."""

    file: str
    view: str
    browser: dict[str, Any]
    ready: Callable[[Page], None] = lambda _page: None


def _charging(page: Page) -> None:
    expect(page.locator(".view-charge .state")).to_have_text("Charging")


PICTURES: Final = (
    Picture("page-phone.png", "charge", {**PHONE, "device_scale_factor": 2}, _charging),
    Picture("page-phone-dark.png", "charge", {**PHONE, "device_scale_factor": 2, "color_scheme": "dark"}, _charging),
    Picture("page-desktop.png", "charge", DESKTOP, _charging),
    Picture("page-history.png", "history", DESKTOP),
    Picture("page-settings.png", "settings", {**PHONE, "device_scale_factor": 2}),
)


def small(png: bytes) -> bytes:
    """The same picture with a palette: a page has few colours."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def charging(charger: Charger) -> None:
    """A car charges, less than it could, in a house with a roof full of sun; it has done so for a while."""
    charger.set(mode="Smart", current_main=25, current_max=16)
    charger.plant(house={"L1": 9.0, "L2": 4.0, "L3": 6.5}, sun={"L1": 5.0, "L2": 5.0, "L3": 5.0})
    charger.charge()
    wait_for(lambda: (charger.state["charged_wh"] or 0) >= _CAR_KWH * 1000, "the car has taken some energy")


def take(browser: Browser, charger: Charger, picture: Picture) -> bytes:
    """One picture, as large as the window."""
    context = browser.new_context(
        base_url=charger.url, **{"locale": "en-GB", "color_scheme": "light", **picture.browser}
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
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
