"""Power cuts lose nothing that was said to be kept; and this would be seen if they did."""

from collections import Counter

import pytest

from tests.powercut.kinds import KINDS
from tests.powercut.lives import Kind, LostError, life
from tests.powercut.mutants import MUTANTS, mutant
from tests.powercut.sessions import STATEMENTS, SessionsKind

CUTS = 3_000
CAUGHT_WITHIN = 1_000


@pytest.mark.parametrize("name", KINDS)
def test_after_a_power_cut_the_last_good_state_is_there(name: str) -> None:
    counts: Counter[str] = Counter()
    seed = 0
    while counts["cuts"] < CUTS:
        counts += life(KINDS[name], seed)
        seed += 1
    assert counts["twice"] > CUTS / 10


def cuts_until_lost(kind: Kind) -> int:
    """How many cuts it takes at most to see that something is lost; a life without a loss counts whole."""
    cuts = 0
    for seed in range(CAUGHT_WITHIN):
        try:
            cuts += life(kind, seed)["cuts"]
        except LostError:
            return cuts + 60
        if cuts > CAUGHT_WITHIN:
            break
    return cuts + CAUGHT_WITHIN


@pytest.mark.parametrize("bad", MUTANTS)
@pytest.mark.parametrize(("name", "module"), [("settings", "evsed.store"), ("cards", "evsed.cardstore")])
def test_a_file_that_is_kept_badly_is_caught(name: str, module: str, bad: str) -> None:
    with mutant(bad, module):
        assert cuts_until_lost(KINDS[name]) <= CAUGHT_WITHIN, bad


@pytest.mark.parametrize("bad", STATEMENTS)
def test_a_database_that_is_written_badly_is_caught(bad: str) -> None:
    kind = SessionsKind()
    kind.exchanged = STATEMENTS[bad]
    assert cuts_until_lost(kind) <= CAUGHT_WITHIN, bad
