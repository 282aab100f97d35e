"""Waits by themselves: how busy the house was, how long they are, when they double and when they are forgiven."""

from math import exp, isclose

import pytest

from evsed.core.backoff import Backoff
from evsed.core.faults import Fault
from evsed.core.units import Deciamps, Millis
from evsed.core.waits import BUSY_OVER_MS, FORGIVEN_AFTER_MS, Busyness, Waits

POWER, SUN = Fault.NO_POWER, Fault.NO_SUN


def busy(share: float) -> Waits:
    waits = Waits()
    waits.busyness.share = share
    return waits


def retry(waits: Waits, spare: Deciamps, lacked_until: Millis) -> Millis | None:
    """The lack is seen until then, and there is ``spare`` room from then on."""
    waits.lacking(POWER, lacked_until)
    waits.enough(spare, lacked_until + 999)
    assert waits.lack is POWER
    waits.enough(spare, lacked_until + 1_000)
    assert waits.lack is None
    return waits.retry_at


# ---- busyness ----


def test_busyness_is_a_mean_that_fades_over_20_min() -> None:
    busyness = Busyness()
    busyness.feed(0, short=True)
    assert busyness.share == 0
    for second in range(1, 1_201):
        busyness.feed(second * 1_000, short=True)
    assert isclose(busyness.share, 1 - exp(-1), rel_tol=0.001)
    for second in range(1_201, 2_401):
        busyness.feed(second * 1_000, short=False)
    assert isclose(busyness.share, (1 - exp(-1)) * exp(-1), rel_tol=0.001)


def test_a_gap_of_20_min_or_more_is_all_there_was() -> None:
    busyness = Busyness()
    busyness.feed(0, short=False)
    busyness.feed(5 * BUSY_OVER_MS, short=True)
    assert busyness.share == 1


# ---- want of power ----


def test_a_quiet_house_lets_the_car_back_15_s_after_the_stop() -> None:
    waits = busy(0.0)
    waits.gave_up(POWER, 10_000, charged_ms=60_000)
    assert retry(waits, 0, 12_000) == 25_000


def test_room_has_to_be_steady_for_5_s_and_in_a_restless_house_for_15_s() -> None:
    for share, steady_ms in ((0.0, 5_000), (0.25, 10_000), (0.5, 15_000), (1.0, 15_000)):
        waits = busy(share)
        assert waits.steady_ms == 0
        waits.gave_up(POWER, 10_000, charged_ms=60_000)
        assert waits.steady_ms == steady_ms
        assert retry(waits, 160, 100_000) == 100_000 + steady_ms


@pytest.mark.parametrize(
    ("share", "spare", "wait_s"),
    [
        (0.1, 0, 60),  # 3 A are asked for
        (0.1, 15, 37.5),
        (0.1, 30, 15),
        (0.1, 100, 15),
        (0.5, 75, 37.5),  # 15 A
        (1.0, 80, 37.5),  # 16 A at most
        (1.0, 160, 15),
        (0.1, -20, 60),
    ],
)
def test_what_is_missing_of_the_room_asked_for_is_waited_for(share: float, spare: int, wait_s: float) -> None:
    waits = busy(share)
    waits.gave_up(POWER, 0, charged_ms=0)
    at = retry(waits, spare, 0)
    assert at == max(round(wait_s * 1_000), waits.steady_ms)


