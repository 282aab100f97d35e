"""The LCD's menu: where in it somebody is, and what three keys do there.

Owns the cursor, the values that were changed and are not stored yet, and how fast a held key runs through a range.
Nothing is in force before EXIT, which stores all of it or says why not. Which items there are comes from the settings
table and its questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from evsed.core.buttons import Gesture, Press
from evsed.core.events import Button, ChangeSettings
from evsed.core.panel_view import EXIT, MenuView
from evsed.core.setting import Offers, Setting, Value
from evsed.core.settings import TABLE, Settings
from evsed.core.units import Millis

TIMEOUT_MS: Final = 120_000
INSTALLER_PIN: Final = "installer_pin"
PINS: Final[Mapping[str, int]] = MappingProxyType({"lcd_pin": 4, INSTALLER_PIN: 8})
"""The settings that are entered digit by digit, and how many digits they have at most."""

_FEWEST_DIGITS: Final = 4

_STRIDES: Final = ((10_000, 9_000, 1_000), (1_000, 6_000, 100), (100, 3_000, 10))
"""Ranges wider than this, with a key down for this long (ms), are run through in steps of this."""

_SAME_PIN: Final = "The PIN stays as it was"
_AWAY: Final = "Only at the unit, or with the installer's PIN"
_ROWS: Final = tuple(key for key, row in TABLE.items() if row.lcd_name)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the menu is walked over: the settings in force, and what was found."""

    settings: Settings
    offers: Offers
    hosts: tuple[str, ...]


def items(draft: Settings, offers: Offers) -> tuple[str, ...]:
    """The keys of the items that ``draft`` shows, in order; EXIT is the last."""
    return (*(key for key in _ROWS if TABLE[key].shown(draft, offers)), EXIT)


