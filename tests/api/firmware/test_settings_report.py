"""GET /settings in both dialects, field by field, without a server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.report import Dialect, Unit, dialect_for, settings_document
from evsed.api.firmware.settings import Documents
from evsed.api.network import Ethernet, Network, Wifi
from evsed.config import Mqtt
from evsed.core.cards import Card
from evsed.core.events import (
    AddCards,
    ChangeSetting,
    ChooseMode,
    DelayedCharging,
    Light,
    PressCustomButton,
    SwipeCard,
    WallClock,
)
from evsed.core.model import MeterRole, ModeChoice
from evsed.core.snapshot import Saved
from tests.api.served import Charger, Served
from tests.core.story import Story, settings
from tests.scenarios.simulation import PATIENCE_S, http

EXAMPLE = json.loads((Path(__file__).parents[2] / "scenarios" / "settings_example.json").read_text())
NOON = 1_800_000_000
WIRED = Network(Wifi(), Ethernet(True, True, True, "192.0.2.7", "B8:27:EB:00:00:01"))
UNIT = Unit(
    serial=51446,
    broker=Mqtt("broker.lan", 1884, "owner", "hush-hush"),
    prefix="SmartEVSE-51446",
    mqtt_connected=True,
    network=WIRED,
)
KILO = {"total_kwh", "charged_kwh"}


@pytest.fixture(scope="module")
def charging() -> Story:
    """A car charges from 3 phases, every meter is read, and everything that can be chosen is."""
    story = Story(
        Saved(settings=settings(circuit_meter="API", rfidreader="EnableAll", lcdlock=1, lock="Motor", led_mode=1))
    )
    story.circuit = (2.0, 2.0, 2.0)
    story.core.handle(WallClock(NOON), 0)
    for key, value in (("color_smart", "1,2,3"), ("max_sum_mains_time", 5), ("required_evccid", "car 1")):
        assert story.command(ChangeSetting(key, value)).accepted
    story.run(0.5)
    cards = AddCards((Card("112233445566AA", "Ann"),))
    for command in (cards, SwipeCard("112233445566aa"), PressCustomButton(on=True), Light(on=True)):
        assert story.command(command).accepted
    story.charge()
    return story


def newer(story: Story, unit: Unit = UNIT) -> dict[str, Any]:
    return settings_document(story.snapshot, unit, Dialect.NEWER)


def older(story: Story, unit: Unit = UNIT) -> dict[str, Any]:
    return settings_document(story.snapshot, unit)


def leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, document


def skeleton(document: Any) -> Any:
    return {key: skeleton(value) for key, value in document.items()} if isinstance(document, dict) else None


# ---- which dialect ----


@pytest.mark.parametrize(
    ("chosen", "agent", "dialect"),
    [
        ("auto", "evcc/0.200.1", Dialect.NEWER),
        ("auto", "evcc/", Dialect.NEWER),
        ("auto", "evcc", Dialect.OLDER),
        ("auto", "EVCC/1", Dialect.OLDER),
        ("auto", "curl/8 evcc/1", Dialect.OLDER),
        ("auto", "", Dialect.OLDER),
        ("3.6", "evcc/0.200.1", Dialect.OLDER),
        ("3.11", "curl/8.5", Dialect.NEWER),
    ],
)
def test_the_owner_picks_the_dialect_or_else_who_asks(chosen: str, agent: str, dialect: Dialect) -> None:
    assert dialect_for(chosen, agent) is dialect


def test_the_settings_table_offers_the_dialects_that_there_are() -> None:
    for name in ("auto", *(dialect.value for dialect in Dialect)):
        assert settings(rest_dialect=name).names()["rest_dialect"] == name


# ---- 3.6 ----


def test_keys_and_order_of_the_older_dialect_are_the_examples(charging: Story) -> None:
    document = older(charging)
    document.pop("serialnr")  # newer clients read it
    assert json.dumps(skeleton(document)) == json.dumps(skeleton(EXAMPLE))


def test_the_older_dialect_counts_in_kilo_and_has_a_plain_access(charging: Story) -> None:
    document = older(charging)
    assert document["evse"]["access"] is True
    assert document["settings"]["current_max_sum_mains"] == 600
    energies = {path: value for path, value in leaves(document) if path.endswith(("_kwh", "_energy", "_power"))}
    assert {type(value) for value in energies.values()} <= {float, type(None)}
    assert document["ev_meter"]["total_kwh"] is not None


def test_what_is_chosen_is_shown_in_the_older_dialect(charging: Story) -> None:
    document = older(charging, Unit(modem=True))
    assert document["evse"]["rfid"] == charging.snapshot.rfid_text
    assert document["backlight"] == {"timer": charging.snapshot.backlight_s, "status": "ON"}
    assert 0 < document["backlight"]["timer"] <= 120
    assert document["settings"]["modem"] == "Experiment"
    assert older(charging)["settings"]["modem"] == "Not present"


def test_the_timer_is_shown_in_both() -> None:
    story = Story()
    story.core.handle(WallClock(NOON), 0)
    nothing = {"starttime": 0, "stoptime": 0, "repeat": 0}
    for document in (older(story), newer(story)):
        assert {key: document["settings"][key] for key in nothing} == nothing
    assert story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 3600, NOON + 7200, repeat=True)).accepted
    for document in (older(story), newer(story)):
        wanted = {"starttime": NOON + 3600, "stoptime": NOON + 7200, "repeat": 1}
        assert {key: document["settings"][key] for key in nothing} == wanted
        assert (document["mode"], document["mode_id"]) == ("OFF", 0)


# ---- 3.11, field by field ----


def test_the_newer_dialect_has_every_key_of_the_older_but_kilowatt_hours(charging: Story) -> None:
    lost = {path for path, _ in leaves(older(charging))} - {path for path, _ in leaves(newer(charging))}
    assert lost == {f"ev_meter.{name}" for name in KILO}


def test_there_is_no_kilo_and_no_fraction_anywhere_in_the_newer_dialect(charging: Story) -> None:
    assert {path for path, value in leaves(newer(charging)) if isinstance(value, float)} == set()


def test_evse_in_the_newer_dialect(charging: Story) -> None:
    evse = newer(charging)["evse"]
    assert evse["access"] == 1
    assert type(evse["access"]) is int
    assert evse["custombutton"] is True
    assert (evse["rfidreader"], evse["rfid_lastread"]) == ("EnableAll", "112233445566AA")
    assert evse["nrofphases"] == 3
    assert (evse["state_id"], evse["mode"]) == (2, 0)


@pytest.mark.parametrize(("choice", "access"), [(ModeChoice.OFF, 0), (ModeChoice.NORMAL, 1), (ModeChoice.PAUSE, 2)])
def test_access_is_a_number_in_the_newer_dialect(choice: ModeChoice, access: int) -> None:
    story = Story()
    assert story.command(ChooseMode(choice)).accepted
    assert newer(story)["evse"]["access"] == access
    assert older(story)["evse"]["access"] is (access == 1)


def test_settings_in_the_newer_dialect(charging: Story) -> None:
    said = newer(charging)["settings"]
    wanted = {"lcdlock": 1, "lock": 2, "cablelock": 0, "ledmode": 1, "capacity_mode": 0, "intervals": []}
    assert {key: said[key] for key in wanted} == wanted
    assert (said["current_max_sum_mains"], said["max_sum_mains_time"]) == (0, 5)
    assert said["required_evccid"] == "car 1"


def test_a_limit_on_the_sum_is_a_fixed_capacity() -> None:
    story = Story(Saved(settings=settings(current_max_sum_mains=50)))
    said = newer(story)["settings"]
    assert (said["current_max_sum_mains"], said["capacity_mode"]) == (50, 1)


def test_the_ev_meter_in_the_newer_dialect(charging: Story) -> None:
    meter, snapshot = newer(charging)["ev_meter"], charging.snapshot
    assert (meter["description"], meter["address"]) == ("Eastron3P", 12)
    assert meter["total_wh"] == meter["import_active_energy"] == snapshot.meters[MeterRole.EV].values.import_wh
    assert meter["charged_wh"] == snapshot.charged_wh
    assert type(meter["charged_wh"]) is int
    assert meter["currents"]["TOTAL"] == sum(meter["currents"][phase] for phase in ("L1", "L2", "L3")) > 0


def test_the_circuit_meter_in_the_newer_dialect(charging: Story) -> None:
    meter = newer(charging)["circuit_meter"]
    assert meter["description"] == "API"
    assert meter["currents"]["L1"] > 20
    assert meter["import_active_energy"] is None
    assert newer(Story())["circuit_meter"]["description"] == "Disabled"


def test_color_network_and_ocpp_in_the_newer_dialect(charging: Story) -> None:
    document = newer(charging)
    assert list(document["color"]) == ["off", "normal", "smart", "solar", "custom"]
    assert document["color"]["smart"] == {"R": 1, "G": 2, "B": 3}
    assert document["color"]["solar"] == {"R": 255, "G": 170, "B": 0}
    assert document["eth"] == {
        "present": True,
        "connected": True,
        "has_ip": True,
        "ip": "192.0.2.7",
        "mac": "B8:27:EB:00:00:01",
    }
    assert document["wifi"] == {"status": "WL_NO_SHIELD", "ssid": "", "rssi": 0, "bssid": ""}
    assert (document["ocpp"]["mode"], document["ocpp"]["status"]) == ("Disabled", "Disconnected")


EVCC_READS: dict[str, type] = {
    "mode": str, "mode_id": int, "car_connected": bool,
    "evse.connected": bool, "evse.access": int, "evse.mode": int, "evse.state": str, "evse.state_id": int,
    "evse.error": str, "evse.error_id": int, "evse.rfid": str, "evse.rfidreader": str, "evse.rfid_lastread": str,
    "evse.nrofphases": int,
    "settings.charge_current": int, "settings.override_current": int, "settings.current_min": int,
    "settings.current_max": int, "settings.current_main": int, "settings.enable_C2": str,
    "ev_meter.description": str, "ev_meter.address": int, "ev_meter.import_active_power": int,
    "ev_meter.total_wh": int, "ev_meter.charged_wh": int, "ev_meter.import_active_energy": int,
    "ev_meter.export_active_energy": int, "ev_meter.currents.TOTAL": int, "ev_meter.currents.L1": int,
    "ev_meter.currents.L2": int, "ev_meter.currents.L3": int,
}  # fmt: skip
"""What evcc's charger ``smart-evse`` decodes, and as what. Another type, and it reads nothing at all; null it skips."""


