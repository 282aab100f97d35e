"""Where the keyboard's focus is once a dialog is gone, or a list is another: never nowhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.charger import Charger
from tests.browser.helpers_settings import give_pin, open_setting
from tests.browser.test_cards import ANN
from tests.browser.watch import Watch

EVE = "DEADBEEF0000"


@pytest.fixture
def two_cards(charger: Charger) -> Iterator[None]:
    charger.put(f"/api/v1/cards/{ANN}", {"name": "Ann"})
    charger.put(f"/api/v1/cards/{EVE}", {"name": "Eve"})
    yield
    for uid in (ANN, EVE):
        charger.delete(f"/api/v1/cards/{uid}")


def give_up(page: Page) -> None:
    """With Escape, as who has no mouse does."""
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def card(page: Page) -> Locator:
    page.goto("/#/cards")
    return page.get_by_role("button", name="Delete: Ann")


def token(page: Page) -> Locator:
    page.goto("/#/access")
    return page.locator(".tokens").get_by_role("button", name="Delete")


def lcd(page: Page) -> Locator:
    page.goto("/#/unit")
    return page.get_by_role("button", name="Use the buttons")


def restart(page: Page) -> Locator:
    page.goto("/#/backup")
    return page.get_by_role("button", name="Restart")


def erase(page: Page) -> Locator:
    page.goto("/#/backup")
    return page.get_by_role("button", name="Erase")


def secrets(page: Page) -> Locator:
    page.goto("/#/backup")
    page.get_by_label("With the secrets").check()
    return page.get_by_role("button", name="Save a backup")


@pytest.mark.usefixtures("two_cards")
@pytest.mark.parametrize("find", [card, token, lcd, restart, erase, secrets])
def test_who_gives_up_in_a_dialog_is_where_he_opened_it(
    charger: Charger, page: Page, find: Callable[[Page], Locator], expect_trouble: Watch
) -> None:
    expect_trouble("403")
    charger.post("/api/v1/access/tokens", {"name": "evcc", "right": "operate"}, installer=True)
    opener = find(page)
    opener.click()
    give_up(page)
    expect(opener).to_be_focused()


def test_who_gives_up_the_pin_of_a_setting_is_in_its_field(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    row = open_setting(page, "current_max")
    row.get_by_role("spinbutton").fill("10")
    row.get_by_role("button", name="Save").click()
    give_up(page)
    expect(row.get_by_role("spinbutton")).to_be_focused()


def test_after_two_questions_and_a_refusal_too(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    opener = erase(page)
    opener.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Erase").click()
    dialog.get_by_label("Yes, erase all settings").check()
    dialog.get_by_role("button", name="Erase").click()
    expect(dialog.get_by_label("Log in as")).to_be_visible()
    give_up(page)
    expect(opener).to_be_focused()


@pytest.mark.usefixtures("two_cards")
def test_who_renames_or_deletes_a_card_goes_on_in_the_list(page: Page) -> None:
    page.goto("/#/cards")
    page.get_by_role("button", name="Rename: Ann").click()
    page.locator(".rename").get_by_label("Name").fill("Anna")
    page.keyboard.press("Enter")
    rename = page.get_by_role("button", name="Rename: Anna")
    expect(rename).to_be_focused()
    rename.click()
    page.keyboard.press("Escape")
    expect(rename).to_be_focused()
    page.get_by_role("button", name="Delete: Anna").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Cards", exact=True)).to_be_focused()


def test_who_takes_a_list_over_may_choose_another(charger: Charger, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"uid,name,enabled\n{EVE},Eve,false\n")
    page.goto("/#/cards")
    chosen = page.get_by_label("Bring a list")
    chosen.set_input_files(file)
    page.get_by_role("button", name="Take it over").click()
    expect(page.get_by_text("The list is taken over")).to_be_visible()
    expect(chosen).to_be_focused()
    chosen.set_input_files(file)
    page.get_by_role("button", name="Cancel").click()
    expect(chosen).to_be_focused()
    charger.delete(f"/api/v1/cards/{EVE}")


def test_who_restores_a_backup_may_choose_another(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "charger.json"
    file.write_text('{"format": "evsed backup", "schema": 3, "settings": {"current_min": 8}}')
    page.goto("/#/backup")
    chosen = page.get_by_label("Choose a backup")
    chosen.set_input_files(file)
    page.get_by_role("button", name="Restore this").click()
    expect(page.locator(".preview .done")).to_be_visible()
    expect(chosen).to_be_focused()


def test_who_deletes_a_token_goes_on_in_their_list(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    charger.post("/api/v1/access/tokens", {"name": "evcc", "right": "operate"}, installer=True)
    token(page).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    give_pin(page)
    expect(page.get_by_role("heading", name="Tokens for programs")).to_be_focused()
