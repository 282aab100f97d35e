"""The core as one object: events and commands in, actions and a snapshot out.

Owns the order in which things are decided. What is decided belongs to the modules it calls: faults are judged by
watches.py, the current by regulator.py, the state by charger.py, and safety.py has the last word on the contactors.
"""

from types import MappingProxyType
from typing import assert_never

from evsed.core import commands, notes, reasons, watches
from evsed.core.access import Buttons, Gesture, chosen
from evsed.core.actions import SAFE, Action, CloseContactors, Note, Outputs, Persist, Severity, changes
from evsed.core.cable import Cable
from evsed.core.charger import Charger, Situation
from evsed.core.commands import Desk
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.events import (
    ACCEPTED,
    Button,
    ChooseMode,
    Command,
    Event,
    Inputs,
    Leaving,
    MeterHealthChanged,
    MeterRead,
    Sampled,
    Tick,
    Verdict,
    WallClock,
)
from evsed.core.faults import LATCHED, Fault, Faults
from evsed.core.metering import Metering
from evsed.core.model import (
    Access,
    Contactor2,
    MeterHealth,
    MeterRole,
    MeterType,
    Mode,
    PhaseCurrents,
)
from evsed.core.pilot import FAULTY, Level
from evsed.core.pilot_watch import PilotWatch
from evsed.core.regulator import Demand, Regulator
from evsed.core.safety import Facts, permit
from evsed.core.session import Session
from evsed.core.snapshot import MeterView, Saved, Snapshot, drawing
from evsed.core.states import State, Transition
from evsed.core.units import Celsius, Deciamps, Millis, seconds_left

_OFFERING = frozenset({State.B, State.C, State.ACTIVATE})
_RESTING = frozenset({State.A, State.B1})
_CLOSED = frozenset({State.C, State.C1})
_ROLE_OF = {Fault.METER_LOST: MeterRole.MAINS, Fault.EV_METER_LOST: MeterRole.EV}


