"""The login page: what it says before anybody is let in, in the visitor's language, and what it shows then."""

import pytest
from playwright.sync_api import Page, expect

from evsed.access import Right
from evsed.api.rights import NEEDS
from tests.browser.charger import PIN, Charger
from tests.browser.conftest import DESKTOP, PHONE, MakeContext
from tests.browser.sources import LANGUAGES
from tests.browser.watch import Watch

OWNERS = "correct horse"


@pytest.fixture
def locked(charger: Charger) -> Charger:
    """A charger that everybody has to log in at."""
    charger.put("/api/v1/access/password", {"password": OWNERS}, installer=True)
    charger.set(login="On")
    return charger


def log_in(page: Page, secret: str) -> None:
    page.get_by_label("Password", exact=True).fill(secret)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.usefixtures("locked")
def test_who_gives_the_password_sees_what_was_asked_for(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("401")
    page.goto("/#/about")
    log_in(page, "wrong horse")
    expect(page.get_by_role("alert")).to_have_text("This password is wrong, or none is set.")
    log_in(page, OWNERS)
    expect(page.get_by_role("heading", name="This charger")).to_be_visible()


@pytest.mark.usefixtures("charger")
def test_the_installer_logs_in_while_nobody_has_to(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("401")
    page.goto("/login")
    page.get_by_label("Log in as").select_option("pin")
    secret = page.get_by_label("Installer's PIN")
    expect(secret).to_have_attribute("inputmode", "numeric")
    secret.fill("1357")
    secret.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This PIN is wrong, or none is set.")
    expect(secret).to_be_focused()
    secret.fill(PIN)
    secret.press("Enter")
    expect(page.get_by_role("button", name="log out")).to_be_visible()


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(("locale", "says"), [("nl-NL", "Inloggen"), ("de-DE", "Anmelden"), ("fr-FR", "Log in")])
def test_it_speaks_the_visitors_language_before_he_is_known(
    locale: str, says: str, context_of: MakeContext, expect_trouble: Watch
) -> None:
    expect_trouble("401")  # the page itself, which is shown in place of what was asked for
    for size in (PHONE, DESKTOP):
        page = context_of(**size, locale=locale).new_page()
        page.goto("/")
        expect(page.get_by_role("heading", name=says, exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_texts_of_the_login_page_are_there_without_a_login() -> None:
    for language in LANGUAGES:
        assert NEEDS["GET", f"/web/locale/{language}/login.json"] is Right.NOTHING
