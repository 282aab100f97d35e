"""What is learned of a car: its lag, its phases, the most that it takes; and what is not believed."""

import pytest

from evsed.core.car import LONGEST_LAG_MS, STARTS_WITHIN_MS, Car
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.model import ALL_PHASES, ONLY_L1, PhaseCurrents, Phases3
from evsed.core.units import Deciamps, Millis

HOUSE = 20


def three(current: Deciamps) -> PhaseCurrents:
    return PhaseCurrents(current, current, current)


def charging(current: Deciamps = 130, uses: Phases3 = ALL_PHASES) -> Car:
    """A car that draws what it is offered on the phases it uses, since long ago; nothing of its lag is known."""
    car = Car()
    car.look(three(HOUSE), 0, 3)
    car.offered(current, 0)
    car.look(PhaseCurrents(*(HOUSE + current * used for used in uses)), 1_000, 3)
    assert (car.drawn, car.moving, car.lag_ms) == (current, False, None)  # a start says nothing of the lag
    return car


def walk(car: Car, lag_ms: Millis, period_ms: Millis, steps: int = 6, uses: Phases3 = ALL_PHASES) -> None:
    """The offer goes up and down, the car follows after ``lag_ms``, the mains is measured every ``period_ms``."""
    begun = 10_000
    for step in range(steps):
        before, after = (130, 90) if step % 2 == 0 else (90, 130)
        at = begun + 137 * step
        car.offered(after, at)
        sample = begun
        while sample < at + lag_ms + 2 * period_ms:
            drawn = after if sample >= at + lag_ms else before
            car.look(PhaseCurrents(*(HOUSE + drawn * used for used in uses)), sample, 3)
            sample += period_ms
        begun = sample + 5_000 - (sample - begun) % period_ms
        car.look(PhaseCurrents(*(HOUSE + after * used for used in uses)), begun - period_ms, 3)


@pytest.mark.parametrize("period_ms", [200, 500, 1_000, 2_000])
@pytest.mark.parametrize("lag_ms", [500, 1_000, 2_000, 3_500, 5_000])
def test_the_lag_is_learned_to_within_one_period(lag_ms: int, period_ms: int) -> None:
    car = charging()
    walk(car, lag_ms, period_ms)
    assert car.lag_ms is not None
    assert car.middle_ms is not None
    assert lag_ms <= car.lag_ms <= lag_ms + period_ms
    assert car.lag_ms - period_ms <= car.middle_ms <= car.lag_ms
    assert car.latest_ms == min(car.lag_ms, LONGEST_LAG_MS) + 500
    assert (car.drawn, car.defied, car.uses, car.most) == (130, 0, ALL_PHASES, HIGHEST_OFFER)


def test_one_match_alone_may_have_been_a_load() -> None:
    car = charging()
    walk(car, 2_000, 1_000, steps=1)
    assert (car.lag_ms, car.middle_ms, car.drawn) == (None, None, 90)
    car.offered(130, 100_000)
    car.look(three(HOUSE + 90), 100_000, 3)
    car.look(three(HOUSE + 130), 100_500, 3)
    assert (car.lag_ms, car.middle_ms, car.drawn) == (None, None, 130), "two that do not agree"
    for step, current in enumerate((90, 130)):
        at = 110_000 + step * 10_000
        car.offered(current, at)
        car.look(three(HOUSE + 220 - current), at + 1_000, 3)
        car.look(three(HOUSE + current), at + 2_000, 3)
    assert (car.lag_ms, car.middle_ms) == (2_000, 1_500), "three of four do"


@pytest.mark.parametrize(("swing", "seen"), [(0, True), (9, True), (11, False)])
def test_in_a_restless_house_only_what_stands_out_is_the_car(swing: int, seen: bool) -> None:
    """A load that goes on and off at every measurement: three times as much is believed to be the car."""
    car = charging()
    for second in range(2, 20):
        car.look(three(HOUSE + 130 + swing * (second % 2)), second * 1_000, 3)
    car.offered(100, 19_500)
    car.look(three(HOUSE + 100 + swing), 20_000, 3)
    assert (car.drawn, car.moving) == ((100, False) if seen else (130, True))


def test_a_lag_that_most_matches_contradict_is_none() -> None:
    car = charging()
    for step, lag_ms in enumerate((1_000, 5_000, 2_000, 4_000, 2_000)):
        before, after = (130, 90) if step % 2 == 0 else (90, 130)
        at = 20_000 * (step + 1)
        car.offered(after, at)
        car.look(three(HOUSE + before), at + lag_ms - 1_000, 3)
        car.look(three(HOUSE + after), at + lag_ms, 3)
        assert not car.moving
    assert (car.lag_ms, car.middle_ms) == (None, None), "two of five are of one mind"


