"""The Snapshot and the one reason, put together from what the controller's parts know. Reads only."""

from types import MappingProxyType
from typing import TYPE_CHECKING

from evsed.core import reader, reasons, setting_up, watches
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.faults import Fault
from evsed.core.model import MeterRole, Mode, PhaseCurrents
from evsed.core.pilot import Level
from evsed.core.schedule import clock_text
from evsed.core.snapshot import Learned, MeterView, Snapshot, drawing
from evsed.core.states import CLOSED, OFFERING, State
from evsed.core.units import Millis, seconds_left
from evsed.core.wire import Orders

if TYPE_CHECKING:
    from evsed.core.controller import Controller

_STOPPED = frozenset({State.C1, State.B1})


def snapshot(core: "Controller", now: Millis) -> Snapshot:
    """The charger as everybody else may see it."""
    state = core.charger.state
    meters = {role: _meter(core, role, now) for role in MeterRole}
    reading = core.pilot.reading
    return Snapshot(
        now=now,
        unix_s=None if core.wall is None else core.wall[0] + (now - core.wall[1]) // 1000,
        uptime_s=(now - core.booted_at) // 1000,
        state=state,
        reason=reason(core, now),
        faults=core.faults.all,
        error_bits=core.faults.bits,
        access=core.desk.access,
        settings=core.desk.settings,
        connected=core.connected,
        offer=core.regulation.offer if state in OFFERING else 0,
        limited_by=core.regulation.limited_by,
        override=core.desk.override,
        lent=core.desk.lent_at(now),
        cable=core.cable.limit,
        outputs=core.outputs,
        phases=core.regulation.phases.in_use,
        charged_with=core.regulation.phases.charged_with,
        pilot_high_mv=None if reading is None else reading.high_mv,
        pilot_low_mv=None if reading is None else reading.low_mv,
        temperature_c=core.hardware.temperature,
        locked=core.hardware.lock.locked,
        mains=_mains(core, meters[MeterRole.MAINS], now),
        meters=MappingProxyType(meters),
        drawing=drawing(meters[MeterRole.EV], core.regulation.phases.in_use if state in CLOSED else 0),
        learned=_learned(core),
        battery=core.regulation.metering.battery(now),
        battery_at=core.regulation.metering.battery_at,
        charged_wh=core.charged.charged_wh,
        sessions=core.session.live(now),
        custom_button=core.desk.panel.custom_button,
        pilot_override=core.desk.by_hand.duty(now),
        rfid_last=core.desk.panel.card,
        rfid_text=_card_text(core, now),
        backlight_s=core.desk.panel.light_s(now),
        solar_stop_s=seconds_left(_stop_timer(core, now), 0),
        closings=core.closings,
        orders=_orders(core, now),
        chargers=tuple(core.regulation.group.view()) if core.desk.settings.loadbl == 1 else (),
        saved=core.saved,
        capacity_stop_s=seconds_left(core.regulation.regulator.protect.capacity_until, now),
        residual_signal=core.hardware.residual_signal(core.desk.settings),
        panel=core.desk.panel.view(core.desk.ground, now),
        offers=core.desk.offers,
        hosts=core.desk.hosts,
        left_to_do=_left_to_do(core, meters[MeterRole.MAINS]),
        described=core.desk.equipment.described,
        installer_pin_set=core.desk.credentials.installer_pin,
        into_second_ms=0 if core.wall is None else (now - core.wall[1]) % 1000,
    )


def _mains(core: "Controller", meter: MeterView, now: Millis) -> PhaseCurrents | None:
    mains = meter.values.currents
    return core.regulation.corrected(core.desk.settings, mains, now) if mains is not None and meter.fresh else None


def _left_to_do(core: "Controller", mains: MeterView) -> tuple[setting_up.Step, ...]:
    return setting_up.left_to_do(core.desk.settings, core.desk.equipment, mains_answers=mains.fresh)


def _card_text(core: "Controller", now: Millis) -> str:
    if not core.desk.settings.rfidreader:
        return reader.NOT_INSTALLED
    return core.desk.panel.card_text(now) or reader.READY


