"""/update in a browser: what is refused before it is sent, the upload, and the steps through the restart."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Page, Route, expect

from evsed.api.update.handover import Updates
from evsed.update import progress
from tests.api.served import Charger, Served
from tests.api.uploads import CONTENT, HERE, KEY, NAME, NEW, names, updating
from tests.browser.conftest import DESKTOP, PHONE, MakeContext
from tests.browser.looks import not_accessible, not_reached_with_tab, not_said, too_small, too_wide
from tests.browser.sources import LANGUAGES, texts
from tests.browser.watch import LOST, Watch

PIN = "2468"


@dataclass
class Updated:
    """A charger whose updates nobody takes but the test."""

    charger: Charger
    url: str
    updates: Updates

    def tell(self, state: str, text: str = "") -> None:
        """As root's installer does it, which has taken what was handed over."""
        self.updates.clear()
        progress.tell(self.updates.machine, state, text, versions=(HERE, NEW))


@pytest.fixture
def charger(tmp_path: Path) -> Iterator[Updated]:
    with Charger() as charger:
        updates = updating(charger, tmp_path)
        charger.access.set_pin(PIN)
        with Served(charger.app, charger.refusals) as served:
            yield Updated(charger, f"http://127.0.0.1:{served.port}", updates)


def choose(page: Page, name: str = NAME, content: bytes = CONTENT, key: Ed25519PrivateKey = KEY) -> None:
    """Chooses a package and its signature."""
    kind = "application/octet-stream"
    page.locator("#file").set_input_files({"name": name, "mimeType": kind, "buffer": content})
    signature: Any = {"name": f"{name}.sig", "mimeType": kind, "buffer": key.sign(content)}
    page.locator("#signature").set_input_files(signature)


def log_in(page: Page, charger: Updated) -> None:
    """As the installer."""
    answer = page.request.post(f"{charger.url}/api/v1/login", data={"pin": PIN})
    assert answer.ok