def test_the_longest_wait_doubles_up_to_5_min_and_10_min_of_charging_forgive() -> None:
    waits = busy(1.0)
    longest = []
    for stop in range(5):
        at = stop * 1_000_000
        waits.gave_up(POWER, at, charged_ms=FORGIVEN_AFTER_MS - 1)
        end = retry(waits, 0, at)
        assert end is not None
        longest.append((end - at) // 1_000)
    assert longest == [60, 120, 240, 300, 300]
    waits.gave_up(POWER, 9_000_000, charged_ms=FORGIVEN_AFTER_MS)
    assert retry(waits, 0, 9_000_000) == 9_060_000
    waits.forgive()
    assert (waits.lack, waits.retry_at, waits.steady_ms) == (None, None, 0)


def test_after_15_stops_in_an_hour_each_wait_is_4_min_however_much_room_there_is() -> None:
    waits = busy(0.0)
    minute = 60_000
    for stop in range(20):
        at = stop * 4 * minute
        waits.gave_up(POWER, at, charged_ms=30_000)
        assert retry(waits, 160, at + 1_000) == at + (15_000 if stop < 14 else 4 * minute)
    at = 95 * minute  # the fifteenth stop before is 71 min ago
    waits.gave_up(POWER, at, charged_ms=30_000)
    assert retry(waits, 160, at + 1_000) == at + 15_000


def test_many_stops_are_spread_also_when_the_last_charge_went_well() -> None:
    """Then the longest wait is a minute again, and little room must not make it shorter than a lot does."""
    waits = busy(0.1)
    for stop in range(14):
        waits.gave_up(POWER, stop * 60_000, charged_ms=30_000)
    waits.gave_up(POWER, 1_600_000, charged_ms=FORGIVEN_AFTER_MS)
    assert retry(waits, 0, 1_601_000) == 1_840_000


def test_a_house_that_keeps_a_car_from_starting_closes_no_contactor() -> None:
    waits = busy(0.0)
    for at in range(0, 1_000_000, 50_000):
        waits.gave_up(POWER, at, charged_ms=0)
        assert retry(waits, 160, at + 1_000) == at + 15_000


def test_room_of_before_the_shortage_ended_does_not_count() -> None:
    waits = busy(0.0)
    waits.gave_up(POWER, 10_000, charged_ms=0)
    assert [waits.looks_back_ms(at) for at in (10_000, 10_001, 12_001, 60_000)] == [0, 0, 2_000, 5_000]


def test_without_a_stop_there_is_nothing_to_wait_for() -> None:
    waits = Waits()
    waits.enough(100, 5_000)
    assert waits.retry_at is None
    waits.lacking(POWER, 10_000)
    waits.offered()
    assert waits.retry_at is None


# ---- want of sun ----


def sun_back(waits: Waits, at: Millis) -> Millis | None:
    waits.lacking(SUN, at - 1_000)
    waits.enough(0, at)
    return waits.retry_at


def test_sun_is_waited_for_15_s_from_when_it_is_back_and_twice_as_long_each_time() -> None:
    waits = Waits()
    ends = []
    for stop in range(6):
        at = stop * 1_000_000
        waits.gave_up(SUN, at, charged_ms=0)
        assert waits.retry_at is None
        end = sun_back(waits, at + 100_000)
        assert end is not None
        ends.append((end - at - 100_000) // 1_000)
        waits.offered()
    assert ends == [15, 30, 60, 120, 240, 300]
    waits.gave_up(SUN, 8_000_000, charged_ms=FORGIVEN_AFTER_MS)
    assert sun_back(waits, 8_100_000) == 8_115_000


def test_sun_that_goes_and_comes_during_the_wait_costs_5_s() -> None:
    waits = Waits()
    waits.gave_up(SUN, 0, charged_ms=0)
    assert sun_back(waits, 10_000) == 25_000
    assert sun_back(waits, 15_000) == 25_000
    assert sun_back(waits, 24_000) == 29_000


def test_a_car_that_found_no_sun_at_first_waits_15_s_from_when_it_is_there() -> None:
    waits = Waits()
    assert sun_back(waits, 50_000) == 65_000


# ---- what they are made of ----


def test_a_backoff_doubles_and_is_over_to_the_millisecond() -> None:
    backoff = Backoff(10, 35)
    assert (backoff.until, backoff.over(0)) == (None, True)
    for now, until in ((100, 110), (200, 220), (300, 335), (400, 435)):
        backoff.failed(now)
        assert backoff.until == until
        assert (backoff.over(until - 1), backoff.over(until)) == (False, True)
    backoff.forgive()
    assert (backoff.until, backoff.wait_ms) == (None, 0)
