"""Power cuts lose nothing that was said to be kept; and this would be seen if they did."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evsed.core.record import Kept, newer
from evsed.logbook import log as logbook
from evsed.logbook.log import NAME, Logbook
from tests.powercut.folder import watched
from tests.powercut.history import History
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


WINNERS: dict[str, Callable[[Kept, Kept], Kept]] = {
    "settings.json": lambda one, other: one if one.number else other,
    "sessions.db": lambda one, other: other if other.number else one,
    "the older": lambda one, other: one if newer(one, other) == other else other,
    "sessions of the one, counters of the other": lambda one, other: Kept(one.open, one.last, other.counters),
}


@pytest.mark.parametrize("wrong", WINNERS)
def test_a_wrong_winner_of_two_copies_is_caught(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logbook, "newer", WINNERS[wrong])
    assert cuts_until_lost(KINDS["together"]) <= CAUGHT_WITHIN, wrong


def there_at_once(folder: Path) -> bool:
    """Whether a new database has its name after a cut before SQLite, which syncs folders too, was asked anything."""
    history: History[Any] = History({})
    with watched(folder, history, contents=False):
        Logbook(folder)._make_file()
    history.begins(None)
    (folder / NAME).unlink()
    cuts = history.cuts([len(history.ops)] * 50, random.Random(1))
    return all(NAME in cut.left for cut in cuts)


def test_a_new_database_has_its_name_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert there_at_once(tmp_path)
    monkeypatch.setattr(logbook, "sync_directory", lambda _directory: None)
    assert not there_at_once(tmp_path), "a folder that is not synced is caught"
