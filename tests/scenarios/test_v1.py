"""/api/v1 of a real daemon, as the owner's programs use it."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from evsed import __version__
from tests.scenarios.simulation import AS_INSTALLER, INSTALLER_PIN, PATIENCE_S, Answer, Simulation, http, wait_for

pytestmark = pytest.mark.daemon


def send(simulation: Simulation, method: str, path: str, body: Any) -> Answer:
    headers = {"Content_Type": "application/json", **(AS_INSTALLER if INSTALLER_PIN[-1] in simulation.options else {})}
    return http(method, simulation.url(path), json.dumps(body).encode(), **headers)


@pytest.fixture
def installed(state_dir: Path) -> Iterator[Simulation]:
    """One whose installer has a PIN."""
    with Simulation(state_dir, INSTALLER_PIN) as simulation:
        yield simulation


@contextmanager
def states(simulation: Simulation) -> Iterator[Iterator[dict[str, Any]]]:
    """The events of the stream, for as long as it goes on."""
    connection = HTTPConnection("127.0.0.1", simulation.port, timeout=PATIENCE_S)
    with closing(connection):
        connection.request("GET", "/api/v1/events")
        with connection.getresponse() as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
            told = (json.loads(line[6:]) for line in answer if line.startswith(b"data: "))
            assert next(told) == {"version": __version__}
            yield told


def test_settings_survive_a_kill_the_moment_they_are_answered(installed: Simulation) -> None:
    simulation = installed
    before = simulation.get("/api/v1/settings").json
    assert (before["current_max"]["value"], before["mains_meter"]["value"]) == (13, "Eastron3P")
    answer = send(simulation, "PATCH", "/api/v1/settings", {"current_max": 10, "mode": "Smart", "temp_max": 60})
    simulation.restart()
    after = simulation.get("/api/v1/settings").json
    assert (answer.status, after) == (200, answer.json)
    assert [after[key]["value"] for key in ("current_max", "mode", "temp_max")] == [10, "Smart", 60]
    refused = send(simulation, "PATCH", "/api/v1/settings", {"current_max": 12, "temp_max": 90, "tmp_max": 50})
    assert (refused.status, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in refused.json["errors"]] == ["#/temp_max", "#/tmp_max"]
    assert "did you mean temp_max?" in refused.json["detail"]
    assert simulation.get("/api/v1/settings").json == after


def test_the_stream_tells_a_charge_from_plug_to_pause(simulation: Simulation) -> None:
    with states(simulation) as stream:
        assert next(stream)["not_charging"]["reason"] == "no_car"
        simulation.plug()
        drawing = (state for state in stream if ((state["meters"]["ev"]["currents"] or {}).get("L1") or 0) > 10)
        state = next(drawing)
        assert (state["state"], state["charging"], state["offer_a"]) == ("C", True, 13)
        assert send(simulation, "PUT", "/api/v1/override", {"current": 8.5}).json == {"current": 8.5}
        assert next(state for state in stream if state["offer_a"] == 8.5)["override_a"] == 8.5
        assert send(simulation, "PUT", "/api/v1/mode", {"mode": "Pause"}).json == {"mode": "PAUSE"}
        assert next(state for state in stream if not state["charging"])["not_charging"]["reason"] == "paused"
        counters = simulation.get("/api/v1/counters").json
        assert (counters["contactor_closings"], counters["event_streams"]) == (1, 1)
        assert abs(counters["since"] + counters["uptime_s"] - time.time()) < PATIENCE_S


def test_the_meters_tell_how_they_answer(simulation: Simulation) -> None:
    def known() -> bool:
        meters = simulation.get("/api/v1/meters").json
        return all(meters[role]["import_wh"] is not None for role in ("mains", "ev")) and meters["mains"]["period_s"]

    wait_for(known, "the meters' slow values are known, and the period is learned")
    meters = simulation.get("/api/v1/meters").json
    for role, address in (("mains", 11), ("ev", 12)):
        meter = meters[role]
        assert (meter["type"], meter["address"], meter["answering"], meter["fresh"]) == (
            "Eastron3P",
            address,
            True,
            True,
        )
        assert meter["answers"] > 0
    assert (meters["circuit"]["type"], meters["circuit"]["currents"]) == ("Disabled", None)
    simulation.patch(faults={"mains_meter_silent": True})
    wait_for(lambda: not simulation.get("/api/v1/meters").json["mains"]["answering"], "its silence is told")
    wait_for(lambda: simulation.get("/api/v1/meters").json["mains"]["currents"] is None, "its currents are unknown")
    assert simulation.get("/api/v1/meters").json["mains"]["last_error"]


def test_a_timer_begins_to_charge_by_itself(simulation: Simulation) -> None:
    simulation.plug()
    start = int(time.time()) + 3_600
    timer = send(simulation, "PUT", "/api/v1/timer", {"mode": "Normal", "start": start}).json
    assert (timer["start"], timer["waiting"]) == (start, True)
    wait_for(lambda: not simulation.plant["contactor1"], "the car waits")
    assert simulation.state["not_charging"]["until"] in {start - 1, start, start + 1}
    simulation.restart()
    assert simulation.get("/api/v1/timer").json == timer
    start = int(time.time()) + 2
    assert send(simulation, "PUT", "/api/v1/timer", {"mode": "Normal", "start": start}).status == 200
    wait_for(lambda: simulation.plant["car_current"]["L1"] > 0, "the car draws")
    assert time.time() >= start
    assert simulation.get("/api/v1/timer").json["start"] is None


def test_listeners_do_not_hold_up_the_end(state_dir: Path) -> None:
    with Simulation(state_dir) as simulation:
        with ExitStack() as opened:
            streams = [opened.enter_context(states(simulation)) for _ in range(8)]
            for stream in streams:
                next(stream)
            assert simulation.get("/api/v1/events").status == 503
            daemon = simulation.daemon_pid
            assert simulation.interrupt() == 0
            for stream in streams:
                assert all(state["state"] == "A" for state in stream)
        wait_for(lambda: not Path(f"/proc/{daemon}").exists(), "the daemon has ended")
        assert "Traceback" not in simulation.said()
        assert "does not end" not in simulation.said()
