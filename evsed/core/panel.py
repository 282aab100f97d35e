"""The people's side of the unit that decides nothing about charging: light, buttons, menu, custom button, last card.

Owns these, and what of them is shown; what a button does on the main screen is access.py's and operating.py's, what a
card does reader.py's.
"""

from typing import TypeAlias, assert_never

from evsed.core.buttons import HOLD_MS, Buttons, Done, Press, RemoteButtons
from evsed.core.events import Button, Light, PressButton, PressCustomButton
from evsed.core.menu_walk import Ground, MenuWalk
from evsed.core.panel_view import PanelView
from evsed.core.units import Millis, seconds_left

LIGHT_MS = 120_000
SEEN_MS = 2_000
"""So long after an error has taken the menu's place keys do nothing: who walked through it has not read that yet."""

CARD_SHOWN_MS = 5_000
"""How long the LCD says what came of a card."""

CARD_TOLD_MS = 15_000
"""How long clients are told, some of which look every 10 s."""

Touch: TypeAlias = PressCustomButton | PressButton | Light


class Panel:
    """What people see and touch, as far as it is remembered."""

    def __init__(self) -> None:
        self.custom_button = False
        self.card = ""  # the UID last read, in hexadecimal
        self._card_says = ""
        self._card_at: Millis = 0
        self._light_until: Millis | None = None
        self._connected: bool | None = None
        self._startled_until: Millis | None = None
        self._here = Buttons()
        self._afar = RemoteButtons()
        self.menu = MenuWalk()

    def take(self, touch: Touch, now: Millis) -> None:
        """Carries ``touch`` out."""
        match touch:
            case PressCustomButton(on):
                self.custom_button = on
            case PressButton():
                self._afar.take(touch, now)
            case Light(on):
                self.light(on, now)
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
            card_says=self._card_within(CARD_SHOWN_MS, now),
        )

    def card_read(self, uid: str, says: str, now: Millis) -> None:
        """The reader has read the card ``uid``, and ``says`` what came of it."""
        self.card = uid
        self.card_said(says, now)
        self.light(True, now)

    def card_said(self, says: str, now: Millis) -> None:
        """The reader ``says`` something for a while."""
        self._card_says, self._card_at = says, now

    def card_text(self, now: Millis) -> str:
        """What the reader says to clients; empty when it has nothing to say."""
        return self._card_within(CARD_TOLD_MS, now)

    def _card_within(self, ms: Millis, now: Millis) -> str:
        return self._card_says if self._card_says and now - self._card_at < ms else ""
