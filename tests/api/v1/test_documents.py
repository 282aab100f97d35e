"""/api/v1/state, /meters and /counters: what is not known is null, and every number is true."""

from dataclasses import replace

from evsed.api.v1.counters import Counters
from evsed.api.v1.meters import Meters, meters_document
from evsed.api.v1.state import StateDocument, WholeDocument, state_document
from evsed.core.events import MeterHealthChanged, PostBattery, PostMains, PressCustomButton
from evsed.core.model import MeterHealth, MeterRole, PhaseCurrents
from evsed.core.reasons import NOT_SET_UP
from evsed.core.snapshot import Saved
from tests.api.v1.v1 import Client, fits
from tests.core.story import Story, settings
from tests.lcd_scenes import installed


def test_a_meter_that_was_never_heard_is_unknown() -> None:
    document = meters_document(Story().snapshot)
    fits(document, Meters)
    assert document["circuit"] == {
        "currents": None, "age_s": None, "power_w": None, "import_wh": None, "export_wh": None, "where": None,
        "answering": None, "last_error": None, "answers": None, "errors": None, "type": "Disabled", "address": None,
        "host": None, "fresh": False, "answered_s_ago": None, "period_s": None,
    }  # fmt: skip
    assert (document["mains"]["type"], document["mains"]["address"]) == ("Eastron3P", 11)
    assert (document["ev"]["address"], document["ev"]["currents"]) == (12, None)


def test_a_meter_that_answers_says_what_it_measures_and_how_it_answers() -> None:
    story = Story()
    story.run(3)
    health = MeterHealth("bus 1, address 11", answering=True, answers=15, errors=2, last_error="CRC",
                         answered_at=story.now - 1_500)  # fmt: skip
    story.core.handle(MeterHealthChanged(MeterRole.MAINS, health), story.now)
    mains = meters_document(story.snapshot)["mains"]
    fits(meters_document(story.snapshot), Meters)
    assert mains["currents"] is not None
    assert (mains["fresh"], mains["age_s"], mains["period_s"]) == (True, 0.0, 0.2)
    assert (mains["where"], mains["answers"], mains["errors"]) == ("bus 1, address 11", 15, 2)
    assert (mains["answering"], mains["last_error"], mains["answered_s_ago"]) == (True, "CRC", 1.5)
    assert mains["import_wh"] == round(story.plant.imported_wh)


def test_old_currents_are_not_what_flows_now() -> None:
    story = Story()
    story.run(1)
    story.mains_answers = False
    story.run(60)
    mains = meters_document(story.snapshot)["mains"]
    assert (mains["currents"], mains["fresh"], mains["power_w"]) == (None, False, None)
    assert 59 <= (mains["age_s"] or 0) <= 61


def test_a_meter_in_the_network_has_a_host_and_no_address() -> None:
    told = settings(mains_meter="Homewizrd", mains_meter_host="p1.lan", ev_meter="API")
    document = meters_document(Story(saved=Saved(settings=told)).snapshot)
    assert (document["mains"]["host"], document["mains"]["address"]) == ("p1.lan", None)
    assert (document["ev"]["host"], document["ev"]["address"]) == (None, None)


def test_currents_are_amperes() -> None:
    story = Story(saved=Saved(settings=settings(mains_meter="API")))
    story.mains_answers = False
    assert story.command(PostMains(PhaseCurrents(105, -20, 0))).accepted
    assert meters_document(story.snapshot)["mains"]["currents"] == {"L1": 10.5, "L2": -2.0, "L3": 0.0}


def test_the_meters_over_http(client: Client) -> None:
    document = client.get("/meters")
    fits(document, Meters)
    assert list(document) == ["mains", "ev", "circuit"]


def test_counters_count_from_the_start_of_the_daemon(client: Client) -> None:
    before = client.get("/counters")
    fits(before, Counters)
    assert before["since"] > 1_700_000_000
    assert (before["contactor_closings"], before["event_streams"], before["mqtt_connected"]) == (0, 0, False)
    assert before["meters"]["mains"] == {"where": None, "answers": None, "errors": None}
    assert before["chargers"] == []
    client.refused("PUT", "/mode", {"mode": "Fast"})
    assert client.get("/counters")["refused_inputs"] == before["refused_inputs"] + 1


def test_a_master_counts_what_its_nodes_do(client: Client) -> None:
    client.send("PATCH", "/settings", {"loadbl": "Master"})
    counters = client.get("/counters")
    fits(counters, Counters)
    assert counters["chargers"][0]["charger"] == 0


# ---- state ----


def test_the_state_is_what_the_openapi_document_says(client: Client) -> None:
    fits(client.get("/state"), WholeDocument)
    story = Story()
    fits(state_document(story.snapshot), StateDocument)
    story.charge()
    document = state_document(story.snapshot)
    fits(document, StateDocument)
    assert (document["charging"], document["not_charging"]) == (True, None)
    assert list(document) == list(StateDocument.__annotations__)


def test_a_battery_that_says_nothing_any_more_is_unknown() -> None:
    story = Story()
    assert state_document(story.snapshot)["home_battery_a"] is None
    story.command(PostBattery(-105))
    assert state_document(story.snapshot)["home_battery_a"] == -10.5
    story.run(61)
    assert state_document(story.snapshot)["home_battery_a"] is None


def test_the_custom_button_is_told() -> None:
    story = Story()
    assert state_document(story.snapshot)["custom_button"] is False
    story.command(PressCustomButton(on=True))
    assert state_document(story.snapshot)["custom_button"] is True


def test_what_is_left_to_do_is_in_the_state_until_it_is_set_up() -> None:
    document = state_document(installed())
    fits(document, StateDocument)
    assert document["set_up"] is not None
    steps = document["set_up"]["steps"]
    assert [step["step"] for step in steps] == [step.code for step in installed().left_to_do]
    assert (steps[0]["done"], steps[1]["done"], steps[-1]["done"]) == (True, None, False)
    assert (document["state_text"], document["not_charging"]) == (
        "Not set up",
        {"reason": "not_set_up", "text": NOT_SET_UP.text, "until": None, "seconds_left": None},
    )
    assert state_document(Story().snapshot)["set_up"] is None


def test_of_a_board_that_nobody_described_nothing_is_said_to_be_known() -> None:
    document = state_document(installed(described=False))
    fits(document, StateDocument)
    assert (document["connected"], document["contactor1"], document["contactor2"]) == (None, None, None)
    assert document["pilot"]["duty_percent"] is None


def test_of_the_card_last_read_all_who_listen_are_told_the_last_digits() -> None:
    story = Story()
    assert state_document(story.snapshot)["card"]["last"] is None
    told = state_document(replace(story.snapshot, rfid_last="04A1B2C3D4E5F6"))
    assert told["card"]["last"] == "...E5F6"
    assert "B2C3" not in str(told)
