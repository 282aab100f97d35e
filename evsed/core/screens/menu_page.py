"""One item of the open menu: its name and value as text, and what it means, which runs through the bottom row."""

from typing import Final

from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.menu_walk import INSTALLER_PIN, PINS
from evsed.core.panel_view import EXIT, MenuView
from evsed.core.screens.around import Around
from evsed.core.screens.figures import clock
from evsed.core.screens.screen import MenuPage
from evsed.core.setting import Value
from evsed.core.settings import TABLE
from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis

ROW_CHARACTERS: Final = 21
CHARACTER_PX: Final = 6
"""What fits into the bottom row."""

VALUE_CHARACTERS: Final = 16
"""A host name that is longer runs through the bottom row, for its end may be what tells it from another."""

GAP: Final = "   "
REST_MS: Final[Millis] = 1_500
MOVE_MS: Final[Millis] = 80
MOVE_PX: Final = 2
"""The text rests at its beginning, then moves on by 2 pixels at a time, round and round."""

ADDRESS_MOST: Final = 15
NO_CLOCK: Final = "--:--"

_OFF: Final = {"solar_stop_time": 0, "current_max_sum_mains": SUM_MAINS_OFF}
"""Numbers that mean "none"."""


def page(view: MenuView, snapshot: Snapshot, around: Around, now: Millis) -> MenuPage:
    """The item at ``now``."""
    below, shift = _running(view.told or _meaning(view, snapshot), now - view.since)
    return MenuPage(
        address=_address(around.address),
        clock=_clock(snapshot, around, now),
        name="EXIT" if view.key == EXIT else TABLE[view.key].lcd_name,
        value="" if view.key == EXIT else _value(view, snapshot, veiled=view.key in around.veiled),
        below=below,
        shift=shift,
        editing=view.editing,
    )


def _address(address: str) -> str:
    """One that is too long must not look like a shorter one."""
    return address if len(address) <= ADDRESS_MOST else f"{address[: ADDRESS_MOST - 2]}.."


def _clock(snapshot: Snapshot, around: Around, now: Millis) -> str:
    unix_s = snapshot.unix_at(now)
    return NO_CLOCK if unix_s is None else clock(around.calendar.local(unix_s)[1])


def _meaning(view: MenuView, snapshot: Snapshot) -> str:
    """An error stands before it: who can mend it may be in the menu for that."""
    error = "" if snapshot.error is None else f"ERROR: {snapshot.error.value.text} - "
    if view.key == EXIT:
        return error + _exit(view, snapshot)
    row, value = TABLE[view.key], view.draft[view.key]
    long = row.is_text and len(str(value)) > VALUE_CHARACTERS
    return error + (str(value) if long else row.description)


def _exit(view: MenuView, snapshot: Snapshot) -> str:
    same = view.draft == snapshot.settings and not view.installer_pin
    return "Press o to leave" if same else "Press o to store what was changed, and leave"


def _running(text: str, shown_ms: Millis) -> tuple[str, int]:
    """``text`` and by how much it has moved to the left; one that is too long stands there twice, to come round."""
    if len(text) <= ROW_CHARACTERS:
        return text, 0
    moves = len(text + GAP) * CHARACTER_PX // MOVE_PX
    since_ms = max(0, shown_ms) % (REST_MS + moves * MOVE_MS)
    return f"{text}{GAP}{text}", max(0, since_ms - REST_MS) // MOVE_MS * MOVE_PX


def standing(below: str) -> str:
    """The text of the bottom row once, as long as it is; one that runs stands there twice."""
    return below if len(below) <= ROW_CHARACTERS else below[: (len(below) - len(GAP)) // 2]


def _value(view: MenuView, snapshot: Snapshot, *, veiled: bool) -> str:
    if view.key in PINS:
        return _pin(view, snapshot, veiled=veiled)
    return shown(view.key, view.draft[view.key])


def _pin(view: MenuView, snapshot: Snapshot, *, veiled: bool) -> str:
    """Its digits while it is entered; else only whether there is one."""
    if view.editing or view.digits:
        digits = "*" * len(view.digits) if veiled else view.digits
        return digits.ljust(PINS[view.key], "_")
    if view.key == INSTALLER_PIN and not view.installer_pin:
        return "Set" if snapshot.installer_pin_set else "Off"
    return "Set" if view.draft[view.key] else "Off"


def shown(key: str, value: Value) -> str:
    """The value of a setting that is no secret, as people read it: a choice by name, a number with its unit."""
    row = TABLE[key]
    if row.is_text:
        return str(value) or "Not Set"
    if row.choices:
        return str(row.show(value))
    if value == _OFF.get(key):
        return "Disabled"
    sign = "-" if key == "solar_start_current" and value else ""
    space = " " if len(row.unit) > 1 else ""
    return f"{sign}{value}{space}{row.unit}"
