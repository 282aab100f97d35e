"""Cards on the page: taught at the reader, added by number, renamed, disabled, deleted, and the list as a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.charger import Charger
from tests.browser.helpers_settings import value_of
from tests.browser.watch import Watch

ANN = "04A1B2C3D4E5F6"


@pytest.fixture(autouse=True)
def no_cards(charger: Charger) -> Iterator[None]:
    yield
    for card in cards(charger):
        charger.delete(f"/api/v1/cards/{card['uid']}")


def cards(charger: Charger) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = charger.get("/api/v1/cards").json["cards"]
    return found


def test_a_card_is_added_by_its_number_renamed_disabled_and_deleted(charger: Charger, page: Page) -> None:
    page.goto("/#/cards")
    page.get_by_role("textbox", name="Number").fill("04-a1-b2")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("A card's number has 12 or 14 hexadecimal digits")).to_be_visible()
    page.get_by_role("textbox", name="Number").fill("04:a1:b2:c3:d4:e5:f6")
    page.get_by_label("Name").fill("Ann")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The card Ann is stored.")).to_be_visible()
    page.get_by_role("button", name="Rename: Ann").click()
    page.locator(".rename").get_by_label("Name").fill("Anna")
    page.locator(".rename").get_by_role("button", name="Save").click()
    expect(page.get_by_text("The card is now called Anna.")).to_be_visible()
    page.get_by_label("may charge").uncheck()
    expect(page.get_by_text("Anna may not charge any more.")).to_be_visible()
    assert [(card["uid"], card["name"], card["enabled"]) for card in cards(charger)] == [(ANN, "Anna", False)]
    page.get_by_role("button", name="Delete: Anna").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(cards(charger)) == 1
    page.get_by_role("button", name="Delete: Anna").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No cards are stored.")).to_be_visible()
    assert cards(charger) == []


def test_cards_are_taught_at_the_reader_which_then_does_what_it_did(charger: Charger, page: Page) -> None:
    charger.set(rfidreader="EnableOne")
    page.goto("/#/cards")
    page.get_by_role("button", name="Learn cards").click()
    expect(page.get_by_text("Hold each new card to the reader")).to_be_visible()
    charger.post(f"/rfid?rfid={ANN}")
    expect(page.get_by_text(ANN)).to_be_visible()
    expect(page.get_by_text("The reader says: card stored")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Learn cards")).to_be_visible()
    assert value_of(charger, "rfidreader") == "EnableOne"


def test_a_list_is_shown_before_it_is_taken_over(charger: Charger, page: Page, tmp_path: Path) -> None:
    charger.put(f"/api/v1/cards/{ANN}", {"name": "Ann"})
    file = tmp_path / "list.csv"
    file.write_text("uid,name,enabled\nDEADBEEF0000,Eve,false\n")
    page.goto("/#/cards")
    page.get_by_label("Bring a list").set_input_files(file)
    expect(page.get_by_text("New cards: 1")).to_be_visible()
    page.get_by_label("Delete the cards that are not in it").check()
    expect(page.get_by_text("Deleted cards: 1")).to_be_visible()
    assert [card["name"] for card in cards(charger)] == ["Ann"]
    page.get_by_role("button", name="Take it over").click()
    expect(page.get_by_text("The list is taken over. Cards: 1.")).to_be_visible()
    assert [(card["name"], card["enabled"]) for card in cards(charger)] == [("Eve", False)]


def test_a_mistake_in_a_list_is_named_with_its_line(
    charger: Charger, page: Page, tmp_path: Path, expect_trouble: Watch
) -> None:
    expect_trouble("422")
    file = tmp_path / "list.csv"
    file.write_text(f"uid,name,enabled\n{ANN},Ann,true\n12,Eve,true\n")
    page.goto("/#/cards")
    page.get_by_label("Bring a list").set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="line 3")).to_be_visible()
    expect(page.get_by_role("button", name="Take it over")).to_have_count(0)
    assert cards(charger) == []


def test_the_list_is_saved_as_a_file(charger: Charger, page: Page) -> None:
    charger.put(f"/api/v1/cards/{ANN}", {"name": "Ann"})
    page.goto("/#/cards")
    saved = {}
    for kind in ("csv", "json"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind.upper()}").click()
        saved[kind] = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename == f"cards.{kind}"
    assert saved["csv"] == charger.get("/api/v1/cards.csv").body
    assert json.loads(saved["json"]) == charger.get("/api/v1/cards.json").json


def test_what_is_taken_over_is_what_was_shown(charger: Charger, page: Page, tmp_path: Path) -> None:
    charger.put(f"/api/v1/cards/{ANN}", {"name": "Ann"})
    file = tmp_path / "list.csv"
    file.write_text("uid,name,enabled\nDEADBEEF0000,Eve,false\n")
    held: list[Route] = []
    page.goto("/#/cards")
    page.get_by_label("Bring a list").set_input_files(file)
    expect(page.get_by_text("New cards: 1")).to_be_visible()
    page.route("**/api/v1/cards/import?dry_run=true&replace=true", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    replace = page.get_by_label("Delete the cards that are not in it")
    with page.expect_request("**/api/v1/cards/import?*"):
        replace.check()
    expect(page.get_by_role("button", name="Take it over")).to_have_count(0)  # nobody knows yet what it does
    replace.uncheck()
    expect(page.get_by_text("New cards: 1")).to_be_visible()
    with page.expect_response("**/api/v1/cards/import?*"):
        held[0].continue_()
    expect(page.get_by_text("Deleted cards")).to_have_count(0)
    page.get_by_role("button", name="Take it over").click()
    expect(page.get_by_text("The list is taken over. Cards: 2.")).to_be_visible()
    assert sorted(card["name"] for card in cards(charger)) == ["Ann", "Eve"]


def test_a_file_that_cannot_be_read_is_said(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("uid,name,enabled\n")
    page.add_init_script("File.prototype.arrayBuffer = () => Promise.reject(new Error('it is gone'));")
    page.goto("/#/cards")
    page.get_by_label("Bring a list").set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="it is gone")).to_be_visible()


def test_a_list_in_another_code_is_refused_and_a_photo_is_none(
    charger: Charger, page: Page, tmp_path: Path, expect_trouble: Watch
) -> None:
    expect_trouble("422")
    file = tmp_path / "list.csv"
    file.write_bytes(f"uid,name,enabled\n{ANN},Jürgen,true\n".encode("latin-1"))
    page.goto("/#/cards")
    chosen = page.get_by_label("Bring a list")
    chosen.set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="line 2: it is not UTF-8; save it as UTF-8")).to_be_visible()
    file.write_bytes(bytes(range(256)) * 300)
    chosen.set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="list.csv is no list of cards")).to_be_visible()
    file.write_text(f"\ufeffuid,name,enabled\n{ANN},Jürgen,true\n", "utf-8")
    chosen.set_input_files(file)
    page.get_by_role("button", name="Take it over").click()
    expect(page.get_by_text("The list is taken over. Cards: 1.")).to_be_visible()
    assert [card["name"] for card in cards(charger)] == ["Jürgen"]
