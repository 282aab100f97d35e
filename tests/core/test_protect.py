"""Protect by itself: the fuse's heat by hand, how long a shortage is ridden out, what an unexplained overload does."""

from dataclasses import replace

import pytest

from evsed.core.limits import Cap
from evsed.core.metering import Balance
from evsed.core.model import ALL_PHASES, PhaseCurrents
from evsed.core.protect import HEAT_MS, HEAT_PERCENT, Heat, Look, Protect
from evsed.core.units import Deciamps, Millis
from tests.core.story import settings

LOOK = Look(
    settings=settings(mode="Smart"),
    uses=ALL_PHASES,
    minimum=60,
    period_ms=1_000,
    moves_ms=0,
    least=60,
    most=60,
    lag_ms=2_000,
    defied=0,
    charging=True,
    guessed=False,
)


def flows(house: Deciamps, car: Deciamps = 60) -> Balance:
    """L1 carries this; the other phases are as good as free."""
    return Balance(PhaseCurrents(house + car, 10 + car, 10 + car), PhaseCurrents(car, car, car), 0)


# ---- heat ----


def test_the_heat_of_a_wait_by_hand() -> None:
    heat = Heat()
    heat.feed(300, 1_000, 10_000)  # since 9.5 s: 0.5 s x 30^2
    heat.feed(400, 1_000, 11_000)  # 1 s x 40^2
    # 8.5 s are left: 1 s at 40 A, 1 s at 26 A, 6.5 s at 20 A
    by_hand = (300**2 * 500 + 400**2 * 1_000 + 400**2 * 1_000 + 260**2 * 1_000 + 200**2 * 6_500) / HEAT_MS
    assert heat.after(400, 1_000, 260, 2_000, 200) == int(by_hand**0.5) == 263


def test_the_wait_ends_with_the_10_s_and_export_heats_nothing() -> None:
    heat = Heat()
    heat.feed(300, 1_000, 0)
    heat.feed(300, 1_000, 9_000)  # 9.5 s of 30 A
    assert heat.after(400, 5_000, 260, 60_000, 200) == int(((300**2 * 9_500 + 400**2 * 500) / HEAT_MS) ** 0.5)
    assert heat.after(0, 0, -100, 400, -100) == int((300**2 * 9_500 / HEAT_MS) ** 0.5)


def test_a_longer_overload_is_its_mean() -> None:
    heat = Heat()
    heat.feed(300, 0, 0)
    heat.feed(300, 0, 20_000)
    assert heat.after(900, 1_000, 900, 5_000, 900) == 300


def test_nothing_measured_is_no_heat_and_an_overload_that_ended_is_forgotten() -> None:
    assert Heat().after(100, 10_000, 0, 10_000, 0) == 100
    heat = Heat()
    heat.feed(500, 0, 0)
    heat.feed(500, 0, 5_000)
    heat.cool()
    heat.feed(300, 60_000, 20_000)  # at most 10 s before it was seen
    assert heat.after(0, 0, 0, 0, 0) == 300


def test_the_fuse_stops_at_once_when_waiting_would_make_it_too_hot() -> None:
    """House + MIN for 2 s more: 0.5 s + 2 s of x, and 7.5 s of x - 6 A, against the limit of MAINS."""
    stops = None
    for house in range(200, 400):
        protect = Protect()
        protect.observe(flows(house), LOOK, 10_000)
        rms = ((((house + 60) ** 2 * 2_500) + house**2 * 7_500) / HEAT_MS) ** 0.5
        expected = int(rms) * 100 > 250 * HEAT_PERCENT
        assert protect.stop_at_once is expected
        stops = house if expected and stops is None else stops
    assert stops is not None
    idle = Protect()
    idle.observe(flows(stops), replace(LOOK, charging=False), 10_000)
    assert not idle.stop_at_once


