"""The live log on the page: what comes is shown, chosen, paused, copied and saved; loss and restart are lines of it."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.charger import Charger
from tests.browser.conftest import PHONE, MakeContext
from tests.browser.watch import LOST, Watch

MOST = 1_000
_WORDS = iter(range(10_000))


def err(charger: Charger) -> str:
    """The charger refuses something, and logs a warning with this word in it."""
    word = f"nonsense{next(_WORDS)}"
    assert charger.put("/api/v1/mode", {"mode": word}).status == 422
    return word


def line(page: Page, text: str | re.Pattern[str]) -> Any:
    return page.locator(".view-log .line", has_text=text)


def event(number: int, text: str, level: str = "info") -> str:
    document = {"number": number, "at": 1_800_000_000_000 + number, "level": level, "logger": "evsed.a", "text": text}
    return f"event: line\nid: 0badcafe-{number}\ndata: {json.dumps(document)}\n\n"


def told(page: Page, *events: str) -> None:
    """The page hears this in place of the charger's own, and after that nothing."""
    page.add_init_script(
        f"""const said = {json.dumps("".join(events))}, ask = window.fetch;
        window.fetch = (...all) => (!String(all[0]).startsWith("/api/v1/log") ? ask(...all) : Promise.resolve(
          new Response(new ReadableStream({{ start: (to) => to.enqueue(new TextEncoder().encode(said)) }}))));"""
    )


def test_a_line_comes_by_itself_with_its_level_as_a_word(page: Page, charger: Charger) -> None:
    before = err(charger)
    page.goto("/#/log")
    expect(line(page, before)).to_have_count(1)
    after = err(charger)
    shown = line(page, after)
    expect(shown).to_contain_text("warning")
    expect(shown).to_contain_text("is refused: mode takes Off, Normal")
    expect(shown).to_have_class(re.compile("is-warning"))
    expect(page.get_by_role("log", name="Live log")).to_have_attribute("aria-live", "polite")
    expect(shown).to_be_in_viewport()


def test_lines_are_chosen_by_level_and_text(page: Page, charger: Charger) -> None:
    one, other = err(charger), err(charger)
    page.goto("/#/log")
    expect(line(page, one)).to_have_count(1)
    page.get_by_label("Only lines with").fill(other.upper())
    expect(line(page, one)).to_have_count(0)
    expect(line(page, other)).to_have_count(1)
    page.get_by_label("How much").select_option("error")
    expect(page.get_by_text("No lines yet.")).to_be_visible()
    page.get_by_label("How much").select_option("warning")
    expect(line(page, other)).to_have_count(1)


def test_what_comes_while_it_is_paused_waits(page: Page, charger: Charger) -> None:
    before = err(charger)
    page.goto("/#/log")
    expect(line(page, before)).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    after = err(charger)
    expect(page.get_by_role("button", name="To the newest (1 new)")).to_be_visible()
    expect(line(page, after)).to_have_count(0)
    page.get_by_role("button", name="To the newest (1 new)").click()
    expect(line(page, after)).to_be_in_viewport()
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "false")


def test_only_so_many_lines_are_kept_and_a_flood_is_not_read_aloud(page: Page) -> None:
    tag = "<img src=x onerror=alert(1)>"
    told(page, *(event(number, f"text {number} {tag}") for number in range(1, MOST + 501)))
    page.goto("/#/log")
    lines = page.locator(".view-log .lines > *")
    expect(lines).to_have_count(MOST)
    expect(lines.last).to_contain_text(f"text {MOST + 500} {tag}")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    expect(page.get_by_role("status").filter(has_text="new lines")).to_have_count(1)
    page.get_by_role("log").evaluate("list => { list.scrollTop = 0; }")
    expect(lines.last).not_to_be_in_viewport()
    page.get_by_role("button", name="To the newest").click()
    expect(lines.last).to_be_in_viewport()
    expect(page.get_by_role("button", name="To the newest")).to_be_hidden()


def test_the_lines_are_copied_and_saved_as_text(context_of: MakeContext, tmp_path: Path) -> None:
    context = context_of(**PHONE, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    told(page, event(1, "Traceback\n  of it", "error"), event(2, "all is well"))
    page.goto("/#/log")
    expect(line(page, "all is well")).to_have_count(1)
    wanted = re.compile(r"\S+ \S+ ERROR   a: Traceback\n      of it\n\S+ \S+ INFO    a: all is well\n")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text(re.compile("lines copied"))).to_be_visible()
    assert wanted.match(page.evaluate("navigator.clipboard.readText()"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save").click()
    assert saved.value.suggested_filename.startswith("evsed-log-20")
    saved.value.save_as(tmp_path / "log.txt")
    assert wanted.match((tmp_path / "log.txt").read_text())


def test_loss_and_restart_are_lines_and_nothing_comes_twice(
    page: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble(LOST)
    before = err(charger)
    page.goto("/#/log")
    expect(line(page, before)).to_have_count(1)
    charger.kill()
    expect(line(page, "The connection is lost")).to_have_count(1)
    charger.start()
    expect(line(page, "Connected again")).to_have_count(1)
    expect(line(page, "software was restarted")).to_have_count(1)
    after = err(charger)
    expect(line(page, after)).to_have_count(1)
    expect(line(page, before)).to_have_count(1)


def test_what_the_charger_refuses_is_said_in_its_words(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("503")
    problem = {"detail": "there are 8 event streams and no more; close one"}
    page.route(
        "**/api/v1/log?*",
        lambda route: route.fulfill(status=503, body=json.dumps(problem), content_type="application/problem+json"),
    )
    page.goto("/#/log")
    expect(line(page, "and no more; close one")).to_have_count(1)


def test_who_leaves_the_view_listens_no_more(page: Page) -> None:
    page.goto("/#/log")
    page.get_by_label("How much").select_option("debug")
    expect(page.get_by_label("How much")).to_have_value("debug")
    with page.expect_event("requestfailed", lambda request: "/api/v1/log" in request.url):
        page.goto("/#/unit")


def test_a_line_from_before_the_clock_was_right_has_no_date(page: Page) -> None:
    early = json.dumps({"number": 1, "at": 3_000, "level": "info", "logger": "evsed.a", "text": "it begins"})
    told(page, f"event: line\nid: 0badcafe-1\ndata: {early}\n\n", event(2, "the clock is right"))
    page.goto("/#/log")
    expect(line(page, "it begins")).to_contain_text("Time not known")
    expect(line(page, "it begins").locator("time")).to_have_count(0)
    expect(line(page, "the clock is right").locator("time")).to_have_count(1)
    expect(page.locator(".view-log .day")).to_have_count(2)
    expect(page.locator(".view-log .lines")).not_to_contain_text("1970")
