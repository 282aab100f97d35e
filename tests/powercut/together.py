"""Power cuts while sessions go to settings.json and sessions.db, of which the newer one counts after the cut."""

import random
from dataclasses import replace
from pathlib import Path

import apsw

from evsed.core.record import Kept
from evsed.core.snapshot import Saved
from evsed.logbook.book import Connection
from evsed.logbook.log import NAME, Logbook
from evsed.store import Store
from tests.powercut.folder import watched
from tests.powercut.history import Cut, History
from tests.powercut.sessions import happened
from tests.powercut.vfs import Vfs


class TogetherKind:
    """See lives.Kind. Either file is written first, and the other one now and then not at all: its disk was slow."""

    name = "together"
    bears_lies = False  # the log does not

    def live(self, folder: Path, dice: random.Random, history: History[Kept], writes: int) -> None:
        """Sessions go on; the daemon is stopped and started now and then."""
        vfs = Vfs("recorded", history)
        try:
            with watched(folder, history) as watch:
                watch.leave_contents(NAME)
                life = _Life(folder, history)
                for _ in range(writes):
                    life.log(dice)
                    if dice.random() < 0.1:
                        life.close()
                        life = _Life(folder, history)
                life.close()
        finally:
            vfs.close()

    def read(self, folder: Path) -> Kept:
        """As the daemon does at its start."""
        (folder / f"{NAME}-shm").write_bytes(b"\xaa" * 32_768)  # whatever was in memory
        logbook = Logbook(folder)
        kept = logbook.load(Store(folder).load(Saved()).kept)
        logbook._end()
        return kept

    def is_good(self, found: object, cut: Cut[Kept]) -> bool:
        """See lives.Kind."""
        return found in cut.good

    def judge(self, _found: object, _cut: Cut[Kept]) -> str:
        """Nothing more is asked of it."""
        return ""


class _Life:
    """One start of the daemon."""

    def __init__(self, folder: Path, history: History[Kept]) -> None:
        self._history = history
        self._store = Store(folder)
        self._logbook = Logbook(folder, _recorded, (apsw.Error,))
        saved = self._store.load(Saved())
        self._saved = replace(saved, kept=self._logbook.load(saved.kept))
        if not history.states or history.states[-1] != self._saved.kept:
            history.begins(self._saved.kept)
        self._store.start()
        self._logbook.start()
        assert self._logbook.barrier().result(30)

    def log(self, dice: random.Random) -> None:
        """Something has happened, and is kept as soon as one of both files has it."""
        told = happened(self._saved.kept, dice)
        self._saved = replace(self._saved, kept=told.kept)
        self._history.begins(told.kept)
        for writer in dice.sample(("settings", "log"), dice.choice((1, 2))):
            if writer == "settings":
                self._store.submit(self._saved, at_once=True)
                assert self._store.barrier().result(30)
            else:
                self._logbook.submit(told)
                assert self._logbook.barrier().result(30)
            self._history.is_kept()

    def close(self) -> None:
        """The daemon ends."""
        assert self._store.close()
        assert self._logbook.close(30)


def _recorded(path: Path) -> Connection:
    return apsw.Connection(str(path), vfs="recorded")
