"""What must hold with a card reader, whatever happened: nobody charges on what another car was allowed.

Like the judge of invariants.py it knows the rule, and not how the core keeps it.
"""

from evsed.core.actions import Action, CloseContactors
from evsed.core.controller import Controller
from evsed.core.events import ChooseMode, Command, DelayedCharging, SwipeCard
from evsed.core.model import Access, ModeChoice
from evsed.core.pilot import CONNECTED, Level
from evsed.core.states import State
from evsed.core.units import Millis

ALONE_MS = 60_000


class PlugIn:
    """Judges one controller; ``allowed``: when somebody last let a car charge that is, or may be, the one there."""

    def __init__(self, core: Controller) -> None:
        self.core = core
        self.allowed: Millis | None = None
        self.plugged: bool | None = None

    def heard(self, command: Command, now: Millis) -> None:
        """A command was accepted."""
        if isinstance(command, ChooseMode | DelayedCharging | SwipeCard):
            self.allowed = None if command == ChooseMode(ModeChoice.OFF) else now

    def after(self, actions: list[Action], now: Millis) -> None:
        """Judges what the core made of an event."""
        before, desk = self.plugged, self.core.desk
        if self.core.level is Level.UNPLUGGED:
            self.plugged = False
        elif self.core.charger.state is not State.A or self.core.level in CONNECTED:
            self.plugged = True
        tied = desk.settings.rfidreader != 0
        if not tied:
            self.allowed = now  # until a reader is switched on, and for the car that is there then
        else:
            in_time = self.allowed is not None and now - self.allowed <= ALONE_MS
            self.allowed = self.allowed if self.plugged or (in_time and not before) else None
        if self.allowed is None:
            assert not any(isinstance(action, CloseContactors) for action in actions), "closed for a car nobody allowed"
        if self.allowed is None and self.plugged:
            assert desk.access is not Access.ALLOW, "access is on for another car"
            assert not desk.cards.holder, "a card holds what another car draws"
        assert not tied or not desk.cards.holder or desk.cards.grant.given
        assert not tied or desk.access is not Access.ALLOW or desk.cards.grant.given
