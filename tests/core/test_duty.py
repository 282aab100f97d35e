"""Duty and current, against IEC 61851-1 Table A.8."""

import pytest

from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, pilot_offering
from evsed.core.duty import current_for, duty_1024, duty_for

ALL = range(60, 801)


@pytest.mark.parametrize(
    ("offer", "duty", "shown"),
    [(60, 1_000, 102), (160, 2_666, 273), (320, 5_333, 546), (510, 8_500, 870), (525, 8_500, 870), (526, 8_504, 871),
     (630, 8_920, 913), (800, 9_600, 983)],
)  # fmt: skip
def test_known_points(offer: int, duty: int, shown: int) -> None:
    assert (duty_for(offer), duty_1024(duty_for(offer))) == (duty, shown)


@pytest.mark.parametrize("offer", [59, 801, 0, -1])
def test_what_cannot_be_offered_raises(offer: int) -> None:
    with pytest.raises(ValueError, match=r"6\.0 to 80\.0 A"):
        duty_for(offer)


def test_the_car_reads_at_most_what_was_meant_and_nearly_that() -> None:
    for offer in ALL:
        read = current_for(duty_for(offer))
        assert read <= offer
        assert offer - read <= (15 if 510 < offer <= 525 else 1)


def test_duty_is_monotonic_and_never_below_10_percent() -> None:
    duties = [duty_for(offer) for offer in ALL]
    assert duties == sorted(duties)
    assert duties[0] == 1_000


@pytest.mark.parametrize(
    ("duty", "amps"),
    [(0, 0), (500, 0), (799, 0), (800, 60), (999, 60), (1_000, 60), (8_500, 510), (8_501, 525), (9_600, 800),
     (9_601, 800), (9_700, 800), (9_701, 0), (10_000, 0)],
)  # fmt: skip
def test_what_a_car_reads(duty: int, amps: int) -> None:
    assert current_for(duty) == amps


def test_constant_levels_as_clients_see_them() -> None:
    assert [PILOT_HIGH.duty_1024, PILOT_OFF.duty_1024, PILOT_LOW.duty_1024] == [1024, 1024, 0]
    assert pilot_offering(60).duty == 1_000
