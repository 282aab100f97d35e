"""The MQTT broker, set up on the page: a real mosquitto that asks for a password."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.charger import Charger
from tests.browser.helpers_settings import give_pin, value_of
from tests.browser.watch import Watch
from tests.scenarios.broker import Broker, password_file
from tests.scenarios.simulation import wait_for

OWNER, SESAME = "owner", "open-sesame"


@pytest.fixture
def broker(tmp_path: Path, charger: Charger) -> Iterator[Broker]:
    options = ("allow_anonymous false", f"password_file {password_file(tmp_path, OWNER, SESAME)}")
    with Broker(tmp_path, options=options) as broker:
        yield broker
        charger.post("/settings?mqtt_update=1&mqtt_host=&mqtt_port=1883&mqtt_username=&mqtt_password=")


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name='{name}']").fill(value)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").first.click()


def test_a_broker_is_set_up_with_its_password_which_is_never_shown(
    charger: Charger, broker: Broker, page: Page
) -> None:
    page.goto("/#/broker")
    expect(page.get_by_text("No broker is set.")).to_be_visible()
    fill(page, host="127.0.0.1", port=str(broker.port), username=OWNER)
    page.get_by_role("button", name="Set").click()
    page.get_by_label("New password").fill(SESAME)
    save(page)
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_text("set", exact=True)).to_be_visible()
    assert SESAME not in page.content()
    assert page.locator("input[type=password]").evaluate_all("fields => fields.map((field) => field.value)") == [""]
    assert charger.get("/settings").json["mqtt"]["username"] == OWNER


def test_another_host_forgets_the_password_and_says_so_before(charger: Charger, broker: Broker, page: Page) -> None:
    sent = f"mqtt_host=127.0.0.1&mqtt_port={broker.port}&mqtt_username={OWNER}&mqtt_password={SESAME}"
    charger.post(f"/settings?mqtt_update=1&{sent}")
    page.goto("/#/broker")
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_text("is forgotten")).to_be_hidden()
    fill(page, host="localhost")
    expect(page.get_by_text("the password of the broker before is forgotten")).to_be_visible()
    save(page)
    expect(page.get_by_text("Not connected", exact=True)).to_be_visible()
    expect(page.get_by_text("not set", exact=True)).to_be_visible()
    assert charger.get("/settings").json["mqtt"]["password_set"] is False


def test_a_wrong_host_or_port_is_said_at_its_field(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("422")
    page.goto("/#/broker")
    expect(page.get_by_text("No broker is set.")).to_be_visible()
    fill(page, port="70000")
    save(page)
    expect(page.get_by_text("A port is a whole number from 1 to 65535.")).to_be_visible()
    fill(page, port="1883", host="no host")
    save(page)
    expect(page.get_by_text("host takes a host name or an address, or nothing")).to_be_visible()
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator("[name=host]")).to_have_value("")
    assert charger.get("/settings").json["mqtt"]["host"] == ""


def test_encryption_belongs_to_the_installation(charger: Charger, page: Page, expect_trouble: Watch) -> None:
    expect_trouble("403")
    page.goto("/#/broker")
    expect(page.get_by_text("No broker is set.")).to_be_visible()
    page.get_by_label("Encrypted (TLS)").check()
    expect(page.locator("[name=port]")).to_have_value("8883")
    save(page)
    give_pin(page)
    expect(page.get_by_text("The broker is stored.")).to_be_visible()
    assert charger.get("/api/v1/backup").json["broker"]["tls"] is True
    page.get_by_label("Encrypted (TLS)").uncheck()
    expect(page.locator("[name=port]")).to_have_value("1883")
    save(page)
    expect(page.get_by_role("button", name="Save").first).to_be_disabled()
    expect(page.locator("[name=port]")).to_have_value("1883")
    wait_for(lambda: charger.get("/api/v1/backup").json["broker"]["tls"] is False, "it is stored")


def test_how_home_assistant_is_told_is_chosen_here_too(charger: Charger, page: Page) -> None:
    page.goto("/#/broker")
    row = page.locator("[data-key='mqtt_discovery']")
    row.get_by_role("combobox").select_option("Entities")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Home Assistant: now A message for each value.")).to_be_visible()
    assert value_of(charger, "mqtt_discovery") == "Entities"
    expect(page.get_by_text("SmartEVSE-90000")).to_be_visible()


def test_what_another_sets_is_filled_in_but_not_over_what_is_typed(
    charger: Charger, broker: Broker, page: Page
) -> None:
    page.goto("/#/broker")
    expect(page.get_by_text("No broker is set.")).to_be_visible()
    charger.post(f"/settings?mqtt_update=1&mqtt_host=127.0.0.1&mqtt_port={broker.port}&mqtt_username=one")
    expect(page.locator("[name=username]")).to_have_value("one")
    expect(page.locator("[name=port]")).to_have_value(str(broker.port))
    fill(page, username="mine")
    charger.post(f"/settings?mqtt_update=1&mqtt_host=localhost&mqtt_port={broker.port}&mqtt_username=two")
    expect(page.get_by_text("Somebody else has just set another broker (localhost)")).to_be_visible()
    expect(page.locator("[name=host]")).to_have_value("localhost")
    expect(page.locator("[name=username]")).to_have_value("mine")


def test_nothing_is_typed_while_it_is_saved(charger: Charger, broker: Broker, page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/restore", hold)
    page.goto("/#/broker")
    expect(page.get_by_text("No broker is set.")).to_be_visible()
    fill(page, host="127.0.0.1", port=str(broker.port))
    page.locator("[name=host]").press("Enter")
    expect(page.get_by_role("button", name="Save").first).to_have_attribute("aria-busy", "true")
    for name in ("host", "port", "username", "prefix", "tls"):
        expect(page.locator(f"[name={name}]")).to_be_disabled()
    expect(page.get_by_role("button", name="Undo").first).to_be_disabled()
    held[0].continue_()
    expect(page.get_by_text("The broker is stored.")).to_be_visible()
    expect(page.locator("[name=username]")).to_be_enabled()
    expect(page.locator("[name=host]")).to_be_focused()
    assert charger.get("/settings").json["mqtt"]["host"] == "127.0.0.1"
