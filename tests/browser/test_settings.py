"""The settings on the page: all of them within reach, taken in their range, and never written over another's."""

from playwright.sync_api import Page, expect

from tests.browser.charger import Charger
from tests.browser.conftest import DESKTOP, MakeContext
from tests.browser.helpers_settings import give_pin, open_setting, value_of
from tests.browser.watch import Watch

SAVE, UNDO = "Save", "Undo"


def test_every_setting_is_on_the_page(charger: Charger, page: Page) -> None:
    page.goto("/#/settings")
    expect(page.get_by_text("Mains and limits")).to_be_visible()
    on_page = page.locator("[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)")
    assert sorted(on_page) == sorted(charger.get("/api/v1/settings").json)
    assert page.locator("[data-group='other']").count() == 0  # each has a place of its own


def test_a_value_in_its_range_is_saved_with_enter(charger: Charger, page: Page) -> None:
    row = open_setting(page, "current_min")
    field = row.get_by_role("spinbutton", name="Least charge current")
    expect(row.get_by_role("button", name=SAVE)).to_be_hidden()
    field.fill("8")
    field.press("Enter")
    expect(page.get_by_text("Least charge current: now 8 A.")).to_be_visible()
    expect(row.get_by_role("button", name=SAVE)).to_be_hidden()
    assert value_of(charger, "current_min") == 8


