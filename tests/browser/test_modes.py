"""The mode buttons with their start, stop and daily fields, as owners know them."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.charger import Charger
from tests.browser.conftest import PHONE, MakeContext
from tests.browser.watch import Watch
from tests.scenarios.simulation import wait_for

MODES: Final = ("Off", "Smart", "Solar", "Pause", "Normal")


def button(page: Page, mode: str) -> Locator:
    """The button of a mode."""
    return page.get_by_role("group", name="Mode").get_by_role("button", name=mode)


def local(charger: Charger, **later: int) -> str:
    """A time on the charger's clock, as the fields have it."""
    now = datetime.fromisoformat(charger.state["local_time"])
    return f"{now + timedelta(**later):%Y-%m-%dT%H:%M}"


@pytest.fixture
def fields(page: Page) -> tuple[Locator, Locator, Locator]:
    """Start, stop and daily of a page that is there."""
    page.goto("/")
    start, stop = page.get_by_label("Start", exact=True), page.get_by_label("Stop (optional)")
    expect(start).not_to_have_value("")
    return start, stop, page.get_by_label("every day at these times")


Fields = tuple[Locator, Locator, Locator]


def tell(page: Page, state: dict[str, Any]) -> None:
    """The page hears this state, as it is then, in place of the charger's."""

    def answer(route: Route) -> None:  # streams that end, so that each begins at the time of the test
        body = f"event: state\ndata: {json.dumps(state)}\n\n"
        route.fulfill(status=200, headers={"Content-Type": "text/event-stream"}, body=body)

    page.route("**/api/v1/events", answer)


def test_each_button_chooses_its_mode_and_shows_the_chargers(charger: Charger, page: Page) -> None:
    page.goto("/")
    for mode in MODES:
        button(page, mode).click()
        expect(button(page, mode)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".mode[aria-pressed=true]")).to_have_count(1)
        assert charger.state["mode"] == mode.upper()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_what_another_chooses_is_shown(charger: Charger, page: Page) -> None:
    page.goto("/")
    expect(button(page, "Normal")).to_have_attribute("aria-pressed", "true")
    charger.put("/api/v1/mode", {"mode": "Solar"})
    expect(button(page, "Solar")).to_have_attribute("aria-pressed", "true")


