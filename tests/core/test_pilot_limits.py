"""The judgement of a burst at each of its limits, sample by sample; IEC 61851-1 Table A.4."""

import pytest

from evsed.core.pilot import CONNECTED, FAULTY, Level, Reading, SteadyLevel, classify, judge

REAL = [level for level in Level if level.value is not None]


def mixed(high: int, highs: int, low: int, lows: int) -> list[int]:
    """Three periods of pulses as an ADC takes them, not sorted."""
    return [mv for part in range(3) for mv in [high] * share(highs, part) + [low] * share(lows, part)]


def share(count: int, part: int) -> int:
    """The third of ``count`` that ``part`` 0..2 gets."""
    return (count + part) // 3


@pytest.mark.parametrize("level", REAL)
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_level_is_entered_within_1_v_and_left_beyond_1_4_v(level: Level, sign: int) -> None:
    assert level.value is not None
    assert classify(level.value, Level.INVALID) is level
    assert classify(level.value + sign * 1_000, Level.INVALID) is level
    assert classify(level.value + sign * 1_001, Level.INVALID) is Level.INVALID
    assert classify(level.value + sign * 1_400, level) is level
    assert classify(level.value + sign * 1_401, level) is Level.INVALID


def test_what_levels_mean() -> None:
    assert {Level.CONNECTED, Level.WANTS_POWER, Level.WANTS_VENTILATION} == CONNECTED
    assert {Level.SHORT, Level.NEGATIVE, Level.INVALID} == FAULTY
    assert [level.value for level in REAL] == [12_000, 9_000, 6_000, 3_000, 0, -12_000]


def test_less_than_1_5_v_between_the_samples_is_one_plateau() -> None:
    one = judge(mixed(999, 50, -500, 50), 5_000, Level.INVALID)
    assert one == Reading(Level.SHORT, -500, -500, negative_seen=False)
    two = judge(mixed(1_000, 50, -500, 50), 5_000, Level.INVALID)
    assert two == Reading(Level.INVALID, 1_000, -500, negative_seen=False)


@pytest.mark.parametrize(
    ("plateau", "duty", "level"),
    [
        (12_000, 10_000, Level.UNPLUGGED), (9_000, 10_000, Level.CONNECTED), (-12_000, 0, Level.NEGATIVE),
        (0, 10_000, Level.SHORT), (0, 0, Level.SHORT), (0, 5_000, Level.SHORT), (999, 5_000, Level.SHORT),
        (-999, 5_000, Level.SHORT), (1_000, 5_000, Level.INVALID), (-1_000, 5_000, Level.INVALID),
        (6_000, 5_000, Level.INVALID), (12_000, 1, Level.INVALID), (12_000, 9_999, Level.INVALID),
        (-12_000, 5_000, Level.INVALID),
    ],
)  # fmt: skip
def test_a_single_plateau_is_believed_without_pulses_and_for_a_short(plateau: int, duty: int, level: Level) -> None:
    assert judge([plateau] * 20, duty, Level.INVALID) == Reading(level, plateau, plateau, negative_seen=False)


def test_a_single_sample_is_a_plateau() -> None:
    assert judge([9_100], 10_000, Level.INVALID).level is Level.CONNECTED


@pytest.mark.parametrize(
    ("highs", "duty", "fits"),
    [(59, 5_000, True), (59, 4_999, False), (60, 5_000, False), (41, 5_000, True), (41, 5_001, False),
     (15, 1_000, True), (16, 1_000, False), (5, 1_000, True), (4, 1_000, False), (9, 1_800, True), (9, 1_801, False),
     (27, 1_799, False), (27, 1_800, True), (28, 1_900, True), (28, 1_899, False),
     (98, 9_600, True), (90, 9_600, True), (89, 9_600, False), (98, 9_200, True), (98, 9_199, False), (82, 8_800, True),
     (81, 8_800, False), (79, 8_600, True), (78, 8_600, False), (93, 8_600, True), (94, 8_600, False),
     (3, 300, True), (5, 300, True), (6, 300, False)],
)  # fmt: skip
def test_the_share_of_high_samples_has_to_fit_the_duty(highs: int, duty: int, fits: bool) -> None:
    """To 9 % of the period, and to half of what is short; but not closer than 2 % for a pulse, than 6 % for a gap."""
    reading = judge(mixed(6_000, highs, -12_000, 100 - highs), duty, Level.INVALID)
    seen = fits and highs <= 97  # two low samples may be spikes
    assert reading == Reading(Level.WANTS_POWER if fits else Level.INVALID, 6_000, -12_000, negative_seen=seen)


