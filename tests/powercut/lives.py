"""A life: real code writes on a modelled disk, the power goes many times in it, and each time somebody reads again.

A seed makes a life, and the same one each time.
"""

import logging
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.powercut.disk import Files
from tests.powercut.folder import fill
from tests.powercut.history import Cut, History

CUTS = 50
"""Of one life, but for those during what came after a cut."""

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory, where there is one


class Kind(Protocol):
    """One thing that is kept: the code that keeps it, and the code that reads it after a cut."""

    name: str
    bears_lies: bool
    """Whether it outlives a disk that acknowledges a sync and does not do it; else it only has to start after that."""

    def live(self, folder: Path, dice: random.Random, history: "History[Any]", writes: int) -> None:
        """Reads what is in ``folder``, and then keeps about ``writes`` new states there, one after the other.

        ``history`` has it all afterwards. The disk makes trouble now and then.
        """

    def read(self, folder: Path) -> object:
        """What is kept in ``folder``."""

    def is_good(self, found: object, cut: "Cut[Any]", /) -> bool:
        """Whether it is one of the states that may be there."""

    def judge(self, found: object, cut: "Cut[Any]", /) -> str:
        """What is wrong with it beside not being one of the good ones; nothing."""


class LostError(AssertionError):
    """What was found after a cut is not the last good state."""


def life(kind: Kind, seed: int, cuts: int = CUTS) -> Counter[str]:
    """Lives once, and makes at least so many cuts; how many, by what was special. Raises LostError with the seed."""
    dice = random.Random(f"{kind.name} {seed}")
    counts: Counter[str] = Counter()
    with quiet(), tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as made:
        folder = Path(made).resolve() / "first"
        again = folder.with_name("again")
        again.mkdir()
        history = _lived(kind, folder, {}, dice, dice.randint(3, 12))
        moments = sorted(dice.randint(0, len(history.ops)) for _ in range(cuts))
        for cut in history.cuts(moments, dice, lying=True):
            counts["cuts"] += 1
            counts["lied to"] += cut.lied
            fill(again, cut.left)
            _check(kind, seed, cut, again)
            if dice.random() < 0.25 and (kind.bears_lies or not cut.lied):
                counts["cuts"] += 1
                counts["twice"] += 1
                second = _lived(kind, again, cut.left, dice, dice.randint(1, 3))
                for later in second.cuts([dice.randint(0, len(second.ops))], dice):
                    fill(again, later.left)
                    _check(kind, seed, later, again)
        counts["ops"] += len(history.ops)
    return counts


def _lived(kind: Kind, folder: Path, files: Files, dice: random.Random, writes: int) -> "History[Any]":
    folder.mkdir(exist_ok=True)
    fill(folder, files)
    history: History[Any] = History(files)
    kind.live(folder, dice, history, writes)
    return history


def _check(kind: Kind, seed: int, cut: "Cut[Any]", folder: Path) -> None:
    states = cut.history.states
    found: object = None
    try:
        found = kind.read(folder)
    except Exception as error:  # noqa: BLE001 - whatever it is: the daemon would not start
        wrong = f"{error!r} was raised"
    else:
        wrong = ("" if kind.is_good(found, cut) else "which is none of these") or kind.judge(found, cut)
        wrong = wrong if kind.bears_lies or not cut.lied else ""
    if wrong:
        which = f"state {states.index(found)}" if found in states else f"something else: {str(found)[:2_000]}"
        names = {name: len(content) for name, content in cut.left.items()}
        raise LostError(
            f"{kind.name}, seed {seed}, after {cut.moment} of {len(cut.history.ops)} calls: {cut.first} to {cut.last} "
            f"may be there, {which} is, {wrong}; left were {names}{', by a disk that lied' if cut.lied else ''}; "
            f"now there are {', '.join(path.name for path in folder.iterdir())}. "
            f"To repeat it: python -m tests.powercut {kind.name} --seed {seed}"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """What the code says of damaged files is not read here."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
