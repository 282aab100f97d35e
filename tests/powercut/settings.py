"""Power cuts while evsed/store.py keeps the settings, access, timer and latched faults, and the cards beside them."""

import random
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from evsed.core.cards import MOST_CARDS, Card
from evsed.core.faults import LATCHED
from evsed.core.model import Access
from evsed.core.schedule import Timer
from evsed.core.setting import Value
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.saved_text import DamagedError, decode
from evsed.store import Store
from tests.powercut.folder import Trouble, watched
from tests.powercut.history import Cut, History
from tests.powercut.sessions import happened

Part = TypeVar("Part")

NOTHING = Saved(charged_wh=4_711)
"""What a store without files answers; no life writes it."""


class _Stored(ABC, Generic[Part]):
    """Owners change things that evsed/store.py keeps; the daemon is stopped and started now and then."""

    bears_lies = True

    @abstractmethod
    def part(self, saved: Saved) -> Part:
        """Of all that is kept, what one file has."""

    @abstractmethod
    def changed(self, before: Saved, dice: random.Random) -> Saved:
        """Something else to keep."""

    def live(self, folder: Path, dice: random.Random, history: History[Part], writes: int) -> None:
        """See lives.Kind."""
        with watched(folder, history, Trouble.sometimes(dice, 12 * writes)):
            store, saved, found = self._started(folder, history)
            for number in range(writes):
                saved = self.changed(saved, dice)
                history.begins(self.part(saved))
                at_once = number == 0 or dice.random() < 0.8  # the first would be written sooner or later
                store.submit(saved, at_once=at_once)
                if store.barrier().result(30) and at_once:
                    history.is_kept()
                if dice.random() < 0.1:
                    self._closed(store, history, found)
                    store, saved, found = self._started(folder, history)
            self._closed(store, history, found)

    def _started(self, folder: Path, history: History[Part]) -> tuple[Store, Saved, int]:
        """The store of a daemon that starts, what it found, and how many states there were until then."""
        store = Store(folder)
        saved = store.load(NOTHING)
        if not history.states or history.states[-1] != self.part(saved):
            history.begins(self.part(saved))
        store.start()
        return store, saved, len(history.states)

    @staticmethod
    def _closed(store: Store, history: History[Part], found: int) -> None:
        assert store.close()
        if not store._failing and len(history.states) > found:
            history.is_kept()

    def read(self, folder: Path) -> Part:
        """As the daemon does at its start."""
        return self.part(Store(folder).load(NOTHING))

    def is_good(self, found: object, cut: Cut[Part]) -> bool:
        """See lives.Kind."""
        return found in cut.good

    def judge(self, _found: object, _cut: Cut[Part]) -> str:
        """See lives.Kind."""
        return ""


class SettingsKind(_Stored[Saved]):
    """settings.json."""

    name = "settings"
    _torn = False
    _before: Saved | None = None

    def part(self, saved: Saved) -> Saved:
        """All but the cards."""
        return replace(saved, cards=())

    def read(self, folder: Path) -> Saved:
        """Where the copy of before has to count for a damaged file, whoever it lets charge is let no more."""
        file, copy = folder / "settings.json", folder / "settings.json.previous"
        self._torn = file.exists() and _decoded(file) is None
        self._before = None if _decoded(file) is not None else _decoded(copy)
        new = folder / "settings.json.new"
        between = not file.exists() and not list(folder.glob("*.damaged")) and _decoded(new) is not None
        found = super().read(folder)
        assert self._before is None or found == (self._before if between else _off(self._before))
        return found

    def is_good(self, found: object, cut: Cut[Saved]) -> bool:
        """Also a good one that was the copy of before."""
        return found in cut.good or (self._before is not None and self._before in cut.good)

    def changed(self, before: Saved, dice: random.Random) -> Saved:
        """Settings, access, sessions, faults, timer."""
        return changed(before, dice)

    def judge(self, found: object, cut: Cut[Saved]) -> str:
        """SET UP that was taken back does not come back, not even where a disk has lied; no other tears a file."""
        assert isinstance(found, Saved)
        if self._torn and not cut.lied and "settings.json" not in cut.history.start:
            return "settings.json is torn"
        later = cut.history.states[cut.kept : cut.last + 1]
        if found.settings.set_up and not any(saved.settings.set_up for saved in later):
            return "SET UP is Done again"
        return ""


class CardsKind(_Stored[tuple[Card, ...]]):
    """cards.json."""

    name = "cards"

    def part(self, saved: Saved) -> tuple[Card, ...]:
        """The list."""
        return saved.cards

    def changed(self, before: Saved, dice: random.Random) -> Saved:
        """Cards come, go, and get other names; now and then something else changes too, and nothing of the cards."""
        if before.cards and dice.random() < 0.2:
            return replace(before, charged_wh=dice.randrange(10**6))
        cards = [card for card in before.cards if dice.random() < 0.9]
        cards = [replace(card, name=f"No. {dice.randrange(99)}") if dice.random() < 0.1 else card for card in cards]
        added = (Card(f"{dice.randrange(16**14):014X}", "Zoë", dice.random() < 0.8) for _ in range(dice.randint(1, 9)))
        return replace(before, cards=tuple([*cards, *added][:MOST_CARDS]))


def _off(saved: Saved) -> Saved:
    """With nobody let charge."""
    return replace(saved, access=Access.DENY, timer=Timer(), granted=False, holder="")


def _decoded(file: Path) -> Saved | None:
    """What a file has; None: it cannot be used, or is not there."""
    try:
        return decode(file.read_text(encoding="utf-8")).saved
    except (DamagedError, OSError, UnicodeDecodeError):
        return None


def changed(before: Saved, dice: random.Random) -> Saved:
    """Something else to keep."""
    settings = before.settings
    for key in dice.sample([key for key, row in TABLE.items() if row.kept], dice.randint(1, 4)):
        settings = settings.replace(key, _value(key, settings, dice))
    if dice.random() < 0.3:
        settings = settings.replace("set_up", dice.randint(0, 1))
    granted = dice.random() < 0.5
    return replace(
        before,
        granted=granted,
        holder="04A1B2C3D4E5F6" if granted and dice.random() < 0.5 else "",
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
