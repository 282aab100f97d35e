"""Why the car is not charging: one reason at a time, the same on every interface."""

from dataclasses import dataclass, replace

from evsed.core.duty import LOWEST_OFFER
from evsed.core.faults import Fault
from evsed.core.fitted import NO_MONITOR
from evsed.core.lent import Hold
from evsed.core.model import Access
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis


@dataclass(frozen=True, slots=True)
class Reason:
    """A machine-readable code, a text for people, and until when (monotonic ms; None: nobody can say)."""

    code: str
    text: str
    until: Millis | None = None


NOT_SET_UP = Reason("not_set_up", "Not set up yet: do what the list on the web page says, then set SET UP to Done")
NO_BOARD = Reason(
    "not_set_up",
    'No board is described: write kind = "pi" and how it is wired below [board] in evsed.toml, '
    "then: sudo systemctl restart evsed-guard evsed",
)
NO_CAR = Reason("no_car", "No car connected")
CARD = Reason("card", "Waiting for a card")
ACCESS_DENIED = Reason("access_denied", "Charging is switched off")
PAUSED = Reason("paused", "Charging is paused")
LEAVING = Reason("leaving", "The charger's software is being stopped")
NOT_ASKED = Reason("car_not_ready", "The car does not ask for power")
NOT_MEASURED = Reason("not_measured", "Waiting for the mains meter to show enough power or sun")
VENTILATION = Reason("ventilation", "The car asks for ventilation, which this charger does not have")
CLOSING = Reason("closing", "Locking the cable and testing the residual current monitor")
ASKING_MASTER = Reason("asking_master", "Waiting for the master charger to agree")
NOTHING_OFFERED = Reason("nothing_offered", "The master charger offers nothing now")
LIMITED = Reason("nothing_offered", "A limit is below 6 A, or chargers that share power are asked first")
CLOCK_NOT_RIGHT = "Waiting for the start time, and for a clock that is right: it is not set yet"
NO_CABLE = Reason("no_cable", "The cable's size cannot be read: check the plug")
NOT_WATCHED = Reason("no_rcm", f"{NO_MONITOR}, or switch RCMON off")

_FAULT_TEXTS = {
    Fault.NO_POWER: "Waiting for power: the mains has no room for the minimum current",
    Fault.NO_SUN: "Waiting for sun: not enough surplus to start",
    Fault.METER_LOST: "The mains meter does not answer",
    Fault.CIRCUIT_METER_LOST: "The circuit meter does not answer",
    Fault.OVERDRAW: "The car draws more than it is offered",
    Fault.LOCK_FAILED: "The cable lock does not move: check the plug's position",
    Fault.CONTACTOR_FAILED: "The contactor did not close: call an electrician if this stays",
    Fault.WELDED: "A contactor does not open: switch the supply off at the fuse box and call an electrician",
    Fault.TEMPERATURE: "The charger is too hot",
    Fault.EV_METER_LOST: "The EV meter does not answer",
    Fault.PILOT: "The pilot signal is faulty: check cable and plug",
    Fault.DIODE: "The car's pilot diode is not seen: check cable and plug",
    Fault.RCM: "Residual current detected: press a button to reset",
}

_ON_A_NODE = {
    Fault.METER_LOST: "The master charger is not heard, has lost its mains meter, or is not set up: look there, and at "
    "the line to it",
}

_HELD_UP = {
    Fault.PILOT: "The pilot was not looked at for a moment: the charger's computer or its board was held up",
}


def of_fault(fault: Fault, *, node: bool = False, held_up: bool = False) -> Reason:
    """The reason that ``fault`` is, here or on a ``node`` of another charger.

    ``held_up``: what was wrong with the pilot is that nobody looked at it.
    """
    text = (_ON_A_NODE.get(fault) if node else None) or (_HELD_UP.get(fault) if held_up else None)
    return Reason(fault.value.code, text or _FAULT_TEXTS[fault])