def send(page: Page) -> None:
    page.get_by_role("button", name="Install", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Install").click()


def test_a_package_is_sent_with_the_pin_and_followed_through_the_restart(
    page: Page, charger: Updated, expect_trouble: Watch
) -> None:
    expect_trouble("403", LOST, "ERR_INTERNET_DISCONNECTED")
    page.goto("/update")
    expect(page.locator("#keys")).to_contain_text("mine.pem (your own)")
    choose(page)
    page.get_by_role("button", name="Install", exact=True).click()
    page.get_by_label("PIN or password", exact=True).fill(PIN)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("dialog").get_by_role("button", name="Install").click()
    expect(page.locator("#steps [aria-current]")).to_have_text("Handed to the installer")
    assert (charger.updates.folder / NAME).read_bytes() == CONTENT
    charger.tell("installing")
    expect(page.locator("#steps [aria-current]")).to_contain_text("Charging stops")
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_contain_text("That is expected")
    charger.tell("checking")
    page.context.set_offline(False)
    expect(page.locator("#steps [aria-current]")).to_contain_text("up to a minute")
    expect(page.locator("#lost")).to_be_hidden()
    assert page.locator("#go").is_disabled()
    charger.tell("failed", f"evsed.service did not come up within 60 s. evsed {HERE} is back")
    expect(page.locator("#outcome .failed")).to_contain_text("Not installed: evsed.service did not come up")
    expect(page.locator("#go")).to_be_enabled()


def test_what_came_of_the_last_update_is_told_to_who_comes_later(page: Page, charger: Updated) -> None:
    charger.tell("failed", "the disk was full")
    page.goto("/update")
    expect(page.locator("#outcome")).to_contain_text("The last update failed: the disk was full")
    expect(page.locator("#steps")).to_be_hidden()


def test_what_the_names_say_is_judged_before_anything_is_sent(page: Page, charger: Updated) -> None:
    log_in(page, charger)
    page.goto("/update")
    expect(page.locator("#file-help")).to_contain_text("evsed_<version>+deb12_arm64.deb")
    for name, says in (
        ("firmware.bin", "is not a package for this charger"),
        (NAME.replace(".deb", " (1).deb"), f"rename it to {NAME}, that is without ' (1)'"),
        ("evsed_99.0.0+deb12_amd64.deb", "is for amd64; this charger needs arm64"),
        ("evsed_99.0.0+deb13_arm64.deb", "needs one with +deb12"),
    ):
        choose(page, name)
        expect(page.locator("#file-wrong")).to_contain_text(says)
        page.locator("#go").click()
        assert page.get_by_role("dialog").count() == 0
    choose(page)
    expect(page.locator("#file-wrong")).to_be_hidden()
    page.locator("#signature").set_input_files({"name": "other.sig", "mimeType": "x/y", "buffer": bytes(64)})
    expect(page.locator("#signature-wrong")).to_contain_text(f"this one needs {NAME}.sig")
    assert names(charger.updates) == []


def test_a_refusal_of_the_charger_is_shown_and_another_try_is_free(
    page: Page, charger: Updated, expect_trouble: Watch
) -> None:
    expect_trouble("400")
    log_in(page, charger)
    page.goto("/update")
    choose(page, key=Ed25519PrivateKey.generate())
    send(page)
    expect(page.locator("#outcome .failed")).to_contain_text("Not installed: the signature is not one of this package")
    expect(page.locator("#go")).to_be_enabled()
    choose(page)
    send(page)
    expect(page.locator("#steps [aria-current]")).to_have_text("Handed to the installer")


def test_a_login_that_has_ended_meanwhile_is_asked_for_before_anything_is_sent(page: Page, charger: Updated) -> None:
    log_in(page, charger)
    page.goto("/update")
    choose(page)
    page.get_by_role("button", name="Install", exact=True).click()
    page.context.clear_cookies()
    page.get_by_role("dialog").get_by_role("button", name="Install").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("needs the installer's PIN")
    page.get_by_label("PIN or password", exact=True).fill(PIN)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#steps [aria-current]")).to_have_text("Handed to the installer")
    assert (charger.updates.folder / NAME).read_bytes() == CONTENT


def test_a_refusal_is_told_in_the_language_of_the_page_and_not_as_to_a_program(
    context_of: MakeContext, charger: Updated, expect_trouble: Watch
) -> None:
    expect_trouble("400")
    page = context_of(**{**PHONE, "locale": "nl"}).new_page()
    log_in(page, charger)
    page.goto("/update")
    choose(page, key=Ed25519PrivateKey.generate())
    page.locator("#go").click()
    page.get_by_role("dialog").get_by_role("button").last.click()
    said = page.locator("#outcome .failed")
    expect(said).to_contain_text("Niet geïnstalleerd: de handtekening past niet bij dit pakket")
    hint = "(sudo evsed-update --downgrade takes it)"
    charger.tell("failed", f"{HERE} is no update: {NEW} is installed, which is newer {hint}")
    page.reload()
    expect(said).to_contain_text(f"{HERE} is geen update: {NEW} is geïnstalleerd, en die is nieuwer")
    expect(said).not_to_contain_text("sudo")


def test_an_update_after_this_one_is_not_begun_by_mistake(page: Page, charger: Updated) -> None:
    """D35#166 of what owners have met: an update that was over left a button that did nothing."""
    log_in(page, charger)
    page.goto("/update")
    choose(page)
    page.get_by_role("button", name="Install", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#go")).to_be_enabled()
    expect(page.locator("#go")).to_be_focused()
    send(page)
    expect(page.locator("#steps [aria-current]")).to_have_text("Handed to the installer")
    charger.tell("installing")
    expect(page.locator("#go")).to_be_disabled()
    charger.tell("failed", "the old one is back")
    expect(page.locator("#outcome")).to_contain_text("the old one is back")
    choose(page)
    send(page)
    expect(page.locator("#steps [aria-current]")).to_have_text("Handed to the installer")


def test_who_cancels_is_told_so_for_good(page: Page, charger: Updated) -> None:
    charger.tell("failed", "the disk was full")
    log_in(page, charger)
    looks = 0

    def slow(route: Route) -> None:  # to notice that the upload is over
        nonlocal looks
        looks += 1
        answer = route.fetch()
        told = answer.json()
        route.fulfill(response=answer, json={**told, "state": "receiving", "text": ""} if looks < 2 else told)

    page.route("**/update", lambda route: route.request.method == "POST" or route.continue_())
    page.goto("/update")
    expect(page.locator("#outcome")).to_contain_text("The last update failed")
    choose(page)
    send(page)
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    page.route("**/api/v1/update", slow)
    cancel.click()
    told = page.locator("#outcome .failed")
    for _ in range(2):
        with page.expect_response("**/api/v1/update"):
            expect(told).to_have_text("Not installed: cancelled; nothing was changed")
    expect(told).to_have_text("Not installed: cancelled; nothing was changed")
    expect(page.locator("#go")).to_be_enabled()


def test_without_javascript_the_form_still_posts(
    context_of: MakeContext, charger: Updated, expect_trouble: Watch
) -> None:
    expect_trouble("favicon.ico")  # an answer that is text names no icon
    context = context_of(java_script_enabled=False, extra_http_headers={"Authorization": charger.charger.token()})
    page = context.new_page()
    page.goto("/update")
    assert "only where your browser is logged in already" in page.request.get("/update").text()
    choose(page)
    page.locator("#go").click()
    expect(page.locator("body")).to_have_text("OK")
    assert NAME in names(charger.updates)
    context.close()


def test_where_nobody_installs_the_page_says_why(page: Page, charger: Updated) -> None:
    charger.updates.why_not = "systemd does not run here"
    page.goto("/update")
    expect(page.locator("#why-not")).to_contain_text("systemd does not run here")
    assert page.locator("#go").is_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_it_fits_is_accessible_and_said_in_its_language(
    context_of: MakeContext, charger: Updated, language: str, scheme: str, size: dict[str, Any]
) -> None:
    charger.tell("checking")
    page = context_of(**size, locale=language, color_scheme=scheme).new_page()
    page.goto("/update")
    expect(page.locator("#steps [aria-current]")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    keys = set(texts(language))
    assert (too_wide(page), not_said(page, keys), not_accessible(page), too_small(page)) == ([], [], [], [])
    charger.tell("done", f"evsed {HERE} is now {NEW}")
    page.reload()
    expect(page.locator("#go")).to_be_enabled()
    assert (too_wide(page), not_said(page, keys), not_accessible(page)) == ([], [], [])
    assert not_reached_with_tab(page) == []
    page.set_viewport_size({"width": 180, "height": 370})
    assert too_wide(page) == []
    page.set_viewport_size(PHONE["viewport"])
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert too_wide(page) == []
