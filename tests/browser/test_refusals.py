"""What the charger refuses is said in the visitor's language, also in dialogs, and not as a program would be told."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evsed.alerts import post, service, webhook
from evsed.alerts.alert import TEST_TEXT
from evsed.api import gate
from evsed.api.mqtt import outbox
from evsed.api.update import handover, upload
from evsed.backup.document import DocumentError, read
from evsed.backup.restoring import Now, restoring
from evsed.backup.rows import without_values
from evsed.config import Mqtt
from evsed.core.settings import Settings
from evsed.update.machine import UpdateError
from evsed.update.signatures import NO_KEY, signature
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


ODD_BACKUP = b"""{"format": "evsed backup", "schema": 1, "serial": 2, "strange": 1, "settings":
{"current_min": 99, "nothing": 1, "loadbl": "Master", "mode": "Solar", "set_up": "Done", "lcd_pin": 1234,
"rfidreader": "Learn"}, "broker": {"host": "other.lan", "odd": 1, "port": "x"}, "cards": [1],
"secrets": {"lcd_pin": "x", "installer_pin": 1, "odd": 1, "mqtt_password": 1}}"""
UNREADABLE = [
    b"{", b"\xff", b"[]", b'{"a": 1, "a": 2}', b'{"format": "x"}', b'{"format": "evsed settings", "schema": 99}',
    b'{"format": "evsed settings", "schema": -1}', b'{"format": "evsed settings", "schema": 3}', b" " * 1_000_001,
    b'{"format": "evsed backup", "schema": 3, "settings": {}, "broker": 1}',
    b'{"format": "evsed backup", "schema": 3, "settings": {}, "cards": 1}',
    b'{"format": "evsed backup", "schema": 3, "settings": {}, "secrets": 1}',
]  # fmt: skip


def of_a_restore() -> Iterator[str]:
    now = Now(Settings(), without_values(), 1, Mqtt(host="here.lan", port=1883))
    for file in (ODD_BACKUP, ODD_BACKUP.replace(b', "port": "x"', b"").replace(b'"serial": 2, ', b"")):
        found = restoring(read(file), now)
        assert found.warnings
        assert found.wrong
        yield from found.warnings
        yield from (wrong.text for wrong in found.wrong)
    for file in UNREADABLE:
        with pytest.raises(DocumentError) as refused:
            read(file)
        yield from (str(refused.value), f"the file cannot be used: {refused.value}")


def of_an_update(place: Path) -> Iterator[str]:
    yield from (handover.unavailable(place), handover._NOT_TAKEN, NO_KEY, str(upload.too_big()))
    yield str(upload._of_disk(OSError(28, "No space left on device")))
    with pytest.raises(UpdateError) as refused:
        signature(bytes(3))
    yield str(refused.value)
    yield "1.0.0+deb12 is no update: 1.0.0+deb12 is installed"  # what stands behind it is for root
    yield "evsed.service did not come up within 60 s. evsed 1.0.0 is back"


def of_alerts() -> Iterator[str]:
    yield from (service.NONE_IS_ON, str(service.TooSoonError(3)), post.OWN_PORT, post._SILENT, TEST_TEXT)
    yield from (post.brief(answer) for answer in ("200", "404: x", "it cannot be reached: x"))
    yield from (f"{status}: {says}" for status, says in post._SAYS.items())
    yield from (post.post("ftp://x", b"").answer, webhook._OFF, webhook._BUSY)
    yield from (outbox.SENT, outbox.NOT_CONNECTED, outbox.NO_BROKER, outbox.NO_WORD, outbox._OFF)


def of_the_gate() -> Iterator[str]:
    yield from (gate.NO_PIN, gate._NEEDS_INSTALLER, gate._NEEDS_OWNER, gate._NO_OWNER)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_charger_says_in_english_is_known_to_the_page(
    context_of: MakeContext, tmp_path: Path, language: str
) -> None:
    said = [*of_a_restore(), *of_an_update(tmp_path), *of_alerts(), *of_the_gate()]
    page = context_of(**{**PHONE, "locale": language}).new_page()
    page.goto("/#/backup")
    page.locator(".view-backup h2").first.wait_for()
    unknown = page.evaluate(
        """async (said) => {
            const { load } = await import("/web/lib/i18n.js");
            const { sentence } = await import("/web/lib/sentence.js");
            await load(["backup", "settings", "update", "common", "words"]);
            return said.filter((each) => sentence(each) === null);
        }""",
        said,
    )
    assert unknown == []
