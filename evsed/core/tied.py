"""What hangs on one plug-in: whom access is for, and whether the cable is locked.

Reads the controller's parts, and sets the desk's access. How long a grant counts is grant.py's, how the lock moves
lock.py's.
"""

from typing import TYPE_CHECKING

from evsed.core import notes
from evsed.core.actions import Action
from evsed.core.faults import Fault
from evsed.core.pilot import CONNECTED, Level
from evsed.core.reader import Reader
from evsed.core.states import CLOSED, State
from evsed.core.units import Millis

if TYPE_CHECKING:
    from evsed.core.controller import Controller


def to_car(core: "Controller", now: Millis) -> list[Action]:
    """With a card reader, what a card or somebody else let one car do is not for the next one."""
    desk, before = core.desk, core.desk.access
    desk.access = desk.cards.grant.step(before, _car(core), now, tied=bool(desk.settings.rfidreader))
    return [] if desk.access is before else [notes.plug_in_over()]


def _car(core: "Controller") -> bool | None:
    """Whether a car is there; None while nobody can say: a pilot that is faulty is no unplugging."""
    if core.level is Level.UNPLUGGED:
        return False
    return True if core.charger.state is not State.A or core.level in CONNECTED else None


def lock_wanted(core: "Controller") -> bool | None:
    """Whether the cable is to be locked; None before anybody has seen whether a car is there: it stays as it is."""
    if not core.connected and core.pilot.level is None:
        return None
    stays = bool(core.desk.settings.cablelock) and core.cable.limit > 0
    return stays or (core.connected and not _cable_is_free(core))


def _cable_is_free(core: "Controller") -> bool:
    """With EnableOne the cable of a car that nobody has let charge may be pulled, once nothing flows in it."""
    energised = core.charger.state in CLOSED or core.outputs.contactor1 or Fault.WELDED in core.faults
    one = core.desk.settings.rfidreader == Reader.ENABLE_ONE
    return one and not core.desk.cards.grant.valid and not energised
