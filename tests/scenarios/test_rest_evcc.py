"""evcc's charger ``smart-evse``, request by request, with a car on the cable."""

import pytest

from tests.scenarios.simulation import Json, Simulation, wait_for

pytestmark = pytest.mark.daemon

AGENT = "evcc/0.204.1"
FORM = "application/x-www-form-urlencoded"


def read(simulation: Simulation) -> Json:
    document: Json = simulation.get("/settings", User_Agent=AGENT, Connection="close").json
    return document


def post(simulation: Simulation, query: str) -> Json:
    echo: Json = simulation.post(
        f"/settings?{query}", b"", User_Agent=AGENT, Content_Type=FORM, Connection="close"
    ).json
    return echo


def test_evcc_charges_a_car_changes_its_current_and_its_phases_and_pauses_it(simulation: Simulation) -> None:
    post(simulation, "mode=4")
    simulation.plug()
    wait_for(lambda: read(simulation)["car_connected"], "evcc sees the car")
    assert (read(simulation)["mode_id"], read(simulation)["evse"]["access"]) == (4, 2)
    assert post(simulation, "override_current=80") == {"override_current": 80}
    assert post(simulation, "mode=1") == {"mode": "1"}
    wait_for(lambda: read(simulation)["evse"]["state_id"] == 2, "it charges")
    wait_for(lambda: read(simulation)["ev_meter"]["currents"]["L1"] >= 75, "with 8 A")
    assert read(simulation)["settings"]["charge_current"] == 80
    post(simulation, "override_current=60")
    wait_for(lambda: read(simulation)["ev_meter"]["currents"]["L1"] <= 65, "with 6 A")
    assert type(read(simulation)["ev_meter"]["import_active_power"]) is int
    assert type(read(simulation)["ev_meter"]["import_active_energy"]) is int
    post(simulation, "mode=4")
    wait_for(lambda: not simulation.plant["contactor1"], "the contactor opens")
    assert read(simulation)["evse"]["state_id"] in {9, 10}
    assert post(simulation, "enable_C2=1") == {"settings": {"enable_C2": "Always Off"}}
    post(simulation, "mode=1")
    wait_for(lambda: read(simulation)["evse"]["state_id"] == 2, "it charges again")
    wait_for(lambda: read(simulation)["evse"]["nrofphases"] == 1, "from one phase")
    wait_for(lambda: simulation.plant["car_current"]["L1"] > 0, "the car draws")
    assert simulation.plant["car_current"]["L2"] == 0
