"""Every view, on a phone and on a desktop, light and dark, in every language."""

import itertools
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.browser import looks
from tests.browser.charger import Charger
from tests.browser.conftest import DESKTOP, PHONE, MakeContext
from tests.browser.sources import LANGUAGES, VIEWS, texts
from tests.scenarios.simulation import wait_for

SIZES: list[ViewportSize] = [PHONE["viewport"], DESKTOP["viewport"]]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]

_COUNT = """let asking = 0;
const ask = window.fetch;
const count = (more) => { document.documentElement.dataset.asking = asking += more; };
window.fetch = (...all) => {
  count(1);
  return ask(...all).finally(() => setTimeout(count, 0, -1));
};"""
"""Says in ``data-asking`` how many answers a page still waits for."""


@pytest.fixture(scope="module", autouse=True)
def lived_in(running_charger: Charger) -> None:
    """A car has charged once, so that there is a session to show."""
    running_charger.charge()
    wait_for(lambda: running_charger.state["charged_wh"], "some energy is counted")
    running_charger.put_back()
    wait_for(lambda: running_charger.get("/api/v1/sessions").json["sessions"], "the session is written down")


def open_view(context: BrowserContext, view: str, language: str) -> Page:
    """A view with all that it asks for."""
    context.add_init_script(_COUNT)
    page = context.new_page()
    page.goto(f"/#/{view}")
    expect(page.locator(f".view-{view}")).to_be_visible()
    expect(page.locator(f"html[lang={language}]")).to_be_visible()
    expect(page.locator("html[data-asking='0']")).to_be_attached()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


@pytest.fixture
def opened(context_of: MakeContext, view: str, language: str) -> Page:
    """It on a phone, light."""
    return open_view(context_of(**PHONE, locale=language), view, language)


@pytest.fixture
def opened_for_axe(context_of: MakeContext, view: str, language: str) -> Page:
    """The same where axe may do what the page itself may not: it tries out styles."""
    return open_view(context_of(**PHONE, locale=language, bypass_csp=True), view, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_is_accessible_and_said_in_its_language(
    opened_for_axe: Page, charger: Charger, language: str
) -> None:
    opened = opened_for_axe
    faults = looks.not_said(opened, set(texts("en")))
    faults += [f"English: {text}" for text in looks.words(opened) if text in foreign(charger, language)]
    for size, scheme in [*itertools.product(SIZES, SCHEMES)]:
        opened.set_viewport_size(size)
        opened.emulate_media(color_scheme=scheme)
        expect(opened.locator(f"html[data-theme={scheme}]")).to_be_visible()
        found = looks.too_wide(opened)
        if language == "en" or (size, scheme) == (SIZES[0], SCHEMES[0]):  # colours are the same in all languages
            found += looks.not_accessible(opened)
        faults += [f"{size['width']} px, {scheme}: {fault}" for fault in found]
    assert faults == []


def foreign(charger: Charger, language: str) -> set[str]:
    """What is English, and neither means the same nor is left so in this language; a charger's explanations too."""
    if language == "en":
        return set()
    ours, theirs = texts("en"), texts(language)
    english = {text for key, text in ours.items() if len(text) > 3 and theirs[key] != text}
    english |= {row["description"] for row in charger.get("/api/v1/settings").json.values()}
    return english - set(theirs.values())


@pytest.mark.parametrize("language", ["de"])  # the longest words
@pytest.mark.parametrize("view", VIEWS)
def test_fingers_hit_keys_reach_and_ears_know_every_control(opened: Page) -> None:
    assert looks.too_small(opened) + looks.without_a_name(opened) + looks.not_reached_with_tab(opened) == []


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_screen_with_letters_twice_as_large(opened: Page) -> None:
    opened.set_viewport_size({"width": 180, "height": 370})  # as a phone that is zoomed to 200 %
    faults = [f"zoomed: {fault}" for fault in looks.too_wide(opened)]
    opened.set_viewport_size(PHONE["viewport"])
    opened.evaluate("document.documentElement.style.fontSize = '200%'")
    assert faults + [f"large letters: {fault}" for fault in looks.too_wide(opened)] == []