def test_evcc_finds_everything_that_it_reads_in_the_type_that_it_reads(charging: Story) -> None:
    found = dict(leaves(newer(charging)))
    unknown = {"ev_meter.import_active_power", "ev_meter.export_active_energy"}  # which this meter has not told
    assert {path: type(found[path]) for path in EVCC_READS if path not in unknown} == {
        path: of for path, of in EVCC_READS.items() if path not in unknown
    }
    assert {path for path in EVCC_READS if found[path] is None} == unknown


def test_evcc_can_read_also_what_is_not_known() -> None:
    silent = Story(mains_answers=False, ev_answers=False)
    silent.run(1)
    found = dict(leaves(newer(silent)))
    of_another_type = {path for path, of in EVCC_READS.items() if type(found[path]) is not of}
    assert of_another_type == {path for path in EVCC_READS if found[path] is None}
    assert all(path.startswith("ev_meter.") for path in of_another_type)


# ---- truth and secrets ----


@pytest.mark.parametrize("dialect", Dialect)
def test_what_is_not_known_is_null(dialect: Dialect) -> None:
    story = Story(mains_answers=False, ev_answers=False)
    story.run(1)
    document = settings_document(story.snapshot, Unit(), dialect)
    unknown = {path for path, value in leaves(document) if value is None}
    assert unknown >= {f"phase_currents.{name}" for name in ("TOTAL", "L1", "L2", "L3")}
    assert unknown >= {
        f"{meter}_meter.{way}_active_energy" for meter in ("ev", "mains") for way in ("import", "export")
    }
    assert unknown >= {"ev_meter.currents.L1", "ev_meter.import_active_power"}
    assert unknown >= {"ev_meter.total_wh" if dialect is Dialect.NEWER else "ev_meter.total_kwh"}


