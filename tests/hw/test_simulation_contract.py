"""The JSON of /simulation: the state and the patches of the contract, on a plant."""

import pytest
from pydantic import ValidationError

from evsed.core.events import Button
from evsed.hw.simulation import contract
from evsed.hw.simulation.plant import Plant

STATE_KEYS = {
    "car": ["plugged", "ready", "max_current", "phases", "diode", "lag", "cable"],
    "house": ["L1", "L2", "L3"],
    "sun": ["L1", "L2", "L3"],
    "faults": ["mains_meter_silent", "ev_meter_silent", "bus_offline", "pilot", "contactor1", "contactor2",
               "car_ignores_stop", "rcm", "temperature", "lock"],
    "pids": ["daemon", "plant"],
    "plant": ["contactor1", "contactor2", "pilot_duty", "pilot_high_mv", "pilot_low_mv", "car_current", "mains_current",
              "energy_wh", "contactor_cycles", "locked", "lease_age_ms"],
}  # fmt: skip


def state(plant: Plant) -> dict[str, dict[str, object]]:
    return contract.state(plant, 0, {"daemon": 1, "plant": 2})


def test_the_state_has_exactly_the_keys_of_the_contract() -> None:
    assert {key: list(value) for key, value in state(Plant(1, 0, 0)).items()} == STATE_KEYS


def test_a_fresh_plant_is_that_of_the_contract() -> None:
    fresh = state(Plant(1, 0, 0))
    assert fresh["car"] == {
        "plugged": False, "ready": False, "max_current": 16, "phases": 3, "diode": True, "lag": 2.0, "cable": 32,
    }  # fmt: skip
    assert fresh["house"] == {"L1": 1.0, "L2": 1.0, "L3": 1.0}
    assert fresh["sun"] == {"L1": 0.0, "L2": 0.0, "L3": 0.0}
    assert fresh["faults"]["temperature"] == 25
    assert not any(value for key, value in fresh["faults"].items() if key != "temperature")


def test_every_key_can_be_patched_and_only_what_is_named_changes() -> None:
    plant = Plant(1, 0, 0)
    patches: dict[str, dict[str, object]] = {
        "car": {"plugged": True, "ready": True, "max_current": 10, "phases": 1, "diode": False, "lag": 0.5,
                "cable": 13},
        "house": {"L1": 5, "L2": 6.5, "L3": 7},
        "sun": {"L1": 1, "L2": 2, "L3": 3.5},
        "faults": {"mains_meter_silent": True, "ev_meter_silent": True, "bus_offline": True, "pilot": "short",
                   "contactor1": "welded", "contactor2": "stuck_open", "car_ignores_stop": True, "rcm": True,
                   "temperature": 70, "lock": "stuck"},
    }  # fmt: skip
    for part, values in patches.items():
        for key, value in values.items():
            before = state(plant)
            contract.apply(contract.Patch.model_validate({part: {key: value}}), plant, 0)
            after = state(plant)
            assert after[part][key] == value
            before[part][key] = value
            assert {name: after[name] for name in patches} == {name: before[name] for name in patches}


@pytest.mark.parametrize(
    "patch",
    [
        {"cars": {}},
        {"car": {"plugged": 1}},
        {"car": {"plugged": "true"}},
        {"car": {"phases": 4}},
        {"car": {"cable": 25}},
        {"car": {"cable": False}},
        {"car": {"cable": 32.0}},
        {"car": {"lag": -1}},
        {"car": {"max_current": "16"}},
        {"car": None},
        {"house": {"L4": 1.0}},
        {"house": {"L1": True}},
        {"house": {"L1": float("nan")}},
        {"faults": {"pilot": "broken"}},
        {"faults": {"temperature": 25.5}},
        {"faults": {"contactor1": False}},
        {"faults": {"lock": "open"}},
        {"faults": {"lock": False}},
        [],
    ],
)
def test_other_patches_are_refused(patch: object) -> None:
    with pytest.raises(ValidationError):
        contract.Patch.model_validate(patch)


def test_a_button_is_down_for_its_time() -> None:
    plant = Plant(1, 0, 0)
    contract.press(contract.Press(button="left", hold_ms=50), plant, 0)
    assert list(plant.units[0].buttons(49)) == [Button.LEFT]
    assert list(plant.units[0].buttons(50)) == []
