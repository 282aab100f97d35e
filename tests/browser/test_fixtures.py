"""What the other tests of the page rely on: whatever a page should not do is noticed."""

from playwright.sync_api import Page, expect

from tests.browser.charger import Charger
from tests.browser.conftest import MakeContext
from tests.browser.watch import LOST, Watch


def test_the_page_is_the_chargers_and_nobody_complains(charger: Charger, page: Page) -> None:
    page.goto(charger.url)
    expect(page.locator("#link")).to_have_text("live")
    assert page.evaluate("[innerWidth, matchMedia('(pointer: coarse)').matches]") == [360, True]


def test_console_errors_foreign_hosts_and_uncaught_errors_are_complaints(page: Page, expect_trouble: Watch) -> None:
    page.goto("/")
    page.evaluate("console.warn('a warning')")
    page.evaluate("setTimeout(() => { throw new Error('a fault') })")
    page.evaluate("fetch('http://example.org/').catch(() => 0)")
    page.evaluate("fetch('/nothing/of/this/name').then(() => 0)")
    said = "\n".join(expect_trouble.complaints)
    expect_trouble("a warning", "a fault", "example.org", "nothing/of/this/name")
    assert "console warning: a warning" in said
    assert "not caught: a fault" in said
    assert "404" in said
    assert "connect-src" in said  # the content security policy, before it is even asked


def test_a_charger_is_put_back_after_a_kill(running_charger: Charger) -> None:
    running_charger.plug()
    running_charger.set(current_max=10, lock="Solenoid")
    running_charger.kill()
    running_charger.put_back()
    state = running_charger.state
    assert (state["connected"], state["mode"]) == (False, "NORMAL")
    assert running_charger.get("/api/v1/settings").json["current_max"]["value"] == 13


def test_two_browsers_share_nothing(page: Page, context_of: MakeContext) -> None:
    other = context_of().new_page()
    page.goto("/")
    other.goto("/")
    page.evaluate("localStorage.setItem('evsed', 'mine')")
    assert other.evaluate("localStorage.getItem('evsed')") is None


def test_a_page_without_its_charger_may_complain_where_that_is_expected(
    charger: Charger, page: Page, expect_trouble: Watch
) -> None:
    page.goto("/")
    expect(page.locator("#link")).to_have_text("live")
    expect_trouble(LOST)
    charger.kill()
    with page.expect_event("requestfailed"):
        page.evaluate("fetch('/api/v1/state').catch(() => 0)")
