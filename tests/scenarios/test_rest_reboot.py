"""POST /reboot while a car charges: the contactor opens in order, evsed starts anew, and charging goes on."""

import pytest

from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon


def test_a_reboot_stops_the_car_and_goes_on_charging_afterwards(simulation: Simulation) -> None:
    simulation.post("/settings?mode=1&override_current=80&lcdlock=1")
    simulation.charge()
    cycles, pid = simulation.plant["contactor_cycles"], simulation.daemon_pid
    charged = simulation.settings["ev_meter"]["charged_kwh"]
    assert simulation.post("/reboot").json == {"reboot": True}
    wait_for(lambda: not simulation.plant["contactor1"], "the contactor opens")
    wait_for(simulation.answers, "evsed answers again")
    wait_for(lambda: simulation.state["uptime_s"] < 30, "it is a new one", simulation.still_runs)
    wait_for(lambda: simulation.plant["contactor1"], "the contactor closes again")
    wait_for(lambda: simulation.plant["car_current"]["L1"] > 0, "the car draws again")
    assert simulation.daemon_pid == pid  # the same process, so that systemd goes on watching it
    assert simulation.plant["contactor_cycles"] == cycles + 1
    assert simulation.settings["mode"] == "NORMAL"
    assert simulation.get("/settings", User_Agent="evcc/1").json["settings"]["lcdlock"] == 1
    assert simulation.settings["ev_meter"]["charged_kwh"] >= charged


def test_a_signal_has_the_last_word_over_a_reboot(simulation: Simulation) -> None:
    assert simulation.post("/reboot").json == {"reboot": True}
    assert simulation.interrupt() == 0
    assert not simulation.answers()