def restless(car: Car, begin_s: int, swing: Deciamps = 11, phases: int = 3) -> None:
    """20 s of a house that swings; ends with a look in which it does not."""
    for second in range(begin_s, begin_s + 20):
        car.look(three(HOUSE + car.drawn + swing * (second % 2)), second * 1_000, phases)
    car.look(three(HOUSE + car.drawn), (begin_s + 20) * 1_000, phases)


def test_a_lowering_that_changed_nothing_is_defied_in_a_restless_house_too() -> None:
    car = charging()
    restless(car, 10)
    car.offered(110, 30_000)
    for half in range(1, 12):
        car.look(three(HOUSE + 130 + 11 * (half % 2)), 30_000 + 500 * half, 3)
    assert (car.moving, car.defied) == (False, 1)


def test_in_a_restless_house_a_raise_that_could_not_be_seen_is_not_refused() -> None:
    car = charging(60)
    restless(car, 10)
    for begun, offer in ((30_000, 85), (40_000, 110)):
        car.offered(offer, begun)
        for half in range(1, 12):
            car.look(three(HOUSE + 60 + 11 * (half % 2)), begun + 500 * half, 3)
        assert (car.drawn, car.most) == (offer, HIGHEST_OFFER)


def test_what_does_not_stand_out_counts_as_followed_when_the_lag_is_over() -> None:
    car = charging()
    walk(car, 2_000, 500)
    assert car.lag_ms is not None
    restless(car, 200)
    car.offered(110, 220_000)
    car.look(three(HOUSE + 130), 220_000 + car.lag_ms - 1, 3)
    assert car.drawn == 130
    car.look(three(HOUSE + 130), 220_000 + car.lag_ms, 3)
    assert (car.drawn, car.moving) == (110, False)


def test_while_one_phase_reaches_the_car_the_others_may_swing() -> None:
    car = charging()
    for second in range(2, 22):
        swing = 20 * (second % 2)
        car.look(PhaseCurrents(HOUSE + 130, HOUSE + swing, HOUSE + swing), second * 1_000, 1)
    car.offered(90, 21_500)
    car.look(PhaseCurrents(HOUSE + 90, HOUSE, HOUSE), 22_000, 1)
    assert (car.drawn, car.moving) == (90, False)


def test_of_a_one_phase_car_only_its_phase_has_to_be_quiet() -> None:
    for restless, drawn in (((0, 20, 20), 90), ((20, 0, 0), 130)):
        car = charging(uses=ONLY_L1)
        walk(car, 1_000, 1_000, uses=ONLY_L1)
        assert car.uses == ONLY_L1
        for second in range(200, 220):
            loads = (HOUSE + load * (second % 2) for load in restless)
            car.look(PhaseCurrents(*loads).minus(PhaseCurrents(-130, 0, 0)), second * 1_000, 3)
        car.look(PhaseCurrents(HOUSE + 130, HOUSE, HOUSE), 220_000, 3)
        car.offered(90, 220_000)
        car.look(PhaseCurrents(HOUSE + 90, HOUSE, HOUSE), 220_500, 3)
        assert car.drawn == drawn


def test_one_wrong_match_changes_no_lag() -> None:
    car = charging()
    walk(car, 2_000, 500)
    known = car.lag_ms
    assert known is not None
    car.offered(90, 100_000)
    car.look(three(HOUSE + 130), 100_000, 3)
    car.look(three(HOUSE + 90), 100_100, 3)  # a house that does the same at once
    assert abs((car.lag_ms or 0) - known) <= 500


def test_a_meter_slower_than_2_5_s_says_nothing_of_the_lag() -> None:
    car = charging()
    walk(car, 1_000, 2_501)
    assert car.lag_ms is None
    assert car.drawn == 130


def test_a_lag_longer_than_5_s_is_taken_for_5_s_and_a_half() -> None:
    car = charging()
    assert car.latest_ms == 5_500
    walk(car, 5_300, 200)
    assert car.latest_ms == 5_500


