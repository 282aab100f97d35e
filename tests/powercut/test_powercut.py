"""Power cuts lose nothing that was said to be kept; and this would be seen if they did."""

from collections import Counter

import pytest

from tests.powercut.kinds import KINDS
from tests.powercut.lives import LostError, life
from tests.powercut.mutants import MUTANTS, mutant

CUTS = 10_000
CAUGHT_WITHIN = 1_000


@pytest.mark.parametrize("name", KINDS)
def test_after_a_power_cut_the_last_good_state_is_there(name: str) -> None:
    counts: Counter[str] = Counter()
    seed = 0
    while counts["cuts"] < CUTS:
        counts += life(KINDS[name], seed)
        seed += 1
    assert counts["twice"] > CUTS / 10


def cuts_until_lost(name: str) -> int:
    """How many cuts it takes at most to see that something is lost; a life without a loss counts whole."""
    cuts = 0
    for seed in range(CUTS):
        try:
            cuts += life(KINDS[name], seed)["cuts"]
        except LostError:
            return cuts + 60
        if cuts > CAUGHT_WITHIN:
            break
    return CUTS


@pytest.mark.parametrize("bad", MUTANTS)
def test_a_file_that_is_kept_badly_is_caught(bad: str) -> None:
    with mutant(bad, "evsed.store"):
        assert cuts_until_lost("settings") <= CAUGHT_WITHIN, bad
