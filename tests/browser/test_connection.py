"""The page and its charger: lost, found again, another version, several who look at once."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.charger import Charger
from tests.browser.conftest import DESKTOP, MakeContext
from tests.browser.watch import LOST, Watch

SILENCE_MS = 15_000
"""So soon at the latest a page says that it hears nothing."""

_OTHER_VERSION = """import runpy, sys, evsed
evsed.__version__ = "99.9.9"
sys.argv[0] = "evsed"
runpy.run_module("evsed", run_name="__main__")"""

_HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


_DROPPED = """(() => {
  const Real = EventSource;
  let last = null;
  window.EventSource = class extends Real { constructor(...all) { super(...all); last = this; } };
  window.drop = () => last.dispatchEvent(new Event("error"));
})()"""


@pytest.fixture
def live(page: Page) -> Page:
    """A page that shows what the charger does; it has ``data-loaded`` for as long as it is not loaded again."""
    page.clock.install()
    page.goto("/")
    expect(page.locator("#link")).to_have_text("live")
    page.evaluate("document.documentElement.dataset.loaded = 'once'")
    return page


def expect_lost(page: Page) -> None:
    expect(page.get_by_role("alert").filter(has_text="No connection to the charger since")).to_be_in_viewport()
    expect(page.locator("#link")).to_have_text("no connection")
    expect(page.locator("main[inert]")).to_be_visible()  # nothing in it takes a click or the focus


def expect_live(page: Page) -> None:
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("main:not([inert])")).to_be_visible()


def test_a_killed_charger_is_missed_and_found_again_without_loading(
    live: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble(LOST)
    charger.kill()
    expect_lost(live)
    charger.start()
    charger.plug()
    expect_live(live)
    expect(live.locator(".state")).to_have_text(charger.state["state_text"])
    expect(live.locator("html[data-loaded]")).to_be_attached()


def test_a_frozen_charger_is_missed_within_15_s(live: Page, charger: Charger, expect_trouble: Watch) -> None:
    expect_trouble(LOST)
    charger.freeze()
    live.clock.fast_forward(SILENCE_MS)
    expect_lost(live)
    charger.thaw()
    expect_live(live)
    expect(live.locator("html[data-loaded]")).to_be_attached()


def test_a_charger_of_another_version_has_the_page_loaded_anew(
    live: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble(LOST)
    name = charger.command.index("evsed")  # python -m evsed ...
    charger.kill()
    expect_lost(live)
    charger.start([*charger.command[: name - 1], "-c", _OTHER_VERSION, *charger.command[name + 1 :]])
    expect(live.locator("#link")).to_have_text("live")
    expect(live.locator("html[data-loaded]")).not_to_be_attached()
    expect_live(live)


def test_a_page_that_begins_while_the_charger_ends_is_there_when_it_is_back(
    page: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble(LOST)
    page.route(re.compile("/web/locale/"), lambda route: route.abort("connectionrefused"), times=2)
    page.goto("/")
    expect_live(page)
    expect(page.locator(".state")).to_have_text(charger.state["state_text"])


def test_a_view_that_could_not_be_loaded_comes_with_the_connection(
    live: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble(LOST, "dynamically imported")
    charger.kill()
    expect_lost(live)
    live.get_by_role("link", name="Settings").click()
    charger.start()
    expect_live(live)
    expect(live.locator(".view-settings")).to_be_visible()


class Stream:
    """Stands for the charger's stream: each is ended after one event. Without one to tell nothing is answered."""

    def __init__(self, page: Page) -> None:
        self.event: tuple[str, object] | None = None
        page.route("**/api/v1/events", self._answer)
        page.route("**/api/v1/state", self._hold)

    def _hold(self, route: Route) -> None:
        """Nobody answers."""

    def _answer(self, route: Route) -> None:
        if self.event is not None:
            kind, data = self.event
            body = f"event: {kind}\ndata: {json.dumps(data)}\n\n"
            route.fulfill(status=200, headers={"Content-Type": "text/event-stream"}, body=body)


@pytest.fixture
def stream(page: Page) -> Stream:
    """The page's own, while its clock stands still."""
    page.clock.install(time=0)
    page.clock.pause_at(1)
    return Stream(page)


