"""What other chargers say, on its way into the core.

Owns who is told what: a master's book is sharing.py's, a node's obedience node.py's.
"""

from typing import TYPE_CHECKING, assert_never

from evsed.core.actions import Action, Note, Severity
from evsed.core.events import ChangeSetting, MeterRead
from evsed.core.model import MeterRole
from evsed.core.setting import Value
from evsed.core.units import Millis
from evsed.core.wire import MasterOffered, MasterSet, MasterTold, NodeHeard, NodeMetered, NodeSilent, WireEvent

if TYPE_CHECKING:
    from evsed.core.controller import Controller


def heard(core: "Controller", event: WireEvent, now: Millis) -> list[Action]:
    """Another charger of the group was heard, or was not."""
    group, node = core.regulation.group, core.regulation.node
    match event:
        case NodeHeard():
            group.heard(event)
        case NodeSilent():
            group.silent(event, now)
        case NodeMetered():
            group.metered(event, now)
        case MasterTold():
            node.told(event, core.charger.state, now)
            return _set(core, "the master", (("mode", event.mode),), now)
        case MasterOffered(mains=mains):
            node.offered(event, now)
            if mains is not None:
                core.regulation.metering.take(MeterRead(MeterRole.MAINS, mains), now)
        case MasterSet(values):
            return _set(core, "the master", values, now)
        case _:
            assert_never(event)
    return []


def followed(core: "Controller", now: Millis) -> list[Action]:
    """What a node's owner has chosen there counts for the group."""
    return _set(core, "a node", (("mode", core.regulation.group.telling.take_wish()),), now)


def _set(core: "Controller", who: str, values: tuple[tuple[str, Value | None], ...], now: Millis) -> list[Action]:
    """Another charger says how our settings have to be; what is so already is not touched."""
    notes: list[Action] = []
    for key, value in values:
        if value is not None and value != core.desk.settings[key]:
            refused = core.command(ChangeSetting(key, value), now).refused
            notes += [Note(Severity.WARNING, f"{who}: {refused}")] if refused else []
    return notes
