"""A view whose first look at the charger fails comes by itself as soon as the charger gives what it needs."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.watch import Watch

READS = {
    "settings": ("**/api/v1/settings", "[data-key=mode]"),
    "broker": ("**/api/v1/backup", "[data-key=mqtt_discovery]"),
    "cards": ("**/api/v1/cards", "[data-key=rfidreader]"),
    "access": ("**/api/v1/settings", "[data-key=login]"),
    "sessions": ("**/api/v1/sessions?*", "text=Nothing was charged in this period."),
    "about": ("**/api/v1/about", "#about-version:has-text('.')"),
}


@pytest.mark.parametrize("view", READS)
def test_a_view_tries_again(page: Page, view: str, expect_trouble: Watch) -> None:
    expect_trouble("503")
    path, shows = READS[view]
    page.route(path, lambda route: route.fulfill(status=503, json={"detail": "not now"}))
    page.goto(f"/#/{view}")
    expect(page.get_by_text("not now")).to_be_visible()
    page.unroute(path)
    page.keyboard.press("Escape")
    if view == "broker":
        page.locator("[name=host]").press("Escape")  # nothing to put back yet
    expect(page.locator(shows).first).to_be_attached()
    expect(page.get_by_text("not now")).to_have_count(0)
