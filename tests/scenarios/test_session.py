"""The session of a car through the real daemon: pause, kill -9, phase switch and unplug add up to the meter to 1 Wh."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon

ANNA, BEN = "04A1B2C3D4E5", "04A1B2C3D4E6"
SETTINGS = ("--set", "mode=Normal", "--set", "enable_C2=Solar Off", "--set", "current_max=16")


def draws(simulation: Simulation, phases: int) -> None:
    """The car draws on so many phases, for some Wh more."""
    wait_for(
        lambda: sum(current > 0 for current in simulation.plant["car_current"].values()) == phases,
        f"the car draws on {phases} phases",
        simulation.still_runs,
    )
    begun = simulation.plant["energy_wh"]
    wait_for(lambda: simulation.plant["energy_wh"] >= begun + 6, "it has taken 6 Wh")


def stands(simulation: Simulation) -> None:
    wait_for(lambda: simulation.plant["car_current"]["L1"] == 0, "the car does not draw")


def sessions(simulation: Simulation) -> list[Any]:
    found: list[Any] = simulation.get("/api/v1/sessions").json["sessions"]
    return found


def swipe(simulation: Simulation, card: str) -> None:
    assert simulation.post(f"/rfid?rfid={card}").status == 200


def eventful(simulation: Simulation) -> None:
    """Two people charge a car, through a pause, a crash and a change of phases."""
    for card, name in ((ANNA, "Anna"), (BEN, "Ben")):
        assert simulation.http("PUT", f"/api/v1/cards/{card}", json.dumps({"name": name}).encode()).status == 200
    wait_for(lambda: simulation.settings["ev_meter"]["import_active_energy"] is not None, "the EV meter answers")
    simulation.plug()
    wait_for(lambda: simulation.state["connected"], "the car is seen")
    swipe(simulation, ANNA)
    draws(simulation, 3)
    simulation.post("/settings?mode=4")
    stands(simulation)
    simulation.post("/settings?mode=1")
    draws(simulation, 3)
    swipe(simulation, BEN)
    stands(simulation)
    swipe(simulation, BEN)
    draws(simulation, 3)
    simulation.restart()
    draws(simulation, 3)
    simulation.patch(sun={"L1": 25.0})
    simulation.post("/settings?mode=2")
    draws(simulation, 1)
    (now,) = sessions(simulation)
    assert now["open"]
    simulation.patch(car={"plugged": False})
    wait_for(lambda: not sessions(simulation)[0]["open"], "the session ends")
    wait_for(lambda: sessions(simulation)[0]["energy_complete"], "the meter has told the last of it")
    wait_for(lambda: abs(sessions(simulation)[0]["energy_wh"] - simulation.plant["energy_wh"]) <= 1, "it adds up")


def test_a_session_across_pause_cards_restart_and_phases_adds_up_to_the_meter(state_dir: Path) -> None:
    with Simulation(state_dir, (*SETTINGS, "--set", "rfidreader=EnableAll")) as simulation:
        eventful(simulation)
        (ended,) = sessions(simulation)
        energy = ended["energy_wh"]
        assert energy == ended["register_end_wh"] - ended["register_start_wh"]
        assert energy == ended["grid_wh"] + ended["solar_wh"] == sum(ended["energy_by_phases"].values())
        assert energy == sum(card["energy_wh"] for card in ended["cards"])
        assert [card["name"] for card in ended["cards"]] == ["Anna", "Ben"]
        assert min(card["energy_wh"] for card in ended["cards"]) >= 6
        assert ended["solar_wh"] >= 3
        assert ended["phases"] == [3, 1]
        stops = {stop["reason"]: stop["count"] for stop in ended["stops"]}
        assert stops["paused"] == stops["card"] == stops["restarted"] == stops["unplugged"] == 1
        assert (ended["ended"], ended["last_stop"]) == ("unplugged", "unplugged")
        assert ended["contactor_closings"] == simulation.plant["contactor_cycles"] == sum(stops.values())
        counters = simulation.get("/api/v1/counters").json["kept"]
        assert (counters["sessions"], counters["energy_wh"]) == (1, energy)
        simulation.restart()
        assert sessions(simulation) == [ended]
        assert simulation.get("/api/v1/counters").json["kept"] == counters
        assert b"Anna" in simulation.get("/api/v1/sessions.csv").body
    assert (state_dir / "sessions.db").stat().st_mode & 0o777 == 0o600
    assert not (state_dir / "sessions.db.damaged").exists()


def test_a_car_that_left_while_the_power_was_off_keeps_its_energy(state_dir: Path) -> None:
    """The settings are the truth of an open session when the log is lost, and the log when they are."""
    with Simulation(state_dir, SETTINGS) as simulation:
        wait_for(lambda: simulation.settings["ev_meter"]["import_active_energy"] is not None, "the EV meter answers")
        simulation.plug()
        draws(simulation, 3)
        command = simulation.kill()
        simulation.patch(car={"plugged": False})
        stands(simulation)
        for part in state_dir.glob("sessions.db*"):
            part.unlink()
        simulation.start(command)
        wait_for(lambda: sessions(simulation)[0]["ended"], "it is found unplugged")
        wait_for(
            lambda: abs((sessions(simulation)[0]["energy_wh"] or 0) - simulation.plant["energy_wh"]) <= 1, "it adds up"
        )
        (found,) = sessions(simulation)
        assert found["ended"] == "found_unplugged"
        assert found["last_seen"] <= found["end"]
        assert [stop["reason"] for stop in found["stops"]] == ["restarted"]
        command = simulation.kill()
        file = state_dir / "settings.json"
        document = json.loads(file.read_text())
        del document["sessions"]
        file.write_text(json.dumps(document))
        simulation.start(command)
        assert sessions(simulation) == [found]
        assert simulation.get("/api/v1/counters").json["kept"]["sessions"] == 1
