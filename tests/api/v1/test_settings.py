"""/api/v1/settings: what is shown of each setting, and changes that are all made or none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.v1.bodies import NotTakenError, without_secrets
from evsed.api.v1.settings import SettingRow, read_changes, settings_rows
from evsed.core.events import ChangeSettings, SensorboxOffers
from evsed.core.setting import Offers
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from tests.api.v1.v1 import Client, fits
from tests.core.story import settings
from tests.scenarios.simulation import wait_for


def test_every_setting_is_there_with_what_it_takes() -> None:
    rows = settings_rows(Settings())
    assert list(rows) == list(TABLE)
    fits(rows, dict[str, SettingRow])
    assert rows["current_max"] == {
        "value": 13, "default": 13, "type": "integer", "minimum": 6, "maximum": 80, "choices": None, "pattern": None,
        "unit": "A", "description": "Max charge current of this EVSE (per phase)", "lcd_name": "MAX", "shown": True,
        "installer": True, "secret": False,
    }  # fmt: skip
    contactor = rows["enable_C2"]
    assert (contactor["type"], contactor["value"]) == ("choice", "Not present")
    assert contactor["choices"] == ["Not present", "Always Off", "Solar Off", "Always On", "Auto"]
    assert (contactor["minimum"], contactor["unit"], contactor["installer"]) == (None, None, False)
    assert (rows["mains_meter_host"]["type"], rows["derating"]["lcd_name"]) == ("text", None)
    assert rows["mains_meter_host"]["pattern"] == TABLE["mains_meter_host"].form


def test_shown_follows_the_menu() -> None:
    assert not settings_rows(settings(mode="Normal"))["solar_start_current"]["shown"]
    assert settings_rows(settings(mode="Solar"))["solar_start_current"]["shown"]
    assert not settings_rows(settings(mode="Solar", loadbl="Node 1"))["solar_start_current"]["shown"]


def test_what_a_sensorbox_has_is_shown_once_it_is_found(client: Client) -> None:
    client.send("PATCH", "/settings", {"mains_meter": "Sensorbox"})
    assert [client.get("/settings")[key]["shown"] for key in ("grid", "sb2_wifi")] == [False, False]
    client.charger.runtime.post(SensorboxOffers(Offers(sensorbox_cts=True)))
    wait_for(lambda: client.get("/settings")["grid"]["shown"], "GRID is shown")
    assert not client.get("/settings")["sb2_wifi"]["shown"]


def test_a_secret_is_not_told_but_that_it_is_set() -> None:
    assert settings_rows(Settings())["lcd_pin"]["value"] == 0
    assert settings_rows(settings(lcd_pin=1234))["lcd_pin"]["value"] is None
    assert "1234" not in json.dumps(settings_rows(settings(lcd_pin=1234)))


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ({"current_max": 16}, [("current_max", 16)]),
        ({"current_max": 16.0}, [("current_max", 16)]),
        ({"enable_C2": "auto"}, [("enable_C2", 4)]),
        ({"enable_C2": 4}, [("enable_C2", 4)]),
        ({"mains_meter_host": "p1.lan"}, [("mains_meter_host", "p1.lan")]),
        ({"mode": "Smart", "mains_meter": "API"}, [("mains_meter", 9), ("mode", 1)]),
        ({"current_min": 8, "loadbl": "Disabled"}, [("loadbl", 0), ("current_min", 8)]),
        ({"loadbl": "Node 1", "mode": 1, "enable_C2": 0}, [("enable_C2", 0), ("loadbl", 2), ("mode", 1)]),
        ({}, []),
    ],
)
def test_changes(body: object, changes: list[tuple[str, object]]) -> None:
    assert read_changes(json.dumps(body).encode()) == ChangeSettings(tuple(changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "key", "says"),
    [
        ({"current_max": 81}, "current_max", "current_max takes a whole number from 6 to 80 A; not 81"),
        ({"current_max": "16"}, "current_max", "current_max takes a whole number from 6 to 80 A"),
        ({"current_max": 16.5}, "current_max", "not 16.5"),
        ({"current_max": True}, "current_max", "current_max takes a whole number from 6 to 80 A"),
        ({"current_max": None}, "current_max", "current_max takes a whole number"),
        ({"current_max": [16]}, "current_max", "current_max takes a whole number"),
        ({"enable_C2": "Sometimes"}, "enable_C2", "takes Not present, Always Off, Solar Off, Always On, Auto; not"),
        ({"enable_C2": "4"}, "enable_C2", "enable_C2 takes Not present"),
        ({"mains_meter_host": 7}, "mains_meter_host", "mains_meter_host takes a host name"),
        ({"curent_max": 16}, "curent_max", "there is no setting 'curent_max'; did you mean current_max?"),
        ({"a/b~c": 16}, "a~1b~0c", "there is no setting 'a/b~c'; GET /api/v1/settings names all there are"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_the_key(body: object, key: str, says: str) -> None:
    with pytest.raises(NotTakenError) as refusal:
        read_changes(json.dumps(body).encode())
    (error,) = refusal.value.errors
    assert error.pointer == f"/{key}"
    assert says in error.detail


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"current_max=16", b"{", b'{"mode": 1, "mode": 2}', b"[" * 60_000])
def test_what_is_no_object(body: bytes) -> None:
    with pytest.raises(NotTakenError, match="the body has to be a JSON object such as"):
        read_changes(body)


@given(st.dictionaries(st.sampled_from(list(TABLE)) | st.text(), st.none() | st.booleans() | st.floats() | st.integers()
                       | st.text() | st.lists(st.integers()), max_size=4))  # fmt: skip
def test_whatever_is_sent_is_read_or_refused(body: dict[str, object]) -> None:
    try:
        changes = read_changes(json.dumps(body).encode()).changes
    except NotTakenError as refusal:
        wrong = {error.pointer for error in refusal.errors}
    else:
        wrong = set()
        values = Settings()
        for key, value in changes:
            values = values.replace(key, value)
            assert values[key] == value
    assert wrong or all(key in TABLE for key in body)


# ---- over HTTP ----


def test_a_change_is_there_and_kept_when_it_is_answered(client: Client) -> None:
    answer = client.send("PATCH", "/settings", {"current_max": 16, "enable_C2": "Solar Off"})
    assert answer.status == 200
    assert (answer.json["current_max"]["value"], answer.json["enable_C2"]["value"]) == (16, "Solar Off")
    assert client.get("/settings") == answer.json
    kept = client.charger.memory.saved
    assert isinstance(kept, Saved)
    assert (kept.settings.current_max, kept.settings.enable_C2) == (16, 2)


def test_every_key_that_is_wrong_is_told_and_none_is_changed(client: Client) -> None:
    detail, errors = client.refused("PATCH", "/settings", {"current_max": 16, "current_min": 5, "stop": 3})
    assert [error["pointer"] for error in errors] == ["#/current_min", "#/stop"]
    assert detail == f"{errors[0]['detail']}; {errors[1]['detail']}"
    assert client.get("/settings")["current_max"]["value"] == 13


def test_what_the_core_refuses_is_told_with_the_key_and_takes_the_rest_with_it(client: Client) -> None:
    both = {"current_max": 16, "loadbl": "Node 1", "enable_C2": "Auto"}
    detail, errors = client.refused("PATCH", "/settings", both)
    assert detail == "CONTACT 2 cannot be Auto on a node"
    assert errors == [{"detail": detail, "pointer": "#/enable_C2"}]
    client.send("PATCH", "/settings", {"mains_meter": "Disabled"})
    detail, errors = client.refused("PATCH", "/settings", {"current_max": 16, "mode": "Smart"})
    assert errors == [{"detail": "Smart needs a mains meter: choose one under MAINS MET first", "pointer": "#/mode"}]
    client.send("PATCH", "/settings", {"loadbl": "Node 1"})
    detail, errors = client.refused("PATCH", "/settings", {"current_max": 16, "current_min": 7})
    assert errors == [{"detail": "current_min is set on the master charger", "pointer": "#/current_min"}]
    values = client.get("/settings")
    assert (values["current_max"]["value"], values["loadbl"]["value"]) == (13, "Node 1")


def test_a_mode_and_the_meter_that_it_needs_come_together(client: Client) -> None:
    client.send("PATCH", "/settings", {"mains_meter": "Disabled"})
    answer = client.send("PATCH", "/settings", {"mode": "Smart", "mains_meter": "API"})
    assert (answer.status, answer.json["mode"]["value"]) == (200, "Smart")


def test_a_secret_is_not_said_in_a_refusal() -> None:
    body = json.dumps({"lcd_pin": 4321, "current_max": 999, "mqtt_password": "hunter2"}).encode()
    with pytest.raises(NotTakenError) as refusal:
        read_changes(body)
    assert "4321" not in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert without_secrets(body) == "lcd_pin=..., current_max=999, mqtt_password=..."
    assert without_secrets(b'{"lcd_pin": 4321') == "16 bytes"
    assert without_secrets(b"[4321]") == "6 bytes"


def test_more_keys_than_there_are_settings_are_not_even_looked_at() -> None:
    body = json.dumps({f"current_mains_{number}": 1 for number in range(2_500)}).encode()
    with pytest.raises(NotTakenError) as refusal:
        read_changes(body)
    assert len(refusal.value.errors) == 1
    assert "there are only" in str(refusal.value)
