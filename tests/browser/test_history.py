"""The charts of the last day: drawn, read by finger, mouse, slider and table, growing, and honest about gaps."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from evsed.api.v1.history import history_text
from evsed.core.states import State
from evsed.history.rows import History, Row
from tests.browser.charger import Charger
from tests.browser.conftest import MakeContext
from tests.browser.past import CHARGED_WH, LAST, a_day

NOW = int(time.time())
Recorded = Callable[[History], None]


def recorded(page: Page, history: History) -> None:
    """The page is told of this history instead of the charger's own."""

    def answer(route: Route) -> None:
        since = re.search(r"since=([0-9a-f-]+)", route.request.url)
        text = history_text(history, since=since and since[1])
        route.fulfill(body=text, content_type="application/json")

    page.route("**/api/v1/history*", answer)


def shown(page: Page, history: History) -> Page:
    recorded(page, history)
    page.goto("/#/history")
    expect(page.locator(".chart canvas")).to_have_count(2)
    return page


def dd(page: Page, name: str) -> Locator:
    return page.locator(".head dt", has_text=name).locator("xpath=following-sibling::dd[1]")


def colours(page: Page, chart: int) -> set[str]:
    """The colours that one of the two canvases has, without their shades at edges."""
    found: list[str] = (
        page.locator(".chart canvas")
        .nth(chart)
        .evaluate(
            """canvas => {
          const { width, height } = canvas, seen = new Map();
          const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) {
            const colour = `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
            seen.set(colour, (seen.get(colour) ?? 0) + 1);
          }
          return [...seen].filter(([, times]) => times > 40).map(([colour]) => colour);
        }"""
        )
    )
    return set(found)


def colour_of(page: Page, variable: str) -> str:
    """A variable of base.css as the browser writes colours."""
    found: str = page.evaluate(
        """name => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = `var(--${name})`;
          const colour = getComputedStyle(probe).color;
          probe.remove();
          return colour;
        }""",
        variable,
    )
    return found


def test_the_day_is_summed_up_in_words(page: Page) -> None:
    shown(page, a_day(NOW))
    expect(dd(page, "Highest on the mains")).to_contain_text("28.7")
    expect(dd(page, "Highest on the mains")).to_contain_text("L2")
    expect(dd(page, "Mains limit")).to_contain_text("25.0")
    expect(dd(page, "Charged")).to_contain_text(f"{CHARGED_WH / 1000:.1f}")
    expect(dd(page, "Charging for")).to_have_text("3 h 20 min")
    expect(page.locator(".chart").first).to_have_attribute("aria-label", re.compile("28.7"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_have_the_colours_of_the_scheme(context_of: MakeContext, scheme: Any) -> None:
    page = shown(context_of(color_scheme=scheme).new_page(), a_day(NOW))
    assert {colour_of(page, name) for name in ("mains", "sun", "house", "bad")} <= colours(page, 0)
    assert colour_of(page, "car") in colours(page, 1)


def test_charts_are_drawn_anew_when_the_scheme_changes(desktop: Page) -> None:
    shown(desktop, a_day(NOW))
    before = colour_of(desktop, "bad")
    desktop.emulate_media(color_scheme="dark")
    desktop.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert colour_of(desktop, "bad") != before
    assert colour_of(desktop, "bad") in colours(desktop, 0)


def test_charts_are_as_wide_as_the_page_whenever_that_changes(desktop: Page) -> None:
    shown(desktop, a_day(NOW))
    desktop.set_viewport_size({"width": 360, "height": 740})
    desktop.wait_for_function("document.querySelector('.uplot').clientWidth < 340")
    assert desktop.evaluate("document.documentElement.scrollWidth") <= 360
    assert desktop.locator(".chart canvas").first.evaluate("canvas => canvas.getBoundingClientRect().width") < 340


def test_hours_are_chosen_by_a_button(page: Page) -> None:
    shown(page, a_day(NOW))
    page.get_by_role("button", name="The last 6 hours").click()
    expect(page.get_by_role("button", name="The last 6 hours")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="The last 24 hours")).to_have_attribute("aria-pressed", "false")
    expect(dd(page, "Charging for")).to_have_text("0 min")
    expect(page.get_by_role("slider")).to_have_attribute("max", str(6 * 120 - 1))


def test_a_finger_on_a_chart_reads_both_and_the_band(page: Page) -> None:
    shown(page, a_day(NOW))
    expect(page.locator(".moment")).to_contain_text("Latest")
    over = page.locator(".u-over").first
    box = over.bounding_box()
    assert box is not None
    over.tap(position={"x": box["width"] * 1_600 / 2_880, "y": box["height"] / 2})
    expect(page.locator(".moment")).to_contain_text("Charging")
    expect(page.locator(".moment")).not_to_contain_text("Latest")
    expect(page.locator(".legend li", has_text="offered")).to_contain_text("16.0")
    expect(page.locator(".mark")).to_have_attribute("visibility", "visible")


def test_a_mouse_that_leaves_gives_way_to_the_latest(desktop: Page) -> None:
    shown(desktop, a_day(NOW))
    band = desktop.locator("svg.band")
    box = band.bounding_box()
    assert box is not None
    band.hover(position={"x": box["width"] * 1_350 / 2_880, "y": 10})
    expect(desktop.locator(".moment")).to_contain_text("Waiting for sun")
    desktop.mouse.move(5, 5)
    expect(desktop.locator(".moment")).to_contain_text("Latest")


def test_a_slider_reads_every_moment_with_keys_and_says_it(desktop: Page) -> None:
    shown(desktop, a_day(NOW))
    slider = desktop.get_by_role("slider", name="Read values at a time")
    slider.fill("1500")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"Mains L1 \d+\.\d.A.*Car L1 16\.0.A.*Charging"))
    slider.focus()
    desktop.keyboard.press("Home")
    expect(slider).to_have_value("0")
    expect(desktop.locator(".moment")).to_contain_text("No car")


