"""What belongs together and is described in two places: settings and board, pin factory and packages.

Owns the judgement. Nothing is opened or imported: the settings are read from their file, a package is only looked for.
"""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evsed.core.model import Contactor2
from evsed.core.settings import Settings
from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.libraries import install
from evsed.saved_text import DamagedError, decode
from evsed.wiring import Pins, Wiring

# ---- the settings ----


@dataclass(frozen=True, slots=True)
class _Need:
    """A setting that needs a line of the board."""

    setting: str
    wanted: Callable[[Settings], bool]
    pin: str
    otherwise: str
    """What to choose when the board has no such line."""


_NEEDS: Final = (
    _Need("RCMON is Enabled", lambda chosen: bool(chosen.rcmon), "rcm", "RCMON to Disabled"),
    _Need("LOCK has an actuator", lambda chosen: bool(chosen.lock), "lock", "LOCK to Disabled"),
    _Need(
        "CONTACT 2 counts on a second contactor",
        lambda chosen: chosen.enable_C2 != Contactor2.NOT_PRESENT,
        "contactor2",
        "CONTACT 2 to Not present",
    ),
)


def settings(directory: Path, pins: Pins) -> Iterator[Finding]:
    """Whether the board has the lines that the stored settings count on."""
    try:
        chosen = _stored(directory)
    except PermissionError:
        unread = f"the settings in {directory} may not be read by this user, and are not compared with the board"
        yield attention(unread, "try it with sudo")
        return
    if chosen is None:
        yield ok(f"none in {directory} that can be read yet; a new charger counts on no line that is not there")
        return
    missing = [need for need in _NEEDS if need.wanted(chosen) and getattr(pins, need.pin) is None]
    for need in missing:
        told = f'{need.setting}, but board.pins.{need.pin} is "none"'
        yield wrong(told, f"wire it and write its GPIO into evsed.toml, or set {need.otherwise}")
    if not missing:
        yield ok("the board has every line that the settings count on")


def set_up(directory: Path) -> Iterator[Finding]:
    """Whether somebody has said that the charger is set up; before that it charges no car."""
    try:
        chosen = _stored(directory)
    except PermissionError:
        yield attention(f"the settings in {directory} may not be read by this user", "try it with sudo")
        return
    if chosen is not None and chosen.set_up:
        yield ok("SET UP is Done")
    else:
        told = "SET UP is not Done: no car is charged"
        yield attention(told, "the LCD and the web page list what is left; at last: evsed settings set set_up=Done")


def _stored(directory: Path) -> Settings | None:
    """The owner settings as they are kept, or their last good copy. Raises PermissionError."""
    for name in ("settings.json", "settings.json.previous"):
        try:
            return decode((directory / name).read_text(encoding="utf-8")).saved.settings
        except (FileNotFoundError, DamagedError, UnicodeDecodeError):
            continue
    return None


# ---- buttons, switch and light ----

_TOUCHED: Final = (
    "button_left",
    "button_middle",
    "button_right",
    "switch",
    "led_red",
    "led_green",
    "led_blue",
    "buzzer",
)


def _is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def panel(wiring: Wiring, there: Callable[[str], bool] = _is_there) -> Iterator[Finding]:
    """Whether the packages are there through which buttons, switch and light are reached."""
    if all(getattr(wiring.pins, name) is None for name in _TOUCHED):
        yield ok("the board has no buttons, no switch and no light")
        return
    factory = wiring.pin_factory
    missing = [package for package in ("gpiozero", factory) if not there(package)]
    if missing:
        told = f"buttons, switch and light do not work: the Python package {' and '.join(missing)} is missing"
        yield wrong(told, f"{install(missing)}, and then sudo systemctl restart evsed")
    else:
        yield ok(f"buttons, switch and light are reached through {factory}, which is there")
