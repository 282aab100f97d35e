"""Words of the tests of settings: where a setting is on the page, and how the PIN is given."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.charger import PIN, Charger


def open_setting(page: Page, key: str) -> Locator:
    """Shows the setting ``key`` in the settings, and finds it."""
    page.goto(f"/#/settings/{key}")
    row = page.locator(f"[data-key='{key}']")
    expect(row).to_be_visible()
    return row


def value_of(charger: Charger, key: str) -> Any:
    """What the charger has."""
    return charger.get("/api/v1/settings").json[key]["value"]


def give_pin(page: Page, pin: str = PIN) -> None:
    """Logs in as the installer in the dialog that asks for it."""
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Log in as").select_option("pin")
    dialog.get_by_label("PIN or password", exact=True).fill(pin)
    dialog.get_by_role("button", name="Continue").click()
