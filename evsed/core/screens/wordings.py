"""What the LCD says for each reason not to charge: as large words, and as the bottom line of the energy flow.

Owns the table; which of the two is shown is main.py's. A reason that is not in it is shown with its own text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from types import MappingProxyType
from typing import Final

from evsed.core import reader, reasons
from evsed.core.faults import Fault
from evsed.core.reasons import Reason
from evsed.core.schedule import clock_text
from evsed.core.screens.around import Around
from evsed.core.screens.figures import clock, countdown
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.units import Millis, seconds_left

LARGE_MOST: Final = 10
SMALL_MOST: Final = 16
LINE_MOST: Final = 12
"""Characters of a large word, of a small one, and of the flow's bottom line."""

_LARGE_LINES = 2
_SMALL_LINES = 4


@dataclass(frozen=True, slots=True)
class Wording:
    """``words`` for the whole picture; ``line``: the same under the energy flow, one after the other.

    ``line`` is empty where a picture of what flows would not help: then the words are shown in every mode.
    """

    words: tuple[str, ...]
    line: tuple[str, ...] = ()

    def counting(self, left: str) -> "Wording":
        """With what is left of a wait behind the last word, or below it where that is too long."""
        if not left:
            return self
        most = LARGE_MOST if len(self.words) <= _LARGE_LINES else SMALL_MOST
        words = tuple(_behind(self.words, left, most))[:_SMALL_LINES]
        return Wording(words, tuple(_behind(self.line, left, LINE_MOST)) if self.line else ())


def _behind(texts: tuple[str, ...], left: str, most: int) -> Iterator[str]:
    yield from texts[:-1]
    together = f"{texts[-1]} {left}"
    yield from (together,) if len(together) <= most else (texts[-1], left)


def _both(*words: str) -> Wording:
    return Wording(words, words)


NOT_SAID = Reason("not_said", "")

WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        "not_set_up": Wording(("NOT SET UP",)),
        "no_car": Wording(("READY TO", "CHARGE"), ("READY",)),
        "card": Wording(("PRESENT", "RFID CARD")),
        "access_denied": Wording(("ACCESS", "DENIED")),
        "paused": Wording(("PAUSE",)),
        "leaving": Wording(("SOFTWARE", "STOPS")),
        "car_not_ready": _both("WAITING", "FOR CAR"),
        "not_measured": _both("WAITING", "FOR METER"),
        "ventilation": Wording(("CAR ASKS FOR", "VENTILATION:", "THERE IS NONE")),
        "closing": _both("LOCKING,", "TESTING"),
        "asking_master": _both("WAITING", "FOR MASTER"),
        "nothing_offered": _both("NO CURRENT", "OFFERED"),
        "no_cable": Wording(("CHECK", "CABLE PLUG")),
        "no_rcm": Wording(("NO RESIDUAL", "CURRENT MONITOR", "IS WIRED: CHECK", "MENU, RCMON")),
        "pilot_by_hand": Wording(("PILOT BY", "HAND")),
        "stopped_by_switch": Wording(("STOPPED BY", "SWITCH")),
        "limited_outside": Wording(("LIMITED BY", "PROGRAM")),
        "waking_car": _both("WAKING", "CAR"),
        "contactor_rest": _both("CONTACTOR", "RESTS"),
        "switching_phases": _both("CHANGING", "PHASES"),
        "stopping": _both("STOPPING"),
        "charge_delay": Wording(("READY TO", "CHARGE"), ("READY",)),
        "pilot_restart": _both("PREPARING"),
        Fault.NO_POWER.value.code: _both("WAITING", "FOR POWER"),
        Fault.NO_SUN.value.code: _both("WAITING", "FOR SOLAR"),
        Fault.PILOT.value.code: Wording(("CHECK", "CABLE")),  # not yet an error: nothing is energised
    }
)
"""By the reason's code; ``delayed`` has no row, because its words are a time."""

BY_MASTER = _both("NO CURRENT", "BY MASTER")
HELD_UP = Wording(("ONE MOMENT", "PLEASE"))

CARD_WORDS: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        reader.INVALID: Wording(("INVALID", "RFID CARD")),
        reader.STORED: Wording(("CARD", "STORED")),
        reader.DELETED: Wording(("CARD", "DELETED")),
        reader.KNOWN: Wording(("CARD WAS", "STORED", "ALREADY")),
        reader.NOT_KNOWN: Wording(("CARD IS", "NOT STORED")),
        reader.FULL: Wording(("CARD LIST", "IS FULL")),
    }
)
"""For a moment after a card was read, by what the reader says; what a card starts or stops is seen without words."""


def wording(snapshot: Snapshot, around: Around, now: Millis) -> Wording:
    """What is said for the Snapshot's reason."""
    reason = snapshot.reason or NOT_SAID
    if reason.code == "delayed":
        return _delayed(snapshot, around, now)
    found = _special(reason, snapshot) or WORDINGS.get(reason.code) or _unforeseen(reason)
    return found.counting(countdown(seconds_left(reason.until, now)))


def _special(reason: Reason, snapshot: Snapshot) -> Wording | None:
    """Where the code alone does not say enough."""
    match reason.code:
        case "no_car":
            return Wording(WORDINGS["no_car"].words, (f"{snapshot.mode.name} READY",))
        case "nothing_offered" if snapshot.settings.loadbl > 1:
            return BY_MASTER
        case "switching_phases":
            return _change_of_phases(snapshot)
        case _:
            return HELD_UP if held_up(reason) else None


def held_up(reason: Reason | None) -> bool:
    """Whether the pilot is not faulty, but was not looked at for a moment."""
    return reason is not None and reason.text == reasons.of_fault(Fault.PILOT, held_up=True).text


def _change_of_phases(snapshot: Snapshot) -> Wording | None:
    before = snapshot.charged_with
    after = 4 - snapshot.phases if snapshot.state is State.C1 else snapshot.phases
    return None if before in {None, after} else _both(f"{before}P -> {after}P")


def _delayed(snapshot: Snapshot, around: Around, now: Millis) -> Wording:
    """The time on the wall when charging begins, and the day when it is not within one."""
    start_s, unix_s = snapshot.timer.start_s, snapshot.unix_at(now)
    if start_s is None:
        return Wording(("WAITING", "FOR TIMER"))
    if unix_s is None:
        minute = around.calendar.local(start_s)[1]
        return Wording(("STARTING @", clock(minute), "BUT THE CLOCK", "IS NOT SET"))
    time, _, day = clock_text(start_s, unix_s, around.calendar).partition(" ")
    return Wording(("STARTING @", time, day.upper()) if day else ("STARTING @", time))


def _unforeseen(reason: Reason) -> Wording:
    """A reason with its own text, of which there is room for the beginning."""
    return Wording(("NOT", "CHARGING", *wrap(reason.text, SMALL_MOST)[: _SMALL_LINES - 2]))