class MenuWalk:
    """One walk at a time; closed until ``open``."""

    def __init__(self) -> None:
        self._key = ""  # empty: closed
        self._changed: dict[str, Value] = {}
        self._editing = False
        self._digits = ""
        self._place = 0  # of the digit that is being chosen
        self._told = ""
        self._since: Millis = 0
        self._touched: Millis = 0
        self._here = False  # somebody at the unit is in it

    @property
    def is_open(self) -> bool:
        """Whether the keys are the menu's."""
        return bool(self._key)

    def open(self, now: Millis, *, here: bool = True) -> None:
        """From the first item, with nothing changed; ``here``: by somebody at the unit."""
        self.close()
        self._go(_ROWS[0], now)
        self._touched, self._here = now, here

    def close(self) -> None:
        """What is not stored is forgotten."""
        self._key, self._changed = "", {}
        self._editing, self._digits, self._told = False, "", ""
        self._here = False

    def step(self, now: Millis) -> None:
        """Time passes: nobody there any more, nothing stored."""
        if now - self._touched >= TIMEOUT_MS:
            self.close()

    def refuse(self, why: str, now: Millis) -> None:
        """What EXIT would store is not taken."""
        self._told, self._since = why, now

    def view(self, ground: Ground) -> MenuView | None:
        """What is shown; None while it is closed."""
        if not self._key:
            return None
        draft = self._draft(ground)
        key = _nearest(self._key, items(draft, ground.offers))
        editing, chosen = self._editing and key == self._key, INSTALLER_PIN in self._changed
        return MenuView(key, draft, editing, self._digits, self._told, self._since, chosen)

    def key(self, press: Press, gesture: Gesture, ground: Ground, now: Millis) -> ChangeSettings | None:
        """A key goes down, or repeats; what is to be stored now, at EXIT with something changed.

        From afar only the installer's does anything while somebody at the unit is in the menu: nobody else has a hand
        in the PIN that is entered there.
        """
        if press.remote and not press.installer and self._here:
            return None
        self._touched, self._here = now, self._here or not press.remote
        if gesture is Gesture.PRESSED:
            self._told = ""  # it was said to who pressed before
        draft = self._draft(ground)
        shown = items(draft, ground.offers)
        if (at := _nearest(self._key, shown)) != self._key:  # something else has changed the settings meanwhile
            self._go(at, now)
        if press.button is Button.MIDDLE:
            return self._middle(press, ground, now) if gesture is Gesture.PRESSED else None
        forward = press.button is Button.RIGHT
        if not self._editing:
            place = shown.index(at) + (1 if forward else -1)
            self._go(shown[place % len(shown)], now)
        elif self._allowed(press, now, self._key):
            self._change(draft, ground, press, gesture, now)
        return None

    def _go(self, key: str, now: Millis) -> None:
        self._key, self._since = key, now
        self._editing, self._digits, self._told = False, "", ""

    def _draft(self, ground: Ground) -> Settings:
        draft = ground.settings
        for key, value in self._changed.items():
            draft = draft.replace(key, value)
        return draft

    def _middle(self, press: Press, ground: Ground, now: Millis) -> ChangeSettings | None:
        """``o``: opens an item, ends its changing, or leaves by EXIT."""
        if self._key == EXIT:
            return self._leave(press, ground.settings, now)
        if not self._editing:
            self._editing, self._place = self._allowed(press, now, self._key), 0
        elif self._key in PINS:
            self._next_digit(ground, now)
        else:
            self._editing = False
        return None

    def _next_digit(self, ground: Ground, now: Millis) -> None:
        """A digit that was not chosen ends the entry: before the fourth, the PIN stays as it was."""
        chosen = len(self._digits) > self._place
        self._place += 1
        if chosen and self._place < PINS[self._key]:
            return
        if len(self._digits) >= _FEWEST_DIGITS:
            self._keep(self._key, int(self._digits), ground)
        else:
            self.refuse(_SAME_PIN, now)
        self._editing, self._digits = False, ""

    def _leave(self, press: Press, settings: Settings, now: Millis) -> ChangeSettings | None:
        changed = self._changed.items()
        changes = tuple((key, value) for key, value in changed if value != settings[key] or not TABLE[key].kept)
        if not changes:
            self.close()
            return None
        return ChangeSettings(changes, sure=True) if self._allowed(press, now, *(key for key, _ in changes)) else None

    def _allowed(self, press: Press, now: Millis, *keys: str) -> bool:
        """What of ``keys`` belongs to the installation is not changed from afar, except by the installer."""
        if press.installer or not any(TABLE[key].installer for key in keys):
            return True
        self.refuse(_AWAY, now)
        return False

    def _change(self, draft: Settings, ground: Ground, press: Press, gesture: Gesture, now: Millis) -> None:
        row, value = TABLE[self._key], draft[self._key]
        forward, again = press.button is Button.RIGHT, gesture is Gesture.REPEAT
        if self._key in PINS:
            digit = -1 if len(self._digits) == self._place else int(self._digits[-1])
            after = (digit + (1 if forward or digit < 0 else -1)) % 10
            self._digits = f"{self._digits[: self._place]}{after}"
        elif isinstance(value, str):
            hosts = tuple(dict.fromkeys(("", *ground.hosts, value)))
            self._keep(self._key, next_of(hosts, value, forward=forward, again=again), ground)
        elif row.choices:
            self._keep(self._key, next_of(tuple(row.choices), value, forward=forward, again=again), ground)
        else:
            stride = stride_of(row, now - press.since if again else 0)
            self._keep(self._key, stepped(row, value, stride if forward else -stride, again=again), ground)

    def _keep(self, key: str, value: Value, ground: Ground) -> None:
        """In the order in which values were given last: each was one that the menu offered with those before it."""
        self._changed.pop(key, None)
        if value != ground.settings[key] or not TABLE[key].kept:
            self._changed[key] = value


def stride_of(row: Setting, down_ms: Millis) -> int:
    """By how much a number changes with a key that is down for ``down_ms``."""
    wide = row.maximum - row.minimum
    return next((step for above, after, step in _STRIDES if wide > above and down_ms >= after), 1)


def stepped(row: Setting, value: int, by: int, *, again: bool) -> int:
    """``value`` changed ``by`` a step. A press goes from one end of the range to the other, a repeat stops there."""
    stepped_to = value + by
    if row.minimum <= stepped_to <= row.maximum:
        return stepped_to
    end, other = (row.maximum, row.minimum) if by > 0 else (row.minimum, row.maximum)
    return end if again or value != end else other


def next_of(choices: Sequence[Value], value: Value, *, forward: bool, again: bool) -> Value:
    """The choice beside ``value``; beyond the last one comes the first, but not for a repeat."""
    place = choices.index(value) + (1 if forward else -1)
    if again and not 0 <= place < len(choices):
        return value
    return choices[place % len(choices)]


def _nearest(key: str, shown: tuple[str, ...]) -> str:
    """``key``, or where it is not shown the next item after its place."""
    if key in shown:
        return key
    order: Mapping[str, int] = {name: place for place, name in enumerate(TABLE)}
    return next((name for name in shown[:-1] if order[name] > order[key]), EXIT)
