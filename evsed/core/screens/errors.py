"""What the LCD says for each error: what is wrong, and what to do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from evsed.core.faults import Fault
from evsed.core.model import MeterType
from evsed.core.screens.figures import countdown
from evsed.core.screens.screen import Words
from evsed.core.screens.wordings import held_up
from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis, seconds_left

PAGE_MS: Final[Millis] = 2_000
"""Where there is more to say than fits, for so long each."""

ERRORS: Final[Mapping[Fault, tuple[str, ...]]] = MappingProxyType(
    {
        Fault.METER_LOST: ("ERROR NO", "SERIAL COM", "CHECK", "WIRING"),
        Fault.CIRCUIT_METER_LOST: ("NO DATA FROM", "CIRCUIT METER", "CHECK", "WIRING"),
        Fault.TEMPERATURE: ("HIGH TEMP", "ERROR", "CHARGING", "STOPPED"),
        Fault.EV_METER_LOST: ("NO DATA FROM", "EV METER", "CHECK", "WIRING"),
        Fault.OVERDRAW: ("CAR DRAWS MORE", "THAN IT MAY", "CHARGING", "STOPPED"),
        Fault.LOCK_FAILED: ("CABLE LOCK", "DOES NOT MOVE", "CHECK POSITION", "OF THE PLUG"),
        Fault.CONTACTOR_FAILED: ("CONTACTOR DOES", "NOT CLOSE", "IF THIS STAYS", "CALL ELECTRICIAN"),
        Fault.PILOT: ("PILOT SIGNAL", "IS FAULTY", "CHECK CABLE", "AND PLUG"),
        Fault.DIODE: ("DIODE IN CAR", "IS NOT SEEN", "UNPLUG, CHECK", "CABLE AND PLUG"),
        Fault.RCM: ("RESIDUAL", "FAULT", "CURRENT", "DETECTED"),
        Fault.WELDED: ("CONTACTOR", "DOES NOT OPEN", "SWITCH FUSE OFF", "CALL ELECTRICIAN"),
    }
)

PRESS_BUTTON: Final = ("PRESS", "BUTTON", "TO", "RESET")
STILL_THERE: Final = ("NOT YET:", "THE MONITOR", "STILL SIGNALS", "A FAULT")
MASTER_LOST: Final = ("MASTER IS SILENT", "OR HAS NO METER", "CHECK MASTER", "AND WIRING")
NO_METER: Final = ("NO MAINS METER", "IS CHOSEN", "SEE MAINS MET", "IN THE MENU")
HELD_UP: Final = ("CHARGER WAS", "HELD UP", "ONE MOMENT", "PLEASE")

_METERS: Final = {
    Fault.METER_LOST: ("mains_meter", "MAINS METER"),
    Fault.CIRCUIT_METER_LOST: ("circuit_meter", "CIRCUIT METER"),
    Fault.EV_METER_LOST: ("ev_meter", "EV METER"),
}
_NOT_SERIAL: Final = {MeterType.HOMEWIZARD: "NETWORK", MeterType.API: "ITS PROGRAM"}
"""Meters that no wire leads to, with what is to be looked at."""


def words(fault: Fault, snapshot: Snapshot, now: Millis) -> Words:
    """The error that the whole picture is about at ``now``."""
    pages = [_page(fault, snapshot)]
    if fault is Fault.RCM:
        pages += [PRESS_BUTTON, *([STILL_THERE] if snapshot.residual_signal else [])]
    reason = snapshot.reason
    if reason is not None and reason.code == fault.value.code and (left := seconds_left(reason.until, now)):
        pages.append(("NEXT TRY", f"IN {countdown(left)}"))
    return Words(pages[now // PAGE_MS % len(pages)])


def _page(fault: Fault, snapshot: Snapshot) -> tuple[str, ...]:
    if fault in _METERS:
        return _silent(fault, snapshot)
    if fault is Fault.PILOT and held_up(snapshot.reason):
        return HELD_UP
    return ERRORS[fault]


def _silent(fault: Fault, snapshot: Snapshot) -> tuple[str, ...]:
    key, name = _METERS[fault]
    kind = snapshot.settings[key]
    if fault is Fault.METER_LOST and snapshot.settings.loadbl > 1:
        return MASTER_LOST
    if fault is Fault.METER_LOST and kind == MeterType.DISABLED:
        return NO_METER
    if isinstance(kind, int) and (look_at := _NOT_SERIAL.get(MeterType(kind))):
        return ("NO DATA FROM", name, "CHECK", look_at)
    return ERRORS[fault]
