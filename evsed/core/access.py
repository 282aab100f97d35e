"""The three buttons: gestures, and the mode that a gesture chooses on the main screen."""

from enum import Enum

from evsed.core.events import Button
from evsed.core.model import Access, Mode, ModeChoice, choice_of
from evsed.core.units import Millis

HOLD_MS = 2_000


class Gesture(Enum):
    """What a button did."""

    PRESSED = "pressed"
    SHORT = "released before 2 s"
    HELD = "held for more than 2 s"


class Buttons:
    """Turns levels into gestures; each press gives PRESSED, then either SHORT or HELD, once.

    A button that is down when it is first looked at was found so, not pressed: a stuck one means nothing until it has
    been released, whatever is started again meanwhile.
    """

    def __init__(self) -> None:
        self._down_since: dict[Button, Millis] = {}
        self._held: set[Button] = set()
        self._seen = False

    def feed(self, down: frozenset[Button] | None, now: Millis) -> list[tuple[Button, Gesture]]:
        """The gestures that became complete with this look at the buttons.

        None: nobody can read them now. Every press that was under way is forgotten, and the next look is a first one.
        """
        if down is None or not self._seen:
            self._seen = down is not None
            self._held = set(down or ())
            self._down_since = dict.fromkeys(self._held, now)
            return []
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

    def spend(self, button: Button) -> None:
        """The press that is under way has done its work: its release means nothing more."""
        self._held.add(button)


def chosen(button: Button, gesture: Gesture, mode: Mode, access: Access) -> ModeChoice | None:
    """What a gesture chooses: held left OFF, held right on again, short left the other of Smart and Solar."""
    if gesture is Gesture.HELD and button is Button.LEFT:
        return ModeChoice.OFF
    if gesture is Gesture.HELD and button is Button.RIGHT:
        return choice_of(mode, Access.ALLOW)
    if gesture is Gesture.SHORT and button is Button.LEFT and access is Access.ALLOW:
        return {Mode.SMART: ModeChoice.SOLAR, Mode.SOLAR: ModeChoice.SMART}.get(mode)
    return None
