"""The people's side of the unit that decides nothing about charging: light, remote buttons, custom button, last card.

Owns these four; what a button does on the main screen is access.py's and operating.py's.
"""

import re
from typing import TypeAlias, assert_never

from evsed.core.access import HOLD_MS, Gesture
from evsed.core.events import Button, Light, PressButton, PressCustomButton, SwipeCard
from evsed.core.units import Millis, seconds_left

LIGHT_MS = 120_000
LOST_MS = 10_000
"""A remote press that is not released by then meant nothing: its client has gone away."""

_UID = re.compile(r"[0-9A-Fa-f]{12}([0-9A-Fa-f]{2})?")
_READY = "Ready to read card"
_CARD_TEXTS = ("Not Installed", "Invalid", "Invalid", "", "Card not in storage", "Card not in storage")
_LEARN = 3

Touch: TypeAlias = PressCustomButton | PressButton | Light | SwipeCard


class Panel:
    """What people see and touch, as far as it is remembered."""

    def __init__(self) -> None:
        self.custom_button = False
        self.card = ""  # the UID last read, in hexadecimal
        self._card_text = _READY
        self._light_until: Millis | None = None
        self._pressed_at: dict[Button, Millis] = {}
        self._gestures: list[tuple[Button, Gesture]] = []

    def take(self, touch: Touch, reader: int, now: Millis) -> str:
        """Carries ``touch`` out, with a card reader in mode ``reader``; why that is refused, or empty."""
        match touch:
            case PressCustomButton(on):
                self.custom_button = on
                return ""
            case PressButton(button, pressed):
                self._press(button, pressed, now)
                return ""
            case Light(on):
                self.light(on, now)
                return ""
            case SwipeCard(uid):
                return self._swipe(uid, reader)
            case _:
                assert_never(touch)

    def light(self, on: bool, now: Millis) -> None:
        """The backlight for its usual time, or off."""
        self._light_until = now + LIGHT_MS if on else None

    def light_s(self, now: Millis) -> int:
        """How long the backlight stays on; 0 while it is off."""
        return seconds_left(self._light_until, now)

    def _press(self, button: Button, pressed: bool, now: Millis) -> None:
        """What a remote press meant is known at its release: one that gets lost must not become a held button."""
        if pressed:
            self._pressed_at[button] = now
            self._gestures.append((button, Gesture.PRESSED))
            return
        since = self._pressed_at.pop(button, None)
        if since is not None and now - since < LOST_MS:
            self._gestures.append((button, Gesture.HELD if now - since > HOLD_MS else Gesture.SHORT))

    def take_gestures(self) -> list[tuple[Button, Gesture]]:
        """What remote buttons did since the last call."""
        gestures, self._gestures = self._gestures, []
        return gestures

    def _swipe(self, uid: str, reader: int) -> str:
        if not _UID.fullmatch(uid):
            return "a card's number is 12 or 14 hexadecimal digits"
        if reader == 0:
            return "no card reader is switched on: choose one under RFID first"
        if reader == _LEARN:
            return "this version cannot store cards yet"
        self.card = uid.upper()
        self._card_text = _CARD_TEXTS[reader]
        return ""

    def card_text(self, reader: int) -> str:
        """What the reader says, for clients."""
        return _CARD_TEXTS[0] if reader == 0 else self._card_text
