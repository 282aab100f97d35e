"""Two chargers that share power: the master's page shows both, the node's that it is one."""

from playwright.sync_api import Page, expect

from tests.browser.charger import Charger
from tests.browser.watch import Watch
from tests.scenarios.simulation import wait_for

CHARGERS = 2


def test_a_master_shows_its_nodes(charger: Charger, page: Page) -> None:
    page.goto("/")
    rows = page.get_by_label("Chargers that share power").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("Master")
    expect(rows.nth(2)).to_contain_text("Node 1")
    charger.simulation.charger(1).charge()
    expect(rows.nth(2)).to_contain_text("Charging")
    expect(rows.nth(2)).to_contain_text("13.0\u202fA")
    charger.simulation.charger(1).patch(car={"plugged": False})
    expect(rows.nth(2)).to_contain_text("Ready to Charge")
    expect(rows.nth(2)).to_contain_text("nothing")


def test_a_node_says_so_and_leaves_the_override_to_its_master(
    charger: Charger, page: Page, expect_trouble: Watch
) -> None:
    node = charger.simulation.charger(1)
    expect_trouble(f"foreign: PUT {node.url('')}/", f"foreign: GET {node.url('')}/")
    page.goto(node.url("/"))
    expect(page.get_by_text("This charger is node 1")).to_be_visible()
    expect(page.get_by_text("the override is set on its master")).to_be_visible()
    expect(page.get_by_text("pressed here becomes the mode of all")).to_be_visible()
    page.get_by_role("button", name="Smart", exact=True).click()
    wait_for(lambda: charger.state["mode"] == "SMART", "the master has taken its node's mode")
    expect(page.get_by_role("slider")).to_be_hidden()
