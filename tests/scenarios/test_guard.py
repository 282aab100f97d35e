"""What foreign web pages make a browser ask of a real daemon."""

import json

import pytest

from tests.scenarios.simulation import Simulation, http

pytestmark = pytest.mark.daemon


def test_foreign_pages_neither_operate_nor_read_the_charger(simulation: Simulation) -> None:
    before = simulation.state["refused_inputs"]
    plug = json.dumps({"car": {"plugged": True}}).encode()
    for method, path, body in (
        ("POST", "/settings?mode=0", b""),
        ("PUT", "/api/v1/limit", b'{"current": 6, "seconds": 60}'),
        ("DELETE", "/erasesettings", None),
        ("PATCH", "/simulation", plug),
    ):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
            answer = http(method, simulation.url(path), body, **headers)
            assert answer.status == 403, (path, headers)
            assert "charger" in answer.json["detail"]
    assert http("GET", simulation.url("/settings"), None, Host="evil.example:80").status == 403
    settings = simulation.settings
    assert (settings["mode"], settings["settings"]["override_current"]) == ("NORMAL", 0)
    assert simulation.get("/api/v1/limit").json["current"] is None
    assert not simulation.watch()["car"]["plugged"]
    assert simulation.state["refused_inputs"] == before + 13
    said = simulation.said()
    assert said.count("HTTP Origin: 'https://evil.example' is refused") == 1
    assert "Traceback" not in said


def test_the_chargers_own_page_and_names_get_in(simulation: Simulation) -> None:
    own = simulation.url("")
    assert simulation.post("/settings?mode=3", Origin=own).json == {"mode": "3"}
    assert http("GET", simulation.url("/settings"), None, Host="smartevse-0.local").status == 200
    assert http("GET", simulation.url("/settings"), None, Origin="https://evil.example").headers[
        "Access-Control-Allow-Origin"
    ] == ("*")
    assert http("GET", simulation.url("/api/v1/state"), None).headers["Access-Control-Allow-Origin"] is None


def test_the_api_shows_itself_with_files_of_this_machine(simulation: Simulation) -> None:
    page = simulation.get("/docs")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    for asset in (b"/docs/swagger/swagger-ui-bundle.js", b"/docs/swagger/swagger-ui.css", b"/web/docs.js"):
        assert asset in page.body
        assert simulation.get(asset.decode()).status == 200
    assert b"://" not in page.body
    assert "/api/v1/limit" in simulation.get("/openapi.json").json["paths"]