@pytest.mark.parametrize(("house", "at_once"), [(440, False), (441, True)])
def test_twice_mains_stops_whatever_else(house: int, at_once: bool) -> None:
    protect = Protect()
    protect.observe(flows(house), replace(LOOK, charging=False), 0)
    assert protect.stop_at_once is at_once


# ---- shortage ----


def lacking(protect: Protect, house: Deciamps, now: Millis, look: Look = LOOK, minutes: int = 0) -> bool:
    """A sample, and whether the car has to stop."""
    protect.observe(flows(house), look, now)
    assert protect.cap is not None
    return asked(protect, now, look, minutes)


def asked(protect: Protect, now: Millis, look: Look = LOOK, minutes: int = 0) -> bool:
    assert protect.cap is not None
    return protect.lacks(look.minimum, now, fits=protect.cap.current >= look.minimum, sum_mains_minutes=minutes)


@pytest.mark.parametrize(
    ("lag_ms", "house", "rides_out_ms"), [(2_000, 191, 4_500), (500, 191, 3_000), (4_000, 191, 5_000)]
)
def test_an_overloaded_fuse_is_ridden_out_for_lag_and_2_5_s(lag_ms: int, house: int, rides_out_ms: int) -> None:
    look = replace(LOOK, lag_ms=lag_ms)
    protect = Protect()
    assert not lacking(protect, house, 10_000, look)
    assert protect.ends_at == 10_000 + rides_out_ms
    assert not asked(protect, 10_000 + rides_out_ms - 1, look)
    assert asked(protect, 10_000 + rides_out_ms, look)


def test_the_overload_before_the_shortage_counts() -> None:
    """0.6 A too much, which a lower offer cures in time, and 2 s later a load that leaves no room for MIN."""
    protect = Protect()
    protect.observe(flows(156, car=100), LOOK, 11_000)
    assert not asked(protect, 11_000)
    assert not lacking(protect, 191, 13_000)
    assert protect.ends_at == 11_000 + 4_500
    assert not lacking(protect, 191, 15_499)
    assert lacking(protect, 191, 15_500)


def test_a_car_that_was_quicker_than_thought_has_2_5_s_at_min() -> None:
    """Nobody knew that it follows within 1 s; one that was at MIN before has the whole time."""
    for before, ends_at in ((130, 13_500), (60, 14_500)):
        protect = Protect()
        protect.observe(flows(191, car=before), replace(LOOK, least=before, most=before), 10_000)
        assert not asked(protect, 10_000)
        assert not lacking(protect, 191, 11_000)
        assert not lacking(protect, 191, 12_000)
        assert protect.ends_at == ends_at


def test_each_overload_counts_by_itself() -> None:
    protect = Protect()
    protect.observe(flows(191, car=130), replace(LOOK, least=130, most=130), 10_000)
    assert not lacking(protect, 191, 11_000)
    for now in (12_000, 13_500):
        assert not lacking(protect, 100, now)
    assert protect.ends_at is None
    assert not lacking(protect, 191, 30_000)
    assert protect.ends_at == 34_500, "the car was at MIN all the time"


UNSURE = replace(LOOK, guessed=True, least=60, most=130, period_ms=5_000, moves_ms=1)


def test_a_shortage_that_may_be_the_car_itself_is_looked_at_twice() -> None:
    """It was offered 7 A more just before: 26 A are a house with 20 A of its own, or one with 13 A."""
    protect = Protect()
    assert not lacking(protect, 200, 10_000, UNSURE)
    assert protect.ends_at == 15_500
    assert not asked(protect, 15_499, UNSURE)
    assert asked(protect, 15_500, UNSURE), "the next measurement is late"
    assert lacking(protect, 200, 15_000, replace(UNSURE, guessed=False)), "it was the house"


@pytest.mark.parametrize(("moves_ms", "ends_at"), [(2_500, 15_500), (2_501, 14_500)])
def test_a_car_that_has_hardly_followed_yet_is_no_reason_to_look_twice(moves_ms: int, ends_at: int) -> None:
    protect = Protect()
    assert not lacking(protect, 200, 10_000, replace(UNSURE, moves_ms=moves_ms))
    assert protect.ends_at == ends_at


