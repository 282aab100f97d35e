"""Settings that the board cannot carry out, because what they are about is not fitted.

Owns which these are and what becomes of them; refusing a change is commands.py's, holding back the controller's.
"""

from evsed.core.actions import Note, Severity
from evsed.core.model import Contactor2, Equipment
from evsed.core.settings import Settings

NO_MONITOR = "RCMON is on, but no residual current monitor is wired: name its line, board.pins.rcm in evsed.toml"
_NO_BOARD = "SET UP can be Done only after [board] in evsed.toml says which board this is and how it is wired"
_NO_LOCK = "LOCK needs the lines of a lock: board.pins.lock and board.pins.unlock in evsed.toml are off"
_NO_CONTACTOR = "CONTACT 2 needs the line of a second contactor: board.pins.contactor2 in evsed.toml is off"


def missing(settings: Settings, equipment: Equipment) -> dict[str, str]:
    """The keys of ``settings`` that ``equipment`` cannot carry out, each with what the owner is told."""
    if not equipment.described:
        return {"set_up": _NO_BOARD} if settings.set_up else {}
    wrong = {}
    if settings.rcmon and not equipment.rcm:
        wrong["rcmon"] = NO_MONITOR
    if settings.lock and not equipment.lock:
        wrong["lock"] = _NO_LOCK
    if settings.enable_C2 != Contactor2.NOT_PRESENT and not equipment.contactor2:
        wrong["enable_C2"] = _NO_CONTACTOR
    return wrong


def carried_out(settings: Settings, equipment: Equipment) -> tuple[Settings, list[Note]]:
    """Stored ``settings`` as they can be, with a warning for each that cannot.

    A lock or contactor that is not there is set to "not fitted". A monitor is not: who wants residual currents watched
    gets no charging without that. Of a board that nobody has described nothing is known, and so all stays as it is.
    """
    if not equipment.described:
        return settings, []
    notes = []
    for key, text in missing(settings, equipment).items():
        if key == "rcmon":
            notes.append(Note(Severity.WARNING, f"{text}, or switch RCMON off. Nothing charges until then"))
        else:
            settings = settings.replace(key, 0)
            notes.append(Note(Severity.WARNING, f"{text}. The setting is {settings.names()[key]} from now on"))
    return settings, notes
