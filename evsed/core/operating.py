"""What people do at the charger: its buttons, the external switch, and clearing faults they have seen to.

Owns what each of these means; recognising them is access.py's and switch.py's, carrying commands out commands.py's.
"""

from typing import TYPE_CHECKING, Final

from evsed.core.access import chosen
from evsed.core.actions import Action, Note, Severity
from evsed.core.buttons import Gesture, Press, Use
from evsed.core.charger import STOP_DELAY_MS
from evsed.core.events import ACCEPTED, Button, ChooseMode, Command, Verdict
from evsed.core.faults import LATCHED, Fault
from evsed.core.model import Access, MeterType, Mode
from evsed.core.schedule import NO_TIMER
from evsed.core.switch import CUSTOM, Wish, command_for
from evsed.core.units import Millis

if TYPE_CHECKING:
    from evsed.core.controller import Controller

CLEARED_BY_OWNER: Final = (Fault.WELDED, Fault.CONTACTOR_FAILED, Fault.OVERDRAW)
"""Faults that are forgotten when their owner says so, once their cause has gone."""


def pressed(core: "Controller", press: Press, gesture: Gesture, now: Millis) -> list[Action]:
    """A button did ``gesture``: it lights the LCD; a residual current fault is reset first, by the mere press.

    Not by a remote one: whoever resets that has to stand before the charger.
    """
    if not press.counts(gesture):
        return []
    panel = core.desk.panel
    if gesture is not Gesture.REPEAT:
        panel.light(True, now)
    latched = any(fault in core.faults for fault in LATCHED)
    if panel.startled(now) or (latched and press.remote and (panel.menu.is_open or press.button is Button.MIDDLE)):
        press.spend()  # what came up has to be seen first; and the menu hides it from whoever stands before it
        return []
    if gesture is Gesture.PRESSED and not press.remote and (reset := _reset_residual_current(core, now)):
        press.spend()
        return reset
    if core.desk.settings.lcdlock:
        return []
    if panel.menu.is_open:
        return _in_menu(core, press, gesture, now)
    if gesture is Gesture.HELD and press.button is Button.MIDDLE:
        panel.menu.open(now, here=not press.remote)
        return []
    if gesture is Gesture.SHORT and Fault.RCM in core.faults:
        return []  # it was to reset the error, whose cause is still there
    if gesture is Gesture.HELD and press.button is Button.RIGHT and core.desk.access is Access.ALLOW:
        core.desk.by_hand.end()  # nothing else: choosing the mode would end the timer that has let the car charge
        return []
    choice = chosen(press.button, gesture, Mode(core.desk.settings.mode), core.desk.access)
    return _ask(core, "button", None if choice is None else ChooseMode(choice), now)


def _in_menu(core: "Controller", press: Press, gesture: Gesture, now: Millis) -> list[Action]:
    """A key of the menu. A press that began before it was opened is none."""
    if gesture is Gesture.PRESSED:
        press.claim()
    elif press.use is Use.FREE:
        return []
    menu = core.desk.panel.menu
    changes = menu.key(press, gesture, core.desk.ground, now)
    if changes is None:
        return []
    verdict = core.command(changes, now)
    if verdict.accepted:
        menu.close()
        return [Note(Severity.INFO, "settings changed in the menu: " + ", ".join(key for key, _ in changes.changes))]
    menu.refuse(verdict.refused, now)
    return []


def switched(core: "Controller", wish: Wish, now: Millis) -> list[Action]:
    """The external switch said ``wish``."""
    if wish is Wish.RESET:
        return _reset_residual_current(core, now)
    if wish is Wish.STOP:
        core.stopped_until = now + STOP_DELAY_MS
    if wish in CUSTOM:
        core.desk.panel.custom_button = CUSTOM[wish](core.desk.panel.custom_button)
        return []
    if wish is Wish.ALLOW_UNLESS_DELAYED and core.desk.settings.rfidreader:
        return []  # nobody moved it: with a card reader it lets nobody charge
    mode, delayed = Mode(core.desk.settings.mode), core.desk.timer != NO_TIMER
    return _ask(core, "switch", command_for(wish, mode, core.desk.access, delayed=delayed), now)


def clear_faults(core: "Controller", now: Millis) -> Verdict:
    """The owner has seen to it: what waits for that is over, unless its cause is still there."""
    if Fault.RCM in core.faults:
        return Verdict("a residual current fault is reset at the charger: press a button there")
    metered = core.desk.settings.ev_meter != MeterType.DISABLED
    if Fault.WELDED in core.faults and not core.hardware.contactors.weld_gone(metered=metered):
        return Verdict("a contactor still does not open, or current still flows, or nobody has measured it yet")
    for fault in CLEARED_BY_OWNER:
        core.faults.set(fault, present=False, now=now)
    return ACCEPTED


def _reset_residual_current(core: "Controller", now: Millis) -> list[Action]:
    if Fault.RCM not in core.faults or core.hardware.residual_signal(core.desk.settings):
        return []
    core.faults.set(Fault.RCM, present=False, now=now)
    return [Note(Severity.INFO, "residual current fault reset by a button")]


def _ask(core: "Controller", who: str, command: Command | None, now: Millis) -> list[Action]:
    verdict = ACCEPTED if command is None else core.command(command, now)
    return [] if verdict.accepted else [Note(Severity.WARNING, f"{who}: {verdict.refused}")]
