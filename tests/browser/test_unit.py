"""The LCD on the page and its three buttons: who may press, how long, and that none stays pressed."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.charger import LCD_PIN, PIN, Charger
from tests.browser.conftest import MakeContext
from tests.browser.watch import LOST, Watch
from tests.scenarios.simulation import wait_for

Enter = Callable[[Page], None]
_BLIP = """import("/web/lib/ask.js").then(({ unless }) => unless(() => new Promise(() => {})))"""

LEFT, MIDDLE, RIGHT = "Left button", "Middle button", "Right button"


def key(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def give(page: Page, pin: str, installer: str = "") -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("LCD PIN", exact=True).last.fill(pin)
    if installer:
        dialog.get_by_label("Installer's PIN").fill(installer)
    dialog.get_by_role("button", name="Continue").click()


def enter(page: Page) -> None:
    """Shows the LCD to one who may press its buttons."""
    page.goto("/#/unit")
    page.get_by_role("button", name="Use the buttons").click()
    give(page, LCD_PIN)
    expect(page.get_by_text("The buttons work from this browser.")).to_be_visible()


def shows(page: Page, words: str) -> None:
    expect(page.locator(".glass img")).to_have_attribute("alt", f"The LCD shows: {words}")


def menu(charger: Charger) -> bool:
    return bool(charger.get("/lcd?format=json").json["kind"] == "menu")


@pytest.fixture(autouse=True)
def closed_menu(charger: Charger) -> Iterator[None]:
    """Whoever was in the menu leaves it."""
    yield
    while menu(charger):
        leave = "EXIT" in charger.get("/lcd?format=json").json["lines"]
        for pressed in (1, 0):
            charger.post(f"/lcd?button={'middle' if leave else 'left'}&pressed={pressed}&pin={LCD_PIN}")


def test_the_lcd_is_seen_and_heard(charger: Charger, page: Page) -> None:
    page.goto("/#/unit")
    shows(page, "READY TO, CHARGE")
    assert page.evaluate("document.querySelector('.glass img').naturalWidth") == 128
    charger.plant(faults={"temperature": 80})
    expect(page.locator(".view-unit [role=status]")).to_contain_text("HIGH TEMP")


def test_a_wrong_pin_lets_nobody_in_and_the_right_one_does(page: Page) -> None:
    page.goto("/#/unit")
    key(page, MIDDLE).click()  # whoever presses is asked for it
    give(page, "9")
    expect(page.get_by_role("alert").filter(has_text="the PIN is wrong")).to_be_visible()
    give(page, LCD_PIN)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("The buttons work from this browser.")).to_be_visible()


def test_without_an_lcd_pin_the_buttons_are_off_and_the_page_says_where_it_is_set(charger: Charger, page: Page) -> None:
    charger.set(lcd_pin=0)
    page.goto("/#/unit")
    expect(page.get_by_text("no LCD PIN is set")).to_be_visible()
    for name in (LEFT, MIDDLE, RIGHT):
        expect(key(page, name)).to_be_disabled()
    page.get_by_role("link", name="To the settings").click()
    expect(page).to_have_url(f"{charger.url}/#/settings/lcd_pin")


def test_a_held_button_is_held_at_the_unit_until_it_is_let_go(charger: Charger, page: Page) -> None:
    enter(page)
    key(page, LEFT).hover()
    page.mouse.down()
    shows(page, "Let go, for ACCESS, DENIED")
    assert charger.state["mode"] == "NORMAL"
    page.mouse.up()
    wait_for(lambda: charger.state["mode"] == "OFF", "access is off")
    shows(page, "ACCESS, DENIED")


def test_the_space_bar_holds_a_button_too(charger: Charger, page: Page) -> None:
    enter(page)
    key(page, MIDDLE).focus()
    page.keyboard.down(" ")
    shows(page, "Let go, for MENU")
    page.keyboard.up(" ")
    wait_for(lambda: menu(charger), "the menu is open")
    expect(page.get_by_text("Back, or a lower value")).to_be_visible()
    key(page, RIGHT).press("Enter")
    shows(page, "CONFIG, Socket, Fixed cable or type 2 socket")
    expect(page.locator(".view-unit [role=status]")).to_contain_text("CONFIG")


def test_a_click_without_finger_and_key_is_a_short_press(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Smart"})
    enter(page)
    key(page, LEFT).dispatch_event("click")
    wait_for(lambda: charger.state["mode"] == "SOLAR", "Solar is chosen")


@pytest.mark.parametrize("how", ["blur", "leave", "hide", "lose"])
def test_no_button_stays_pressed(how: str, charger: Charger, page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.url.endswith("/lcd") else None)
    enter(page)
    key(page, MIDDLE).focus()
    page.keyboard.down(" ")
    shows(page, "Let go, for MENU")
    match how:
        case "blur":
            key(page, LEFT).focus()
        case "leave":
            page.evaluate("location.hash = '#/'")
        case "hide":
            page.evaluate("dispatchEvent(new Event('pagehide'))")
        case "lose":
            page.evaluate("dispatchEvent(new Event('blur'))")
    wait_for(lambda: menu(charger), "the unit hears the release")
    page.evaluate("0")  # what was sent before is known then
    first, *still, last = (dict(parse_qsl(body)) for body in sent)
    assert (first["pressed"], last["pressed"], {each["pressed"] for each in still} - {"1"}) == ("1", "0", set())
    lengths = [int(each["held_ms"]) for each in (*still, last)]
    assert lengths == sorted(lengths)
    assert "held_ms" not in first


def hold_for_the_menu(page: Page) -> None:
    enter(page)
    key(page, MIDDLE).focus()
    page.keyboard.down(" ")
    shows(page, "Let go, for MENU")


def test_a_page_that_is_loaded_anew_lets_go_first(charger: Charger, page: Page) -> None:
    hold_for_the_menu(page)
    page.reload()
    wait_for(lambda: menu(charger), "the unit hears the release")


def test_a_release_that_got_lost_is_sent_again(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble(LOST)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if "pressed=0" in str(route.request.post_data) and not lost:
            lost.append(route.request.url)
            route.abort("connectionfailed")
        else:
            route.continue_()

    page.route(re.compile("/lcd$"), lose)
    hold_for_the_menu(page)
    with page.expect_response(lambda response: "pressed=0" in str(response.request.post_data)):
        page.keyboard.up(" ")
    assert lost
    wait_for(lambda: menu(charger), "the unit hears the release")


def test_a_tap_of_which_the_charger_hears_late_is_a_tap(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Off"})
    enter(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "pressed=0" in str(route.request.post_data):
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile("/lcd$"), hold)
    key(page, RIGHT).click()
    shows(page, "Let go, to start in, NORMAL mode")  # the charger counts more than 2 s
    held[0].continue_()
    shows(page, "ACCESS, DENIED")
    assert charger.state["mode"] == "OFF"


def test_in_a_blip_a_release_is_sent_and_a_press_is_not(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Smart"})
    enter(page)
    key(page, LEFT).hover()
    page.mouse.down()
    page.evaluate(_BLIP)
    page.mouse.up()
    wait_for(lambda: charger.state["mode"] == "SOLAR", "the release has come")
    page.mouse.down()
    expect(page.get_by_text("There is no connection to the charger.")).to_be_visible()
    page.mouse.up()
    assert charger.state["mode"] == "SOLAR"


def test_what_is_the_installers_changes_with_his_pin_only(page: Page) -> None:
    enter(page)
    page.get_by_role("button", name="Give the installer's PIN").click()
    give(page, LCD_PIN, "1357")
    expect(page.get_by_role("alert").filter(has_text="the PIN is wrong")).to_be_visible()
    give(page, LCD_PIN, PIN)
    expect(page.get_by_text("for what belongs to the installation too")).to_be_visible()


def test_two_browsers_press_the_same_button_and_it_is_two_presses(
    charger: Charger, page: Page, context_of: MakeContext
) -> None:
    charger.put("/api/v1/mode", {"mode": "Smart"})
    other = context_of().new_page()
    for one in (page, other):
        enter(one)
        key(one, LEFT).hover()
    for one in (page, other):
        one.mouse.down()
    page.mouse.up()  # short
    wait_for(lambda: charger.state["mode"] == "SOLAR", "one has let go")
    shows(other, "Let go, for ACCESS, DENIED")
    other.mouse.up()
    wait_for(lambda: charger.state["mode"] == "OFF", "the other's was a long one")


def test_the_light_is_turned_on_and_off(charger: Charger, page: Page) -> None:
    charger.post("/settings?backlight=0")
    page.goto("/#/unit")
    page.get_by_role("button", name="Light it").click()
    expect(page.get_by_text("The LCD is lit")).to_be_visible()
    expect(page.locator(".glass")).to_have_class("glass lit")
    page.get_by_role("button", name="Light off").click()
    expect(page.get_by_text("The LCD is not lit")).to_be_visible()
    answer: Any = charger.get("/settings").json
    assert answer["backlight"]["status"] == "OFF"
