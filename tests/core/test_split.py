"""How a current is split between cars: examples, and what holds for every split."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from evsed.core.split import split, split_unused

currents = st.integers(0, 800)
cars = st.lists(st.tuples(currents, st.none() | currents), max_size=8)


@pytest.mark.parametrize(
    ("total", "mosts", "shares"),
    [
        (160, [], []),
        (160, [160], [160]),
        (160, [160, 160], [80, 80]),
        (160, [60, 160], [60, 100]),
        (200, [160, 60, 160], [70, 60, 70]),
        (200, [160, 160, 160], [66, 67, 67]),
        (800, [160, 130], [160, 130]),
        (-5, [160], [0]),
    ],
)
def test_everybody_gets_the_average_and_the_rest_is_split_again(
    total: int, mosts: list[int], shares: list[int]
) -> None:
    assert split(total, mosts) == shares


@given(st.integers(-100, 7_000), st.lists(currents, max_size=8))
def test_every_split_is_fair_and_leaves_nothing_over(total: int, mosts: list[int]) -> None:
    shares = split(total, mosts)
    assert sum(shares) == min(max(0, total), sum(mosts))
    assert all(0 <= share <= most for share, most in zip(shares, mosts, strict=True))
    for share, most in zip(shares, mosts, strict=True):
        if share < most:  # it could take more: nobody has more than one deci-ampere on it
            assert max(shares) <= share + 1


@pytest.mark.parametrize(
    ("total", "takes", "shares"),
    [
        (160, [None, None], [80, 80]),
        (160, [75, None], [75, 85]),
        (160, [None, 15], [145, 15]),
        (160, [15, 15], [80, 80]),
        (320, [75, None], [160, 160]),
    ],
)
def test_what_a_car_does_not_take_goes_to_the_others_first(
    total: int, takes: list[int | None], shares: list[int]
) -> None:
    assert split_unused(total, [160, 160], takes) == shares


@given(st.integers(-100, 7_000), cars)
def test_an_unused_share_is_never_lost(total: int, group: list[tuple[int, int | None]]) -> None:
    mosts, takes = [most for most, _ in group], [taken for _, taken in group]
    shares = split_unused(total, mosts, takes)
    assert sum(shares) == min(max(0, total), sum(mosts))
    assert all(0 <= share <= most for share, most in zip(shares, mosts, strict=True))
