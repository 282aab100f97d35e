"""A charger as it is after its installation, operated as an owner does: nothing charges before SET UP is Done."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed.core.screens.screen import Words
from evsed.lcd.draw import draw
from evsed.lcd.picture import png
from tests.scenarios.simulation import AS_INSTALLER, INSTALLER_PIN, Simulation, wait_for

pytestmark = pytest.mark.daemon


@pytest.fixture
def fresh(state_dir: Path) -> Iterator[Simulation]:
    with Simulation(state_dir, ("--first-run", *INSTALLER_PIN)) as simulation:
        yield simulation


def left(simulation: Simulation) -> list[str]:
    """What is left to do, and what of that list is done."""
    found = simulation.state["set_up"]
    return [] if found is None else [step["step"] for step in found["steps"]]


def done(simulation: Simulation, value: str) -> int:
    body = json.dumps({"set_up": value}).encode()
    return simulation.http("PATCH", "/api/v1/settings", body, **AS_INSTALLER).status


def test_nothing_closes_before_set_up_is_done_whatever_is_pressed(fresh: Simulation) -> None:
    fresh.plug()
    wait_for(lambda: fresh.state["connected"], "the car is seen")
    assert fresh.post("/settings?mode=1").json == {"mode": "1"}
    fresh.post("/settings?override_current=100")
    fresh.press("right", 2_200)
    before = fresh.state["uptime_s"]
    wait_for(lambda: fresh.state["uptime_s"] >= before + 8, "longer than any start of a charge takes")
    state, plant = fresh.state, fresh.plant
    assert (state["mode"], state["state"], state["offer_a"]) == ("NORMAL", "B1", 0.0)
    assert (state["state_text"], state["not_charging"]["reason"]) == ("Not set up", "not_set_up")
    assert (plant["contactor1"], plant["contactor_cycles"], plant["pilot_duty"]) == (False, 0, 100.0)
    shown = ("MAX IS 13A:", "RIGHT FOR CABLE,", "CONTACTORS", "AND FUSE?")
    wait_for(lambda: fresh.get("/lcd").body == png(draw(Words(shown))), "the LCD comes to MAX")
    assert left(fresh)[-1] == "set_up"
    assert done(fresh, "Done") == 200
    wait_for(lambda: fresh.plant["car_current"]["L1"] > 0, "the car draws")
    assert (fresh.state["set_up"], fresh.state["not_charging"]) == (None, None)


def test_erasing_the_settings_makes_it_a_fresh_one_again(fresh: Simulation) -> None:
    assert done(fresh, "Done") == 200
    assert left(fresh) == []
    assert fresh.http("DELETE", "/erasesettings", None, **AS_INSTALLER).status == 200
    assert left(fresh)
    fresh.restart()
    assert fresh.state["not_charging"]["reason"] == "not_set_up"
