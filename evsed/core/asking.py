"""What regulation, charging states and session are asked with, put together from the controller's parts. Reads only.

Owns what of this charger's own stands against charging.
"""

from typing import TYPE_CHECKING, Final

from evsed.core import view
from evsed.core.actions import Outputs
from evsed.core.cards import name_of
from evsed.core.charger import Situation
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.look import Look
from evsed.core.model import NO_CURRENT, Access, MeterRole, MeterType, Mode
from evsed.core.pilot import Level
from evsed.core.reasons import NOT_ASKED, VENTILATION
from evsed.core.regulation import Moment
from evsed.core.states import State, Transition, Trigger
from evsed.core.units import Millis

if TYPE_CHECKING:
    from evsed.core.controller import Controller

_MODES: Final = tuple(mode.name for mode in Mode)


def moment(core: "Controller", now: Millis) -> Moment:
    """What regulation is asked with."""
    state, settings, lent = core.charger.state, core.desk.settings, core.desk.lent_at(now)
    return Moment(
        settings=settings,
        override=core.desk.override,
        cable=core.cable.limit,
        state=state,
        in_state_ms=now - core.charger.since,
        connected=core.connected,
        derating=core.hardware.derating.cap(settings),
        grid_limited=core.hardware.switch.grid_limited,
        lent=None if lent is None else lent.cap,
        meter_cap=core.watches.meter_cap(
            settings,
            core.regulation.metering.values(MeterRole.MAINS).currents_at,
            core.regulation.metering.values(MeterRole.CIRCUIT).currents_at,
            core.regulation.metering.period_ms,
            now,
        ),
        asking=core.level is Level.WANTS_POWER,
        wants=core.connected and not held_back_here(core, now),
    )


def held_back_here(core: "Controller", now: Millis) -> bool:
    """Whether something of this charger's own stands against charging."""
    worst = core.faults.worst
    return (
        core.leaving
        or core.desk.hold(now) is not None
        or core.desk.by_hand.duty(now) is not None
        or (worst is not None and not worst.value.waiting)
        or core.desk.access is not Access.ALLOW
        or not core.desk.set_up
        or core.hardware.unwatched(core.desk.settings)
        or now < max(core.stopped_until, core.rest_until(now))
    )


def situation(core: "Controller", now: Millis) -> Situation:
    """What the states are asked with."""
    held_back = (
        held_back_here(core, now)
        or core.faults.worst is not None
        or (core.charger.state is State.C and core.regulation.phases.switch_due)
        or now < (core.regulation.regulator.waits.retry_at or now)
    )
    settings, state = core.desk.settings, core.charger.state
    return Situation(
        level=core.level,
        offer=min(core.regulation.offer, HIGHEST_OFFER),
        held_back=held_back,
        opens_at_once=core.faults.opens_at_once,
        diode_seen=core.pilot.diode_seen,
        may_close=core.about_to_close(now) and core.hardware.ready(settings) and core.regulation.may_close(settings),
        access=core.desk.access,
        node=core.desk.is_node,
        agreed=core.desk.is_node and core.regulation.node.agreed(state),
    )


def session(core: "Controller", before: Outputs, now: Millis) -> Look:
    """What the session has to know; the outputs were as ``before`` until now."""
    metering, outputs = core.regulation.metering, core.outputs
    ev, mains = metering.values(MeterRole.EV), metering.values(MeterRole.MAINS)
    fresh = metering.fresh_ev(now)
    metered = core.desk.settings.ev_meter != MeterType.DISABLED
    everybody = core.regulation.drawn
    card = core.desk.cards.holder
    return Look(
        connected=core.connected,
        gone=core.charger.state is State.A and core.level is Level.UNPLUGGED,
        closed=(outputs.contactor1 and not before.contactor1, outputs.contactor2 and not before.contactor2),
        card=card,
        card_name=name_of(core.desk.cards.all, card) or "" if card != core.session.card else "",
        mode=_MODES[core.desk.settings.mode],
        unix_s=core.desk.unix_s,
        import_wh=ev.import_wh if metered else None,
        import_at=ev.import_at,
        drawn=ev.currents if fresh and metered and ev.currents is not None else NO_CURRENT,
        drawn_at=ev.currents_at,
        imported=mains.currents if fresh and metered else None,
        imported_at=mains.currents_at,
        all_drawn=0 if everybody is None else everybody.total,
    )


def stop_code(core: "Controller", row: Transition, now: Millis) -> str:
    """Why charging ended by ``row``: the reason's code, or what the car or its owner did."""
    if row.trigger is Trigger.UNPLUGGED:
        return "unplugged"
    if row.trigger is Trigger.CAR_RELEASES:
        return "car_stopped"
    if core.level is Level.WANTS_VENTILATION and row.trigger is Trigger.MUST_STOP:
        return VENTILATION.code
    return (view.reason(core, now) or NOT_ASKED).code
