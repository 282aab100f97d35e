"""What people at the unit see of its buttons and menu: a part of the Snapshot."""

from dataclasses import dataclass
from typing import Final

from evsed.core.events import Button
from evsed.core.settings import Settings
from evsed.core.units import Millis

EXIT: Final = "exit"
"""The key of the menu's last item, which is no setting."""


@dataclass(frozen=True, slots=True)
class MenuView:
    """The open menu: where in it somebody is, and what leaving it by EXIT would store."""

    key: str  # of the setting that is shown, or EXIT
    draft: Settings  # the settings in force, with what was changed in the menu
    editing: bool = False  # < and > change the value
    digits: str = ""  # while a PIN is entered: those that were chosen so far
    told: str = ""  # why EXIT or o was refused; empty: it was not
    since: Millis = 0  # when this item came up
    installer_pin: bool = False  # one was chosen in the menu, or none (0), and EXIT hands it on


@dataclass(frozen=True, slots=True)
class PanelView:
    """The buttons' side of the unit."""

    holding: Button | None = None  # held on the main screen, and not yet long enough
    ripe: bool = False  # ... long enough: it does its work when it is let go
    menu: MenuView | None = None
    card_says: str = ""  # what came of a card that was read a moment ago


NO_PANEL: Final = PanelView()
