"""The mode that a button's gesture chooses on the main screen."""

from evsed.core.buttons import Gesture
from evsed.core.events import Button
from evsed.core.model import Access, Mode, ModeChoice, choice_of


def chosen(button: Button, gesture: Gesture, mode: Mode, access: Access) -> ModeChoice | None:
    """What a gesture chooses: held left OFF, held right on again, short left the other of Smart and Solar."""
    if gesture is Gesture.HELD and button is Button.LEFT:
        return ModeChoice.OFF
    if gesture is Gesture.HELD and button is Button.RIGHT:
        return choice_of(mode, Access.ALLOW)
    if gesture is Gesture.SHORT and button is Button.LEFT and access is Access.ALLOW:
        return {Mode.SMART: ModeChoice.SOLAR, Mode.SOLAR: ModeChoice.SMART}.get(mode)
    return None
