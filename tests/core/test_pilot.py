"""The pilot: bursts as a circuit gives them, and the level that counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.actions import PILOT_HIGH, PILOT_LOW, Pilot, PilotDrive
from evsed.core.pilot import Level, SteadyLevel, classify, judge
from evsed.hw.simulation.circuit import Noise, Wiring, burst

NOISE = Noise(1)
LEVELS = {
    Level.UNPLUGGED: Wiring(plugged=False, s2_closed=False, diode=True, fault=None),
    Level.CONNECTED: Wiring(plugged=True, s2_closed=False, diode=True, fault=None),
    Level.WANTS_POWER: Wiring(plugged=True, s2_closed=True, diode=True, fault=None),
    Level.SHORT: Wiring(plugged=True, s2_closed=True, diode=True, fault="short"),
    Level.INVALID: Wiring(plugged=True, s2_closed=True, diode=True, fault="invalid"),
}


@pytest.mark.parametrize("level", LEVELS)
def test_every_duty_gives_the_right_level_at_every_phase(level: Level) -> None:
    for duty in range(1_000, 9_601, 50):
        for _ in range(4):
            reading = judge(burst(LEVELS[level], PilotDrive(Pilot.PWM, duty), NOISE), duty, Level.INVALID)
            assert reading.level is level
            assert reading.negative_seen is (level is not Level.SHORT)


@pytest.mark.parametrize("level", LEVELS)
def test_constant_level(level: Level) -> None:
    reading = judge(burst(LEVELS[level], PILOT_HIGH, NOISE), PILOT_HIGH.duty, Level.INVALID)
    assert (reading.level, reading.negative_seen) == (level, False)


def test_constant_minus_12_v_and_disconnected() -> None:
    unplugged = LEVELS[Level.UNPLUGGED]
    assert judge(burst(unplugged, PILOT_LOW, NOISE), 0, Level.INVALID).level is Level.NEGATIVE
    off = burst(unplugged, PilotDrive(Pilot.OFF), NOISE)
    assert max(off) < 200


def test_a_car_without_diode_is_told_by_its_low_plateau() -> None:
    for s2_closed, fault in ((False, None), (True, "no_diode")):
        wiring = Wiring(plugged=True, s2_closed=s2_closed, diode=fault is not None, fault=fault)
        for duty in (1_000, 2_666, 9_600):
            reading = judge(burst(wiring, PilotDrive(Pilot.PWM, duty), NOISE), duty, Level.INVALID)
            assert not reading.negative_seen


def test_samples_that_do_not_fit_the_driven_duty_are_invalid() -> None:
    samples = burst(LEVELS[Level.WANTS_POWER], PilotDrive(Pilot.PWM, 5_000), NOISE)
    assert judge(samples, 2_000, Level.WANTS_POWER).level is Level.INVALID
    assert judge(burst(LEVELS[Level.WANTS_POWER], PILOT_HIGH, NOISE), 2_000, Level.WANTS_POWER).level is Level.INVALID


@pytest.mark.parametrize(
    ("plateau", "held", "level"),
    [
        (11_000, Level.INVALID, Level.UNPLUGGED),
        (10_999, Level.INVALID, Level.INVALID),
        (10_001, Level.INVALID, Level.INVALID),
        (10_000, Level.INVALID, Level.CONNECTED),
        (7_400, Level.WANTS_POWER, Level.WANTS_POWER),
        (7_401, Level.WANTS_POWER, Level.INVALID),
        (3_000, Level.INVALID, Level.WANTS_VENTILATION),
        (1_500, Level.INVALID, Level.INVALID),
        (-11_000, Level.INVALID, Level.NEGATIVE),
    ],
)
def test_windows(plateau: int, held: Level, level: Level) -> None:
    assert classify(plateau, held) is level


@given(st.lists(st.integers(-15_000, 15_000), min_size=1, max_size=120), st.integers(0, 10_000), st.sampled_from(Level))
def test_no_samples_raise(samples: list[int], duty: int, held: Level) -> None:
    assert judge(samples, duty, held).level in Level


def steady(*fed: tuple[Level, int]) -> SteadyLevel:
    level = SteadyLevel()
    for value, at in fed:
        level.feed(value, at)
    return level


def test_9_v_counts_after_three_bursts_and_6_v_after_500_ms() -> None:
    level = steady((Level.CONNECTED, 0), (Level.CONNECTED, 10))
    assert level.level is None
    level.feed(Level.CONNECTED, 20)
    assert level.level is Level.CONNECTED
    for at in range(30, 530, 10):
        level.feed(Level.WANTS_POWER, at)
    assert level.level is Level.CONNECTED
    level.feed(Level.WANTS_POWER, 530)
    assert level.level is Level.WANTS_POWER


def test_late_sampling_needs_two_bursts_more_than_10_ms_apart() -> None:
    level = steady((Level.UNPLUGGED, 0), (Level.UNPLUGGED, 10))
    assert level.level is None
    for apart in (11, 12, 39, 90):
        level = steady((Level.UNPLUGGED, 0), (Level.UNPLUGGED, apart))
        assert level.level is Level.UNPLUGGED


def test_a_spike_shorter_than_300_ms_is_forgotten() -> None:
    level = SteadyLevel()
    for at in range(0, 510, 10):
        level.feed(Level.WANTS_POWER, at)
    for at in range(510, 800, 10):
        level.feed(Level.SHORT, at)
    assert level.level is Level.WANTS_POWER
    level.feed(Level.WANTS_POWER, 800)
    assert level.level is Level.WANTS_POWER
    for at in range(810, 1_120, 10):
        level.feed(Level.SHORT, at)
    assert level.level is Level.SHORT


def test_forgetting_knows_nothing() -> None:
    level = steady((Level.CONNECTED, 0), (Level.CONNECTED, 10), (Level.CONNECTED, 20))
    level.forget()
    assert level.level is None
