"""What the LCD says while a button is held on the main screen: what will happen."""

from typing import Final, assert_never

from evsed.core.events import Button
from evsed.core.faults import Fault
from evsed.core.model import Access, MeterType, Mode
from evsed.core.schedule import NO_TIMER
from evsed.core.screens.screen import Words
from evsed.core.snapshot import Snapshot

HOLD: Final = "Hold 2 sec"
LET_GO: Final = "Let go"
ACCESS_ON: Final = Words(("ACCESS", "IS ON"))
LOCKED: Final = Words(("BUTTONS", "LOCKED"))

_DENIED = ("for ACCESS", "DENIED")
_DENIED_SHORT = ("for NO ACCESS",)
_OTHER = {Mode.SMART: "SOLAR", Mode.SOLAR: "SMART"}


def words(button: Button, snapshot: Snapshot, *, ripe: bool) -> Words:
    """``ripe``: it has been held for long enough, and does its work when it is let go."""
    if snapshot.settings.lcdlock:
        return LOCKED
    if button is Button.RIGHT and _lacks_meter(snapshot):
        return Words((f"{snapshot.mode.name} NEEDS A", "MAINS METER: SEE", "MAINS MET", "IN THE MENU"))
    if button is Button.RIGHT and snapshot.access is Access.ALLOW and snapshot.pilot_override is None:
        return ACCESS_ON
    return Words((LET_GO if ripe else HOLD, *_effect(button, snapshot, ripe=ripe)))


def _lacks_meter(snapshot: Snapshot) -> bool:
    """Whether the mode set before would be refused, as it would be to any client."""
    settings = snapshot.settings
    unmetered = settings.mains_meter == MeterType.DISABLED and settings.loadbl <= 1
    return unmetered and snapshot.mode is not Mode.NORMAL


def _effect(button: Button, snapshot: Snapshot, *, ripe: bool) -> tuple[str, ...]:
    match button:
        case Button.LEFT:
            return _off(snapshot, ripe=ripe)
        case Button.MIDDLE:
            return ("for MENU",)
        case Button.RIGHT:
            if snapshot.left_to_do:
                return ("for ACCESS ON,", "NOT SET UP YET", *_timer(snapshot))
            return ("to start in", f"{snapshot.mode.name} mode", *_timer(snapshot))
        case _:
            assert_never(button)


def _timer(snapshot: Snapshot) -> tuple[str, ...]:
    """What choosing a mode does to a timer."""
    return () if snapshot.timer == NO_TIMER else ("and no timer",)


def _off(snapshot: Snapshot, *, ripe: bool) -> tuple[str, ...]:
    """Held, it ends access; let go early, it chooses the other of Smart and Solar. Either way it forgets the timer."""
    timer = _timer(snapshot)
    if snapshot.access is not Access.ALLOW:
        return (*_DENIED, *timer)
    other = None if _lacks_meter(snapshot) or Fault.RCM in snapshot.faults else _OTHER.get(snapshot.mode)
    more = timer if ripe or other is None else (f"now for {other}", *timer)
    if snapshot.reason is None:
        return ("to STOP", *more)
    return (*(_DENIED if len(more) < 2 else _DENIED_SHORT), *more)