def test_a_press_is_marked_until_it_is_done_and_not_sent_twice(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/mode", hold)
    page.goto("/")
    button(page, "Smart").click()
    expect(button(page, "Smart")).to_have_attribute("aria-busy", "true")
    expect(button(page, "Smart")).to_have_attribute("aria-pressed", "false")
    button(page, "Smart").click()
    button(page, "Solar").click()
    button(page, "Pause").click()  # stopping is never held up
    expect(button(page, "Pause")).to_have_attribute("aria-busy", "true")
    assert [route.request.post_data for route in held] == ['{"mode":"Smart"}', '{"mode":"Pause"}']
    for route in held:
        route.continue_()
    expect(button(page, "Pause")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_a_refused_mode_says_why_and_the_chargers_stays_pressed(
    charger: Charger, page: Page, expect_trouble: Watch
) -> None:
    expect_trouble("422")
    charger.set(mains_meter="Disabled")
    page.goto("/")
    button(page, "Smart").click()
    expect(page.get_by_role("alert").filter(has_text="Smart: Smart needs a mains meter")).to_be_visible()
    expect(button(page, "Normal")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_a_start_is_filled_with_now_and_more_fields_come_one_after_the_other(charger: Charger, fields: Fields) -> None:
    start, stop, daily = fields
    assert start.input_value() in {local(charger), local(charger, minutes=-1)}
    expect(stop).to_be_hidden()
    start.fill(local(charger, hours=2))
    expect(stop).to_be_visible()
    expect(stop).to_have_value("")
    expect(daily).to_be_hidden()
    stop.fill(local(charger, hours=5))
    expect(daily).to_be_visible()
    stop.fill("")
    expect(daily).to_be_hidden()
    start.fill("")
    expect(stop).to_be_hidden()
    start.blur()
    expect(start).not_to_have_value("")


def test_a_press_with_a_start_in_the_future_delays_and_can_be_cancelled(
    charger: Charger, page: Page, fields: Fields
) -> None:
    start, stop, daily = fields
    begin, end = local(charger, days=1), local(charger, days=1, hours=3)
    start.fill(begin)
    expect(page.get_by_text("Press Normal or Smart to charge from")).to_be_visible()
    stop.fill(end)
    daily.check()
    button(page, "Smart").click()
    expect(page.get_by_text("Charges in mode Smart from")).to_contain_text("Every day.")
    timer = charger.state["timer"]
    assert (timer["mode"], timer["start_local"][:16], timer["stop_local"][:16]) == ("SMART", begin, end)
    assert timer["daily"]
    expect(button(page, "Off")).to_have_attribute("aria-pressed", "true")
    expect(stop).to_be_hidden()
    page.get_by_role("button", name="Cancel the start").click()
    expect(page.get_by_text("Charges in mode Smart from")).to_be_hidden()
    assert charger.state["timer"]["start"] is None


def test_a_start_without_a_stop_delays_too(charger: Charger, page: Page, fields: Fields) -> None:
    begin = local(charger, hours=2)
    fields[0].fill(begin)
    button(page, "Normal").click()
    expect(page.get_by_text("Charges in mode Normal from")).to_be_visible()
    assert charger.state["timer"]["start_local"][:16] == begin
    button(page, "Normal").click()
    expect(page.get_by_text("Charges in mode Normal from")).to_be_hidden()
    assert charger.state["mode"] == "NORMAL"


def test_a_start_in_the_past_is_now(charger: Charger, page: Page, fields: Fields) -> None:
    fields[0].fill(local(charger, hours=-2))
    expect(fields[1]).to_be_hidden()
    button(page, "Smart").click()
    expect(button(page, "Smart")).to_have_attribute("aria-pressed", "true")
    assert charger.state["timer"]["mode"] is None


def test_a_delay_that_the_charger_refuses_says_why(
    charger: Charger, page: Page, fields: Fields, expect_trouble: Watch
) -> None:
    expect_trouble("422")
    fields[0].fill(local(charger, hours=2))
    button(page, "Solar").click()
    expect(page.get_by_text("Solar: a start time goes with Normal or Smart")).to_be_visible()
    fields[1].fill(local(charger, hours=1))
    button(page, "Smart").click()
    expect(page.get_by_text("Smart: the stop has to come after the start")).to_be_visible()
    assert charger.state["mode"] == "NORMAL"


def test_off_is_off_at_once_whatever_the_start(charger: Charger, page: Page, fields: Fields) -> None:
    fields[0].fill(local(charger, hours=2))
    button(page, "Off").click()
    expect(button(page, "Off")).to_have_attribute("aria-pressed", "true")
    assert charger.state["timer"]["mode"] is None


def test_the_fields_are_the_chargers_time_wherever_the_browser_is(charger: Charger, context_of: MakeContext) -> None:
    page = context_of(**PHONE, timezone_id="Pacific/Kiritimati").new_page()
    page.goto("/")
    start = page.get_by_label("Start", exact=True)
    expect(start).not_to_have_value("")
    assert start.input_value() in {local(charger), local(charger, minutes=-1)}
    expect(page.get_by_text("By the charger's clock, on which it is")).to_be_visible()
    begin = local(charger, hours=2)
    start.fill(begin)
    button(page, "Smart").click()
    wait_for(lambda: charger.state["timer"]["start"], "the delay is set")
    expect(page.get_by_text("Charges in mode Smart from")).to_contain_text(begin[11:])
    unix = charger.state["timer"]["start"]
    assert f"{datetime.fromtimestamp(unix, UTC).astimezone():%Y-%m-%dT%H:%M}" == begin


def test_off_calls_off_what_is_held_up_on_its_way(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Solar"})
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "Normal" in str(route.request.post_data):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/mode", hold)
    page.goto("/")
    with page.expect_event("requestfailed", lambda request: "Normal" in str(request.post_data)):
        button(page, "Normal").click()
        expect(button(page, "Normal")).to_have_attribute("aria-busy", "true")
        button(page, "Off").click()
    expect(button(page, "Off")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
    held[0].continue_()
    assert charger.state["mode"] == "OFF"


def test_what_reaches_the_charger_after_off_is_stopped_again(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Solar"})
    sent: list[str | None] = []

    def late(route: Route) -> None:
        sent.append(route.request.post_data)
        if "Off" in str(sent[-1]):
            route.continue_()

    page.route("**/api/v1/mode", late)
    page.goto("/")
    button(page, "Normal").click()
    button(page, "Off").click()
    expect(button(page, "Off")).to_have_attribute("aria-pressed", "true")
    page.goto("/#/about")  # it is not of that view only
    expect(page.locator("#about-version")).to_be_visible()
    with page.expect_response("**/api/v1/mode"):
        charger.put("/api/v1/mode", {"mode": "Normal"})  # as the one that was called off
    assert charger.state["mode"] == "OFF"
    assert sent == ['{"mode":"Normal"}', '{"mode":"Off"}', '{"mode":"Off"}']


def test_a_refusal_goes_once_the_mode_is_what_was_wished(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("422")
    charger.set(mains_meter="Disabled")
    page.goto("/")
    button(page, "Smart").click()
    refused = page.get_by_text("Smart: Smart needs a mains meter")
    expect(refused).to_be_visible()
    charger.set(mains_meter="Eastron3P")
    charger.put("/api/v1/mode", {"mode": "Solar"})
    expect(button(page, "Solar")).to_have_attribute("aria-pressed", "true")
    expect(refused).to_be_visible()
    charger.put("/api/v1/mode", {"mode": "Smart"})
    expect(refused).to_be_hidden()


def test_a_start_of_tomorrow_says_its_day(charger: Charger, page: Page) -> None:
    now = datetime.fromisoformat(charger.state["local_time"])
    start = now.replace(hour=0, minute=1) + timedelta(days=1)
    charger.put("/api/v1/timer", {"mode": "Normal", "start": f"{start:%Y-%m-%dT%H:%M}"})
    page.goto("/")
    told = rf"^Waiting until {start:%a},? {start.day} {start:%b}.*00:01$"
    expect(page.locator(".reason")).to_have_text(re.compile(told))
    expect(page.get_by_text("Off until the start below")).to_be_visible()


def test_a_start_that_passes_takes_no_field_from_under_the_hands(charger: Charger, page: Page) -> None:
    state = charger.state
    begin = local(charger, hours=1)
    tell(page, state)
    page.goto("/")
    start, stop = page.get_by_label("Start", exact=True), page.get_by_label("Stop (optional)")
    start.fill(begin)
    stop.fill(local(charger, hours=3))
    later = datetime.fromisoformat(state["local_time"]) + timedelta(hours=2)
    state["local_time"] = later.isoformat()
    expect(page.get_by_text("The start that you chose has passed")).to_be_visible()
    expect(stop).to_be_visible()
    expect(stop).not_to_have_value("")
    expect(start).to_have_value(begin)
    stop.blur()
    expect(stop).to_be_hidden()
    expect(page.get_by_text("The start that you chose has passed")).to_be_visible()


def test_without_a_clock_no_start_can_be_chosen(charger: Charger, page: Page) -> None:
    tell(page, {**charger.state, "local_time": None})
    page.goto("/")
    expect(page.get_by_text("The charger does not know the time yet")).to_be_visible()
    expect(page.get_by_label("Start", exact=True)).to_be_disabled()


def test_a_start_that_was_chosen_before_the_clock_was_lost_is_not_now(charger: Charger, page: Page) -> None:
    charger.put("/api/v1/mode", {"mode": "Off"})
    state, begin = charger.state, local(charger, hours=2)
    tell(page, state)
    page.goto("/")
    start = page.get_by_label("Start", exact=True)
    start.fill(begin)
    start.blur()
    state["local_time"] = None
    lost = page.locator(".timer").get_by_text("The charger does not know the time any more")
    expect(lost).to_be_visible()
    expect(start).to_have_value(begin)
    button(page, "Normal").click()
    refused = page.get_by_role("alert").filter(has_text="The charger does not know the time any more")
    expect(refused).to_be_visible()
    assert charger.state["mode"] == "OFF"
    start.fill("")
    expect(refused).to_be_hidden()
    button(page, "Normal").click()
    wait_for(lambda: charger.state["mode"] == "NORMAL", "an empty start is now")
    expect(start).to_be_disabled()
