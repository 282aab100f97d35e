"""The JSON of ``/simulation``: what can be set, what is told, and how a patch is applied to the plant.

Unknown keys, wrong types and values that no installation has are refused as a whole. All chargers hang on one house:
its currents, the sun's and the mains meter's silence can be set and are told through each of them.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from evsed.core.events import Button
from evsed.hw.simulation.circuit import PROXIMITY_OHMS
from evsed.hw.simulation.plant import Amperes, Plant

Current = Annotated[float, Field(ge=-1_000, le=1_000, allow_inf_nan=False)]


def _known_cable(amps: int) -> int:
    if amps and amps not in PROXIMITY_OHMS:
        raise ValueError(f"there are cables of {', '.join(map(str, PROXIMITY_OHMS))} A; 0 is a plug without resistor")
    return amps


class Strict(BaseModel):
    """A part of the JSON that takes what it names and nothing else; a part that is not sent stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_default=False)


class CarPatch(Strict):
    """The car."""

    plugged: bool = False
    ready: bool = False
    max_current: float = Field(default=16, ge=0, le=80, allow_inf_nan=False)
    phases: int = Field(default=3, ge=1, le=3)
    diode: bool = True
    lag: float = Field(default=2.0, ge=0, le=60, allow_inf_nan=False)
    cable: Annotated[int, AfterValidator(_known_cable)] = 32


class PhasesPatch(Strict):
    """Amperes of each phase."""

    L1: Current = 0.0
    L2: Current = 0.0
    L3: Current = 0.0


class FaultsPatch(Strict):
    """What is broken."""

    mains_meter_silent: bool = False
    ev_meter_silent: bool = False
    bus_offline: bool = False
    pilot: Literal["short", "open", "no_diode", "invalid"] | None = None
    contactor1: Literal["welded", "stuck_open"] | None = None
    contactor2: Literal["welded", "stuck_open"] | None = None
    car_ignores_stop: bool = False
    rcm: bool = False
    temperature: int = Field(default=25, ge=-40, le=150)
    lock: Literal["stuck"] | None = None  # ours, beyond the contract


class Patch(Strict):
    """Any part of the installation's state."""

    car: CarPatch = Field(default_factory=CarPatch)
    house: PhasesPatch = Field(default_factory=PhasesPatch)
    sun: PhasesPatch = Field(default_factory=PhasesPatch)
    faults: FaultsPatch = Field(default_factory=FaultsPatch)


class Press(Strict):
    """A button held down for a while."""

    button: Literal["left", "middle", "right"]
    hold_ms: int = Field(default=100, ge=1, le=60_000)


def apply(patch: Patch, plant: Plant, charger: int) -> None:
    """Brings ``charger``, and the house that all share, to what ``patch`` names."""
    car = plant.units[charger].car
    for key in patch.car.model_fields_set:
        value = getattr(patch.car, key)
        if key == "lag":
            car.lag_s = value
        else:
            setattr(car, key, value)
    plant.house = _phases(plant.house, patch.house)
    plant.sun = _phases(plant.sun, patch.sun)
    _break(patch.faults, plant, charger)


def _break(faults: FaultsPatch, plant: Plant, charger: int) -> None:
    unit = plant.units[charger]
    for key in faults.model_fields_set:
        match key:
            case "mains_meter_silent":
                plant.mains_silent = faults.mains_meter_silent
            case "ev_meter_silent":
                plant.ev_silent[charger] = faults.ev_meter_silent
            case "bus_offline":
                plant.offline[charger] = faults.bus_offline
            case "pilot":
                unit.pilot_fault = faults.pilot
            case "contactor1":
                unit.contactor1.fault = faults.contactor1
            case "contactor2":
                unit.contactor2.fault = faults.contactor2
            case "car_ignores_stop":
                unit.car.ignores_stop = faults.car_ignores_stop
            case "rcm":
                unit.rcm = faults.rcm
            case "temperature":
                unit.temperature = faults.temperature
            case "lock":
                unit.lock.fault = faults.lock


def _phases(before: Amperes, patch: PhasesPatch) -> Amperes:
    l1, l2, l3 = (
        getattr(patch, name) if name in patch.model_fields_set else old
        for name, old in zip(("L1", "L2", "L3"), before, strict=True)
    )
    return (l1, l2, l3)


def press(pressed: Press, plant: Plant, charger: int) -> None:
    """Holds a button of ``charger`` down."""
    plant.units[charger].press(Button(pressed.button), pressed.hold_ms, plant.now)


def state(plant: Plant, charger: int, pids: dict[str, int | None]) -> dict[str, Any]:
    """The whole state as ``GET`` answers it."""
    unit = plant.units[charger]
    car = unit.car
    high, low = unit.plateaus()
    return {
        "car": {
            "plugged": car.plugged,
            "ready": car.ready,
            "max_current": car.max_current,
            "phases": car.phases,
            "diode": car.diode,
            "lag": car.lag_s,
            "cable": car.cable,
        },
        "house": _named(plant.house),
        "sun": _named(plant.sun),
        "faults": {
            "mains_meter_silent": plant.mains_silent,
            "ev_meter_silent": plant.ev_silent[charger],
            "bus_offline": plant.offline[charger],
            "pilot": unit.pilot_fault,
            "contactor1": unit.contactor1.fault,
            "contactor2": unit.contactor2.fault,
            "car_ignores_stop": car.ignores_stop,
            "rcm": unit.rcm,
            "temperature": unit.temperature,
            "lock": unit.lock.fault,
        },
        "pids": pids,
        "plant": {
            "contactor1": unit.contactor1.closed,
            "contactor2": unit.contactor2.closed,
            "pilot_duty": round(unit.duty_percent, 2),
            "pilot_high_mv": high,
            "pilot_low_mv": low,
            "car_current": _named(unit.current),
            "mains_current": _named(plant.mains),
            "energy_wh": round(unit.energy_wh, 3),
            "contactor_cycles": unit.contactor1.cycles,
            "locked": unit.locked,
            "lease_age_ms": unit.lease_age(plant.now),
        },
    }


def _named(amps: Amperes) -> dict[str, float]:
    return {name: round(value, 3) for name, value in zip(("L1", "L2", "L3"), amps, strict=True)}
