"""A charger that has just been installed: the page shows what is left to do."""

from playwright.sync_api import Page, expect

from tests.browser.charger import Charger

OPTIONS = ("--first-run",)


def test_what_is_left_to_do_is_listed_until_set_up_is_done(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("What the charger does")).to_contain_text("Not set up")
    steps = page.get_by_role("list").filter(has_text="MAX is").get_by_role("listitem")
    expect(steps).to_have_count(len(charger.state["set_up"]["steps"]))
    expect(steps.first).to_contain_text("(done)")
    expect(steps.filter(has_text="MAX is 13 A")).to_contain_text("(to be looked at)")
    expect(steps.last).to_contain_text("(not yet)")
    charger.set(set_up="Done")
    expect(page.get_by_text("To do before this charger may charge")).to_be_hidden()
    expect(page.get_by_label("What the charger does")).to_contain_text("Ready to Charge")
