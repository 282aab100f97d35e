"""Backup and restore on the page: nothing changes before it is confirmed; erasing and restarting ask first."""

import json
import math
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.charger import LCD_PIN, Charger
from tests.browser.helpers_settings import give_pin, value_of
from tests.browser.watch import LOST, Watch
from tests.scenarios.simulation import wait_for


def saved(page: Page) -> dict[str, Any]:
    """Presses the button; what the file says."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a backup").click()
    assert download.value.suggested_filename.startswith("evsed-90000-")
    found: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    return found


def file_with(directory: Path, **settings: Any) -> Path:
    file = directory / "charger.json"
    file.write_text(json.dumps({"format": "evsed backup", "schema": 3, "settings": settings}))
    return file


def choose(page: Page, file: Path) -> None:
    page.goto("/#/backup")
    page.get_by_label("Choose a backup").set_input_files(file)


def test_a_backup_without_secrets_is_for_everybody(charger: Charger, page: Page) -> None:
    page.goto("/#/backup")
    found = saved(page)
    assert found["settings"] == charger.get("/api/v1/backup").json["settings"]
    assert "secrets" not in found


def test_the_secrets_are_for_the_installer(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    page.goto("/#/backup")
    page.get_by_label("With the secrets").check()
    page.get_by_role("button", name="Save a backup").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Only the installer is given the secrets.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a backup").click()
        give_pin(page)
    assert json.loads(Path(download.value.path()).read_text())["secrets"]["lcd_pin"] == int(LCD_PIN)


def test_a_restore_shows_what_it_changes_and_changes_it_when_confirmed(
    charger: Charger, page: Page, tmp_path: Path
) -> None:
    choose(page, file_with(tmp_path, current_min=8, enable_C2="Auto", no_such_thing=1))
    table = page.get_by_role("table")
    expect(table.get_by_role("row", name="Least charge current 6 A 8 A")).to_be_visible()
    expect(table.get_by_role("row", name="One or three phases No second contactor Automatic")).to_be_visible()
    expect(page.locator(".warnings")).to_contain_text("no_such_thing")
    assert value_of(charger, "current_min") == 6
    page.get_by_role("button", name="Restore this").click()
    expect(page.locator(".preview .done")).to_have_text("Restored. Changes: 2.")
    assert (value_of(charger, "current_min"), value_of(charger, "enable_C2")) == (8, "Auto")


def test_a_restore_that_is_given_up_changes_nothing(charger: Charger, page: Page, tmp_path: Path) -> None:
    before = charger.get("/api/v1/backup").json["settings"]
    choose(page, file_with(tmp_path, current_min=8))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("table")).to_have_count(0)
    assert charger.get("/api/v1/backup").json["settings"] == before


def test_a_file_that_cannot_be_used_says_why(
    charger: Charger, page: Page, tmp_path: Path, expect_trouble: Watch
) -> None:
    expect_trouble("422")
    choose(page, file_with(tmp_path, current_max=99, current_min=8))
    expect(page.locator(".wrong")).to_contain_text("current_max takes")
    expect(page.get_by_role("button", name="Restore this")).to_have_count(0)
    broken = tmp_path / "broken.json"
    broken.write_text('{"schema": 3,\n oops')
    page.get_by_label("Choose a backup").set_input_files(broken)
    expect(page.get_by_role("alert").filter(has_text="line 2")).to_be_visible()
    assert value_of(charger, "current_min") == 6


def test_a_file_that_changes_the_installation_asks_for_the_pin(
    charger: Charger, page: Page, tmp_path: Path, expect_trouble: Watch
) -> None:
    expect_trouble("403")
    choose(page, file_with(tmp_path, current_max=10))
    page.get_by_role("button", name="Restore this").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The file changes what belongs to the installation.")).to_be_visible()
    assert value_of(charger, "current_max") == 13
    page.get_by_role("button", name="Restore this").click()
    give_pin(page)
    expect(page.locator(".preview .done")).to_be_visible()
    assert value_of(charger, "current_max") == 10


def test_erasing_asks_twice_and_for_the_installer(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    charger.set(current_min=9)
    page.goto("/#/backup")
    erase = page.get_by_role("button", name="Erase")
    dialog = page.get_by_role("dialog")
    erase.click()
    dialog.get_by_role("button", name="Cancel").click()
    erase.click()
    dialog.get_by_role("button", name="Erase").click()
    expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    assert value_of(charger, "current_min") == 9
    erase.click()
    dialog.get_by_role("button", name="Erase").click()
    dialog.get_by_label("Yes, erase all settings").check()
    dialog.get_by_role("button", name="Erase").click()
    give_pin(page)
    expect(page.get_by_text("All settings are as delivered.")).to_be_visible()
    assert value_of(charger, "current_min") == 6
    charger.set(lcd_pin=int(LCD_PIN))


def _uptime(charger: Charger) -> float:
    try:
        return float(charger.state["uptime_s"])
    except (OSError, KeyError):  # it ends, or does not control yet
        return math.inf


def test_a_restart_asks_first_and_the_page_comes_back(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble(LOST, "503")
    page.goto("/#/backup")
    page.get_by_role("button", name="Restart").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    before = charger.state["uptime_s"]
    assert before > 0
    page.get_by_role("button", name="Restart").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    wait_for(lambda: _uptime(charger) < before, "evsed has started again")
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.get_by_role("button", name="Restart")).to_be_enabled()


def test_a_backup_in_another_code_is_refused_and_a_photo_is_none(
    page: Page, tmp_path: Path, expect_trouble: Watch
) -> None:
    expect_trouble("422")
    file = tmp_path / "charger.json"
    file.write_bytes('{"settings": {"mode": "Jürgen"}}'.encode("latin-1"))
    choose(page, file)
    expect(page.get_by_role("alert").filter(has_text="it is no text in UTF-8")).to_be_visible()
    file.write_bytes(bytes(range(256)) * 300)
    page.get_by_label("Choose a backup").set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="charger.json is no backup of evsed")).to_be_visible()