def test_a_value_out_of_range_is_refused_before_it_is_sent_and_escape_puts_back(charger: Charger, page: Page) -> None:
    row = open_setting(page, "current_min")
    field = row.get_by_role("spinbutton")
    for wrong in ("99", "6.5", ""):
        field.fill(wrong)
        row.get_by_role("button", name=SAVE).click()
        expect(row.get_by_role("alert")).to_have_text("This takes a whole number from 6 to 16 A.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.press("Escape")
    expect(field).to_have_value("6")
    expect(row.get_by_role("alert")).to_have_count(0)  # one without a word is not there
    assert value_of(charger, "current_min") == 6


def test_what_the_charger_refuses_is_said_at_the_field_in_its_words(
    charger: Charger, page: Page, expect_trouble: Watch
) -> None:
    charger.set(mains_meter="Disabled")
    expect_trouble("422")
    row = open_setting(page, "mode")
    row.get_by_role("combobox").select_option("Smart")
    row.get_by_role("button", name=SAVE).click()
    expect(row.get_by_role("alert")).to_contain_text("needs a mains meter")
    row.get_by_role("button", name=UNDO).click()
    expect(row.get_by_role("combobox")).to_have_value("Normal")


def test_a_setting_of_the_installation_asks_for_the_pin(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403", "401")
    row = open_setting(page, "current_max")
    expect(row.get_by_text("needs the installer")).to_be_attached()
    row.get_by_role("spinbutton").fill("16")
    row.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("dialog")).to_contain_text("Highest charge current belongs to the installation.")
    give_pin(page, "9999")
    expect(page.get_by_role("dialog").get_by_role("alert")).not_to_be_empty()
    assert value_of(charger, "current_max") == 13
    give_pin(page)
    expect(page.get_by_text("Highest charge current: now 16 A.")).to_be_visible()
    assert value_of(charger, "current_max") == 16


def test_who_gives_up_at_the_pin_has_changed_nothing(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    row = open_setting(page, "config")
    row.get_by_role("combobox").select_option("Fixed")
    row.get_by_role("button", name=SAVE).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(row.get_by_role("alert")).to_have_text("Cable belongs to the installation.")
    assert value_of(charger, "config") == "Socket"


def test_a_secret_is_set_replaced_and_removed_and_never_shown(charger: Charger, page: Page) -> None:
    row = open_setting(page, "lcd_pin")
    expect(row.get_by_text("set", exact=True)).to_be_visible()
    row.get_by_role("button", name="Replace").click()
    field = row.get_by_label("LCD PIN for the buttons")
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_value("")
    field.fill("7531")
    field.press("Enter")
    expect(page.get_by_text("LCD PIN for the buttons: now set.")).to_be_visible()
    assert "7531" not in page.content()
    row.get_by_role("button", name="Remove").click()
    expect(row.get_by_text("not set", exact=True)).to_be_visible()
    assert value_of(charger, "lcd_pin") == 0
    charger.set(lcd_pin=1111)


def test_the_address_of_alerts_has_to_be_one(charger: Charger, page: Page) -> None:
    row = open_setting(page, "alert_webhook")
    row.get_by_role("button", name="Set").click()
    field = row.get_by_label("Alert by web hook")
    field.fill("ntfy.sh/charger")
    field.press("Enter")
    expect(row.get_by_role("alert")).to_contain_text("begins with http:// or https://")
    field.fill("http://127.0.0.1:9/secret-key")
    field.press("Enter")
    expect(page.get_by_text("Alert by web hook: now set.")).to_be_visible()
    assert "secret-key" not in page.content()
    row.get_by_role("button", name="Remove").click()
    expect(row.get_by_text("not set", exact=True)).to_be_visible()
    assert value_of(charger, "alert_webhook") == ""


def test_a_colour_is_chosen_as_one(charger: Charger, page: Page) -> None:
    row = open_setting(page, "color_solar")
    field = row.get_by_label("Colour in Solar")
    expect(field).to_have_value("#ffaa00")
    field.fill("#102030")
    row.get_by_role("button", name=SAVE).click()
    expect(page.get_by_text("Colour in Solar: now 16,32,48.")).to_be_visible()
    assert value_of(charger, "color_solar") == "16,32,48"


def test_a_setting_is_found_by_its_name_on_the_lcd_and_says_why_it_does_nothing(charger: Charger, page: Page) -> None:
    page.goto("/#/settings")
    page.get_by_label("Find a setting").fill("CAP STOP")
    expect(page.locator("[data-key]:visible")).to_have_count(1)
    expect(page.get_by_text("Settings found: 1")).to_be_visible()
    expect(page.get_by_text("Does nothing now: the limit of the sum is off.")).to_be_visible()
    charger.set(current_max_sum_mains=60)
    page.get_by_label("Find a setting").fill("")
    page.get_by_label("Only what is not as delivered").check()
    expect(page.locator("[data-key='current_max_sum_mains']")).to_be_visible()
    expect(page.locator("[data-key='current_min']")).to_be_hidden()


def test_another_browsers_change_arrives(page: Page, context_of: MakeContext) -> None:
    other = context_of(**DESKTOP).new_page()
    here, there = open_setting(page, "solar_stop_time"), open_setting(other, "solar_stop_time")
    there.get_by_role("spinbutton").fill("20")
    there.get_by_role("spinbutton").press("Enter")
    expect(here.get_by_role("spinbutton")).to_have_value("20")
    expect(here.get_by_role("button", name=SAVE)).to_be_hidden()


def test_two_browsers_do_not_write_over_each_other_unknowingly(
    charger: Charger, page: Page, context_of: MakeContext
) -> None:
    other = context_of(**DESKTOP).new_page()
    here, there = open_setting(page, "solar_stop_time"), open_setting(other, "solar_stop_time")
    here.get_by_role("spinbutton").fill("30")
    there.get_by_role("spinbutton").fill("20")
    there.get_by_role("spinbutton").press("Enter")
    expect(there.get_by_role("button", name=SAVE)).to_be_hidden()
    here.get_by_role("button", name=SAVE).click()
    expect(here.get_by_text("Somebody else has just changed this to 20 min.")).to_be_visible()
    assert value_of(charger, "solar_stop_time") == 20
    expect(here.get_by_role("spinbutton")).to_have_value("30")
    here.get_by_role("button", name=SAVE).click()
    expect(page.get_by_text("now 30 min.")).to_be_visible()
    assert value_of(charger, "solar_stop_time") == 30


def test_a_test_of_the_alerts_says_what_came_of_it(page: Page) -> None:
    row = open_setting(page, "alert_mqtt")
    press = page.get_by_role("button", name="Send a test")
    expect(press).to_be_disabled()
    row.get_by_role("combobox").select_option("Enabled")
    row.get_by_role("button", name=SAVE).click()
    expect(page.get_by_text("No alert since evsed started.")).to_be_visible()
    with page.expect_response("**/alerts/test") as answer:
        press.click()
    expect(page.locator(".result li")).to_have_text(f"MQTT: {answer.value.json()['mqtt']}")


def test_the_settings_are_in_the_visitors_language(context_of: MakeContext) -> None:
    for locale, name, choice in (("nl-NL", "Hoogste laadstroom", "Zon"), ("de-DE", "Höchster Ladestrom", "Solar")):
        page = context_of(locale=locale).new_page()
        open_setting(page, "current_max")
        expect(page.get_by_label(name)).to_be_visible()
        assert choice in page.locator("[data-key='mode'] option").all_inner_texts()


def test_who_goes_back_while_the_pin_is_asked_for_has_given_up(
    charger: Charger, page: Page, expect_trouble: Watch
) -> None:
    expect_trouble("403")
    page.goto("/")
    row = open_setting(page, "config")
    row.get_by_role("combobox").select_option("Fixed")
    row.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Smart", exact=True).click()
    expect(page.get_by_role("button", name="Smart", exact=True)).to_have_attribute("aria-pressed", "true")
    assert value_of(charger, "config") == "Socket"


def test_a_refusal_that_no_login_helps_is_said_in_the_chargers_words(page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    row = open_setting(page, "config")
    said = "Origin 'https://home.example': a web page of another site may not operate this charger"
    page.route(
        "**/api/v1/settings",
        lambda route: (
            route.fulfill(status=403, json={"detail": said}) if route.request.method == "PATCH" else route.continue_()
        ),
    )
    row.get_by_role("combobox").select_option("Fixed")
    row.get_by_role("button", name=SAVE).click()
    expect(row.get_by_role("alert")).to_have_text(said)
    expect(page.get_by_role("dialog")).to_have_count(0)