def test_it_is_looked_at_twice_once_only() -> None:
    protect = Protect()
    assert not lacking(protect, 200, 10_000, UNSURE)
    assert not lacking(protect, 200, 12_000, UNSURE)
    assert protect.ends_at == 14_500
    assert lacking(protect, 200, 15_000, UNSURE)
    protect.observe(flows(50), LOOK, 16_000)
    assert not asked(protect, 16_000)
    assert not lacking(protect, 200, 30_000, UNSURE)
    assert protect.ends_at == 35_500


def test_a_house_that_lacks_room_in_any_case_is_not_looked_at_twice() -> None:
    protect = Protect()
    assert not lacking(protect, 205, 10_000, replace(UNSURE, most=70))
    assert protect.ends_at == 14_500


def test_a_circuit_that_lacks_room_does_not_wait_for_the_mains() -> None:
    protect = Protect()
    look = replace(UNSURE, settings=settings(mode="Smart", current_max_circuit=16))
    protect.observe(flows(200), look, 10_000)
    protect.observe_circuit(flows(110), replace(look, guessed=False))
    assert protect.circuit_room == 50
    assert not asked(protect, 10_000, look)
    assert protect.ends_at == 14_500


def test_the_heat_of_an_unsure_shortage_is_that_of_the_likelier_house() -> None:
    """Seven amperes less in the house: the fuse gets less hot while the next measurement is waited for."""
    for house, unsure, at_once in ((260, True, False), (260, False, True), (400, True, True)):
        protect = Protect()
        protect.observe(flows(house), replace(UNSURE, guessed=unsure), 10_000)
        assert protect.stop_at_once is at_once


def test_what_was_unsure_is_forgotten_with_the_measurements() -> None:
    protect = Protect()
    assert not lacking(protect, 200, 10_000, UNSURE)
    protect.forget()
    assert not protect.lacks(60, 10_001, fits=False, sum_mains_minutes=0)
    assert protect.ends_at == 15_001


def test_a_shortage_without_overload_is_ridden_out_for_5_s() -> None:
    """The car draws 3 A of its 6 A: nothing is above MAINS, and MIN does not fit."""
    protect = Protect()
    protect.observe(flows(215, car=30), LOOK, 10_000)
    for now, stop in ((10_000, False), (14_999, False), (15_000, True)):
        assert asked(protect, now) is stop