class Controller:
    """One charger. Not thread-safe: one thread owns it."""

    def __init__(self, saved: Saved, now: Millis) -> None:
        self.outputs: Outputs = SAFE
        self.desk = Desk(saved.settings, saved.access)
        self.metering = Metering()
        self.regulator = Regulator()
        self.charger = Charger(now)
        self.pilot = PilotWatch()
        self.faults = Faults()
        self._watches = watches.Watches(now)
        self._session = Session(
            is_open=saved.session_open, start_wh=saved.session_start_wh, charged_wh=saved.charged_wh
        )
        self._buttons = Buttons()
        self._booted_at = now
        self._health: dict[MeterRole, MeterHealth] = {}
        self._wall: tuple[int, Millis] | None = None
        self._cable = Cable()
        self._phases = 3
        self._temperature: Celsius | None = None
        self._closings = 0
        self._saved = saved
        self._leaving = False
        for fault in saved.latched:
            self.faults.set(fault, present=True, now=now)

    # ---- in ----

    def handle(self, event: Event, now: Millis) -> list[Action]:
        """Takes one event and returns what has to be done; ``outputs`` are the levels that follow from it."""
        actions: list[Action] = []
        match event:
            case Sampled(inputs):
                actions = self._sampled(inputs, now)
            case MeterRead():
                self.metering.take(event, now)
            case MeterHealthChanged(role, health):
                self._health[role] = health
            case WallClock(unix_s):
                self._wall = (unix_s, now)
            case Leaving():
                self._leaving = True
            case Tick():
                pass
            case _:
                assert_never(event)
        return actions + self._settle(now)

    def command(self, command: Command, now: Millis) -> Verdict:
        """Carries a command out, or says why not. What follows from it comes with the next event."""
        before = self.desk.settings
        verdict = commands.carry_out(command, self.desk, self.metering, now)
        if self.desk.settings is not before:
            self._settings_changed(before.mode, now)
        return verdict

    def _settings_changed(self, mode_before: int, now: Millis) -> None:
        if self.desk.settings.mode != mode_before:
            self.regulator.forget_sun()
            self.regulator.forgive()
            self.charger.forgive_delay(now)
        for role in self.desk.exchanged_meters():
            self.metering.forget(role)
            if role is MeterRole.EV:
                self._session.meter_exchanged()
            self._health.pop(role, None)
            self._watches.meter_changed(role, now)
            self.regulator.forget_measurements()

    def _sampled(self, inputs: Inputs, now: Millis) -> list[Action]:
        self.pilot.feed(inputs.pilot_mv, self.outputs.pilot, now)
        if not inputs.pilot_mv:
            return []  # the board could not be looked at: nothing else is known either
        state = self.charger.state
        self._cable.look(inputs.proximity_ohms, now, unplugged=state is State.A, closed=state in _CLOSED)
        self._temperature = inputs.temperature_c
        self._watches.rcm_tripped = inputs.rcm_tripped
        actions: list[Action] = []
        for button, gesture in self._buttons.feed(inputs.buttons, now):
            actions += self._button(button, gesture, now)
        return actions

    @property
    def _level(self) -> Level | None:
        """The pilot's level; while the pilot is disconnected, a cable that was pulled counts as 12 V."""
        pulled = self.desk.settings.config == 0 and self._cable.pulled
        return Level.UNPLUGGED if self.pilot.level is None and pulled else self.pilot.level

    def _button(self, button: Button, gesture: Gesture, now: Millis) -> list[Action]:
        if gesture is Gesture.PRESSED and Fault.RCM in self.faults and not self._watches.rcm_tripped:
            self.faults.set(Fault.RCM, present=False, now=now)
            self._buttons.spend(button)
            return [Note(Severity.INFO, "residual current fault reset by a button")]
        choice = chosen(button, gesture, Mode(self.desk.settings.mode), self.desk.access)
        verdict = ACCEPTED if choice is None else self.command(ChooseMode(choice), now)
        return [] if verdict.accepted else [Note(Severity.WARNING, f"button: {verdict.refused}")]

    # ---- deciding ----

    def _settle(self, now: Millis) -> list[Action]:
        actions = self._watch(now)
        if self.charger.state in _RESTING:
            self._phases = self._wanted_phases()
        self._regulate(now)
        self.faults.set(Fault.NO_POWER, present=self._lack is Fault.NO_POWER, now=now)
        self.faults.set(Fault.NO_SUN, present=self._lack is Fault.NO_SUN, now=now)
        if self.regulator.retry_at is not None:
            self.charger.delay(self.regulator.retry_at)
        taken = self.charger.step(self._situation(now), now, second_contactor=self._wants_second())
        for row in taken:
            self._entered(row)
            actions.append(notes.moved(row, self.faults.worst))
        if self.charger.state is State.A and self._level is Level.UNPLUGGED:
            self._session.unplugged()
        self._session.meter(self.metering.values(MeterRole.EV).import_wh)
        before, self.outputs = self.outputs, self._permitted(now)
        deeds = changes(before, self.outputs)
        self._closings += sum(isinstance(deed, CloseContactors) for deed in deeds)
        return deeds + actions + self._persist()

    def _watch(self, now: Millis) -> list[Action]:
        settings = self.desk.settings
        present = self._watches.judge(
            watches.Seen(
                settings=settings,
                faults=self.faults,
                state=self.charger.state,
                pilot=self.pilot,
                in_state_ms=now - self.charger.since,
                temperature=self._temperature,
                mains_at=self.metering.values(MeterRole.MAINS).currents_at,
                ev_at=self.metering.values(MeterRole.EV).heard_at,
            ),
            now,
        )
        actions: list[Action] = []
        for fault, there in present.items():
            if self.faults.set(fault, present=there, now=now):
                role = _ROLE_OF.get(fault)
                health = None if role is None else self._health.get(role)
                actions.append(notes.fault_changed(fault, health, there=there))
                if fault is Fault.METER_LOST:
                    self.regulator.forget_measurements()
                if fault is Fault.PILOT and not there:
                    self.charger.delay(now + self._watches.pilot_wait_ms)
        return actions

    @property
    def _lack(self) -> Fault | None:
        plugged = self.charger.state is not State.A or self.pilot.connected
        return self.regulator.lack if plugged else None

    def _regulate(self, now: Millis) -> None:
        demand = self._demand(now)
        drawn = self.regulator.drawn(demand.charging_ms)
        estimate = PhaseCurrents(drawn, drawn, drawn) if self._phases == 3 else PhaseCurrents(drawn, 0, 0)
        balance = self.metering.balance(now, estimate, ev_metered=demand.ev_metered)
        if balance is not None and demand.metered:
            balance = balance.bounded(self._believable)
            mains = self.metering.corrected(balance.mains, demand.mode, now, one_phase=self._battery_on_l1)
            self.regulator.observe(balance, balance.with_mains(mains), demand, now)
        if (self.metering.age(MeterRole.MAINS, now) or 0) >= watches.limit_ms(MeterRole.MAINS, demand.settings):
            self.regulator.forget_measurements()
        self.regulator.step(demand, now)

    @property
    def _believable(self) -> Deciamps:
        """What an EV meter may say of each phase: the offer and a tenth more; nothing while the contactor is open."""
        return self.regulator.most_offered * 11 // 10 + 5 if self.charger.state in _CLOSED else 0

    def _demand(self, now: Millis) -> Demand:
        state = self.charger.state
        return Demand(
            settings=self.desk.settings,
            cable=self._cable.limit,
            override=self.desk.override,
            phases=self._phases,
            connected=state is not State.A or self.pilot.connected,
            offering=state in _OFFERING,
            resting=state in _RESTING,
            charging_ms=now - self.charger.since if state is State.C else None,
            ev_metered=self._ev_polled and self.metering.fresh_ev(now),
            meter_cap=self._watches.meter_cap(
                self.desk.settings, self.metering.values(MeterRole.MAINS).currents_at, now
            ),
        )

    def _wanted_phases(self) -> int:
        settings = self.desk.settings
        if settings.enable_C2 == Contactor2.ALWAYS_OFF:
            return 1
        return 1 if settings.enable_C2 == Contactor2.SOLAR_OFF and settings.mode == Mode.SOLAR else 3

    def _wants_second(self) -> bool:
        return self._wanted_phases() == 3 and self.desk.settings.enable_C2 != Contactor2.NOT_PRESENT

    @property
    def _battery_on_l1(self) -> bool:
        return self.desk.settings.enable_C2 == Contactor2.ALWAYS_OFF

    def _situation(self, now: Millis) -> Situation:
        faults = self.faults
        return Situation(
            level=self._level,
            offer=min(self.regulator.offer, HIGHEST_OFFER),
            held_back=faults.worst is not None or self.desk.access is not Access.ALLOW or self._leaving,
            opens_at_once=faults.opens_at_once,
            diode_seen=self.pilot.diode_seen,
            may_close=self._may_close(now),
            access=self.desk.access,
        )

    def _may_close(self, now: Millis) -> bool:
        """The start condition, looked at once more at the moment of starting."""
        mode = self.desk.settings.mode
        if mode == Mode.NORMAL:
            return True
        measured = self.metering.age(MeterRole.MAINS, now) is not None
        return measured and (mode == Mode.SMART or self.regulator.sun_is_enough)

    @property
    def _ev_polled(self) -> bool:
        return self.desk.settings.ev_meter not in {MeterType.DISABLED, MeterType.API}

    def _entered(self, row: Transition) -> None:
        if row.target is State.C:
            self._session.began_charging()
            self._phases = self._wanted_phases()
        elif row.target is State.A:
            self.regulator.forgive()
            self._watches.unplugged()

    def _permitted(self, now: Millis) -> Outputs:
        wanted = self.charger.outputs(self.regulator.offer, now)
        facts = Facts(
            state=self.charger.state,
            in_state_ms=now - self.charger.since,
            access=self.desk.access,
            diode_seen=self.pilot.diode_seen,
            stopping_fault=self.faults.worst is not None,
            opening_fault=self.faults.opens_at_once,
            sample_age_ms=self.pilot.sample_age(now),
        )
        return permit(wanted, facts)

    # ---- out ----

    @property
    def saved(self) -> Saved:
        """What has to outlive this process."""
        session = self._session
        latched = tuple(fault for fault in self.faults.all if fault in LATCHED)
        return Saved(
            self.desk.settings, self.desk.access, session.is_open, session.start_wh, session.charged_wh, latched
        )

    def _persist(self) -> list[Action]:
        saved, before = self.saved, self._saved
        if saved == before:
            return []
        self._saved = saved
        urgent, known = ((kept.settings, kept.access, kept.latched) for kept in (saved, before))
        at_once = urgent != known
        return [Persist(at_once=at_once)]

    def snapshot(self, now: Millis) -> Snapshot:
        """The charger as everybody else may see it."""
        demand = self._demand(now)
        mains = self.metering.values(MeterRole.MAINS).currents
        meters = {role: self._meter_view(role, now) for role in MeterRole}
        offering = self.charger.state in _OFFERING
        reading = self.pilot.reading
        return Snapshot(
            now=now,
            unix_s=None if self._wall is None else self._wall[0] + (now - self._wall[1]) // 1000,
            uptime_s=(now - self._booted_at) // 1000,
            state=self.charger.state,
            reason=self._reason(now),
            faults=self.faults.all,
            error_bits=self.faults.bits,
            access=self.desk.access,
            settings=self.desk.settings,
            connected=demand.connected,
            offer=self.regulator.offer if offering else 0,
            limited_by=self.regulator.limited_by,
            override=self.desk.override,
            cable=self._cable.limit,
            outputs=self.outputs,
            phases=self._phases,
            pilot_high_mv=None if reading is None else reading.high_mv,
            pilot_low_mv=None if reading is None else reading.low_mv,
            temperature_c=self._temperature,
            mains=None
            if mains is None or not meters[MeterRole.MAINS].fresh
            else self.metering.corrected(mains, demand.mode, now, one_phase=self._battery_on_l1),
            meters=MappingProxyType(meters),
            drawing=drawing(meters[MeterRole.EV], self._phases if self.charger.state in _CLOSED else 0),
            battery=self.metering.battery(now),
            battery_at=self.metering.battery_at,
            charged_wh=self._session.charged_wh,
            solar_stop_s=seconds_left(self._stop_timer(), 0),
            closings=self._closings,
            saved=self.saved,
        )

    def _stop_timer(self) -> Millis | None:
        if self.charger.state is not State.C or self.desk.settings.mode != Mode.SOLAR:
            return None
        return self.regulator.stop_timer.left_ms(self.desk.settings.solar_stop_time)

    def _meter_view(self, role: MeterRole, now: Millis) -> MeterView:
        age = self.metering.age(role, now)
        fresh = age is not None and age < watches.shown_ms(role, self.desk.settings)
        values = self.metering.values(role)
        heard = values.heard_at is not None and now - values.heard_at < watches.shown_ms(role, self.desk.settings)
        return MeterView(values, fresh, heard, self._health.get(role))

    def _reason(self, now: Millis) -> reasons.Reason | None:
        return reasons.why(
            reasons.Standing(
                state=self.charger.state,
                connected=self.charger.state is not State.A or self.pilot.connected,
                fault=self.faults.worst,
                access=self.desk.access,
                leaving=self._leaving,
                offer=self.regulator.offer,
                delay_until=self.charger.delay_until,
                ready_at=self.charger.ready_at,
                state_ends_at=self.charger.deadline,
                startable=self._may_close(now),
                pilot_faulty=self.pilot.level in FAULTY,
            ),
            now,
        )
