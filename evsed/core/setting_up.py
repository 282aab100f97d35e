"""The first run: whether this charger may charge at all, and what an installer has left to do until then.

Owns the list, its order and its words. Refusing is asking.py's and safety.py's, saying Done a setting's (SET UP).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evsed.core import menu, reasons
from evsed.core.fitted import NO_MONITOR
from evsed.core.model import Equipment, MeterType
from evsed.core.reasons import Reason
from evsed.core.setting import NOTHING_OFFERED
from evsed.core.settings import TABLE, Settings


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``done`` None: no software can know it, somebody has to look. ``lcd``: the same in short."""

    code: str
    text: str
    done: bool | None
    lcd: tuple[str, ...]  # at most four lines of 16 characters


def is_set_up(settings: Settings, equipment: Equipment) -> bool:
    """Whether the installer has said that this charger is complete, or nobody has to say so."""
    return not equipment.needs_set_up or (equipment.described and bool(settings.set_up))


def reason(settings: Settings, equipment: Equipment) -> Reason | None:
    """Why nothing charges before it is set up; None once it is."""
    if is_set_up(settings, equipment):
        return None
    return reasons.NOT_SET_UP if equipment.described else reasons.NO_BOARD


def left_to_do(settings: Settings, equipment: Equipment, *, mains_answers: bool) -> tuple[Step, ...]:
    """The whole list in the order of work, done or not; empty once the charger is set up.

    ``mains_answers``: the currents of the mains are known now.
    """
    if is_set_up(settings, equipment):
        return ()
    return (
        Step(
            "board",
            "The board and its wiring are described in evsed.toml, below [board]",
            equipment.described,
            ("DESCRIBE BOARD", "IN EVSED.TOML,", "BELOW [BOARD]"),
        ),
        _cable(settings),
        Step(
            "max",
            f"MAX is {settings.current_max} A: cable, contactors and fuse of this charger bear that for hours",
            None,
            (f"MAX IS {settings.current_max}A:", "RIGHT FOR CABLE,", "CONTACTORS", "AND FUSE?"),
        ),
        *_mains(settings, mains_answers=mains_answers),
        *_circuit(settings),
        _second_contactor(settings, equipment),
        _residual_current(settings, equipment),
        _BENCH,
        _TRIAL,
        _LAST,
    )


_BENCH: Final = Step(
    "bench",
    "sudo evsed doctor finds nothing wrong, and the bench checklist is worked off as far as it goes before anything "
    "charges (bench-checklist.md, also in /usr/share/doc/evsed)",
    None,
    ("EVSED DOCTOR AND", "BENCH CHECKLIST,", "UP TO CHARGING:", "ALL WELL?"),
)
_TRIAL: Final = Step(
    "trial",
    "With a lamp or a voltmeter and no mains on the contactors: SET UP to Done, the checklist's rows that charge, then "
    "SET UP back to Not done",
    None,
    ("LAMP, NO MAINS:", "SET UP TO DONE,", "TRY CHARGING,", "THEN TO NOT DONE"),
)
_LAST: Final = Step(
    "set_up",
    "At last, with all of that seen: SET UP is Done, in the LCD's menu or by: sudo evsed settings set set_up=Done",
    False,
    ("AT LAST: MENU", "(HOLD o), SET UP", "TO DONE"),
)
_FIRST_NODE: Final = 2  # of PWR SHARE


def _name(key: str, settings: Settings) -> str:
    return str(TABLE[key].show(settings[key]))


def _in_menu(key: str, settings: Settings) -> str:
    """Where in the menu an item is that MODE Normal hides; empty while it is shown."""
    shown = TABLE[key].shown(settings, NOTHING_OFFERED)
    return "" if shown else f" ({TABLE[key].lcd_name} is in the menu while MODE is Smart or Solar)"


def _cable(settings: Settings) -> Step:
    config, lock = _name("config", settings), _name("lock", settings)
    if not menu.socket(settings, NOTHING_OFFERED):
        text = f"CONFIG is {config}: the cable is fixed to this charger"
        return Step("config", text, None, (f"CONFIG IS {config.upper()}:", "IS THE CABLE", "FIXED TO IT?"))
    text = f"CONFIG is {config}, LOCK is {lock}: that is how this charger is wired"
    lcd = (f"CONFIG IS {config.upper()}", f"LOCK IS {lock.upper()}", "IS IT WIRED SO?")
    return Step("config", text, None, lcd)


def _mains(settings: Settings, *, mains_answers: bool) -> Iterator[Step]:
    if settings.loadbl >= _FIRST_NODE:
        yield Step(
            "mains",
            "PWR SHARE makes this charger a node: MAINS and its meter are right on the master",
            None,
            ("MAINS AND METER", "RIGHT ON THE", "MASTER?"),
        )
    elif settings.mains_meter == MeterType.DISABLED:
        yield Step(
            "mains",
            "No mains meter is chosen (MAINS MET): MAX leaves the main fuse room for everything else in the house"
            + _in_menu("mains_meter", settings),
            None,
            ("NO MAINS METER:", "DOES MAX LEAVE", "ROOM FOR THE", "HOUSE?"),
        )
    else:
        yield Step(
            "mains",
            f"MAINS is {settings.current_main} A: that is the main fuse of the house, or less",
            None,
            (f"MAINS IS {settings.current_main}A:", "NOT MORE THAN", "THE MAIN FUSE?"),
        )
        wiring = ("MAINS METER", "DOES NOT ANSWER:", "CHECK WIRING", "AND ADDRESS")
        yield Step("mains_meter", "The mains meter answers", mains_answers, wiring)


def _circuit(settings: Settings) -> Iterator[Step]:
    if settings.loadbl < _FIRST_NODE and menu.circuit_limited(settings, NOTHING_OFFERED):
        yield Step(
            "circuit",
            f"CIRCUIT is {settings.current_max_circuit} A: cable and fuse of that circuit bear that",
            None,
            (f"CIRCUIT IS {settings.current_max_circuit}A:", "RIGHT FOR ITS", "CABLE AND FUSE?"),
        )


def _second_contactor(settings: Settings, equipment: Equipment) -> Step:
    name = _name("enable_C2", settings)
    lcd = ("CONTACT 2 IS", f"{name.upper()}:", "IS IT WIRED SO?")
    if not equipment.described or equipment.contactor2:
        text = f"CONTACT 2 is {name}: that is how this charger is wired{_in_menu('enable_C2', settings)}"
        return Step("contactor2", text, None, lcd)
    return Step("contactor2", f"CONTACT 2 is {name}: the board has no line for a second contactor", True, lcd)


def _residual_current(settings: Settings, equipment: Equipment) -> Step:
    code = "residual_current"
    if not settings.rcmon:
        text = "RCMON is Disabled: a type B residual current device is in the supply, or a monitor that acts on it"
        return Step(code, text, None, ("RCMON IS OFF:", "TYPE B DEVICE", "IN THE SUPPLY?"))
    if not equipment.rcm:
        return Step(code, NO_MONITOR, False, ("RCMON IS ON, BUT", "NO MONITOR", "IS WIRED"))
    text = "RCMON is Enabled: the test button of its monitor makes the LCD show a residual current"
    return Step(code, text, None, ("PRESS THE TEST", "BUTTON OF THE", "MONITOR: IS IT", "SHOWN HERE?"))
