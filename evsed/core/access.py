"""The three buttons' gestures. What a gesture does is the controller's; the menu is a later owner of them."""

from enum import Enum

from evsed.core.events import Button
from evsed.core.units import Millis

HOLD_MS = 2_000


class Gesture(Enum):
    """What a button did."""

    PRESSED = "pressed"
    SHORT = "released before 2 s"
    HELD = "held for more than 2 s"


class Buttons:
    """Turns levels into gestures; each press gives PRESSED, then either SHORT or HELD, once."""

    def __init__(self) -> None:
        self._down_since: dict[Button, Millis] = {}
        self._held: set[Button] = set()

    def feed(self, down: frozenset[Button], now: Millis) -> list[tuple[Button, Gesture]]:
        """The gestures that became complete with this look at the buttons."""
        gestures: list[tuple[Button, Gesture]] = []
        for button in Button:
            since = self._down_since.get(button)
            if button in down:
                if since is None:
                    self._down_since[button] = now
                    gestures.append((button, Gesture.PRESSED))
                elif button not in self._held and now - since > HOLD_MS:
                    self._held.add(button)
                    gestures.append((button, Gesture.HELD))
            elif since is not None:
                del self._down_since[button]
                if button not in self._held:
                    gestures.append((button, Gesture.SHORT))
                self._held.discard(button)
        return gestures