def test_what_nobody_measured_is_unknown_and_never_0(desktop: Page) -> None:
    shown(desktop, a_day(NOW))
    slider = desktop.get_by_role("slider")
    slider.fill("730")
    expect(desktop.locator(".legend li", has_text="L1").first).to_contain_text("unknown")
    expect(desktop.locator(".legend li", has_text="L1").nth(1)).to_contain_text("0.0")
    slider.fill("2030")
    expect(desktop.locator(".moment")).to_contain_text("Not recorded")


def test_the_hours_are_a_table_too(page: Page) -> None:
    shown(page, a_day(NOW))
    page.get_by_text("The hours as a table").click()
    rows = page.locator("tbody tr")
    assert 24 <= rows.count() <= 25
    texts = rows.all_inner_texts()
    assert sum("Charging" in text for text in texts) in {3, 4}
    assert sum("28.7" in text for text in texts) == 1
    charged = [float(re.findall(r"([\d.]+).kWh", text)[0]) for text in texts if "kWh" in text]
    assert round(sum(charged)) == CHARGED_WH // 1000


def test_rows_that_come_are_added(page: Page) -> None:
    page.clock.install()
    history = a_day(NOW, rows=120)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "history" in request.url else None)
    shown(page, history)
    expect(page.get_by_role("slider")).to_have_attribute("max", "119")
    history.put(LAST + 2, Row((123,) * 13, State.C, ""))
    page.clock.run_for(16_000)
    expect(page.get_by_role("slider")).to_have_attribute("max", "121")
    expect(page.locator(".legend li", has_text="L1").first).to_contain_text("12.3")
    page.get_by_role("slider").fill("120")
    expect(page.locator(".moment")).to_contain_text("Not recorded")
    assert [url for url in asked if "/api/" in url][-1].endswith(f"since=00c0ffee-{LAST}")


def test_a_machine_that_was_started_anew_has_a_day_of_its_own(page: Page) -> None:
    page.clock.install()
    history = a_day(NOW, rows=200)
    shown(page, history)
    expect(page.get_by_role("slider")).to_have_attribute("max", "199")
    page.unroute("**/api/v1/history*")
    another = History("0badf00d")
    another.put(5, Row((77,) * 13, State.C, ""))
    recorded(page, another)
    page.clock.run_for(16_000)
    expect(page.get_by_role("slider")).to_have_attribute("max", "0")
    expect(page.locator(".legend li", has_text="L1").first).to_contain_text("7.7")


def test_without_a_time_of_day_times_count_back_from_now(page: Page) -> None:
    shown(page, a_day(None))
    expect(page.get_by_text("The charger does not know the time of day yet")).to_be_visible()
    expect(page.locator(".moment")).to_contain_text("Latest, 1 min ago")
    page.get_by_role("slider").fill("0")
    expect(page.locator(".moment")).to_contain_text("24 h 0 min ago")


def test_a_charger_that_has_recorded_nothing_says_so(page: Page) -> None:
    recorded(page, History())
    page.goto("/#/history")
    expect(page.get_by_text("Nothing has been recorded yet")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(0)


def test_a_refusal_is_told_in_the_chargers_words(page: Page, expect_trouble: Callable[..., Any]) -> None:
    expect_trouble("503")
    document = {"title": "Service Unavailable", "status": 503, "detail": "the disk sleeps"}
    page.route("**/api/v1/history*", lambda route: route.fulfill(status=503, body=json.dumps(document)))
    page.goto("/#/history")
    expect(page.get_by_text("The last day cannot be loaded: the disk sleeps")).to_be_visible()


def test_the_table_is_saved(page: Page) -> None:
    shown(page, a_day(NOW))
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").click()
    assert download.value.suggested_filename == "history.csv"
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("time,mains_l1_ma,")


def test_a_car_that_charges_is_drawn_without_a_reload(charger: Charger, page: Page) -> None:
    page.goto("/#/history")
    charger.charge()
    expect(page.locator(".legend li", has_text="Charging")).to_be_visible(timeout=90_000)
    expect(dd(page, "Charged")).not_to_have_text("unknown")
