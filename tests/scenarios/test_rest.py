"""REST as existing clients use it, against the real daemon."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon

REFUSED = "Value not allowed!"
EXAMPLE = json.loads((Path(__file__).parent / "settings_example.json").read_text())
OURS = {"serialnr"}  # newer clients read it


def energies(document: Any) -> set[float | None]:
    names = ("import_active_energy", "export_active_energy")
    return {document[meter][name] for meter in ("mains_meter", "ev_meter") for name in names}


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    with Simulation(tmp_path_factory.mktemp("rest") / "state") as simulation:
        wait_for(lambda: energies(simulation.settings).isdisjoint({None}), "the meters have been read")
        yield simulation


@pytest.fixture(autouse=True)
def as_before(simulation: Simulation) -> None:
    simulation.post("/settings?mode=1&disable_override_current=1&current_min=6&stop_timer=10")


def compare(ours: Any, example: Any, path: str) -> None:
    if isinstance(example, dict):
        assert [key for key in ours if key not in OURS] == list(example), path
        for key, value in example.items():
            compare(ours[key], value, f"{path}.{key}")
    elif isinstance(example, float):
        assert isinstance(ours, float), path
    elif not isinstance(ours, float):
        assert type(ours) is type(example), path


def test_get_settings_has_every_key_of_the_example_in_its_order_and_type(simulation: Simulation) -> None:
    answer = simulation.get("/settings")
    compare(answer.json, EXAMPLE, "settings")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json"


def test_values_are_true(simulation: Simulation) -> None:
    document = simulation.settings
    assert (document["mode"], document["mode_id"], document["evse"]["mode"]) == ("NORMAL", 1, 0)
    assert document["settings"]["mains_meter"] == "Eastron3P"
    assert (document["ev_meter"]["description"], document["ev_meter"]["address"]) == ("Eastron3P", 12)
    assert document["wifi"]["status"] == "WL_NO_SHIELD"
    assert document["evse"]["temp"] == 25
    assert document["phase_currents"]["original_data"] == {"TOTAL": 30, "L1": 10, "L2": 10, "L3": 10}
    assert document["phase_currents"]["last_data_update"] > 1_700_000_000
    assert document["mqtt"]["status"] == "Disconnected"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/settings?current_min=8", b""),
        ("/settings?current_min=8", None),
        ("/settings", b"current_min=8"),
        ('/settings?current_min="8"', b""),
        ("/settings", b'current_min="8"'),
        ("/settings", b"current_min=%228%22&unknown=7"),
        ("/settings?current_min=8", b"current_min=7"),
        ("/settings?current_min=8&current_min=8", b""),
    ],
)
def test_parameters_arrive_in_every_way(simulation: Simulation, path: str, body: bytes | None) -> None:
    assert simulation.post(path, body).json == {"current_min": 8}
    assert simulation.settings["settings"]["current_min"] == 8


def test_a_post_without_length_or_body_answers_at_once(simulation: Simulation) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulation.port, timeout=30)
    connection.putrequest("POST", "/settings?current_min=9")
    connection.endheaders()
    assert json.loads(connection.getresponse().read()) == {"current_min": 9}
    connection.putrequest("POST", "/settings?current_min=6")
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    assert json.loads(connection.getresponse().read()) == {"current_min": 6}
    connection.close()


def test_a_chunked_form_is_read(simulation: Simulation) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulation.port, timeout=30)
    connection.request("POST", "/settings", iter([b"current_", b"min=9"]), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert json.loads(connection.getresponse().read()) == {"current_min": 9}
    connection.close()


@pytest.mark.parametrize(("choice", "name"), [(0, "OFF"), (1, "NORMAL"), (2, "SOLAR"), (3, "SMART"), (4, "PAUSE")])
def test_each_mode(simulation: Simulation, choice: int, name: str) -> None:
    assert simulation.post(f"/settings?mode={choice}").json == {"mode": str(choice)}
    document = simulation.settings
    assert (document["mode"], document["mode_id"], document["evse"]["access"]) == (name, choice, choice in {1, 2, 3})


def test_the_cable_lock_option(simulation: Simulation) -> None:
    assert simulation.post("/settings?cablelock=1").json == {"cablelock": 1}
    for refused in ("2", "-1", "on", ""):
        assert simulation.post(f"/settings?cablelock={refused}").json == {"cablelock": REFUSED}
    assert simulation.post("/settings", b"cablelock=0").json == {"cablelock": 0}


def test_with_nothing_to_clear_clearing_answers_the_state(simulation: Simulation) -> None:
    answer = simulation.post("/api/v1/faults/clear")
    assert (answer.status, answer.json["faults"], answer.json["locked"]) == (200, [], None)
    assert set(answer.json) == set(simulation.state)


def test_the_override(simulation: Simulation) -> None:
    assert simulation.post("/settings?override_current=80").json == {"override_current": 80}
    assert simulation.settings["settings"]["override_current"] == 80
    for refused in ("59", "131", "-1", "8.5", "x", ""):
        assert simulation.post(f"/settings?override_current={refused}").json == {"override_current": REFUSED}
    assert simulation.settings["settings"]["override_current"] == 80
    assert simulation.post("/settings?disable_override_current=1").json == {"disable_override_current": "OK"}
    assert simulation.settings["settings"]["override_current"] == 0
    simulation.post("/settings?override_current=80")
    assert simulation.post("/settings?mode=2&override_current=90").json == {"mode": "2", "override_current": REFUSED}
    assert simulation.settings["settings"]["override_current"] == 0


def test_the_other_settings(simulation: Simulation) -> None:
    assert simulation.post("/settings?stop_timer=0").json == {"stop_timer": True}
    assert simulation.settings["settings"]["solar_stop_time"] == 0
    assert simulation.post("/settings?stop_timer=61").json == {"stop_timer": False}
    assert simulation.post("/settings?enable_C2=3").json == {"settings": {"enable_C2": "Always On"}}
    assert simulation.post("/settings?enable_C2=5").json == {"enable_C2": REFUSED}
    assert simulation.post("/settings?enable_C2=0").json == {"settings": {"enable_C2": "Not present"}}
    assert simulation.post("/settings?max_sum_mains_timer=5").json == {"max_sum_mains_time": 5}
    assert simulation.post("/settings?solar_start_current=5&solar_max_import=1").json == {
        "solar_start_current": 5, "solar_max_import": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/settings?mode=5", "/settings?mode=-1", "/settings?mode=x", "/settings?mode=", "/settings?mode=1.0",
        "/settings?mode=1&mode=3", "/settings?mode=%00", "/settings?mode=%D9%A3",
        "/settings?mode=2&starttime=2099-01-01T00:00",
        "/settings?current_min=5", "/settings?current_min=17", "/settings?current_min=1e1", "/settings?current_min=%FF",
        "/settings?current_min=99999999999999999999", "/settings?starttime=2099-01-01T00:00",
    ],
)  # fmt: skip
def test_refused_values_are_named_and_change_nothing(simulation: Simulation, path: str) -> None:
    before = simulation.settings["settings"], simulation.settings["mode"]
    answer = simulation.post(path)
    assert answer.status == 200
    assert set(answer.json.values()) == {REFUSED}
    assert (simulation.settings["settings"], simulation.settings["mode"]) == before


@pytest.mark.parametrize("path", ["/settings", "/settings?unknown=1", "/currents", "/ev_meter"])
def test_nothing_named_changes_nothing(simulation: Simulation, path: str) -> None:
    assert simulation.post(path).json == {}


def test_meters_that_are_not_api_take_no_values(simulation: Simulation) -> None:
    assert simulation.post("/currents?L1=10&L2=10&L3=10").json == {"L1": REFUSED, "L2": REFUSED, "L3": REFUSED}
    assert simulation.post("/ev_meter?L1=10&L2=10&L3=10").json == {
        "ev_meter": {"L1": REFUSED, "L2": REFUSED, "L3": REFUSED}
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "says"),
    [
        ("GET", "/nothing", None, {}, 404, "there is nothing at /nothing"),
        ("DELETE", "/settings", None, {}, 405, "DELETE is not for /settings; GET and POST is"),
        ("GET", "/currents", None, {}, 405, "GET is not for /currents; POST is"),
        ("POST", "/settings", b"x" * 1_000_000, {}, 413, "longer than 65536 bytes"),
        ("POST", "/settings", b"a=1&" * 101, {}, 400, "more than 100 parameters"),
        ("POST", "/settings", b'{"mode":3}', {"Content-Type": "application/json"}, 415, "as a form"),
    ],
)
def test_errors_say_what_is_wrong(
    simulation: Simulation, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int, says: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulation.port, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    assert answer.status == status
    assert says in json.loads(answer.read())["detail"]
    connection.close()


def test_the_page_and_its_assets_are_local(simulation: Simulation) -> None:
    page = simulation.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    for asset in (b"/web/app.js", b"/web/base.css", b"/web/icon.svg"):
        assert asset in page.body
        assert simulation.get(asset.decode()).status == 200
    assert b"http://" not in page.body
    assert b"https://" not in page.body


def test_the_page_asks_by_one_way_that_leads_to_the_login(simulation: Simulation) -> None:
    script, page = simulation.get("/web/lib/ask.js").body.decode(), simulation.get("/").body.decode()
    assert script.count("fetch(") == 1
    assert "answer.status === 401 && !options.login" in script
    assert 'href="/login"' in page
    assert simulation.post("/api/v1/logout").json == {"right": "operate"}


def test_no_bad_input_left_a_traceback(simulation: Simulation) -> None:
    assert "Traceback" not in simulation.said()


def test_a_disk_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with Simulation(tmp_path / "state") as simulation:
        (tmp_path / "state" / "settings.json.new").mkdir()
        answer = simulation.post("/settings?mode=3")
        assert (answer.status, "will be lost at a restart" in answer.json["detail"]) == (503, True)
        assert simulation.settings["mode"] == "SMART"
        assert simulation.post("/settings?override_current=80").json == {"override_current": 80}


def test_api_meters(tmp_path: Path) -> None:
    options = ("--set", "mains_meter=API", "--set", "ev_meter=API", "--set", "mode=Solar")
    with Simulation(tmp_path / "state", options) as simulation:
        assert simulation.settings["phase_currents"]["L1"] is None
        assert simulation.settings["ev_meter"]["total_kwh"] is None
        assert simulation.post("/currents", b"L1=10&L2=-20&L3=30").json == {
            "original": {"L1": 10, "L2": -20, "L3": 30}, "L1": 10, "L2": -20, "L3": 30, "TOTAL": 20,
        }  # fmt: skip
        assert simulation.post("/currents?battery_current=30&L1=10&L2=-20&L3=30").json == {
            "battery_current": 30, "original": {"L1": 10, "L2": -20, "L3": 30}, "L1": 0, "L2": -30, "L3": 20,
            "TOTAL": -10,
        }  # fmt: skip
        document = simulation.settings
        assert document["phase_currents"]["TOTAL"] == -10
        assert document["phase_currents"]["original_data"]["TOTAL"] == 20
        assert document["home_battery"]["current"] == 30
        assert document["home_battery"]["last_update"] > 1_700_000_000
        assert simulation.post("/currents?L1=10&L2=-20").json == {"L1": REFUSED, "L2": REFUSED}
        assert simulation.post("/currents?L1=10&L2=-20&L3=x").json == {"L1": REFUSED, "L2": REFUSED, "L3": REFUSED}
        assert simulation.post("/currents?L1=10&L2=-20&L3=9999").json == {"L1": REFUSED, "L2": REFUSED, "L3": REFUSED}
        assert simulation.post("/currents?battery_current=x").json == {"battery_current": REFUSED}
        posted = simulation.post(
            "/ev_meter?L1=100&L2=0&L3=0&import_active_energy=5670100&export_active_energy=0&import_active_power=2300"
        ).json
        assert posted == {"ev_meter": {"currents": {"L1": 100, "L2": 0, "L3": 0, "TOTAL": 100},
                          "import_active_energy": 5_670_100, "export_active_energy": 0,
                          "import_active_power": 2_300}}  # fmt: skip
        assert simulation.settings["ev_meter"]["total_kwh"] == 5670.1
        assert simulation.settings["ev_meter"]["import_active_power"] == 2.3
        for partly in (
            "L1=1&L2=2",
            "import_active_energy=1",
            "import_active_energy=-1&export_active_energy=0&import_active_power=0",
        ):
            assert set(simulation.post(f"/ev_meter?{partly}").json["ev_meter"].values()) == {REFUSED}
        simulation.post("/settings?mode=1")
        assert simulation.settings["phase_currents"]["TOTAL"] == 20
