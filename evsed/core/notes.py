"""The log lines that the core writes for the owner."""

from evsed.core.actions import Note, Severity
from evsed.core.faults import Fault
from evsed.core.model import Access, MeterHealth
from evsed.core.reasons import of_fault
from evsed.core.states import State, Transition


def fault_changed(fault: Fault, health: MeterHealth | None, *, there: bool, node: bool, held_up: bool) -> Note:
    """A fault came or went, here or on a ``node``; ``health`` is that of the meter it is about.

    ``held_up``: of the pilot, that it was not looked at.
    """
    if not there:
        return Note(Severity.INFO, f"{fault.value.text}: over")
    where = "" if health is None else f" ({health.where}: {health.last_error or 'no answer'})"
    return Note(Severity.ERROR, f"{fault.value.text}: {of_fault(fault, node=node, held_up=held_up).text}{where}")


def moved(row: Transition, worst: Fault | None, *, limited: bool) -> Note:
    """The charger took ``row`` of the table, while ``worst`` was its most severe fault.

    ``limited``: the limit of a program outside held charging back.
    """
    cause = worst.value.text if worst is not None else "limited by an outside program" if limited else ""
    why = f" ({cause})" if cause and row.target in {State.B1, State.C1} else ""
    return Note(Severity.INFO, f"state {row.source.name} to {row.target.name}: {row.trigger.value}{why}")


def plug_in_over() -> Note:
    """Access went off because it was meant for another plug-in, or none came."""
    return Note(Severity.INFO, "access is off: it was for one car, which is not here any more, or did not come")


def timer_moved(access: Access) -> Note:
    """Delayed charging has switched access."""
    what = "begins: access is on" if access is Access.ALLOW else "has ended: access is off"
    return Note(Severity.INFO, f"delayed charging {what}")
