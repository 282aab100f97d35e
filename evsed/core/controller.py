"""The core as one object: events and commands in, actions and a snapshot out.

Owns the order in which things are decided. What is decided belongs to the modules it calls: faults are judged by
watches.py, the current by regulator.py, the phases by phases.py, the state by charger.py, and safety.py has the last
word on the outputs. What others may see of it is view.py's.
"""

from dataclasses import replace

from evsed.core import asking, charger_bus, commands, notes, operating, schedule, tied, view, watches
from evsed.core.actions import SAFE, Action, CloseContactors, Outputs, Persist, changes
from evsed.core.cable import Cable
from evsed.core.cards import Cards
from evsed.core.charged import Charged
from evsed.core.charger import Charger
from evsed.core.commands import Desk
from evsed.core.events import (
    ClearFaults,
    Command,
    CredentialsSet,
    Event,
    Inputs,
    Leaving,
    MeterHealthChanged,
    MeterRead,
    MetersFound,
    Sampled,
    SensorboxOffers,
    Tick,
    Verdict,
    WallClock,
)
from evsed.core.faults import LATCHED, Fault, Faults
from evsed.core.grant import Grant
from evsed.core.hardware import Hardware
from evsed.core.model import BARE, Contactor2, Equipment, MeterHealth, MeterRole, MeterType, Mode
from evsed.core.pilot import Level
from evsed.core.pilot_watch import PilotWatch
from evsed.core.reader import Reader, forget_all
from evsed.core.regulation import Moment, Regulation
from evsed.core.safety import Facts, Permit, permit
from evsed.core.session import Session
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import CLOSED, State, Transition, Trigger
from evsed.core.units import Millis

_ROLE_OF = {
    Fault.METER_LOST: MeterRole.MAINS,
    Fault.EV_METER_LOST: MeterRole.EV,
    Fault.CIRCUIT_METER_LOST: MeterRole.CIRCUIT,
}


def _urgent(saved: Saved) -> tuple[object, ...]:
    """What an owner would miss after a power cut; the rest is written within a minute."""
    counters = saved.kept.counters
    sessions = (saved.kept.open is None, counters.sessions, counters.closings)
    cards = (saved.cards, saved.granted, saved.holder)
    return saved.settings, saved.access, saved.latched, saved.timer, sessions, cards