@pytest.mark.parametrize(
    ("moved", "followed"),
    [
        ((-30, -30, -30), True),
        ((-36, -36, -36), True),  # a fifth more
        ((-37, -37, -37), False),
        ((-30, -30, 45), True),  # two of three, and a kettle
        ((-30, 0, 45), False),  # one of three while another moves
        ((-30, 5, -5), True),  # the first alone while the others stand still
        ((-30, 6, 0), False),
        ((0, -30, 0), False),  # a kettle that goes off
        ((0, 0, 0), False),
    ],
)
def test_what_shows_that_the_car_followed_3_a(moved: tuple[int, int, int], followed: bool) -> None:
    car = charging()
    car.offered(100, 2_000)
    before = three(HOUSE + 130)
    car.look(before, 3_000, 3)
    car.look(before.minus(PhaseCurrents(*(-value for value in moved))), 4_000, 3)
    assert (car.drawn, car.moving) == ((100, False) if followed else (130, True))
    assert (car.least, car.highest) == (100, 100 if followed else 130)


@pytest.mark.parametrize(("gap_ms", "close"), [(10, 5), (60, 12)])
def test_one_phase_that_reaches_it_is_looked_at_alone(gap_ms: int, close: int) -> None:
    """The tolerance is 0.5 A, or a fifth of the step."""
    for off, followed in ((close, True), (close + 1, False)):
        car = Car()
        car.look(three(HOUSE), 0, 1)
        car.offered(130, 0)
        car.look(PhaseCurrents(HOUSE + 130, HOUSE, HOUSE), 1_000, 1)
        car.offered(130 - gap_ms, 2_000)
        car.look(PhaseCurrents(HOUSE + 130, HOUSE, HOUSE), 2_500, 1)
        car.look(PhaseCurrents(HOUSE + 130 - gap_ms + off, 900, -900), 3_000, 1)
        assert car.moving is not followed
        assert car.uses == ALL_PHASES  # one phase says nothing of what it would do with three
        assert car.currents(1) == PhaseCurrents(car.drawn, 0, 0)


def test_two_changes_at_once_are_one_step() -> None:
    car = charging()
    car.offered(100, 2_000)
    car.offered(60, 2_500)
    assert (car.least, car.highest, car.moves_ms(3_000)) == (60, 130, 1_500)  # 2 s and a half from the first
    car.look(three(HOUSE + 130), 3_000, 3)
    car.look(three(HOUSE + 60), 4_000, 3)
    assert (car.drawn, car.moving, car.moves_ms(4_000)) == (60, False, 0)


def test_phases_are_learned_from_two_and_unlearned_from_one_step() -> None:
    car = Car()
    car.look(three(HOUSE), 0, 3)
    car.offered(130, 0)
    car.look(PhaseCurrents(HOUSE + 130, HOUSE, HOUSE), 1_000, 3)
    assert car.uses == ALL_PHASES  # once may be a coincidence
    car.offered(90, 2_000)
    car.look(PhaseCurrents(HOUSE + 130, HOUSE, HOUSE), 2_500, 3)
    car.look(PhaseCurrents(HOUSE + 90, HOUSE, HOUSE), 3_000, 3)
    assert (car.uses, car.currents(3)) == (ONLY_L1, PhaseCurrents(90, 0, 0))
    car.offered(130, 9_000)
    car.look(PhaseCurrents(HOUSE + 130, HOUSE + 40, HOUSE + 40), 10_000, 3)
    assert car.uses == ALL_PHASES


def test_loads_that_come_with_our_changes_do_not_make_it_a_one_phase_car() -> None:
    """A hob on L1 lowered the offer, and its own end looked like the car's step: twice was believed."""
    car = charging()
    at = 2_000
    for _ in range(4):
        for before, after in ((130, 50), (50, 130)):
            car.offered(after, at)
            car.look(PhaseCurrents(HOUSE + before, HOUSE + 130, HOUSE + 130), at, 3)
            car.look(PhaseCurrents(HOUSE + after, HOUSE + 130, HOUSE + 130), at + 1_000, 3)
            at += 20_000
    assert car.uses == ALL_PHASES


def test_a_phase_that_rises_by_what_the_car_draws_is_used() -> None:
    car = charging(uses=ONLY_L1)
    walk(car, 2_000, 500, uses=ONLY_L1)
    car.look(three(HOUSE + car.drawn), 100_000, 3)
    assert car.uses == ALL_PHASES


def test_a_car_that_begins_with_less_than_offered_is_known_to() -> None:
    car = Car()
    car.look(PhaseCurrents(20, 10, 30), 0, 3)
    car.offered(160, 0)
    car.look(PhaseCurrents(100, 90, 110), 2_000, 3)
    assert (car.drawn, car.most, car.moving) == (80, 80, False)
    car.look(PhaseCurrents(135, 125, 145), 3_000, 3)  # it ramps up
    assert (car.drawn, car.most) == (115, 115)
    car.look(PhaseCurrents(165, 125, 145), 4_000, 3)  # a kettle
    car.look(PhaseCurrents(195, 155, 175), 30_000, 3)  # whatever that is, it comes too late for a ramp
    assert car.drawn == 115