def test_the_capacity_rate_waits_for_its_timer_and_the_fuse_does_not() -> None:
    look = replace(LOOK, settings=settings(mode="Smart", current_max_sum_mains=20, max_sum_mains_time=2))
    protect = Protect()
    assert not lacking(protect, 50, 0, look, 2)
    assert protect.cap == Cap("SUMMAINS", (200 - 70) // 3)
    assert protect.ends_at == 120_000
    protect.observe(flows(130, car=130), look, 1_000)  # 26 A, which 12 A for the car cure
    assert not asked(protect, 1_000, look, 2)
    assert protect.ends_at == 120_000
    assert not lacking(protect, 50, 119_999, look, 2)
    assert lacking(protect, 191, 119_999, look, 2)


def test_one_lucky_sample_ends_no_shortage_however_slow_the_meter() -> None:
    """A meter of 1 s told once of room that was not there, and the car stayed at MIN for twice as long."""
    protect = Protect()
    assert not lacking(protect, 191, 0)
    assert not asked(protect, 950)
    assert not lacking(protect, 100, 1_000)
    assert not asked(protect, 1_999)
    assert not asked(protect, 2_950)
    assert protect.ends_at == 4_500
    assert not lacking(protect, 191, 3_000)
    assert protect.ends_at == 4_500
    assert lacking(protect, 191, 4_500)


def test_a_shortage_is_over_after_1_s_and_two_samples_of_room() -> None:
    protect = Protect()
    lacking(protect, 191, 0)
    lacking(protect, 100, 500)
    lacking(protect, 100, 999)
    assert protect.ends_at == 4_500
    lacking(protect, 100, 1_000)
    assert protect.ends_at is None
    assert not lacking(protect, 191, 4_500)


def test_a_circuits_lucky_sample_ends_none_either() -> None:
    look = replace(LOOK, settings=settings(mode="Smart", current_max_circuit=16))
    protect = Protect()

    def lacks(now: Millis) -> bool:
        assert protect.circuit is not None
        fits = protect.circuit.current >= 60
        return protect.lacks(60, now, fits=fits, sum_mains_minutes=0)

    protect.observe_circuit(flows(101), look)
    assert not lacks(0)
    protect.observe_circuit(flows(0), look)
    assert not lacks(2_000)
    assert protect.ends_at == 5_000
    protect.observe_circuit(flows(0), look)
    assert not lacks(2_000)
    assert protect.ends_at is None
    protect.forget_circuit()
    assert (protect.circuit, protect.circuit_room) == (None, None)


def test_room_in_doubt_goes_on_being_a_shortage() -> None:
    """The cap fits MIN only if the car has not followed yet; a shortage that has begun does not end by that."""
    look = replace(LOOK, guessed=True, least=60, most=130)
    protect = Protect()
    assert not lacking(protect, 191, 0)
    protect.observe(flows(120, car=130), look, 1_000)
    assert (protect.cap, protect.room) == (Cap("MAINS", 130), 60)
    protect.observe(flows(121, car=130), look, 2_000)
    assert protect.room == 59
    assert asked(protect, 4_500)


# ---- doubt ----


def test_a_raise_that_was_followed_is_no_house_unless_the_fuse_is_overloaded() -> None:
    look = replace(LOOK, guessed=True, least=60, most=130)
    protect = Protect()
    protect.observe(flows(110, car=60), look, 0)  # 17 A: 11 A of house, or 4 A
    assert (protect.cap, protect.room) == (Cap("MAINS", 210), 140)
    protect.observe(flows(200, car=60), look, 1_000)
    assert protect.cap == Cap("MAINS", 50)


@pytest.mark.parametrize(("later_ms", "cap", "at_once"), [(4_999, 60, False), (5_000, 59, True)])
def test_a_lowering_that_changed_nothing_asks_for_min_and_5_s_later_for_a_stop(
    later_ms: int, cap: int, at_once: bool
) -> None:
    protect = Protect()
    protect.observe(flows(130, car=130), replace(LOOK, defied=1), 0)
    assert (protect.cap, protect.stop_at_once) == (Cap("MAINS", 60), False)
    protect.observe(flows(130, car=130), replace(LOOK, defied=2), later_ms)
    assert (protect.cap, protect.stop_at_once) == (Cap("MAINS", cap), at_once)


@pytest.mark.parametrize(("lasts_ms", "cap"), [(5_999, 120), (6_000, 60)])
def test_an_overload_of_6_s_asks_for_min_and_5_s_later_for_a_stop(lasts_ms: int, cap: int) -> None:
    protect = Protect()
    protect.observe(flows(130, car=130), LOOK, 1_000)
    assert protect.cap == Cap("MAINS", 120)
    protect.observe(flows(130, car=130), LOOK, 1_000 + lasts_ms)
    assert (protect.cap, protect.stop_at_once) == (Cap("MAINS", cap), False)
    protect.observe(flows(130, car=130), LOOK, 12_000)
    assert protect.stop_at_once is (cap == 60)
    protect.observe(flows(100, car=130), LOOK, 20_000)
    assert not protect.stop_at_once


def test_what_is_forgotten() -> None:
    protect = Protect()
    assert lacking(protect, 460, 0)
    protect.forget()
    assert (protect.cap, protect.room, protect.stop_at_once, protect.ends_at) == (None, None, False, None)
    assert not protect.lacks(60, 60_000, fits=True, sum_mains_minutes=0)
