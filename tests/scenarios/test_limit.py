"""A program lends a real daemon a limit over REST."""

import json
from typing import Any

import pytest

from tests.scenarios.simulation import Answer, Simulation, http, wait_for

pytestmark = pytest.mark.daemon

NOTHING = {"current": None, "seconds_left": None, "until": None, "fallback": None}


def put(simulation: Simulation, limit: Any) -> Answer:
    body = limit if isinstance(limit, bytes) else json.dumps(limit).encode()
    return http("PUT", simulation.url("/api/v1/limit"), body, Content_Type="application/json")


def current(simulation: Simulation) -> Any:
    return simulation.get("/api/v1/limit").json


def test_a_limit_lowers_pauses_expires_and_ends(simulation: Simulation) -> None:
    assert current(simulation) == NOTHING
    simulation.charge()
    wait_for(lambda: simulation.state["offer_a"] == 13, "the offer is MAX")
    told = put(simulation, {"current": 8.5, "seconds": 3600, "fallback": 6}).json
    assert (told["current"], told["fallback"]) == (8.5, 6)
    assert 3_500 < told["seconds_left"] <= 3_600
    state = simulation.state
    assert (state["offer_a"], state["limited_by"], state["outside_limit"]["current"]) == (8.5, "outside limit", 8.5)
    told = put(simulation, {"current": 0, "seconds": 3600}).json
    reason = simulation.state["not_charging"]
    assert (reason["reason"], reason["text"]) == ("limited_outside", "Limited to 0 A by an outside program")
    assert abs(reason["until"] - told["until"]) <= 1
    wait_for(lambda: not simulation.plant["contactor1"], "the contactor opens")
    assert simulation.settings["evse"]["error_id"] == 0
    put(simulation, {"current": 0, "seconds": 1, "fallback": 7})
    wait_for(lambda: current(simulation)["seconds_left"] is None, "the limit is over")
    assert current(simulation) == {"current": 7, "seconds_left": None, "until": None, "fallback": 7}
    wait_for(lambda: simulation.state["offer_a"] == 7, "charging goes on with the fallback")
    ended = http("DELETE", simulation.url("/api/v1/limit"))
    assert (ended.status, ended.json, current(simulation)) == (200, NOTHING, NOTHING)
    wait_for(lambda: simulation.state["offer_a"] == 13, "the charger's own limits are back")


def test_a_restart_forgets_it(simulation: Simulation) -> None:
    assert put(simulation, {"current": 8, "seconds": 3600, "fallback": 6}).status == 200
    simulation.restart()
    assert current(simulation) == NOTHING


def test_what_is_no_limit_changes_nothing_and_is_counted(simulation: Simulation) -> None:
    put(simulation, {"current": 8, "seconds": 3600})
    refused = simulation.state["refused_inputs"]
    wrong: tuple[tuple[Any, str], ...] = (
        ({"current": 81, "seconds": 60}, "the limit takes 0 to 80 A; not 81"),
        ({"current": 8, "seconds": 86_401}, "a limit is lent for 1 to 86400 seconds; not 86401"),
        ({"current": 8, "seconds": 60, "fallback": -1}, "the fallback takes 0 to 80 A; not -1"),
        ({"current": "8", "seconds": 60}, "current takes 0 to 80 A as a number"),
        ({"current": True, "seconds": 60}, "current takes 0 to 80 A as a number"),
        (b'{"current": NaN, "seconds": 60}', "current takes 0 to 80 A as a number"),
        ({"current": 8}, "seconds takes a whole number"),
        (b"current=8&seconds=60", "the body has to be a JSON object"),
        (b"", "the body has to be a JSON object"),
        (b"\xff" * 100, "the body has to be a JSON object"),
        (b"[" * 60_000, "the body has to be a JSON object"),
    )
    for limit, says in wrong:
        answer = put(simulation, limit)
        assert (answer.status, says in answer.json["detail"]) == (422, True), limit
    assert current(simulation)["current"] == 8
    assert simulation.state["refused_inputs"] == refused + len(wrong)
    assert "PUT /api/v1/limit: 'current=81, seconds=60' is refused: the limit takes" in simulation.said()
    assert "Traceback" not in simulation.said()
    assert "GET and PUT and DELETE is" in simulation.post("/api/v1/limit").json["detail"]