def expect_cut_off(page: Page) -> None:
    """It has shown all of the state, and the stream has ended."""
    expect(page.locator(".state")).to_have_text("Ready to Charge")
    page.clock.run_for(50)  # the modes come some frames after it
    expect(page.locator("#link")).to_have_text("connecting")


def test_a_blip_locks_nothing_but_sends_nothing_but_a_stop(page: Page, stream: Stream, charger: Charger) -> None:
    written: list[str] = []
    page.on("request", lambda request: written.append(request.url) if request.method != "GET" else None)
    stream.event = ("state", charger.state)
    page.goto("/")
    expect_cut_off(page)
    stream.event = None
    expect(page.locator("main:not([inert])")).to_be_visible()
    expect(page.locator("#lost")).to_be_hidden()
    page.get_by_role("button", name="Solar", exact=True).click()
    with page.expect_response("**/api/v1/mode"):
        page.get_by_role("button", name="Off", exact=True).click()
    assert charger.state["mode"] == "OFF"
    page.clock.fast_forward(3000)
    expect_lost(page)
    assert len(written) == 1


def test_what_is_pressed_in_a_blip_is_sent_at_its_end(page: Page, stream: Stream, charger: Charger) -> None:
    stream.event = ("state", charger.state)
    page.goto("/")
    expect_cut_off(page)
    page.get_by_role("button", name="Solar", exact=True).click()
    with page.expect_response("**/api/v1/mode"):
        page.clock.run_for(2000)
    assert charger.state["mode"] == "SOLAR"


def test_what_is_pressed_in_a_blip_that_is_none_is_not_sent(page: Page, stream: Stream, charger: Charger) -> None:
    stream.event = ("state", charger.state)
    page.goto("/")
    expect_cut_off(page)
    stream.event = None
    page.get_by_role("button", name="Solar", exact=True).click()
    page.clock.run_for(3000)
    expect(page.get_by_text("Solar: There is no connection to the charger.")).to_be_visible()
    expect_lost(page)
    page.clock.run_for(1000)
    assert charger.state["mode"] == "NORMAL"


def test_what_somebody_else_did_in_a_blip_comes_first(page: Page, charger: Charger) -> None:
    page.add_init_script(_DROPPED)
    page.goto("/")
    expect_live(page)
    page.evaluate("drop()")
    page.get_by_role("button", name="Solar", exact=True).click()
    charger.put("/api/v1/mode", {"mode": "Off"})
    expect(page.get_by_text("Something was changed there meanwhile: look, and press again.")).to_be_visible()
    expect(page.get_by_role("button", name="Off", exact=True)).to_have_attribute("aria-pressed", "true")
    assert charger.state["mode"] == "OFF"


