"""The outcomes an owner sees, through the real daemon, the real bus and the real plant. How fast each must be is proved
in virtual time by tests/core; here nothing fails on wall-clock time.
"""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.simulation import PATIENCE_S, Simulation, http, wait_for

pytestmark = pytest.mark.daemon


def test_plug_in_charge_and_unplug(simulation: Simulation) -> None:
    assert simulation.evse["state_id"] == 0
    seen = []
    assert http(
        "PATCH",
        simulation.url("/simulation"),
        b'{"car":{"plugged":true,"ready":true}}',
        Content_Type="application/json",
    ).json["car"]["plugged"]

    def look() -> bool:
        seen.append(simulation.evse["state_id"])
        return bool(simulation.plant["car_current"]["L1"] == 13.0)

    wait_for(look, "the car draws 13 A")
    assert sorted(set(seen) - {0}) == [1, 2]
    assert simulation.plant["contactor1"]
    wait_for(lambda: simulation.settings["phase_currents"]["L1"] == 140, "the mains meter shows 14 A")
    wait_for(lambda: simulation.settings["ev_meter"]["currents"]["L1"] == 130, "and the EV meter 13 A")
    document = simulation.settings
    assert (document["settings"]["charge_current"], document["evse"]["pwm"]) == (130, 222)
    assert document["phase_currents"]["charging_L1"]
    assert document["ev_meter"]["currents"] == {"TOTAL": 390, "L1": 130, "L2": 130, "L3": 130}
    assert simulation.state["not_charging"] is None
    simulation.patch(car={"plugged": False})
    wait_for(lambda: not simulation.plant["contactor1"], "the contactor opens")
    wait_for(lambda: simulation.evse["state_id"] == 0, "state A")
    assert simulation.plant["contactor_cycles"] == 1


def test_smart_by_each_way_to_post_and_no_room_and_room_again(simulation: Simulation) -> None:
    for body, path in ((b"", "/settings?mode=3"), (b"mode=3", "/settings"), (None, "/settings?mode=3")):
        simulation.post("/settings?mode=1")
        assert simulation.post(path, body).json == {"mode": "3"}
        assert simulation.settings["mode"] == "SMART"
    simulation.charge()
    simulation.patch(house={"L1": 15.0})
    wait_for(lambda: simulation.plant["mains_current"]["L1"] <= 25.0, "the offer leaves room for the house")
    assert simulation.evse["state_id"] == 2
    simulation.patch(house={"L1": 24.0})
    wait_for(lambda: not simulation.plant["contactor1"], "charging stops")
    wait_for(lambda: simulation.evse["state"] == "Charging Stopped - No Power Available", "the text says why")
    assert (simulation.evse["error"], simulation.evse["error_id"]) == ("None", 0)
    assert simulation.state["not_charging"]["reason"] == "no_power"
    simulation.patch(house={"L1": 1.0})
    wait_for(lambda: (simulation.state["not_charging"] or {}).get("seconds_left"), "the wait is shown")
    wait_for(lambda: simulation.plant["car_current"]["L1"] > 0, "charging starts again")


def test_kill_9_opens_the_contactors_and_the_restarted_daemon_resumes(simulation: Simulation) -> None:
    simulation.charge()
    command = simulation.daemon_command()
    assert simulation.post("/settings?mode=3").json == {"mode": "3"}
    os.kill(simulation.daemon_pid, signal.SIGKILL)
    wait_for(lambda: not simulation.plant["contactor1"], "the contactors open without the daemon")
    assert simulation.plant["pilot_duty"] == 100
    with subprocess.Popen(command) as again:
        try:
            wait_for(lambda: simulation.watch()["pids"]["daemon"] == again.pid, "the new daemon holds the board")
            wait_for(simulation.answers, "the new daemon's web server answers")
            assert (simulation.settings["mode"], simulation.evse["access"]) == ("SMART", True)
            wait_for(lambda: simulation.plant["car_current"]["L1"] > 0, "the charge resumes")
            assert simulation.plant["contactor_cycles"] == 2
            assert simulation.post("/settings?mode=0").json == {"mode": "0"}
        finally:
            again.kill()
    saved = json.loads((simulation.state_dir / "settings.json").read_text())
    assert (saved["access"], saved["settings"]["mode"]) == ("Deny", "Smart")


def test_a_daemon_that_hangs_loses_its_outputs(simulation: Simulation) -> None:
    simulation.charge()
    pid = simulation.daemon_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: not simulation.plant["contactor1"], "the contactors open without the daemon")
        assert simulation.plant["lease_age_ms"] >= 500
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: simulation.plant["car_current"]["L1"] > 0, "it goes on by the orderly path")


def test_a_plant_that_is_gone_ends_the_daemon(simulation: Simulation) -> None:
    pids = simulation.watch()["pids"]
    os.kill(pids["plant"], signal.SIGKILL)
    assert simulation.process.wait(PATIENCE_S) == 1
    assert not Path(f"/proc/{pids['daemon']}").exists()
    assert "the control loop stopped" in simulation.said()


def test_ctrl_c_while_charging_stops_the_car_first(simulation: Simulation) -> None:
    simulation.charge()
    pids = simulation.watch()["pids"]
    assert simulation.interrupt() == 0
    assert "state C1 to B1: 9 V" in simulation.said()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
    assert "Traceback" not in simulation.said()


def test_the_units_button_and_a_damaged_file(state_dir: Path) -> None:
    with Simulation(state_dir) as simulation:
        pressed = http(
            "POST",
            simulation.url("/simulation/button"),
            b'{"button":"left","hold_ms":2500}',
            Content_Type="application/json",
        )
        assert pressed.status == 200
        wait_for(lambda: simulation.settings["mode"] == "OFF", "holding < switches off")
        simulation.post("/settings?current_min=7")
    file = state_dir / "settings.json"
    file.write_text(file.read_text()[:100])
    with Simulation(state_dir) as simulation:
        assert simulation.settings["mode"] == "OFF"
        assert "settings.json.previous: using this last good copy" in simulation.said()
    assert (state_dir / "settings.json.damaged").exists()


@pytest.mark.parametrize("port", ["daemon", "plant"])
def test_simulation_refuses_what_the_contract_does_not_know(simulation: Simulation, port: str) -> None:
    plant = f"http://127.0.0.1:{simulation.plant_port}/simulation"
    base = simulation.url("/simulation") if port == "daemon" else f"{plant}/0"
    before = http("GET", base).json
    half_good = b'{"car":{"plugged":true},"house":{"L9":1}}'
    no_numbers = (b'{"car":{"max_current":NaN}}', b'{"car":{"lag":1e999}}', b'{"\\ud800":1}')
    for body in (b'{"cars":{}}', b'{"car":{"plugged":1}}', half_good, *no_numbers, b"nonsense", b""):
        assert http("PATCH", base, body, Content_Type="application/json").status == 422
    for body in (b'{"button":"up"}', b'{"button":"left","hold_ms":"1"}'):
        assert http("POST", f"{base}/button", body, Content_Type="application/json").status == 422
    after = http("GET", base).json
    assert [after[part] for part in ("car", "house", "sun", "faults")] == [
        before[part] for part in ("car", "house", "sun", "faults")
    ]
    assert http("GET", f"{plant}/1").status == 404


def test_settings_on_the_command_line(state_dir: Path) -> None:
    with Simulation(state_dir, ("--set", "current_max=16", "--set", "mode=Smart", "--seed", "5")) as simulation:
        assert simulation.settings["settings"]["current_max"] == 16
        assert simulation.settings["mode"] == "SMART"
