"""Numbers as the LCD writes them: rounded, never longer than promised, never wrong."""

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from evsed.core.screens import figures


@pytest.mark.parametrize(
    ("current", "text"),
    [(0, "L1  0A"), (-3, "L1  0A"), (124, "L1 12A"), (-124, "L1-12A"), (1_200, "L1 120"), (-1_200, "L1-120"),
     (9_990, "L1 999"), (10_000, "L1>999"), (-9_990, "L1-999"), (-10_000, "L1<-99")],
)  # fmt: skip
def test_a_phase(current: int, text: str) -> None:
    assert figures.phase_amps(1, current) == text


@pytest.mark.parametrize(
    ("current", "text"), [(-41, "-4A"), (0, "0A"), (1_234, "123A"), (20_000, ">999A"), (-20_000, "<-99A")]
)
def test_a_sum(current: int, text: str) -> None:
    assert figures.sum_amps(current) == text


@pytest.mark.parametrize(
    ("power", "text"),
    [(0, "0.0kW"), (-30, "0.0kW"), (11_040, "11.0kW"), (99_900, "99.9kW"), (99_949, "100kW"), (-7_360, "-7.4kW"),
     (-11_000, "-11kW"), (999_001, ">999kW"), (-99_499, "-99kW"), (-99_500, "<-99kW")],
)  # fmt: skip
def test_power(power: int, text: str) -> None:
    assert figures.kilowatts(power) == text


@pytest.mark.parametrize(
    ("energy", "text"),
    [(0, "0.0kWh"), (12_345, "12.3kWh"), (999_900, "999.9kWh"), (999_951, "1000kWh"), (9_999_499, "9999kWh"),
     (9_999_500, ">9999kWh")],
)  # fmt: skip
def test_energy(energy: int, text: str) -> None:
    assert figures.kilowatt_hours(energy) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, ""), (0, ""), (1, "1"), (99, "99"), (100, "1:40"), (3_599, "59:59"), (3_600, "1h00"), (3_601, "1h01"),
     (86_400, "24h00"), (359_940, "99h59"), (359_941, ">99h")],
)  # fmt: skip
def test_what_is_left(seconds: int, text: str) -> None:
    assert figures.countdown(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, ""), (1, "00:01"), (598, "09:58"), (3_600, "60:00"), (6_000, "")])
def test_minutes_and_seconds(seconds: int, text: str) -> None:
    assert figures.minutes_seconds(seconds) == text


@effort(deadline=None)
@given(st.integers(-(10**9), 10**9))
def test_nothing_is_longer_than_promised(number: int) -> None:
    assert len(figures.phase_amps(3, number)) == 6
    assert len(figures.sum_amps(number)) <= 5
    assert len(figures.kilowatts(number)) <= 6
    assert len(figures.kilowatt_hours(abs(number))) <= 8
    assert len(figures.countdown(number)) <= 5
