"""What the page weighs, over the wire, in a browser that has nothing of it yet."""

from playwright.sync_api import Browser

from tests.bench.page import WEIGHT_GOAL_B, load
from tests.browser.charger import Charger


def test_the_first_view_is_light(browser: Browser, charger: Charger) -> None:
    first = load(browser, charger.url)
    assert {"/", "/web/app.js", "/web/base.css", "/api/v1/events"} <= set(first.bytes_of)
    assert sum(first.bytes_of.values()) < WEIGHT_GOAL_B
