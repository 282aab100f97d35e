"""For all who use the page: with keys only, with eyes that motion makes ill, in situations that are no everyday's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import looks
from tests.browser.charger import Charger
from tests.browser.conftest import PHONE, MakeContext
from tests.browser.sources import texts
from tests.scenarios.simulation import wait_for


def charges(charger: Charger) -> None:
    charger.charge()


def has_a_fault(charger: Charger) -> None:
    charger.charge()
    charger.plant(faults={"temperature": 90})
    wait_for(lambda: charger.state["faults"], "it is too hot")


def waits_for_a_measurement(charger: Charger) -> None:
    charger.set(mode="Smart")
    charger.plug()
    charger.plant(faults={"mains_meter_silent": True})
    wait_for(lambda: not charger.state["meters"]["mains"]["answering"], "the mains meter is missed")


def is_full(charger: Charger) -> None:
    charger.set(mode="Smart", current_main=10)
    charger.plant(house={"L1": 12.0, "L2": 1.0, "L3": 1.0})
    charger.plug()
    wait_for(lambda: charger.state["not_charging"], "there is no room for a car")


SITUATIONS: list[Callable[[Charger], None]] = [charges, has_a_fault, waits_for_a_measurement, is_full]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_first_view_is_for_all_in_every_situation(
    charger: Charger, context_of: MakeContext, situation: Callable[[Charger], None], language: str
) -> None:
    situation(charger)
    page = context_of(**PHONE, locale=language, color_scheme="dark", bypass_csp=True).new_page()
    page.goto("/")
    expect(page.locator(".view-charge .state")).not_to_be_empty()
    faults = looks.too_wide(page) + looks.too_small(page) + looks.not_said(page, set(texts("en")))
    assert faults + looks.not_accessible(page) == []


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the button of this name has the focus."""
    wanted = page.get_by_role("button", name=name, exact=True)
    expect(wanted).to_be_enabled()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("(node) => node === document.activeElement"):
            return
    pytest.fail(f"Tab never comes to {name}")


def test_a_mode_is_chosen_with_keys_only(page: Page, charger: Charger) -> None:
    page.goto("/")
    tab_to(page, "Solar")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Solar", exact=True)).to_have_attribute("aria-pressed", "true")
    assert charger.state["mode"] == "SOLAR"


def test_the_first_press_of_tab_offers_to_skip_what_is_on_every_view(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#link")).to_have_text("live")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_another_view_is_where_reading_goes_on(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Settings", exact=True).press("Enter")
    expect(page.locator(".view-settings")).to_be_visible()
    expect(page.locator("main")).to_be_focused()
    expect(page).to_have_title("Settings · evsed")
    expect(page.locator("#tabs [aria-current=page]")).to_have_text("Settings")


def test_the_browsers_back_button_goes_back(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".view-charge")).to_be_visible()
    page.get_by_role("link", name="Settings", exact=True).click()
    expect(page.locator(".view-settings")).to_be_visible()
    page.go_back()
    expect(page.locator(".view-charge")).to_be_visible()


def test_nothing_moves_for_who_wants_no_motion(charger: Charger, context_of: MakeContext) -> None:
    charger.charge()
    page = context_of(**PHONE, reduced_motion="reduce").new_page()
    page.goto("/")
    expect(page.locator(".view-charge .state")).to_have_text("Charging")
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator("animate, animateMotion, animateTransform, marquee")).to_have_count(0)


@pytest.mark.parametrize("path", ["/login", "/update"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_beside_are_for_all(context_of: MakeContext, path: str, scheme: str) -> None:
    page = context_of(**PHONE, color_scheme=scheme, bypass_csp=True).new_page()
    page.goto(path)
    expect(page.locator("form")).to_be_visible()
    assert looks.too_wide(page) + looks.too_small(page) + looks.not_accessible(page) == []
    assert looks.not_reached_with_tab(page) == []