@dataclass(frozen=True, slots=True)
class Standing:
    """What the reason is judged by."""

    state: State
    connected: bool
    fault: Fault | None  # the most severe one
    fault_until: Millis | None  # when it ends by itself
    access: Access
    delayed: bool  # charging begins at a time that the owner set
    start_at: Millis | None  # that time; None while the time of day is not known
    start_text: str  # the same for people; empty while it is not known
    by_hand_until: Millis | None  # somebody drives the pilot by hand
    leaving: bool
    offer: Deciamps
    stopped_until: Millis  # the external switch stopped charging
    hold: Hold | None  # a program outside allows too little
    rest_until: Millis  # contactor 1 has to rest
    switching: bool  # the number of phases is being changed
    delay_until: Millis
    ready_at: Millis
    state_ends_at: Millis | None
    startable: bool  # false: the mode's start condition is not, or not yet, met
    closing: bool  # the car asks, and lock or self-test are under way
    ventilation: bool
    pilot_faulty: bool
    held_up: bool = False  # it is, because nobody looks at it
    node: bool = False  # another charger is our master
    not_set_up: Reason | None = None  # what is left to do before anything may charge
    unwatched: bool = False  # RCMON is on and no monitor is wired
    cabled: bool = True  # the cable's size is known, or it is fixed
    card: bool = False  # a card has to be held to the reader first


def why(standing: Standing, now: Millis) -> Reason | None:
    """The one reason for not charging, or None while the car charges.

    Faults come first, then what is left to set up, then the owner's will, then what is lacking, then the charger's own
    waits.
    """
    fault = standing.fault
    if standing.state is State.C:
        return None
    if fault is not None and not fault.value.waiting:
        return replace(of_fault(fault, node=standing.node, held_up=standing.held_up), until=standing.fault_until)
    if standing.not_set_up is not None:
        return standing.not_set_up
    if standing.pilot_faulty:
        return of_fault(Fault.PILOT, held_up=standing.held_up)
    if standing.card or standing.access is not Access.ALLOW:
        return _no_access(standing)
    if not standing.connected:
        return NO_CAR
    if standing.unwatched:
        return NOT_WATCHED
    if stopped := _stopped(standing, now):
        return stopped
    if standing.offer < LOWEST_OFFER:
        if not standing.cabled:
            return NO_CABLE
        return NOTHING_OFFERED if standing.node else LIMITED
    if fault is not None:
        return of_fault(fault)
    return _own_wait(standing, now)


def _stopped(standing: Standing, now: Millis) -> Reason | None:
    """By whom or what charging is held back, beside access and faults."""
    if standing.leaving:
        return LEAVING
    if standing.by_hand_until is not None:
        return Reason("pilot_by_hand", "The pilot is driven by hand (modem experiment)", standing.by_hand_until)
    if now < standing.stopped_until:
        return Reason("stopped_by_switch", "Stopped by the external switch", standing.stopped_until)
    return None if standing.hold is None else _limited(standing.hold)


def _limited(hold: Hold) -> Reason:
    less = ", less than MIN" if hold.current else ""
    return Reason("limited_outside", f"Limited to {hold.current / 10:g} A by an outside program{less}", hold.until)


_ASKING = frozenset({State.COMM_B, State.COMM_C})
_ACCESS = {Access.DENY: ACCESS_DENIED, Access.PAUSE: PAUSED}


def _no_access(standing: Standing) -> Reason:
    if standing.card:
        return CARD
    if standing.delayed:
        text = f"Waiting until {standing.start_text}" if standing.start_text else CLOCK_NOT_RIGHT
        return Reason("delayed", text, standing.start_at)
    return _ACCESS[standing.access]


def _own_wait(standing: Standing, now: Millis) -> Reason:
    if standing.state in _ASKING:
        return ASKING_MASTER
    if standing.state is State.ACTIVATE:
        return Reason("waking_car", "Waking the car", standing.state_ends_at)
    if now < standing.rest_until:
        return Reason("contactor_rest", "The contactor was switched often and has to rest", standing.rest_until)
    if standing.switching:
        wait = max(standing.delay_until, standing.ready_at, standing.state_ends_at or 0)
        return Reason("switching_phases", "Changing between one and three phases", wait)
    if standing.state is State.C1:
        return Reason("stopping", "Waiting for the car to stop drawing", standing.state_ends_at)
    if now < standing.delay_until:
        return Reason("charge_delay", "Ready to charge after a short wait", standing.delay_until)
    if now < standing.ready_at:
        return Reason("pilot_restart", "Restarting the pilot signal", standing.ready_at)
    if standing.ventilation:
        return VENTILATION
    if standing.closing:
        return CLOSING
    return NOT_ASKED if standing.startable else NOT_MEASURED
