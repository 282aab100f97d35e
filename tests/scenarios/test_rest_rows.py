"""Each row of POST /settings, and GET /settings in both dialects, against the real daemon."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.scenarios.simulation import Json, Simulation, http, wait_for

pytestmark = pytest.mark.daemon

REFUSED = "Value not allowed!"
EVCC = "evcc/0.204.1"


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("rows") / "state") as simulation:
        wait_for(lambda: simulation.settings["ev_meter"]["total_kwh"] is not None, "the meters have been read")
        yield simulation


@pytest.fixture(autouse=True)
def as_before(simulation: Simulation) -> None:
    simulation.post("/settings?mode=1&disable_override_current=1&current_min=6&enable_C2=0&current_max_sum_mains=600")


def newer(simulation: Simulation) -> Json:
    """What evcc is answered."""
    document: Json = simulation.get("/settings", User_Agent=EVCC).json
    return document


def at(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document[key]
    return document


def local(hours: float) -> str:
    """So many hours from now, as a client writes it."""
    return (datetime.now().astimezone() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# ---- one row, one test: what is posted, what is echoed, and where GET shows it ----


@pytest.mark.parametrize(
    ("posted", "echo", "where", "shown"),
    [
        ("backlight=1", {"Backlight": 1}, "backlight.status", "ON"),
        ("backlight=0", {"Backlight": 0}, "backlight.status", "OFF"),
        ("backlight=0", {"Backlight": 0}, "backlight.timer", 0),
        ("mode=0", {"mode": "0"}, "mode", "OFF"),
        ("mode=1", {"mode": "1"}, "mode", "NORMAL"),
        ("mode=2", {"mode": "2"}, "mode", "SOLAR"),
        ("mode=3", {"mode": "3"}, "mode", "SMART"),
        ("mode=4", {"mode": "4"}, "mode", "PAUSE"),
        ("stop_timer=0", {"stop_timer": True}, "settings.solar_stop_time", 0),
        ("stop_timer=60", {"stop_timer": True}, "settings.solar_stop_time", 60),
        ("disable_override_current=x", {"disable_override_current": "OK"}, "settings.override_current", 0),
        ("override_current=60", {"override_current": 60}, "settings.override_current", 60),
        ("override_current=130", {"override_current": 130}, "settings.override_current", 130),
        ("override_current=0", {"override_current": 0}, "settings.override_current", 0),
        ("enable_C2=0", {"settings": {"enable_C2": "Not present"}}, "settings.enable_C2", "Not present"),
        ("enable_C2=1", {"settings": {"enable_C2": "Always Off"}}, "settings.enable_C2", "Always Off"),
        ("enable_C2=2", {"settings": {"enable_C2": "Solar Off"}}, "settings.enable_C2", "Solar Off"),
        ("enable_C2=3", {"settings": {"enable_C2": "Always On"}}, "settings.enable_C2", "Always On"),
        ("enable_C2=4", {"settings": {"enable_C2": "Auto"}}, "settings.enable_C2", "Auto"),
        ("solar_start_current=0", {"solar_start_current": 0}, "settings.solar_start_current", 0),
        ("solar_start_current=48", {"solar_start_current": 48}, "settings.solar_start_current", 48),
        ("solar_max_import=48", {"solar_max_import": 48}, "settings.solar_max_import", 48),
        ("current_min=6", {"current_min": 6}, "settings.current_min", 6),
        ("current_min=16", {"current_min": 16}, "settings.current_min", 16),
        ("current_max_sum_mains=10", {"current_max_sum_mains": 10}, "settings.current_max_sum_mains", 10),
        ("current_max_sum_mains=600", {"current_max_sum_mains": 600}, "settings.current_max_sum_mains", 600),
    ],
)
def test_a_row_is_echoed_and_shown(simulation: Simulation, posted: str, echo: Json, where: str, shown: object) -> None:
    assert simulation.post(f"/settings?{posted}").json == echo
    assert at(simulation.settings, where) == shown


@pytest.mark.parametrize(
    ("posted", "echo", "where", "shown"),
    [
        ("max_sum_mains_timer=60", {"max_sum_mains_time": 60}, "settings.max_sum_mains_time", 60),
        ("max_sum_mains_timer=0", {"max_sum_mains_time": 0}, "settings.max_sum_mains_time", 0),
        ("current_max_sum_mains=50", {"current_max_sum_mains": 50}, "settings.capacity_mode", 1),
        ("current_max_sum_mains=0", {"current_max_sum_mains": 0}, "settings.current_max_sum_mains", 0),
        ("custombutton=1", {"custombutton": True}, "evse.custombutton", True),
        ("custombutton=0", {"custombutton": False}, "evse.custombutton", False),
        ("lcdlock=1", {"lcdlock": 1}, "settings.lcdlock", 1),
        ("lcdlock=0", {"lcdlock": 0}, "settings.lcdlock", 0),
        ("cablelock=1", {"cablelock": 1}, "settings.cablelock", 1),
        ("cablelock=0", {"cablelock": 0}, "settings.cablelock", 0),
        ("required_evccid=car%201", {"required_evccid": "car 1"}, "settings.required_evccid", "car 1"),
        ("required_evccid=", {"required_evccid": ""}, "settings.required_evccid", ""),
        ("mode=4", {"mode": "4"}, "evse.access", 2),
    ],
)
def test_a_row_of_the_newer_dialect_is_echoed_and_shown(
    simulation: Simulation, posted: str, echo: Json, where: str, shown: object
) -> None:
    assert simulation.post(f"/settings?{posted}", User_Agent=EVCC).json == echo
    assert at(newer(simulation), where) == shown


@pytest.mark.parametrize(
    ("posted", "echo"),
    [
        ("backlight=2", {"Backlight": REFUSED}),
        ("mode=5", {"mode": REFUSED}),
        ("stop_timer=61", {"stop_timer": False}),
        ("override_current=59", {"override_current": REFUSED}),
        ("override_current=131", {"override_current": REFUSED}),
        ("mode=2&override_current=80", {"mode": "2", "override_current": REFUSED}),
        ("enable_C2=5", {"enable_C2": REFUSED}),
        ("solar_start_current=49", {"solar_start_current": REFUSED}),
        ("solar_max_import=-1", {"solar_max_import": REFUSED}),
        ("current_min=5", {"current_min": REFUSED}),
        ("current_max_sum_mains=9", {"current_max_sum_mains": REFUSED}),
        ("current_max_sum_mains=601", {"current_max_sum_mains": REFUSED}),
        ("current_max_sum_mains=0", {"current_max_sum_mains": REFUSED}),  # off in the newer dialect only
        ("max_sum_mains_timer=61", {"max_sum_mains_time": REFUSED}),
        ("custombutton=2", {"custombutton": REFUSED}),
        ("lcdlock=2", {"lcdlock": REFUSED}),
        ("cablelock=2", {"cablelock": REFUSED}),
        ("override_pwm=50", {"override_pwm": REFUSED}),  # locked
        ("required_evccid=" + "x" * 33, {"required_evccid": REFUSED}),
        ("required_evccid=caf%C3%A9", {"required_evccid": REFUSED}),
        ("mode=1&starttime=soon", {"mode": REFUSED, "starttime": REFUSED}),
        ("starttime=2030-01-01T00:00", {"starttime": REFUSED}),
        ("mode=1&stoptime=2030-01-01T00:00", {"mode": REFUSED, "stoptime": REFUSED}),
        ("mode=1&repeat=1", {"mode": REFUSED, "repeat": REFUSED}),
        ("mqtt_host=10.0.0.28", {"mqtt_host": REFUSED}),  # without mqtt_update
        ("mqtt_update=1&mqtt_port=65536", {"mqtt_update": REFUSED, "mqtt_port": REFUSED}),
    ],
)
def test_what_a_row_does_not_take_is_refused_and_changes_nothing(
    simulation: Simulation, posted: str, echo: Json
) -> None:
    refused = simulation.state["refused_inputs"]
    before = newer(simulation)["settings"], simulation.settings["mqtt"]
    answer = simulation.post(f"/settings?{posted}")
    assert (answer.status, answer.json) == (200, echo)
    assert (newer(simulation)["settings"], simulation.settings["mqtt"]) == before
    assert simulation.state["refused_inputs"] == refused + 1


# ---- delayed charging ----


@pytest.mark.parametrize("quote", ["", "%22"])
def test_a_start_time_is_local_and_waits_with_access_off(simulation: Simulation, quote: str) -> None:
    start = local(2)
    answer = simulation.post(f"/settings?mode=3&starttime={quote}{start}{quote}")
    assert answer.json == {"mode": "3", "starttime": unix(start)}
    document = simulation.settings
    assert (document["mode"], document["evse"]["access"], document["evse"]["mode"]) == ("OFF", False, 1)
    assert [document["settings"][key] for key in ("starttime", "stoptime", "repeat")] == [unix(start), 0, 0]


def test_a_stop_time_and_a_daily_repetition(simulation: Simulation) -> None:
    start, stop = local(2), local(5)
    answer = simulation.post("/settings", f"mode=1&starttime={start}&stoptime={stop}&repeat=1".encode())
    assert answer.json == {"mode": "1", "starttime": unix(start), "stoptime": unix(stop), "repeat": 1}
    shown = simulation.settings["settings"]
    assert [shown[key] for key in ("starttime", "stoptime", "repeat")] == [unix(start), unix(stop), 1]


@pytest.mark.parametrize("mode", [0, 1, 2, 3, 4])
def test_any_mode_without_a_start_clears_the_timer(simulation: Simulation, mode: int) -> None:
    simulation.post(f"/settings?mode=1&starttime={local(2)}&stoptime={local(5)}&repeat=1")
    simulation.post(f"/settings?mode={mode}")
    assert [simulation.settings["settings"][key] for key in ("starttime", "stoptime", "repeat")] == [0, 0, 0]


@pytest.mark.parametrize("start", ["", local(-1)])
def test_no_start_or_one_in_the_past_is_a_start_now(simulation: Simulation, start: str) -> None:
    assert simulation.post(f"/settings?mode=3&starttime={start}").json == {"mode": "3", "starttime": 0}
    document = simulation.settings
    assert (document["mode"], document["settings"]["starttime"]) == ("SMART", 0)


@pytest.mark.parametrize("mode", [0, 2, 4])
def test_only_normal_and_smart_wait_for_a_time(simulation: Simulation, mode: int) -> None:
    refused = {"mode": REFUSED, "starttime": REFUSED}
    assert simulation.post(f"/settings?mode={mode}&starttime={local(2)}").json == refused
    assert simulation.settings["mode"] == "NORMAL"


def test_a_stop_before_the_start_is_refused_with_the_start(simulation: Simulation) -> None:
    answer = simulation.post(f"/settings?mode=1&starttime={local(2)}&stoptime={local(1)}")
    assert answer.json == {"mode": REFUSED, "starttime": REFUSED, "stoptime": REFUSED}
    assert simulation.settings["settings"]["starttime"] == 0


# ---- together ----


def test_what_is_sent_together_is_applied_together(simulation: Simulation) -> None:
    simulation.post("/settings?mode=2")  # which takes no override
    posted = simulation.post("/settings?override_current=70&mode=1&current_min=7&backlight=1&lcdlock=2")
    wanted = {"current_min": 7, "mode": "1", "override_current": 70, "Backlight": 1, "lcdlock": REFUSED}
    assert posted.json == wanted
    assert simulation.settings["settings"]["override_current"] == 70


def test_the_log_says_what_was_refused_where_and_why(simulation: Simulation) -> None:
    simulation.post("/settings?current_min=17&mode=9&starttime=then")
    too_high = "POST /settings current_min: '17' is refused: current_min takes a whole number from 6 to 16"
    no_mode = "POST /settings mode starttime: '9 then' is refused: mode takes a whole number from 0 to 4"
    wait_for(lambda: too_high in simulation.said(), too_high)
    wait_for(lambda: no_mode in simulation.said(), no_mode)


# ---- dialects ----


def test_evcc_is_answered_in_the_newer_dialect_and_everybody_else_is_not(simulation: Simulation) -> None:
    assert type(newer(simulation)["evse"]["access"]) is int
    assert newer(simulation)["ev_meter"]["total_wh"] is not None
    for agent in ("curl/8.5.0", "EVCC/1", "Mozilla/5.0 evcc/1"):
        older = simulation.get("/settings", User_Agent=agent).json
        assert older["evse"]["access"] is True
        assert isinstance(older["ev_meter"]["total_kwh"], float)
        assert "total_wh" not in older["ev_meter"]


def test_both_dialects_are_of_the_same_charger(simulation: Simulation) -> None:
    older, new = simulation.settings, newer(simulation)
    assert new["ev_meter"]["import_active_energy"] / 1000 == pytest.approx(older["ev_meter"]["total_kwh"], abs=0.11)
    for path in ("serialnr", "evse.state", "settings.mains_meter", "mqtt.topic_prefix", "settings.current_max"):
        assert at(older, path) == at(new, path)


def test_secrets_are_in_neither_dialect(simulation: Simulation) -> None:
    for document in (simulation.settings, newer(simulation)):
        text = json.dumps(document)
        assert "lcd_pin" not in text
        assert set(document["mqtt"]) & {"password"} == set()


@pytest.mark.parametrize(("chosen", "newer_for"), [("3.6", []), ("3.11", ["curl/8", EVCC]), ("auto", [EVCC])])
def test_the_owner_may_fix_the_dialect_for_everybody(simulation: Simulation, chosen: str, newer_for: list[str]) -> None:
    body = json.dumps({"rest_dialect": chosen}).encode()
    answer = http("PATCH", simulation.url("/api/v1/settings"), body, Content_Type="application/json")
    assert answer.status == 200
    asked = {agent: simulation.get("/settings", User_Agent=agent).json for agent in ("curl/8", EVCC)}
    assert [agent for agent, document in asked.items() if "total_wh" in document["ev_meter"]] == newer_for
