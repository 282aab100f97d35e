"""What the charger refuses is said in the visitor's language, also in dialogs, and not as a program would be told."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.charger import LCD_PIN, PIN
from tests.browser.conftest import PHONE, MakeContext
from tests.browser.sources import texts
from tests.browser.watch import Watch

LANGUAGES = ["nl", "de"]
WAIT = "too many wrong PINs or passwords: wait 4 s"


def answers(page: Page, path: str, status: int, said: dict[str, Any]) -> None:
    """The next request of ``path`` is answered so; those after it by the charger."""
    headers = {"Retry-After": "4"} if status == 429 else {}
    page.route(path, lambda route: route.fulfill(status=status, json=said, headers=headers), times=1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_pin_is_said_in_the_language_and_the_wait_is_counted_down(
    context_of: MakeContext, expect_trouble: Watch, language: str
) -> None:
    expect_trouble("401", "403", "429")
    own = texts(language)
    page = context_of(**{**PHONE, "locale": language}).new_page()
    page.goto("/#/backup")
    page.get_by_label(own["backup.with_secrets"]).check()
    page.get_by_role("button", name=own["backup.save"]).click()
    dialog = page.get_by_role("dialog")
    go = dialog.get_by_role("button").last
    wrong = dialog.get_by_role("alert")
    secret = dialog.get_by_label(own["common.unlock_secret"])
    answers(page, "**/api/v1/login", 401, {"detail": "the installer's PIN is wrong"})
    secret.fill("9999")
    go.click()
    expect(wrong).to_have_text(own["common.wrong_pin"])
    answers(page, "**/api/v1/login", 429, {"detail": WAIT})
    secret.fill(PIN)
    go.click()
    expect(wrong).to_have_text(own["common.wait"].replace("{seconds}", "4"))
    expect(go).to_have_text(re.compile(r" \([1-4]\)$"))
    expect(go).to_be_disabled()
    expect(go).to_be_enabled()
    expect(go).to_have_text(own["common.unlock_go"])
    expect(wrong).to_be_hidden()
    secret.fill(PIN)
    with page.expect_download():
        go.click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_lcd_pin_is_said_in_the_language(context_of: MakeContext, expect_trouble: Watch, language: str) -> None:
    expect_trouble("429")
    own = texts(language)
    page = context_of(**{**PHONE, "locale": language}).new_page()
    page.goto("/#/unit")
    page.get_by_role("button", name=own["unit.use"]).click()
    dialog = page.get_by_role("dialog")
    go = dialog.get_by_role("button").last
    pin = dialog.locator("input[name=password]")
    for status, said, says in (
        (200, {"success": False, "reason": "the PIN is wrong"}, own["unit.sentence.the PIN is wrong"]),
        (
            429,
            {"success": False, "reason": "too many wrong PINs: wait 4 s"},
            own["common.wait"].replace("{seconds}", "4"),
        ),
    ):
        answers(page, "**/lcd-verify-password", status, said)
        pin.fill("9")
        go.click()
        expect(dialog.get_by_role("alert")).to_have_text(says)
    expect(go).to_be_enabled()
    pin.fill(LCD_PIN)
    go.click()
    expect(dialog).to_have_count(0)