class Controller:
    """One charger. Not thread-safe: one thread owns it."""

    def __init__(
        self,
        saved: Saved,
        now: Millis,
        equipment: Equipment = BARE,
        restart_wait_ms: Millis = 0,
        calendar: schedule.Calendar | None = None,
        *,
        pilot_unlocked: bool = False,
    ) -> None:
        """``restart_wait_ms``: how long a car that is found at start-up has to wait. ``calendar`` None: in UTC.

        ``pilot_unlocked``: the owner's configuration lets the pilot be driven by hand.
        """
        self.permit = Permit(SAFE, now)
        grant = Grant(given=saved.granted, holder=saved.holder, tied=bool(saved.settings.rfidreader))
        self.desk = Desk(
            saved.settings,
            saved.access,
            saved.timer,
            calendar,
            equipment=equipment,
            cards=Cards(saved.cards, grant),
            pilot_unlocked=pilot_unlocked,
        )
        self.regulation = Regulation()
        self.charger = Charger(now)
        self.pilot = PilotWatch(now)
        self.faults = Faults()
        self.hardware = Hardware(equipment, now)
        self.cable = Cable()
        self.watches = watches.Watches(now)
        self.charged = Charged(is_open=saved.session_open, start_wh=saved.session_start_wh, charged_wh=saved.charged_wh)
        self.session = Session(saved.kept, now)
        self.health: dict[MeterRole, MeterHealth] = {}
        self.booted_at = now
        self.wall: tuple[int, Millis] | None = None
        self.leaving = False
        self.stopped_until = now
        self.closings = 0
        self._car_seen = False  # as the pilot said last
        self._ev_at: Millis | None = None
        self._saved = saved
        self.charger.delay(now + restart_wait_ms)
        for fault in saved.latched:
            self.faults.set(fault, present=True, now=now)

    @property
    def outputs(self) -> Outputs:
        """The outputs last permitted; they count until their permit expires."""
        return self.permit.outputs

    # ---- in ----

    def handle(self, event: Event, now: Millis) -> list[Action]:
        """Takes one event and returns what has to be done; ``permit`` holds the levels that follow from it."""
        actions: list[Action] = []
        match event:
            case Sampled(inputs):
                actions = self._sampled(inputs, now)
            case MeterRead():
                if self.desk.believes(event):
                    self.regulation.metering.take(event, now)
            case MeterHealthChanged(role, health):
                self.health[role] = health
            case MetersFound(hosts):
                self.desk.hosts = hosts
            case SensorboxOffers(offers):
                self.desk.offers = offers
            case WallClock(unix_s):
                self.wall = (unix_s, now)
            case CredentialsSet():
                self.desk.credentials = event
            case Leaving():
                self.leaving = True
            case Tick():
                pass
            case _:
                actions = charger_bus.heard(self, event, now)
        return actions + self._settle(now)

    def command(self, command: Command, now: Millis) -> Verdict:
        """Carries a command out, or says why not. What follows from it comes with the next event."""
        if isinstance(command, ClearFaults):
            return operating.clear_faults(self, now)
        before = self.desk.settings
        verdict = commands.carry_out(command, self.desk, self.regulation.metering, now)
        if self.desk.settings is not before:
            self._settings_changed(before, now)
        return verdict

    def _settings_changed(self, before: Settings, now: Millis) -> None:
        if before.rfidreader != self.desk.settings.rfidreader == Reader.DELETE_ALL:
            forget_all(self.desk, now)
        if self.desk.settings.mode != before.mode:
            self.regulation.mode_changed(self.desk.settings)
            self.charger.forgive_delay(now)
        for role in self.desk.exchanged_meters():
            self.regulation.metering.forget(role)
            if role is MeterRole.EV:
                self.charged.meter_exchanged()
                self.session.meter_exchanged()
                self.hardware.contactors.meter_changed()
            self.health.pop(role, None)
            self.watches.meter_changed(role, now)
            self.regulation.forget_measurements()

    def _sampled(self, inputs: Inputs, now: Millis) -> list[Action]:
        self.pilot.feed(inputs.pilot_mv, self.outputs.pilot, now)
        if not inputs.pilot_mv:  # the board could not be looked at: nothing else is known either, but a trip is a trip
            if inputs.rcm_tripped:  # and no trip is none that was seen: it ends nothing and passes no self-test
                self.hardware.rcm.feed(signal=True, now=now)
            return [] if self.desk.equipment.described else self._touched(inputs, now)
        connected = self.connected
        actions: list[Action] = []
        state = self.charger.state
        self.cable.look(inputs.proximity_ohms, now, unplugged=not connected, closed=state in CLOSED)
        for wish in self.hardware.look(inputs, self.outputs, self.desk.settings, now):
            actions += operating.switched(self, wish, now)
        self._car_seen = self._car_seen if self.level is None else self.pilot.connected
        if connected and self.level is Level.UNPLUGGED:
            self.desk.by_hand.end()
        return actions + self._touched(inputs, now)

    def _touched(self, inputs: Inputs, now: Millis) -> list[Action]:
        """The buttons, here and far away."""
        actions: list[Action] = []
        for press, gesture in self.desk.panel.feed(inputs.buttons, now):
            actions += operating.pressed(self, press, gesture, now)
        return actions

    @property
    def level(self) -> Level | None:
        """The pilot's level; while the pilot is disconnected, a cable that was pulled counts as 12 V."""
        pulled = self.desk.settings.config == 0 and self.cable.pulled
        return Level.UNPLUGGED if self.pilot.level is None and pulled else self.pilot.level

    @property
    def connected(self) -> bool:
        """Whether a car hangs on the charger."""
        return self.charger.state is not State.A or self._car_seen

    # ---- deciding ----

    def _settle(self, now: Millis) -> list[Action]:
        told = tied.to_car(self, now) + self._look_at_clock(now)
        self._look_at_ev(now)
        if self.desk.by_hand.ended(now):
            self.charger.restart_pilot(now)
        settings = self.desk.settings
        actions = self.desk.take_warnings() + self.desk.take_pin() + told + self._watch(now)
        moment = asking.moment(self, now)
        self.regulation.step(moment, now)
        actions += charger_bus.followed(self, now)
        for waiting in (Fault.NO_POWER, Fault.NO_SUN):
            self.faults.set(waiting, present=self.connected and self.regulation.lack is waiting, now=now)
        self.hardware.step(settings, now, lock_wanted=tied.lock_wanted(self), about_to_close=self.about_to_close(now))
        second = self.regulation.phases.in_use == 3 and settings.enable_C2 != Contactor2.NOT_PRESENT
        since = self.charger.since
        taken = self.charger.step(asking.situation(self, now), now, second_contactor=second)
        for row in taken:
            self._entered(row, now - since, now)
            actions.append(notes.moved(row, self.faults.worst, limited=self.desk.hold(now) is not None))
        self.desk.panel.car(self.connected, now)
        if self.charger.state is State.A and self.level is Level.UNPLUGGED:
            self.charged.unplugged()
        self.charged.meter(self.regulation.metering.values(MeterRole.EV).import_wh)
        before, self.permit = self.outputs, self._permitted(moment, now)
        deeds = changes(before, self.outputs)
        if any(isinstance(deed, CloseContactors) for deed in deeds):
            self.closings += 1
            self.hardware.rest.closed(now)
        logged = self.session.look(asking.session(self, before, now), now)
        return deeds + actions + logged + self._persist()

    def _look_at_clock(self, now: Millis) -> list[Action]:
        if self.wall is None:
            return []
        desk, before, before_s = self.desk, self.desk.access, self.desk.unix_s
        desk.unix_s = self.wall[0] + (now - self.wall[1]) // 1000
        desk.timer, due = schedule.due(desk.timer, before, desk.unix_s, desk.calendar, before_s)
        desk.access = desk.cards.grant.timed(before, due)
        return [] if desk.access is before else [notes.timer_moved(desk.access)]

    def _look_at_ev(self, now: Millis) -> None:
        values = self.regulation.metering.values(MeterRole.EV)
        if self.charger.state is not State.C:
            self.hardware.overdraw.forget()
        if values.currents is None or values.currents_at == self._ev_at:
            return
        self._ev_at = values.currents_at
        if self.desk.settings.ev_meter == MeterType.DISABLED:
            return
        self.hardware.metered(values.currents, self.desk.settings, now)
        if self.charger.state is State.C:
            drawn = max(values.currents.each())
            self.hardware.overdraw.feed(drawn, self.regulation.offer, self.regulation.most_offered, now)

    def _watch(self, now: Millis) -> list[Action]:
        present = self.watches.judge(
            watches.Seen(
                settings=self.desk.settings,
                faults=self.faults,
                state=self.charger.state,
                pilot=self.pilot,
                in_state_ms=now - self.charger.since,
                lapsed=now >= self.permit.until,
                hardware=self.hardware,
                mains_at=self.regulation.metering.values(MeterRole.MAINS).currents_at,
                ev_at=self.regulation.metering.values(MeterRole.EV).heard_at,
                circuit_at=self.regulation.metering.values(MeterRole.CIRCUIT).currents_at,
                master_lost=self.regulation.node.lost(now),
            ),
            now,
        )
        actions: list[Action] = []
        node, held_up = self.desk.is_node, self.watches.held_up
        for fault, there in present.items():
            if self.faults.set(fault, present=there, now=now):
                health = self.health.get(_ROLE_OF[fault]) if fault in _ROLE_OF else None
                actions.append(notes.fault_changed(fault, health, there=there, node=node, held_up=held_up))
                if there and fault in LATCHED:
                    self.desk.panel.startle(now)
                if fault is Fault.METER_LOST:
                    self.regulation.forget_measurements()
                if fault is Fault.PILOT and not there:
                    self.charger.delay(now + self.watches.pilot_delay_ms)
        return actions

    def rest_until(self, now: Millis) -> Millis:
        """Until when contactor 1 has to rest; in the past when it need not, or is closed."""
        if self.charger.state in CLOSED:
            return now
        return self.hardware.rest.until(self.desk.settings.closings_per_hour, now)

    def may_start(self, now: Millis) -> bool:
        """The start condition, looked at once more at the moment of starting."""
        mode = self.desk.settings.mode
        if mode == Mode.NORMAL or self.desk.is_node:
            return True
        if self.regulation.metering.age(MeterRole.MAINS, now) is None:
            return False
        return (
            self.desk.settings.loadbl == 1
            or mode == Mode.SMART
            or self.regulation.regulator.sun_is_enough(self.regulation.phases.in_use)
        )

    def about_to_close(self, now: Millis) -> bool:
        """Whether the car asks and nothing but lock and self-test is missing."""
        asks = self.charger.state in {State.B, State.COMM_C} and self.level is Level.WANTS_POWER
        return asks and self.pilot.diode_seen and not self.pilot.faulty(now) and self.may_start(now)

    def _entered(self, row: Transition, before_ms: Millis, now: Millis) -> None:
        self.regulation.node.moved(row.target, now)
        if row.source is State.C:
            self.session.stopped_charging(asking.stop_code(self, row, now), now)
        if row.target is State.C:
            self.charged.began_charging()
            self.session.began_charging(self.regulation.phases.in_use, now)
            self.regulation.phases.began_charging(now)
        elif row.target is State.C1 and self.regulation.phases.by_mode:
            self.charger.forgive_delay(now)
        elif row.target is State.A:
            self.regulation.unplugged()
            self.hardware.rest.unplugged()
            self.watches.unplugged()
        elif row.source is State.C and row.trigger is Trigger.CAR_RELEASES:
            self.hardware.rest.released(before_ms, now)

    def _permitted(self, moment: Moment, now: Millis) -> Permit:
        driven = self.charger.outputs(self.regulation.offer, now)
        lock, rcm_test = self.hardware.lock.drive(now), self.hardware.rcm.drive
        pilot = self.desk.by_hand.drive(driven.pilot, self.charger.state, now)
        as_driven = lock is driven.lock and rcm_test == driven.rcm_test and pilot is driven.pilot
        wanted = driven if as_driven else replace(driven, pilot=pilot, lock=lock, rcm_test=rcm_test)
        facts = Facts(
            state=self.charger.state,
            in_state_ms=now - self.charger.since,
            access=self.desk.access,
            diode_seen=self.pilot.diode_seen,
            stopping_fault=self.faults.worst is not None,
            opening_fault=self.faults.opens_at_once,
            set_up=self.desk.set_up,
            sample_age_ms=self.pilot.sample_age(now),
            ceiling=self.regulation.ceiling(moment).current,
            before=self.permit.at(now),
        )
        return permit(wanted, facts, now)

    # ---- out ----

    @property
    def saved(self) -> Saved:
        """What has to outlive this process."""
        desk, charged = self.desk, self.charged
        latched = tuple(fault for fault in self.faults.all if fault in LATCHED)
        energy = (charged.is_open, charged.start_wh, charged.charged_wh)
        cards = (desk.cards.all, desk.cards.grant.kept, desk.cards.holder)
        return Saved(desk.settings, desk.access, *energy, latched, desk.timer, self.session.kept, *cards)

    def _persist(self) -> list[Action]:
        saved, before = self.saved, self._saved
        if saved == before:
            return []
        self._saved = saved
        return [Persist(at_once=_urgent(saved) != _urgent(before))]

    def snapshot(self, now: Millis) -> Snapshot:
        """The charger as everybody else may see it."""
        return view.snapshot(self, now)
