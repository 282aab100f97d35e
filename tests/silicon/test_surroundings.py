"""What hangs on the fake pins moves as it does in the simulation."""

import time

from evsed.wiring import Line
from tests.silicon.chip import wiring_of
from tests.silicon.registers import PinsInMemory
from tests.silicon.surroundings import Surroundings

PWM = 530_000


class Pi:
    """Pins with a car, in virtual time."""

    def __init__(self, *, single: bool = False, **pins: object) -> None:
        self.pins = PinsInMemory()
        self.wiring = wiring_of({"pins": pins})
        self.outside = Surroundings(self.wiring, self.pins, 0, 0, single=single)
        self.now = 0

    def run(self, seconds: float) -> None:
        self.now += round(seconds * 1000)
        self.outside.advance(self.now)

    def on(self, line: Line | None) -> bool:
        assert line is not None
        return bool(self.pins.read(line.gpio)) != line.active_low


def test_a_car_charges_by_pins_and_stops_with_them() -> None:
    pi = Pi()
    car = pi.outside.unit.car
    car.plugged = car.ready = True
    pi.pins.hardware_pwm(12, 1_000, PWM)
    pi.run(1.1)
    assert car.s2_closed
    pi.pins.write(22, 1)
    pi.pins.write(23, 1)
    pi.run(3.0)
    assert pi.outside.state["car_current"] == (16.0, 16.0, 16.0)
    pi.pins.write(22, 0)
    pi.run(0.03)
    assert pi.outside.state["car_current"] == (0.0, 0.0, 0.0)
    pi.pins.hardware_pwm(12, 1_000, 1_000_000)
    pi.run(1.1)
    names = [(name, on) for _, name, on in pi.outside.state["history"]]
    assert names == [
        ("pulses", True),
        ("contactor1", True),
        ("contactor2", True),
        ("contactor1", False),
        ("pulses", False),
    ]
    assert not car.s2_closed


def test_without_a_holder_the_boards_own_resistors_hold_everything_off() -> None:
    pi = Pi(contactor1=(22, True))
    pi.pins.write(22, 0)
    pi.run(0.1)
    assert pi.outside.state["contactor1"], "active low"
    pi.pins.make_input(22)
    pi.run(0.1)
    assert not pi.outside.state["contactor1"]


def test_contacts_lock_and_monitor_drive_the_inputs() -> None:
    pi = Pi(mirror1=(14, False), mirror2=(15, True))
    pins = pi.wiring.pins
    pi.run(0.1)
    assert pi.on(pins.mirror1)
    assert pi.on(pins.mirror2)
    assert not pi.on(pins.lock_feedback)
    assert not pi.on(pins.rcm)
    for gpio in (22, 23, 17, 26):
        pi.pins.write(gpio, 1)
    pi.run(0.4)
    assert not pi.on(pins.mirror1)
    assert not pi.on(pins.mirror2)
    assert pi.on(pins.lock_feedback)
    assert pi.on(pins.rcm)
    pi.pins.write(17, 0)
    pi.pins.write(27, 1)
    pi.pins.write(26, 0)
    pi.run(0.4)
    assert not pi.on(pins.lock_feedback)
    assert not pi.on(pins.rcm)


def test_a_long_pause_closes_and_opens_nothing() -> None:
    pi = Pi()
    pi.pins.write(22, 1)
    pi.run(0.1)
    began = time.monotonic()
    pi.run(3_600)
    print(f"an hour of pause took {time.monotonic() - began:.3f} s")  # noqa: T201 - measured
    assert pi.outside.state["contactor1"]
    assert pi.outside.state["cycles"] == 1
