"""The meters on the page: what they say, and what is said of one that is silent."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.charger import Charger
from tests.browser.conftest import PHONE, MakeContext


def meter(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_a_meter_that_answers_says_what_flows(charger: Charger, page: Page) -> None:
    charger.plant(house={"L1": 7.0, "L2": 2.0, "L3": 1.0})
    page.goto("/#/meters")
    mains = meter(page, "Mains meter")
    expect(mains.get_by_text("It answers.")).to_be_visible()
    expect(mains.locator("tbody td")).to_have_text(["7.0\u202fA", "2.0\u202fA", "1.0\u202fA"])
    expect(mains).to_contain_text("address 11")
    expect(mains.get_by_text("What to look at")).to_be_hidden()


def test_a_meter_that_nobody_has_chosen_is_not_looked_for(charger: Charger, page: Page) -> None:
    page.goto("/#/meters")
    circuit = meter(page, "Circuit meter")
    expect(circuit.get_by_text("None is chosen.")).to_be_visible()
    expect(circuit.get_by_text("Last error")).to_be_hidden()
    circuit.get_by_role("link", name="Choose one in the settings").click()
    expect(page).to_have_url(f"{charger.url}/#/settings/circuit_meter")


def test_a_silent_meter_is_said_to_be_and_what_to_look_at(charger: Charger, page: Page) -> None:
    page.goto("/#/meters")
    car = meter(page, "Car meter")
    expect(car.get_by_text("It answers.")).to_be_visible()
    charger.plant(faults={"ev_meter_silent": True})
    expect(car.get_by_text("It does not answer. Last heard")).to_be_visible()
    expect(car.get_by_text("Is its address 12, and no other's?")).to_be_visible()
    expect(car).to_contain_text("no answer to a read of register")
    expect(car.locator("tbody td")).to_have_text(["unknown"] * 3)
    charger.plant(faults={"ev_meter_silent": False})
    expect(car.get_by_text("It answers.")).to_be_visible()
    expect(car.get_by_text("What to look at")).to_be_hidden()


def test_a_meter_that_a_program_tells_wants_a_program(charger: Charger, page: Page) -> None:
    charger.set(mains_meter="API")
    page.goto("/#/meters")
    mains = meter(page, "Mains meter")
    expect(mains.get_by_text("A program has to tell the values")).to_be_visible()
    charger.post("/currents?L1=-30&L2=10&L3=0")
    expect(mains.get_by_text("It answers.")).to_be_visible()
    expect(mains.locator("tbody td").first).to_have_text("-3.0\u202fA")


def test_lines_and_the_home_battery_are_told_of(charger: Charger, page: Page) -> None:
    page.goto("/#/meters")
    expect(page.get_by_text("RS485 line 1")).to_be_visible()
    charger.post("/currents?battery_current=-85")
    expect(page.get_by_text("It gives 8.5\u202fA")).to_be_visible()


def test_what_is_unknown_keeps_to_its_column_in_german(charger: Charger, context_of: MakeContext) -> None:
    charger.plant(faults={"ev_meter_silent": True})
    page = context_of(**{**PHONE, "locale": "de"}).new_page()
    page.goto("/#/meters")
    cells = page.get_by_role("region", name="Autozähler", exact=True).locator("tbody td")
    expect(cells).to_have_text(["unbekannt"] * 3)
    assert cells.evaluate_all("cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).length") == 0