@pytest.mark.parametrize("dialect", Dialect)
def test_the_broker_is_shown_without_its_password(charging: Story, dialect: Dialect) -> None:
    document = settings_document(charging.snapshot, UNIT, dialect)
    shown = {"host": "broker.lan", "port": 1884, "topic_prefix": "SmartEVSE-51446", "username": "owner"}
    assert {key: document["mqtt"][key] for key in shown} == shown
    assert (document["mqtt"]["password_set"], document["mqtt"]["status"]) == (True, "Connected")
    assert "hush-hush" not in json.dumps(document)
    assert "lcd_pin" not in json.dumps(document)


def test_a_document_is_made_once_for_a_snapshot(charging: Story) -> None:
    documents, snapshot = Documents(), charging.snapshot
    made = documents.get(snapshot, UNIT, Dialect.OLDER)
    assert documents.get(snapshot, UNIT, Dialect.OLDER) is made
    assert documents.get(snapshot, UNIT, Dialect.NEWER) != made
    assert documents.get(snapshot, Unit(), Dialect.OLDER) != made
    assert json.loads(documents.get(charging.snapshot, UNIT, Dialect.NEWER)) == newer(charging)


@given(st.text(), st.sampled_from(["auto", "3.6", "3.11"]))
def test_any_user_agent_is_answered(agent: str, chosen: str) -> None:
    assert dialect_for(chosen, agent) in Dialect


def test_a_card_s_number_is_for_who_may_operate() -> None:
    charger = Charger(Saved(settings=settings(rfidreader="EnableAll")))
    with charger, Served(charger.app, charger.refusals) as served:
        charger.runtime.submit(SwipeCard("112233445566AA")).result(PATIENCE_S)

        def lastread(right: str) -> str:
            who = {"Authorization": charger.token(right), "User-Agent": "evcc/0.1"}
            answer = http("GET", f"http://127.0.0.1:{served.port}/settings", None, **who)
            return str(answer.json["evse"]["rfid_lastread"])

        told = [lastread(right) for right in ("read", "operate", "read", "install")]
        assert told == ["", "112233445566AA", "", "112233445566AA"]
