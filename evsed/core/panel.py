"""The people's side of the unit that decides nothing about charging: light, buttons, menu, custom button, last card.

Owns these, and what of them is shown; what a button does on the main screen is access.py's and operating.py's.
"""

import re
from typing import TypeAlias, assert_never

from evsed.core.buttons import HOLD_MS, Buttons, Done, Press, RemoteButtons
from evsed.core.events import Button, Light, PressButton, PressCustomButton, SwipeCard
from evsed.core.menu_walk import Ground, MenuWalk
from evsed.core.panel_view import PanelView
from evsed.core.units import Millis, seconds_left

LIGHT_MS = 120_000
SEEN_MS = 2_000
"""So long after an error has taken the menu's place keys do nothing: who walked through it has not read that yet."""

REFUSED_MS = 5_000
"""How long a card that is not taken is told."""

_UID = re.compile(r"[0-9A-Fa-f]{12}([0-9A-Fa-f]{2})?")
_READY = "Ready to read card"
_CARD_TEXTS = ("Not Installed", "Invalid", "Invalid", "", "Card not in storage", "Card not in storage")
_REFUSED = "Invalid"
_LEARN = 3

Touch: TypeAlias = PressCustomButton | PressButton | Light | SwipeCard


class Panel:
    """What people see and touch, as far as it is remembered."""

    def __init__(self) -> None:
        self.custom_button = False
        self.card = ""  # the UID last read, in hexadecimal
        self._card_text = _READY
        self._light_until: Millis | None = None
        self._refused_until: Millis | None = None
        self._connected: bool | None = None
        self._startled_until: Millis | None = None
        self._here = Buttons()
        self._afar = RemoteButtons()
        self.menu = MenuWalk()

    def take(self, touch: Touch, reader: int, now: Millis) -> str:
        """Carries ``touch`` out, with a card reader in mode ``reader``; why that is refused, or empty."""
        match touch:
            case PressCustomButton(on):
                self.custom_button = on
                return ""
            case PressButton():
                self._afar.take(touch, now)
                return ""
            case Light(on):
                self.light(on, now)
                return ""
            case SwipeCard(uid):
                return self._swipe(uid, reader, now)
            case _:
                assert_never(touch)

    def light(self, on: bool, now: Millis) -> None:
        """The backlight for its usual time, or off."""
        self._light_until = now + LIGHT_MS if on else None

    def car(self, connected: bool, now: Millis) -> None:
        """Whether a car hangs on the charger: who plugs it in or out wants to see what comes of that."""
        if self._connected is not None and connected != self._connected:
            self.light(True, now)
        self._connected = connected

    def light_s(self, now: Millis) -> int:
        """How long the backlight stays on; 0 while it is off."""
        return seconds_left(self._light_until, now)

    def feed(self, down: frozenset[Button] | None, now: Millis) -> Done:
        """What the buttons did since the last call, here (``down`` now) and far away; the menu's time passes."""
        self.menu.step(now)
        return self._here.feed(down, now) + self._afar.feed(now)

    def startle(self, now: Millis) -> None:
        """Something has come up that the next key may reset: whoever is at the keys has to see it first."""
        if self.menu.is_open:
            self._startled_until = now + SEEN_MS
        self.menu.close()
        for press in self._presses:
            press.spend()

    def startled(self, now: Millis) -> bool:
        """Whether keys are still those of somebody who was in the menu."""
        return seconds_left(self._startled_until, now) > 0

    @property
    def _presses(self) -> list[Press]:
        return [*self._here.presses.values(), *self._afar.presses]

    def view(self, ground: Ground, now: Millis) -> PanelView:
        """What is shown of all this."""
        menu = self.menu.view(ground)
        last = None if menu else next((press for press in reversed(self._presses) if press.hint(now)), None)
        return PanelView(
            holding=None if last is None else last.button,
            ripe=last is not None and now - last.since > HOLD_MS,
            menu=menu,
            card_refused=seconds_left(self._refused_until, now) > 0,
        )

    def _swipe(self, uid: str, reader: int, now: Millis) -> str:
        if not _UID.fullmatch(uid):
            return "a card's number is 12 or 14 hexadecimal digits"
        if reader == 0:
            return "no card reader is switched on: choose one under RFID first"
        if reader == _LEARN:
            return "this version cannot store cards yet"
        self.card = uid.upper()
        self._card_text = _CARD_TEXTS[reader]
        self._refused_until = now + REFUSED_MS if self._card_text == _REFUSED else None
        self.light(True, now)
        return ""

    def card_text(self, reader: int) -> str:
        """What the reader says, for clients."""
        return _CARD_TEXTS[0] if reader == 0 else self._card_text
