"""What the RGB LED shows: its colour at this moment, from the Snapshot alone.

Owns both schemes (LED MODE) and the patterns. Bringing it to the LED is the panel's.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

from evsed.core.model import Access, Mode
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.units import Millis

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0..255 each."""

Pattern: TypeAlias = Callable[[Millis], int]
"""The brightness (0..255) at a moment."""


class Scheme(IntEnum):
    """LED MODE; the numbers are those of the setting."""

    STANDARD = 0
    PUBLIC = 1


DARK: Colour = (0, 0, 0)
RED: Colour = (255, 0, 0)
GREEN: Colour = (0, 255, 0)
BLUE: Colour = (0, 0, 255)
YELLOW: Colour = (255, 170, 0)

DIM = 40
FULL = 255
FLASH_MS = 400  # 2.5 flashes a second: seen at once, and below the 3 that may trouble people
BLINK_MS = 2_000
FADE_MS = 3_000


def dim(_now: Millis) -> int:
    """Nobody there, ready."""
    return DIM


def full(_now: Millis) -> int:
    """A car is there."""
    return FULL


def flash(now: Millis) -> int:
    """Something is wrong."""
    return FULL if now % FLASH_MS < FLASH_MS // 2 else 0


def blink(now: Millis) -> int:
    """A car waits for power, sun or its time, or the charger for whoever sets it up."""
    return FULL if now % BLINK_MS < BLINK_MS // 4 else 0


def fade(now: Millis) -> int:
    """A car is charging: up and down, evenly for the eye, which sees squares as even; never dark."""
    phase = now % FADE_MS
    rise = min(phase, FADE_MS - phase) * 2
    return max(10, FULL * rise * rise // (FADE_MS * FADE_MS))


def light(snapshot: Snapshot, now: Millis) -> Colour:
    """The LED's colour at ``now`` (ms of any steady clock: only differences count)."""
    hue, pattern = _shown(snapshot)
    brightness = pattern(now)
    red, green, blue = (part * brightness // FULL for part in hue)
    return red, green, blue


def _shown(snapshot: Snapshot) -> tuple[Colour, Pattern]:
    if snapshot.error is not None:
        return RED, flash
    if snapshot.access is Access.DENY and not snapshot.custom_button:
        return parse(snapshot.settings.color_off), full
    pattern = _pattern(snapshot)
    if snapshot.custom_button:
        return parse(snapshot.settings.color_custom), pattern
    if snapshot.settings.led_mode == Scheme.PUBLIC:
        return _public(snapshot, pattern), pattern
    settings = snapshot.settings
    hues = {Mode.NORMAL: settings.color_normal, Mode.SMART: settings.color_smart, Mode.SOLAR: settings.color_solar}
    return parse(hues[snapshot.mode]), pattern


def _pattern(snapshot: Snapshot) -> Pattern:
    if snapshot.access is Access.DENY:
        return full  # the custom button's colour alone: nothing charges
    if snapshot.state is State.C:
        return fade
    if snapshot.faults or snapshot.left_to_do or snapshot.state is State.B1:
        return blink
    return dim if snapshot.state is State.A else full


def _public(snapshot: Snapshot, pattern: Pattern) -> Colour:
    """Colours that strangers know from public chargers."""
    if pattern is blink:
        return YELLOW
    return GREEN if snapshot.state is State.A else BLUE


def parse(setting: str) -> Colour:
    """The colour that a setting ``R,G,B`` is; the settings' table has checked its form."""
    red, green, blue = (int(part) for part in setting.split(","))
    return red, green, blue
