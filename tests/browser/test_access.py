"""Who may, on the page: logging in and out, PIN, password, tokens, and the login for everybody."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.charger import PIN, Charger
from tests.browser.conftest import MakeContext
from tests.browser.helpers_settings import give_pin
from tests.browser.watch import Watch

PASSWORD = "correct horse"  # noqa: S105 - of a charger that lives as long as a test


def card(page: Page, title: str) -> Locator:
    """The part of the view under that title."""
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=title, exact=True))


def log_in(page: Page, secret: str, kind: str = "pin") -> None:
    you = card(page, "You")
    you.get_by_label("Log in as").select_option(kind)
    you.get_by_label("PIN or password", exact=True).fill(secret)
    you.get_by_role("button", name="Log in").click()


def give_password(charger: Charger) -> None:
    assert charger.put("/api/v1/access/password", {"password": PASSWORD}, installer=True).status == 200


def test_the_installer_logs_in_and_out(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("401")
    page.goto("/#/access")
    expect(page.get_by_text("Everybody in your network may look")).to_be_visible()
    log_in(page, "9999")
    expect(card(page, "You").get_by_role("alert")).not_to_be_empty()
    log_in(page, PIN)
    expect(page.get_by_text("You are logged in as the installer")).to_be_visible()
    card(page, "You").get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Everybody in your network may look")).to_be_visible()


def test_the_installer_sets_the_owners_password_and_takes_it_away(
    charger: Charger, page: Page, expect_trouble: Watch
) -> None:
    expect_trouble("403")
    page.goto("/#/access")
    part = card(page, "Owner's password")
    expect(part.get_by_text("No password is set.")).to_be_visible()
    field = part.get_by_label("New password")
    field.fill("short")
    field.press("Enter")
    expect(part.get_by_text("A password has 8 to 128 characters.")).to_be_visible()
    field.fill(PASSWORD)
    field.press("Enter")
    give_pin(page)
    expect(part.get_by_text("A password is set.")).to_be_visible()
    expect(field).to_have_value("")
    assert PASSWORD not in page.content()
    part.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(part.get_by_text("No password is set.")).to_be_visible()
    assert charger.get("/api/v1/access").json["password_set"] is False


def test_the_pin_is_changed_by_who_has_it(page: Page) -> None:
    page.goto("/#/access")
    log_in(page, PIN)
    expect(page.get_by_text("You are logged in as the installer")).to_be_visible()
    part = card(page, "Installer's PIN")
    part.get_by_label("New PIN").fill("12")
    part.get_by_role("button", name="Replace").click()
    expect(part.get_by_text("A PIN has 4 to 8 digits.")).to_be_visible()
    part.get_by_label("New PIN").fill("86420")
    part.get_by_role("button", name="Replace").click()
    expect(page.get_by_text("The new PIN counts from now on.")).to_be_visible()
    log_in(page, "86420")
    expect(page.get_by_text("You are logged in as the installer")).to_be_visible()
    part.get_by_label("New PIN").fill(PIN)
    part.get_by_role("button", name="Replace").click()
    expect(page.get_by_text("Everybody in your network may look")).to_be_visible()


def test_a_token_is_shown_once_and_deleted_after_asking(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    give_password(charger)
    page.goto("/#/access")
    part = card(page, "Tokens for programs")
    part.get_by_label("For which program").fill("evcc")
    part.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Log in as").select_option("password")
    dialog.get_by_label("PIN or password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Continue").click()
    token = part.get_by_label("Token", exact=True).input_value()
    told = charger.simulation.get("/api/v1/access", Authorization=f"Bearer {token}")
    assert told.json["right"] == "operate"
    part.get_by_role("button", name="Copy").click()
    expect(page.locator("#say")).to_contain_text("copied")
    page.reload()
    expect(part.get_by_role("listitem")).to_contain_text("evcc")
    assert token not in page.content()
    part.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(charger.get("/api/v1/access").json["tokens"]) == 1
    part.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(part.get_by_text("There are no tokens.")).to_be_visible()
    assert charger.simulation.get("/settings", Authorization=f"Bearer {token}").status == 401


def test_who_goes_over_tokens_with_the_keyboard_stays_where_he_is(charger: Charger, page: Page) -> None:
    assert charger.post("/api/v1/access/tokens", {"name": "evcc", "right": "read"}, installer=True).status < 300
    page.clock.install()
    page.goto("/#/access")
    delete = card(page, "Tokens for programs").get_by_role("button", name="Delete")
    delete.focus()
    page.clock.fast_forward(9_000)
    with page.expect_response("**/api/v1/access"):
        charger.plant(house={"L1": 3.0})
    expect(delete).to_be_focused()


def test_an_owner_makes_no_token_that_installs(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    page.goto("/#/access")
    part = card(page, "Tokens for programs")
    part.get_by_label("For which program").fill("script")
    part.get_by_label("What it may do").select_option("install")
    part.get_by_role("button", name="Make a token").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(part.get_by_text("Only the owner, with the password, or the installer may do that.")).to_be_visible()
    assert charger.get("/api/v1/access").json["tokens"] == []


def test_a_login_for_everybody_lets_this_browser_stay_and_shows_others_the_login_page(
    charger: Charger, page: Page, context_of: MakeContext, expect_trouble: Watch
) -> None:
    expect_trouble("401", "403")
    give_password(charger)
    page.goto("/#/access")
    row = page.locator("[data-key='login']")
    row.get_by_role("combobox").select_option("On")
    row.get_by_role("button", name="Save").click()
    give_pin(page)
    expect(page.get_by_text("Ask for a login: now On.")).to_be_visible()
    stranger = context_of().new_page()
    stranger.goto("/#/access")
    stranger.locator("#kind").select_option("password")
    stranger.locator("#secret").fill(PASSWORD)
    stranger.locator("#secret").press("Enter")
    expect(stranger.get_by_text("You are logged in as the owner.")).to_be_visible()
    row.get_by_role("combobox").select_option("Off")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Ask for a login: now Off.")).to_be_visible()