def test_what_was_asked_before_tells_nothing_after_newer_words(page: Page, charger: Charger) -> None:
    held: list[Route] = []
    page.add_init_script(_DROPPED)
    page.route("**/api/v1/state", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    page.goto("/")
    expect_live(page)
    before = charger.get("/api/v1/state").body
    with page.expect_request("**/api/v1/state"):
        page.evaluate("drop()")
    expect_live(page)
    charger.put("/api/v1/mode", {"mode": "Off"})
    off = page.get_by_role("button", name="Off", exact=True)
    expect(off).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/api/v1/state"):
        held[0].fulfill(status=200, content_type="application/json", body=before)
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(off).to_have_attribute("aria-pressed", "true")


def test_a_page_for_which_there_is_no_stream_left_asks(page: Page, charger: Charger, expect_trouble: Watch) -> None:
    expect_trouble("503", LOST)
    page.route("**/api/v1/events", lambda route: route.fulfill(status=503))
    page.goto("/")
    expect_live(page)
    page.evaluate("""new MutationObserver(() => { document.body.dataset.said += link.textContent; })
        .observe(link, { childList: true, characterData: true, subtree: true })""")
    page.get_by_role("button", name="Solar", exact=True).click()
    expect(page.get_by_role("button", name="Solar", exact=True)).to_have_attribute("aria-pressed", "true")
    charger.plug()
    expect(page.locator(".state")).to_have_text(charger.state["state_text"])
    expect(page.locator("body[data-said]")).to_have_count(0)  # it was live all the time
    charger.kill()
    expect_lost(page)


def test_a_page_that_asks_misses_a_frozen_charger_within_15_s(
    live: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble("503", LOST)
    live.route("**/api/v1/events", lambda route: route.fulfill(status=503))
    live.evaluate(_HIDE, True)
    with live.expect_response("**/api/v1/state"):
        live.evaluate(_HIDE, False)
        live.clock.run_for(2000)
    expect_live(live)
    charger.freeze()
    live.clock.run_for(SILENCE_MS)
    expect_lost(live)
    charger.thaw()
    expect_live(live)


def test_a_charger_that_is_in_trouble_from_the_first_says_so(page: Page, stream: Stream) -> None:
    stream.event = ("trouble", {"detail": "the control loop stands still"})
    page.goto("/")
    expect(page.get_by_role("alert").filter(has_text="the control loop stands still")).to_be_visible()
    expect(page.locator("#link")).to_have_text("no connection")


def test_before_the_first_word_there_is_nothing_to_press(page: Page, stream: Stream) -> None:
    page.goto("/")
    expect(page.get_by_text("Waiting for the charger's first word")).to_be_visible()
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    expect(page.locator("main").get_by_role("slider")).to_have_count(0)
    assert stream.event is None


def test_who_types_goes_on_where_he_was_when_the_connection_is_back(
    live: Page, charger: Charger, expect_trouble: Watch
) -> None:
    expect_trouble(LOST)
    live.get_by_role("link", name="Settings").click()
    search = live.get_by_role("searchbox")
    search.fill("man")
    live.keyboard.press("ArrowLeft")
    charger.kill()
    expect_lost(live)
    expect(search).not_to_be_focused()
    charger.start()
    expect_live(live)
    expect(search).to_be_focused()
    live.keyboard.type("i")
    expect(search).to_have_value("main")


def test_what_one_does_the_other_sees(page: Page, context_of: MakeContext) -> None:
    other = context_of(**DESKTOP).new_page()
    for one in (page, other):
        one.goto("/")
        expect(one.get_by_role("button", name="Normal", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Solar", exact=True).click()
    expect(other.get_by_role("button", name="Solar", exact=True)).to_have_attribute("aria-pressed", "true")
    other.get_by_role("button", name="Smart", exact=True).click()
    expect(page.get_by_role("button", name="Smart", exact=True)).to_have_attribute("aria-pressed", "true")


def test_a_tab_that_nobody_looks_at_does_not_listen(live: Page) -> None:
    with live.expect_event("requestfailed", lambda request: request.url.endswith("/api/v1/events")):
        live.evaluate(_HIDE, True)
    with live.expect_request("**/api/v1/events"):
        live.evaluate(_HIDE, False)
    expect_live(live)


def test_a_tab_that_is_looked_at_again_waits_for_its_new_stream(live: Page) -> None:
    held: list[Route] = []
    live.evaluate(_HIDE, True)
    live.clock.fast_forward(60_000)
    live.route("**/api/v1/events", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    with live.expect_request("**/api/v1/events"):
        live.evaluate(_HIDE, False)
    expect(live.locator("#link")).to_have_text("connecting")
    expect(live.locator("main:not([inert])")).to_be_visible()
    live.clock.run_for(4_000)
    expect_lost(live)  # what is shown is a minute old
    assert len(held) == 1
    held[0].continue_()
    expect_live(live)


def test_texts_that_the_charger_could_not_give_are_asked_for_again(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("503")
    page.route("**/web/locale/en/c*.json", lambda route: route.fulfill(status=503), times=2)
    page.goto("/")
    expect_live(page)
    expect(page.get_by_role("button", name="Normal", exact=True)).to_be_visible()
    expect(page.get_by_text("common.")).to_have_count(0)


def test_scripts_come_from_web_only(page: Page) -> None:
    scripts: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type == "script":
            scripts.append(urlsplit(request.url).path)

    page.on("request", note)
    page.goto("/")
    expect_live(page)
    assert "/web/app.js" in scripts
    assert [path for path in scripts if not path.startswith("/web/")] == []
