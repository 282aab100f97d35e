"""A view whose first look at the charger fails comes by itself as soon as the charger gives what it needs."""

import pytest
from playwright.sync_api import Page, Route, expect

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


def test_what_is_well_hides_no_fault(page: Page, expect_trouble: Watch) -> None:
    """The one answer after the other's fault."""
    expect_trouble("503")
    page.route("**/api/v1/settings", lambda route: route.fulfill(status=503, json={"detail": "not now"}))
    held: list[Route] = []
    page.route("**/api/v1/access", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    with page.expect_response("**/api/v1/settings"):
        page.goto("/#/access")
    expect(page.get_by_text("not now")).to_be_visible()
    open_to_all = {"login": "Off", "right": "operate", "installer_pin_set": True, "password_set": False, "tokens": []}
    page.route("**/api/v1/access", lambda route: route.fulfill(json=open_to_all))
    for route in held:
        route.fulfill(json=open_to_all)
    expect(page.locator("#login")).to_be_visible()  # so that was read, by the view before
    expect(page.get_by_text("not now")).to_be_visible(timeout=1000)