def _learned(core: "Controller") -> Learned:
    car = core.regulation.car
    most = None if car.most == HIGHEST_OFFER else car.most
    return Learned(core.regulation.metering.period_ms, car.lag_ms, core.regulation.could_use, most)


def _orders(core: "Controller", now: Millis) -> Orders | None:
    if core.desk.settings.loadbl != 1:
        return None
    mains = core.regulation.metering.values(MeterRole.MAINS).currents
    fresh = _meter(core, MeterRole.MAINS, now).fresh
    lost = Fault.METER_LOST in core.faults or Fault.CIRCUIT_METER_LOST in core.faults or not core.desk.set_up
    solar_s = seconds_left(core.regulation.stop_timer_ms(core.desk.settings), 0)
    return core.regulation.group.telling.orders(core.desk.settings, mains if fresh else None, solar_s, now, lost=lost)


def _stop_timer(core: "Controller", now: Millis) -> Millis | None:
    if core.desk.is_node:
        return core.regulation.node.solar_stop_ms(now)
    if core.desk.settings.loadbl == 1:
        return core.regulation.stop_timer_ms(core.desk.settings)
    if core.charger.state is not State.C or core.desk.settings.mode != Mode.SOLAR:
        return None
    return core.regulation.regulator.stop_timer.left_ms(core.desk.settings.solar_stop_time)


def _meter(core: "Controller", role: MeterRole, now: Millis) -> MeterView:
    age = core.regulation.metering.age(role, now)
    shown_ms = watches.shown_ms(role, core.desk.settings)
    values = core.regulation.metering.values(role)
    heard = values.heard_at is not None and now - values.heard_at < shown_ms
    return MeterView(values, age is not None and age < shown_ms, heard, core.health.get(role))


def reason(core: "Controller", now: Millis) -> reasons.Reason | None:
    """Why the car is not charging; None while it is."""
    return reasons.why(
        reasons.Standing(
            state=core.charger.state,
            connected=core.connected,
            fault=core.faults.worst,
            fault_until=core.watches.until(core.faults.worst),
            access=core.desk.access,
            delayed=core.desk.timer.waits,
            start_at=_start_at(core),
            start_text=_start_text(core),
            by_hand_until=None if core.desk.by_hand.duty(now) is None else core.desk.by_hand.until,
            leaving=core.leaving,
            offer=core.regulation.offer,
            stopped_until=core.stopped_until,
            hold=core.desk.hold(now),
            rest_until=core.rest_until(now),
            switching=core.regulation.phases.switching and core.charger.state in _STOPPED,
            delay_until=max(core.charger.delay_until, core.regulation.regulator.waits.retry_at or now),
            ready_at=core.charger.ready_at,
            state_ends_at=core.charger.deadline,
            startable=core.may_start(now),
            closing=core.about_to_close(now),
            ventilation=core.level is Level.WANTS_VENTILATION,
            pilot_faulty=core.pilot.faulty(now),
            held_up=core.watches.held_up if Fault.PILOT in core.faults else core.pilot.unseen(now),
            not_set_up=setting_up.reason(core.desk.settings, core.desk.equipment),
            unwatched=core.hardware.unwatched(core.desk.settings),
            node=core.desk.is_node,
            cabled=core.desk.settings.config == 1 or core.cable.limit > 0,
            card=reader.asks_for_card(core.desk),
        ),
        now,
    )


def _start_at(core: "Controller") -> Millis | None:
    """When delayed charging begins, on the monotonic clock."""
    start_s = core.desk.timer.start_s
    if start_s is None or core.wall is None:
        return None  # nobody can say when, while the time of day is not known
    return core.wall[1] + (start_s - core.wall[0]) * 1000


def _start_text(core: "Controller") -> str:
    desk = core.desk
    if desk.timer.start_s is None or desk.unix_s is None:
        return ""
    return clock_text(desk.timer.start_s, desk.unix_s, desk.calendar)
