"""The first view: what the charger does and why, what flows, what is wrong, and how to end that."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.charger import Charger
from tests.browser.conftest import PHONE, MakeContext
from tests.browser.watch import Watch
from tests.scenarios.simulation import wait_for


def flow(page: Page, node: str) -> Locator:
    """One of the places between which power flows."""
    return page.locator(f"[data-node={node}]")


def test_the_reason_for_not_charging_stands_on_top(charger: Charger, page: Page) -> None:
    page.goto("/")
    top = page.get_by_label("What the charger does")
    expect(top).to_contain_text("Ready to Charge")
    expect(top).to_contain_text("No car connected")
    charger.put("/api/v1/mode", {"mode": "Pause"})
    expect(top).to_contain_text("Charging is paused")


def test_a_charging_car_shows_what_it_takes_and_what_limits_it(charger: Charger, page: Page) -> None:
    charger.charge()
    page.goto("/")
    top = page.get_by_label("What the charger does")
    expect(top).to_contain_text("Charging")
    expect(top).to_contain_text("13.0\u202fA on 3 phases")
    expect(top).to_contain_text("Limited by: MAX")
    expect(flow(page, "car")).to_contain_text("9.0\u202fkW")
    expect(flow(page, "car")).to_have_attribute("data-way", "from_hub")
    expect(flow(page, "mains")).to_have_attribute("data-way", "to_hub")
    expect(page.get_by_role("img")).to_have_accessible_name(re.compile(r"The mains deliver .* The car takes 9\.0"))
    expect(page.locator(".bars.ev li").first).to_contain_text("13.0\u202fA")


def test_a_house_at_its_main_fuse_marks_the_phase_that_limits(charger: Charger, page: Page) -> None:
    charger.plant(house={"L1": 2.0, "L2": 16.0, "L3": 2.0})
    charger.put("/api/v1/mode", {"mode": "Smart"})
    charger.charge()
    page.goto("/")
    expect(page.locator(".bars.mains li.limiting")).to_contain_text(re.compile("L2.*this phase limits"))
    expect(page.get_by_label("What the charger does")).to_contain_text("Limited by: MAINS")


def test_what_is_exported_is_export_and_comes_from_the_sun(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(flow(page, "house")).to_contain_text("House")
    charger.plant(sun={"L1": 9.0, "L2": 9.0, "L3": 9.0})
    expect(flow(page, "mains")).to_contain_text("Export")
    expect(flow(page, "mains")).to_have_attribute("data-way", "from_hub")
    expect(flow(page, "house")).to_contain_text("Sun, left over")
    expect(flow(page, "house")).to_contain_text("5.5\u202fkW")
    expect(page.locator(".bars.mains li.export")).to_have_count(3)


def test_a_home_battery_is_drawn_while_it_is_known(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(flow(page, "mains")).to_contain_text("kW")
    expect(flow(page, "battery")).to_be_hidden()
    charger.post("/currents?battery_current=-100")
    expect(flow(page, "battery")).to_contain_text("Battery gives")
    expect(flow(page, "battery")).to_contain_text("≈ 2.3\u202fkW")


def test_a_silent_meter_is_unknown_and_never_0(charger: Charger, page: Page) -> None:
    charger.charge()
    charger.plant(faults={"mains_meter_silent": True, "ev_meter_silent": True})
    page.goto("/")
    for node in ("mains", "car", "house"):
        expect(flow(page, node)).to_contain_text("unknown")
    expect(page.locator(".bars.mains .value")).to_have_text(["unknown"] * 3)
    expect(page.get_by_text("The car's meter does not answer")).to_be_visible()
    expect(page.get_by_text("This meter does not answer.", exact=True)).to_have_count(2)  # why is told with the meters
    link = page.get_by_role("link", name="Look at the meters")
    expect(link).to_have_attribute("href", "#/meters")


def test_a_car_without_a_meter_is_unknown_while_it_charges(charger: Charger, page: Page) -> None:
    charger.set(ev_meter="Disabled")
    page.goto("/")
    expect(page.get_by_text("No meter is chosen for this.")).to_be_visible()
    expect(flow(page, "house")).to_contain_text("kW")
    charger.simulation.charge()
    expect(flow(page, "car")).to_contain_text("unknown")
    expect(page.get_by_text("No meter measures the car")).to_be_visible()


def test_a_wait_counts_down_and_says_when_it_ends(charger: Charger, page: Page) -> None:
    page.goto("/")
    unix = int(page.evaluate("Math.floor(Date.now() / 60000) * 60 + 7200"))
    charger.put("/api/v1/timer", {"mode": "Normal", "start": unix})
    wait = page.locator(".wait")
    expect(wait).to_have_text(re.compile(r"^1:5\d:\d\d left, until (\w+.*)?\d\d:\d\d$"))
    before = wait.text_content()
    assert before
    expect(wait).not_to_have_text(before)


def test_a_residual_current_says_what_to_do_and_is_reset_at_the_unit_only(charger: Charger, page: Page) -> None:
    page.goto("/")
    charger.plant(faults={"rcm": True})
    alarm = page.get_by_label("What is wrong")
    expect(alarm).to_contain_text("RCM Tripped")
    expect(alarm).to_contain_text("Then press a button at the charger itself")
    expect(alarm.get_by_role("button")).to_be_hidden()
    charger.plant(faults={"rcm": False})
    charger.simulation.press("middle")
    expect(alarm).to_be_hidden()


def test_a_welded_contactor_is_reset_once_it_opens_again(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("409")
    charger.charge()
    charger.plant(faults={"contactor1": "welded"})
    charger.put("/api/v1/mode", {"mode": "Off"})
    page.goto("/")
    alarm = page.get_by_label("What is wrong")
    expect(alarm).to_contain_text("Switch the supply off at the fuse box now")
    reset = alarm.get_by_role("button", name="reset")
    reset.click()
    expect(alarm).to_contain_text("Not reset: a contactor still does not open")
    charger.plant(faults={"contactor1": None})
    wait_for(lambda: charger.post("/api/v1/faults/clear").status == 200, "the charger has seen that it opens")
    expect(alarm).to_be_hidden()


def test_a_reset_is_confirmed(charger: Charger, page: Page) -> None:
    charger.charge()
    charger.plant(faults={"contactor1": "stuck_open"})
    page.goto("/")
    alarm = page.get_by_label("What is wrong")
    expect(alarm).to_contain_text("Contactor Failed")
    charger.plant(faults={"contactor1": None})
    alarm.get_by_role("button", name="reset").click()
    expect(page.get_by_text("Reset.", exact=True)).to_be_visible()
    expect(alarm).to_be_hidden()


def test_a_fault_that_ends_by_itself_has_no_button(charger: Charger, page: Page) -> None:
    page.goto("/")
    charger.plant(faults={"temperature": 80})
    alarm = page.get_by_label("What is wrong")
    expect(alarm).to_contain_text("Temperature High")
    expect(alarm.get_by_role("button")).to_be_hidden()
    charger.plant(faults={"temperature": 25})
    expect(alarm).to_be_hidden()


def test_what_the_charger_says_is_said_in_the_visitors_language(charger: Charger, context_of: MakeContext) -> None:
    page = context_of(**{**PHONE, "locale": "de"}).new_page()
    page.goto("/")
    expect(page.get_by_text("Kein Auto angesteckt", exact=True)).to_be_visible()
    charger.put("/api/v1/limit", {"current": 4.5, "seconds": 60})
    charger.plug()
    expect(page.get_by_text("Von einem Programm auf 4.5 A begrenzt, weniger als MIN")).to_be_visible()


def test_details_tell_the_rest(charger: Charger, page: Page) -> None:
    charger.charge()
    page.goto("/")
    page.get_by_text("Details").click()
    details = page.locator("details")
    for text in ("closed", "25\u202f°C", "32.0\u202fA", "Not Installed", "Disabled"):
        expect(details.get_by_text(text, exact=True).first).to_be_visible()
