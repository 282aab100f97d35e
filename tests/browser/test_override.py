"""The override's slider: off or MIN to MAX, in Normal and Smart."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.charger import Charger
from tests.browser.watch import Watch
from tests.scenarios.simulation import wait_for


def slider(page: Page) -> Locator:
    """The slider."""
    return page.get_by_role("slider", name="Current")


def test_keys_set_it_and_a_button_ends_it(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    slider(page).press("ArrowRight")
    expect(slider(page)).to_have_attribute("aria-valuetext", "6.0\u202fA")
    slider(page).press("ArrowRight")
    expect(page.get_by_text("In force: 7.0\u202fA")).to_be_visible()
    assert charger.state["override_a"] == 7
    page.get_by_role("button", name="End the override").click()
    expect(page.get_by_text("No override is in force.")).to_be_visible()
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    assert charger.state["override_a"] is None


def test_it_reaches_from_off_to_the_highest_current(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    slider(page).press("End")
    wait_for(lambda: charger.state["override_a"] == 13, "the highest is set")
    expect(page.get_by_text("In force: 13.0\u202fA")).to_be_visible()
    slider(page).press("Home")
    wait_for(lambda: charger.state["override_a"] is None, "it is off")
    expect(page.get_by_text("No override is in force.")).to_be_visible()


def test_sliding_shows_the_value_and_only_its_end_sends_it(charger: Charger, page: Page) -> None:
    sent: list[str | None] = []
    page.on("request", lambda request: sent.append(request.post_data) if request.method == "PUT" else None)
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    slider(page).scroll_into_view_if_needed()
    box = slider(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
    expect(slider(page)).not_to_have_attribute("aria-valuetext", "Off")
    charger.plant(house={"L1": 2.0})  # what else comes in moves nothing
    expect(page.locator(".bars.mains .value").first).to_have_text("2.0\u202fA")
    assert sent == []
    expect(slider(page)).not_to_have_attribute("aria-valuetext", "Off")
    page.mouse.up()
    expect(page.get_by_text("In force:")).to_be_visible()
    assert len(sent) == 1


def test_what_another_sets_moves_it(charger: Charger, page: Page) -> None:
    page.goto("/")
    charger.put("/api/v1/override", {"current": 9.5})
    expect(page.get_by_text("In force: 9.5\u202fA")).to_be_visible()
    expect(slider(page)).to_have_attribute("aria-valuetext", "10.0\u202fA")
    charger.delete("/api/v1/override")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")


def test_solar_and_off_have_none_and_say_so(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Solar"})
    page.goto("/")
    expect(page.get_by_text("In Solar the sun decides")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_hidden()
    charger.put("/api/v1/mode", {"mode": "Off"})
    expect(page.get_by_text("Choose Normal or Smart first.")).to_be_visible()
    charger.put("/api/v1/mode", {"mode": "Smart"})
    expect(slider(page)).to_be_visible()


def test_a_refusal_puts_it_back_and_says_why(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("422")
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    charger.set(current_max=10)
    slider(page).press("End")
    expect(page.get_by_role("alert").filter(has_text="the override takes")).to_be_visible()
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")


def hold_first(page: Page) -> list[Route]:
    """The first wish is held up until it is continued; the others go on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route("**/api/v1/override", hold)
    return held


@pytest.mark.parametrize(("later", "wanted"), [("ArrowRight", 13), ("ArrowLeft", 11), ("Home", None)])
def test_a_wish_while_another_is_on_its_way_comes_after_it(
    charger: Charger, page: Page, later: str, wanted: int | None
) -> None:
    charger.put("/api/v1/override", {"current": 11})
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "11.0\u202fA")
    held = hold_first(page)
    with page.expect_request("**/api/v1/override"):
        slider(page).press("ArrowRight")
    slider(page).press(later)
    shown = slider(page).get_attribute("aria-valuetext")
    charger.plant(house={"L1": 2.0})
    expect(page.locator(".bars.mains .value").first).to_have_text("2.0\u202fA")
    expect(slider(page)).to_have_attribute("aria-valuetext", str(shown))
    held[0].continue_()
    expect(page.locator(".override[aria-busy]")).to_have_count(0)
    expect(slider(page)).to_have_attribute("aria-valuetext", str(shown))
    assert charger.state["override_a"] == wanted
    assert len(held) == 2


def test_a_wish_is_sent_though_the_view_is_left_at_once(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/override", {"current": 13})
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "13.0\u202fA")
    slider(page).press("Home")
    with page.expect_response("**/api/v1/override"):
        page.get_by_role("link", name="History").click()
    assert charger.state["override_a"] is None


def test_a_refused_wish_of_a_view_that_was_left_is_said(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("422")
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    charger.set(current_max=10)
    slider(page).press("End")
    page.get_by_role("link", name="History").click()
    expect(page.locator("#say")).to_contain_text("the override takes")


def test_a_slide_that_ends_where_it_began_lets_the_chargers_word_in(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Off")
    slider(page).scroll_into_view_if_needed()
    box = slider(page).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=3)
    page.mouse.move(box["x"] + 4, middle, steps=3)
    page.mouse.up()
    charger.put("/api/v1/override", {"current": 9})
    expect(slider(page)).to_have_attribute("aria-valuetext", "9.0\u202fA")


def test_its_end_is_not_sent_twice(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/override", {"current": 8})
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/override", hold)
    page.goto("/")
    end = page.get_by_role("button", name="End the override")
    end.click()
    end.click()
    expect(end).to_have_attribute("aria-busy", "true")
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_text("No override is in force.")).to_be_visible()
    assert charger.state["override_a"] is None