def test_of_pulses_of_three_samples_the_first_and_the_last_may_be_edges() -> None:
    pulse = [3_000, 6_000, 4_000]
    good = ([-12_000] * 18 + pulse) * 4
    assert judge(good, 1_400, Level.INVALID).level is Level.WANTS_POWER
    assert judge(good[21:], 1_400, Level.INVALID).level is Level.INVALID  # three pulses are too few to tell
    rising = [12_000 if at in {61, 82} else mv for at, mv in enumerate(good)]
    assert judge(rising, 1_400, Level.INVALID).level is Level.INVALID
    assert judge(rising[:82] + good[82:], 1_400, Level.INVALID).level is Level.WANTS_POWER  # one of twelve: a spike


def test_the_share_is_of_all_samples_rounded_down() -> None:
    one_of_three = [-12_000, 6_000, -12_000] * 3
    two_of_three = [6_000, -12_000, 6_000] * 3
    assert judge(one_of_three, 4_233, Level.INVALID).level is Level.WANTS_POWER
    assert judge(one_of_three, 4_234, Level.INVALID).level is Level.INVALID
    assert judge(two_of_three, 5_766, Level.INVALID).level is Level.WANTS_POWER
    assert judge(two_of_three, 5_765, Level.INVALID).level is Level.INVALID


@pytest.mark.parametrize(
    ("low", "level", "seen"),
    [(-10_999, Level.WANTS_POWER, False), (-11_000, Level.WANTS_POWER, True), (-13_000, Level.WANTS_POWER, True),
     (-13_001, Level.INVALID, False), (-3_000, Level.WANTS_POWER, False), (-2_999, Level.INVALID, False),
     (4_000, Level.INVALID, False)],
)  # fmt: skip
def test_the_negative_half_is_12_v_or_without_a_diode_half_as_low_as_the_high_one(
    low: int, level: Level, seen: bool
) -> None:
    reading = judge(mixed(6_000, 50, low, 50), 5_000, Level.INVALID)
    assert reading == Reading(level, 6_000, low, negative_seen=seen)


def test_a_negative_half_of_less_than_1_5_v_is_none() -> None:
    assert judge(mixed(2_500, 50, -1_500, 50), 5_000, Level.INVALID).level is Level.WANTS_VENTILATION
    assert judge(mixed(2_500, 50, -1_499, 50), 5_000, Level.INVALID).level is Level.INVALID


def test_no_diode_is_seen_in_a_short_or_in_spikes() -> None:
    assert judge(mixed(200, 50, -12_000, 50), 5_000, Level.INVALID) == Reading(Level.SHORT, 200, -12_000, False)
    lows = [*mixed(6_000, 50, -12_000, 49), -13_000]
    assert judge(lows, 5_000, Level.INVALID).negative_seen
    lows[-1] = -13_001
    assert judge(lows, 5_000, Level.INVALID) == Reading(Level.WANTS_POWER, 6_000, -12_000, negative_seen=False)


def test_of_the_high_plateau_a_third_may_be_edges_and_a_tenth_spikes() -> None:
    rising = [2_999, 2_999, 4_999, *[6_000] * 6, 16_000]  # 10 samples in each of 3 pulses
    burst = [mv for _ in range(3) for mv in [*rising, *[-12_000] * 10]]
    assert judge(burst, 5_000, Level.INVALID) == Reading(Level.INVALID, 6_000, -12_000, negative_seen=False)
    rising[0] = rising[1] = 6_000
    burst = [mv for _ in range(3) for mv in [*rising, *[-12_000] * 10]]
    assert judge(burst, 5_000, Level.INVALID) == Reading(Level.WANTS_POWER, 6_000, -12_000, negative_seen=True)


@pytest.mark.parametrize(("step", "steady"), [(1_000, True), (1_001, False)])
@pytest.mark.parametrize("duty", [5_000, 10_000])
def test_a_plateau_s_samples_are_within_1_v(step: int, steady: bool, duty: int) -> None:
    highs = [5_600] * 18 + [5_600 + step] * 15
    burst = highs + [-12_000] * 34 + highs[::-1] + [-12_000] * 30 + highs[:10] if duty == 5_000 else highs * 2
    assert (judge(burst, duty, Level.INVALID).level is Level.WANTS_POWER) is steady


