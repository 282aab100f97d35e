"""Power cuts while evsed/store.py keeps the settings, access, timer and latched faults."""

import random
from dataclasses import replace
from pathlib import Path

from evsed.core.faults import LATCHED
from evsed.core.model import Access
from evsed.core.schedule import Timer
from evsed.core.setting import Value
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.store import Store
from tests.powercut.folder import Trouble, watched
from tests.powercut.history import Cut, History
from tests.powercut.sessions import happened

NOTHING = Saved(charged_wh=4_711)
"""What a store without files answers; no life writes it."""


class SettingsKind:
    """See lives.Kind."""

    name = "settings"
    bears_lies = True

    def live(self, folder: Path, dice: random.Random, history: History[Saved], writes: int) -> None:
        """Owners change things; the daemon is stopped and started now and then."""
        with watched(folder, history, Trouble.sometimes(dice, 12 * writes)):
            self._live(folder, dice, history, writes)

    def _live(self, folder: Path, dice: random.Random, history: History[Saved], writes: int) -> None:
        store, found = self._started(folder, history)
        for number in range(writes):
            saved = changed(history.states[-1], dice)
            history.begins(saved)
            at_once = number == 0 or dice.random() < 0.8  # the first would be written sooner or later
            store.submit(saved, at_once=at_once)
            written = store.barrier().result(30)
            if written and at_once:
                history.is_kept()
            if dice.random() < 0.1:
                self._closed(store, history, found)
                store, found = self._started(folder, history)
        self._closed(store, history, found)

    @staticmethod
    def _started(folder: Path, history: History[Saved]) -> tuple[Store, int]:
        """The store of a daemon that starts, and the number of the state that it found."""
        store = Store(folder)
        found = store.load(NOTHING)
        if not history.states or history.states[-1] != found:
            history.begins(found)
        store.start()
        return store, len(history.states)

    @staticmethod
    def _closed(store: Store, history: History[Saved], found: int) -> None:
        assert store.close()
        if not store._failing and len(history.states) > found:
            history.is_kept()

    def read(self, folder: Path) -> Saved:
        """As the daemon does at its start."""
        return Store(folder).load(NOTHING)

    def judge(self, found: object, cut: Cut[Saved]) -> str:
        """SET UP that was taken back does not come back, not even where a disk has lied."""
        assert isinstance(found, Saved)
        later = cut.history.states[cut.kept : cut.last + 1]
        if found.settings.set_up and not any(saved.settings.set_up for saved in later):
            return "SET UP is Done again"
        return ""


def changed(before: Saved, dice: random.Random) -> Saved:
    """Something else to keep."""
    settings = before.settings
    for key in dice.sample(list(TABLE), dice.randint(1, 4)):
        settings = settings.replace(key, _value(key, settings, dice))
    if dice.random() < 0.3:
        settings = settings.replace("set_up", dice.randint(0, 1))
    return replace(
        before,
        settings=settings,
        access=dice.choice(list(Access)),
        session_open=dice.random() < 0.5,
        session_start_wh=dice.choice((None, dice.randrange(10**9))),
        charged_wh=dice.randrange(10**6),
        latched=tuple(fault for fault in LATCHED if dice.random() < 0.2),
        kept=happened(before.kept, dice).kept,
        timer=dice.choice((Timer(), Timer(1_800_000_000 + dice.randrange(10**6)))),
    )


def _value(key: str, settings: Settings, dice: random.Random) -> Value:
    row = TABLE[key]
    if row.is_text:
        return settings[key]
    return dice.choice(list(row.choices)) if row.choices else dice.randint(row.minimum, row.maximum)