def test_another_car_starts_anew() -> None:
    car = charging(uses=ONLY_L1)
    walk(car, 2_000, 500, uses=ONLY_L1)
    assert car.uses == ONLY_L1
    car.offered(0, 200_000)
    assert (car.drawn, car.moving) == (0, False)
    car.unplugged()
    assert (car.uses, car.most, car.lag_ms, car.middle_ms) == (ALL_PHASES, HIGHEST_OFFER, None, None)


def refuse(car: Car, offers: tuple[Deciamps, ...], at: Millis) -> Millis:
    """The mains stands still while this is offered, each for 10 s."""
    standing = three(HOUSE + 100)
    for offered in offers:
        car.offered(offered, at)
        for second in range(1, 11):
            car.look(standing, at + 1_000 * second, 3)
        at += 10_000
    return at


def test_what_it_did_not_take_twice_is_the_most_that_it_takes() -> None:
    car = charging(100)
    at = refuse(car, (130,), 2_000)
    assert (car.most, car.drawn) == (HIGHEST_OFFER, 130)  # perhaps it was the house
    at = refuse(car, (160,), at)
    assert (car.most, car.drawn) == (130, 130)
    car.offered(130, at)
    car.look(three(HOUSE + 100), at + 6_000, 3)
    assert (car.moving, car.defied) == (False, 0)  # it drew no more
    car.offered(160, at + 7_000)
    assert car.highest == 130
    car.look(three(HOUSE + 130), at + 9_000, 3)  # now it took 3 A more
    assert (car.most, car.drawn) == (160, 160)


def test_a_small_change_is_taken_to_be_followed_after_the_lag() -> None:
    car = charging()
    walk(car, 2_000, 500)
    assert car.lag_ms is not None
    car.offered(125, 100_000)
    car.look(three(HOUSE + 130), 100_000 + car.lag_ms - 1, 3)
    assert car.drawn == 130
    car.look(three(HOUSE + 130), 100_000 + car.lag_ms, 3)
    assert (car.drawn, car.defied) == (125, 0)


def test_a_start_that_nothing_shows_is_believed_after_10_s() -> None:
    car = Car()
    car.offered(130, 0)
    car.look(three(HOUSE), STARTS_WITHIN_MS - 1, 3)
    assert (car.drawn, car.highest, car.moving) == (0, 130, True)
    car.look(three(HOUSE), STARTS_WITHIN_MS, 3)
    assert (car.drawn, car.moving) == (130, False)


def test_lowering_that_shows_nothing_is_defied_once_and_twice_and_forgotten_when_it_follows() -> None:
    car = charging()
    car.offered(90, 2_000)
    car.look(three(150), 7_499, 3)
    assert (car.defied, car.drawn) == (0, 130)
    car.look(three(150), 7_500, 3)
    assert (car.defied, car.drawn) == (1, 90)
    car.offered(60, 8_000)
    car.look(three(150), 12_000, 3)
    car.look(three(150), 13_500, 3)
    assert car.defied == 2
    car.offered(90, 14_000)
    car.look(three(180), 15_000, 3)
    assert (car.defied, car.drawn) == (0, 90)


def test_a_lowering_that_a_slow_meter_could_not_show_is_not_defied() -> None:
    car = charging()
    car.offered(90, 2_000)
    car.look(three(150), 12_000, 3)
    assert (car.moving, car.defied, car.drawn) == (False, 0, 90)


def test_defiance_is_forgotten_with_the_overload() -> None:
    car = charging()
    car.offered(90, 2_000)
    car.look(three(150), 6_000, 3)
    car.look(three(150), 7_500, 3)
    assert car.defied == 1
    car.obeys()
    assert car.defied == 0


def test_the_first_look_after_a_gap_is_compared_with_nothing() -> None:
    car = charging()
    car.offered(90, 2_000)
    car.forget_mains()
    car.look(three(HOUSE + 90), 3_000, 3)
    assert car.moving


def test_the_most_offered_is_that_of_5_s() -> None:
    car = charging()
    car.offered(60, 2_000)
    car.offered(60, 6_999)
    assert car.most_offered == 130
    car.offered(60, 7_000)
    assert car.most_offered == 60
