"""About: which charger this is, and how this browser shows the page."""

import re

from playwright.sync_api import Page, expect

from evsed import __version__
from tests.browser.charger import Charger
from tests.scenarios.simulation import wait_for


def began_anew(charger: Charger) -> bool:
    """Whether the daemon answers, and is the one after a restart."""
    try:
        return bool(charger.get("/api/v1/about").json["started"] == "restart")
    except OSError:
        return False


def test_it_says_which_charger_this_is(charger: Charger, page: Page) -> None:
    about = charger.get("/api/v1/about").json
    page.goto("/#/about")
    expect(page.locator("#about-version")).to_have_text(__version__)
    expect(page.locator("#about-serial")).to_have_text(str(about["serial"]))
    expect(page.locator("#about-urls a").last).to_have_attribute("href", f"{charger.url}/")
    expect(page.locator("#about-board")).to_have_text("simulated: nothing is switched")
    expect(page.locator("#about-clock")).to_contain_text(about["clock"]["local_time"][:10])
    expect(page.locator("#about-energy")).to_have_text("unknown")


def test_a_restart_that_was_asked_for_is_said_to_be_one(charger: Charger, page: Page) -> None:
    charger.post("/reboot")
    wait_for(lambda: began_anew(charger), "it is back")
    page.goto("/#/about")
    expect(page.locator("#about-started")).to_have_text("somebody asked for a restart")


def test_the_language_is_this_browsers_choice_and_stays(page: Page) -> None:
    page.goto("/#/about")
    page.get_by_label("Language").select_option("nl")
    expect(page.get_by_role("heading", name="Deze laadpaal")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "nl"
    page.goto("/#/unit")
    page.reload()
    expect(page.get_by_role("link", name="Meters")).to_be_visible()
    expect(page.get_by_role("link", name="Over")).to_be_visible()


def test_light_or_dark_is_this_browsers_choice_and_stays(page: Page) -> None:
    page.goto("/#/about")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_label("Dark").check()
    expect(root).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.get_by_label("Dark")).to_be_checked()
    page.get_by_label("As the device").check()
    expect(root).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")


def test_it_leads_to_the_update(page: Page) -> None:
    page.goto("/#/about")
    page.get_by_role("link", name="Update").click()
    expect(page).to_have_url(re.compile("/update$"))
    expect(page.get_by_role("heading", name="Update")).to_be_visible()