@pytest.mark.parametrize(("edges", "steep"), [(12, True), (13, False)])
@pytest.mark.parametrize("edge", [4_999, -10_999])
def test_an_eighth_of_the_samples_may_be_edges(edges: int, steep: bool, edge: int) -> None:
    burst = mixed(
        6_000, 44 if edge > 0 else 56 - edges // 2, -12_000, 100 - edges - (44 if edge > 0 else 56 - edges // 2)
    )
    reading = judge(burst + [edge] * edges, 5_000, Level.INVALID)
    assert (reading.level is Level.WANTS_POWER) is steep


def test_what_is_a_volt_from_a_plateau_is_no_edge() -> None:
    burst = mixed(6_000, 36, -12_000, 36) + [5_000] * 14 + [-11_000] * 14
    assert judge(burst, 5_000, Level.INVALID).level is Level.WANTS_POWER


@pytest.mark.parametrize(
    ("crossings", "level"),
    [(1, Level.INVALID), (2, Level.INVALID), (3, Level.WANTS_POWER), (24, Level.WANTS_POWER), (25, Level.INVALID)],
)
def test_pulses_of_1_khz_cross_the_middle_a_few_times(crossings: int, level: Level) -> None:
    parts = [[6_000, -12_000][at % 2] for at in range(crossings + 1)]
    highs = parts.count(6_000)
    lows = len(parts) - highs
    burst = [mv for mv in parts for _ in range(600 // (highs if mv > 0 else lows))]
    assert judge(burst, 5_000, Level.INVALID) == Reading(level, 6_000, -12_000, level is Level.WANTS_POWER)


@pytest.mark.parametrize("duty", [0, 10_000])
def test_without_pulses_a_twentieth_of_the_samples_at_either_end_may_be_spikes(duty: int) -> None:
    spiky = [6_000] * 90 + [12_000] * 5 + [-12_000] * 5
    assert judge(spiky, duty, Level.INVALID) == Reading(Level.WANTS_POWER, 6_000, 6_000, negative_seen=False)
    for spike in (12_000, -12_000):
        assert judge([*spiky[1:], spike], duty, Level.INVALID) == Reading(Level.INVALID, 6_000, 6_000, False)


def test_plateaus_are_medians_of_what_is_above_and_not_above_the_middle() -> None:
    samples = [6_000, -12_000, 6_100, -11_900, 6_200, -11_800, 5_900, -11_700]
    assert judge(samples, 5_000, Level.INVALID) == Reading(Level.WANTS_POWER, 6_100, -11_900, negative_seen=True)
    edge = judge([0, 1_000, 2_000], 3_333, Level.INVALID)  # the middle itself is below
    assert (edge.high_mv, edge.low_mv) == (2_000, 0)


def test_the_level_held_is_left_later_also_in_a_burst() -> None:
    samples = mixed(7_300, 50, -12_000, 50)
    assert judge(samples, 5_000, Level.WANTS_POWER).level is Level.WANTS_POWER
    assert judge(samples, 5_000, Level.CONNECTED).level is Level.INVALID
    assert judge([7_300] * 9, 10_000, Level.WANTS_POWER).level is Level.WANTS_POWER


def test_a_reading_cannot_be_changed_afterwards() -> None:
    reading = judge([9_000], 10_000, Level.INVALID)
    with pytest.raises(AttributeError):
        reading.negative_seen = True  # type: ignore[misc]
    assert not hasattr(reading, "__dict__")


# ---- over time ----


@pytest.mark.parametrize("after_ms", [400, 401, 450])
def test_disagreement_counts_with_the_first_burst_400_ms_after_6_v_was_seen(after_ms: int) -> None:
    steady = SteadyLevel()
    for at in (0, 500):
        steady.feed(Level.WANTS_POWER, at)
    for at in range(510, 900, 10):
        steady.feed(Level.SHORT if at % 20 else Level.INVALID, at)
        assert steady.level is Level.WANTS_POWER
    steady.feed(Level.NEGATIVE, 500 + after_ms)
    assert steady.level is Level.INVALID


def test_disagreement_counts_after_3_v_too() -> None:
    """A car that asks for ventilation has to stop: with shorts and -12 V in turns no level ever held for 300 ms."""
    steady = SteadyLevel()
    for at in (0, 300):
        steady.feed(Level.WANTS_VENTILATION, at)
    for at in range(310, 700, 10):
        steady.feed(Level.SHORT if at % 20 else Level.NEGATIVE, at)
        assert steady.level is Level.WANTS_VENTILATION
    steady.feed(Level.SHORT, 700)
    assert steady.level is Level.INVALID


def test_6_v_after_3_v_is_the_same_car_on_its_way_back() -> None:
    steady = SteadyLevel()
    for at in (0, 300):
        steady.feed(Level.WANTS_VENTILATION, at)
    for at in range(310, 810, 10):
        steady.feed(Level.WANTS_POWER, at)
        assert steady.level is Level.WANTS_VENTILATION
    steady.feed(Level.WANTS_POWER, 810)
    assert steady.level is Level.WANTS_POWER


@pytest.mark.parametrize(
    ("level", "hold_ms"),
    [
        (Level.WANTS_POWER, 500), (Level.WANTS_VENTILATION, 300), (Level.SHORT, 300), (Level.NEGATIVE, 300),
        (Level.INVALID, 300),
    ],
)  # fmt: skip
@pytest.mark.parametrize("held", [None, Level.UNPLUGGED, Level.CONNECTED])
def test_a_level_counts_when_it_was_held(level: Level, hold_ms: int, held: Level | None) -> None:
    steady = SteadyLevel()
    if held is not None:
        for at in (-30, -20, -10):
            steady.feed(held, at)
    for at in (0, 1, 2, 200, hold_ms - 1):
        steady.feed(level, at)
        assert steady.level is held
    steady.feed(level, hold_ms)
    assert steady.level is level


@pytest.mark.parametrize("level", [Level.WANTS_POWER, Level.SHORT])
def test_a_level_that_was_held_for_longer_counts_too(level: Level) -> None:
    steady = SteadyLevel()
    steady.feed(level, 0)
    steady.feed(level, 537)
    assert steady.level is level


@pytest.mark.parametrize(
    ("times", "counts"), [((0,), False), ((0, 10), False), ((0, 11), True), ((0, 39), True), ((0, 1, 2), True)]
)
@pytest.mark.parametrize("level", [Level.CONNECTED, Level.UNPLUGGED])
def test_9_and_12_v_need_three_bursts_or_two_11_ms_apart(level: Level, times: tuple[int, ...], counts: bool) -> None:
    steady = SteadyLevel()
    for at in times:
        steady.feed(level, at)
    assert steady.level is (level if counts else None)


def test_an_interruption_starts_the_hold_again() -> None:
    steady = SteadyLevel()
    for at in (0, 400):
        steady.feed(Level.WANTS_POWER, at)
    steady.feed(Level.SHORT, 410)
    for at in (420, 919):
        steady.feed(Level.WANTS_POWER, at)
        assert steady.level is None
    steady.feed(Level.WANTS_POWER, 920)
    assert steady.level is Level.WANTS_POWER


def test_forgetting_forgets_also_what_was_about_to_count() -> None:
    steady = SteadyLevel()
    for at in (0, 400):
        steady.feed(Level.WANTS_POWER, at)
    steady.forget()
    steady.feed(Level.WANTS_POWER, 600)
    assert steady.level is None
    for at in (610, 615):
        steady.feed(Level.CONNECTED, at)
    steady.forget()
    steady.feed(Level.CONNECTED, 626)
    assert steady.level is None


def test_outside_a_charge_9_and_12_v_do_not_agree_with_each_other() -> None:
    steady = SteadyLevel()
    for at in range(0, 400, 10):
        steady.feed(Level.CONNECTED if at % 20 else Level.UNPLUGGED, at)
        assert steady.level is None


@pytest.mark.parametrize(("held", "hold_ms"), [(Level.WANTS_POWER, 500), (Level.WANTS_VENTILATION, 300)])
def test_while_the_car_draws_9_and_12_v_agree(held: Level, hold_ms: int) -> None:
    steady = SteadyLevel()
    for at in (0, hold_ms):
        steady.feed(held, at)
    begun = hold_ms + 100
    steady.feed(Level.UNPLUGGED, begun)
    steady.feed(held, begun + 5)
    steady.feed(Level.CONNECTED, begun + 10)
    assert steady.level is held
    steady.feed(Level.UNPLUGGED, begun + 11)
    assert steady.level is Level.CONNECTED
