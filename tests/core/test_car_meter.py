"""What is learned of a car by its own meter, and what is not believed of that."""

import pytest

from evsed.core.car import ALONE_FOR_MS, Car
from evsed.core.model import ALL_PHASES, ONLY_L1, PhaseCurrents
from evsed.core.units import Deciamps

HOUSE = 20


def own(l1: Deciamps, l2: Deciamps, l3: Deciamps) -> PhaseCurrents:
    return PhaseCurrents(l1, l2, l3)


def test_its_own_meter_is_believed_to_use_one_phase_after_20_s_and_three_at_once() -> None:
    car = Car()
    car.offered(130, 0)
    car.measured(own(130, 0, 0), None, 1_000, 3)
    car.measured(own(130, 0, 0), None, 1_000 + ALONE_FOR_MS - 1, 3)
    assert (car.uses, car.drawn) == (ALL_PHASES, 130)
    car.measured(own(130, 0, 0), None, 1_000 + ALONE_FOR_MS, 3)
    assert car.uses == ONLY_L1
    car.measured(own(130, 33, 0), None, 30_000, 3)
    assert car.uses == ALL_PHASES


@pytest.mark.parametrize(("current", "phases"), [(29, 3), (130, 1)])
def test_little_current_or_one_phase_that_reaches_it_says_nothing(current: int, phases: int) -> None:
    car = Car()
    car.offered(130, 0)
    for second in range(60):
        car.measured(own(current, 0, 0), None, 1_000 * second, phases)
    assert car.uses == ALL_PHASES


def test_its_own_meter_teaches_the_lag_too() -> None:
    car = Car()
    car.offered(130, 0)
    car.measured(own(130, 130, 130), None, 3_000, 3)
    car.measured(own(130, 130, 130), None, 10_000, 3)
    car.offered(80, 10_000)
    car.measured(own(130, 130, 130), None, 11_000, 3)
    car.measured(own(80, 80, 80), None, 12_000, 3)
    assert (car.lag_ms, car.middle_ms, car.drawn, car.moving) == (2_000, 1_500, 80, False)
    assert car.uses == ALL_PHASES


def test_a_meter_of_the_car_that_shows_one_phase_of_three_is_not_believed() -> None:
    car = Car()
    car.offered(130, 0)
    car.measured(own(0, 0, 0), own(HOUSE, HOUSE, HOUSE), 0, 3)
    for second in range(1, 60):
        car.measured(own(130, 0, 0), own(HOUSE + 130, HOUSE + 130, HOUSE + 130), 1_000 * second, 3)
    assert car.uses == ALL_PHASES
    car.unplugged()
    car.measured(own(0, 0, 0), own(HOUSE, HOUSE, HOUSE), 100_000, 3)
    for second in range(101, 160):
        car.measured(own(130, 0, 0), own(HOUSE + 130, HOUSE, HOUSE), 1_000 * second, 3)
    assert car.uses == ONLY_L1
