"""The core as one object: events and commands in, actions and a snapshot out.

Owns the order in which things are decided. What is decided belongs to the modules it calls: faults are judged by
watches.py, the current by regulator.py, the phases by phases.py, the state by charger.py, and safety.py has the last
word on the outputs. What others may see of it is view.py's.
"""

from dataclasses import replace
from typing import assert_never

from evsed.core import commands, limits, notes, phases, schedule, view, watches
from evsed.core.access import Buttons, Gesture, chosen
from evsed.core.actions import SAFE, Action, CloseContactors, Note, Outputs, Persist, Severity, changes
from evsed.core.cable import Cable
from evsed.core.charger import STOP_DELAY_MS, Charger, Situation
from evsed.core.commands import Desk
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.events import (
    ACCEPTED,
    Button,
    ChangeSetting,
    ChooseMode,
    ClearFaults,
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
from evsed.core.hardware import Hardware
from evsed.core.limits import Cap
from evsed.core.metering import Balance, Metering
from evsed.core.model import (
    BARE,
    Access,
    Contactor2,
    Equipment,
    MeterHealth,
    MeterRole,
    MeterType,
    Mode,
    ModeChoice,
    PhaseCurrents,
    choice_of,
)
from evsed.core.pilot import Level
from evsed.core.pilot_watch import PilotWatch
from evsed.core.regulator import Demand, Regulator
from evsed.core.safety import Facts, Permit, permit
from evsed.core.session import Session
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State, Transition, Trigger
from evsed.core.switch import Wish
from evsed.core.units import Deciamps, Millis

OFFERING = frozenset({State.B, State.C, State.ACTIVATE})
CLOSED = frozenset({State.C, State.C1})
_RESTING = frozenset({State.A, State.B1})
_ROLE_OF = {
    Fault.METER_LOST: MeterRole.MAINS,
    Fault.EV_METER_LOST: MeterRole.EV,
    Fault.CIRCUIT_METER_LOST: MeterRole.CIRCUIT,
}
_CLEARED_BY_OWNER = (Fault.RCM, Fault.WELDED, Fault.CONTACTOR_FAILED, Fault.OVERDRAW)


class Controller:
    """One charger. Not thread-safe: one thread owns it."""

    def __init__(self, saved: Saved, now: Millis, equipment: Equipment = BARE, restart_wait_ms: Millis = 0) -> None:
        """``restart_wait_ms``: how long a car that is found at start-up has to wait."""
        self.permit = Permit(SAFE, now)
        self.desk = Desk(saved.settings, saved.access, saved.timer)
        self.metering = Metering()
        self.regulator = Regulator()
        self.charger = Charger(now)
        self.pilot = PilotWatch()
        self.faults = Faults()
        self.hardware = Hardware(equipment)
        self.phases = phases.Phases()
        self.cable = Cable()
        self.watches = watches.Watches(now)
        self.session = Session(is_open=saved.session_open, start_wh=saved.session_start_wh, charged_wh=saved.charged_wh)
        self.health: dict[MeterRole, MeterHealth] = {}
        self.booted_at = now
        self.wall: tuple[int, Millis] | None = None
        self.leaving = False
        self.stopped_until = now
        self.closings = 0
        self._buttons = Buttons()
        self._balance: Balance | None = None
        self._circuit_at: Millis | None = None
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
                self.metering.take(event, now)
            case MeterHealthChanged(role, health):
                self.health[role] = health
            case WallClock(unix_s):
                self.wall = (unix_s, now)
            case Leaving():
                self.leaving = True
            case Tick():
                pass
            case _:
                assert_never(event)
        return actions + self._settle(now)

    def command(self, command: Command, now: Millis) -> Verdict:
        """Carries a command out, or says why not. What follows from it comes with the next event."""
        if isinstance(command, ClearFaults):
            return self._clear_faults(now)
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
            self.phases.mode_changed(self.desk.settings)
        for role in self.desk.exchanged_meters():
            self.metering.forget(role)
            if role is MeterRole.EV:
                self.session.meter_exchanged()
            self.health.pop(role, None)
            self.watches.meter_changed(role, now)
            self._forget_measurements()

    def _forget_measurements(self) -> None:
        self.regulator.forget_measurements()
        self.phases.forget_sun()
        self._balance = None

    def _clear_faults(self, now: Millis) -> Verdict:
        """The owner has seen to it: what waits for that is over, unless its cause is still there."""
        if Fault.RCM in self.faults and self.hardware.rcm.signal:
            return Verdict("the residual current monitor still signals a fault")
        if Fault.WELDED in self.faults and not self.hardware.contactors.weld_gone:
            return Verdict("a contactor still does not open, or current still flows")
        for fault in _CLEARED_BY_OWNER:
            self.faults.set(fault, present=False, now=now)
        return ACCEPTED

    def _sampled(self, inputs: Inputs, now: Millis) -> list[Action]:
        self.pilot.feed(inputs.pilot_mv, self.outputs.pilot, now)
        if not inputs.pilot_mv:
            return []  # the board could not be looked at: nothing else is known either
        state = self.charger.state
        self.cable.look(inputs.proximity_ohms, now, unplugged=state is State.A, closed=state in CLOSED)
        actions: list[Action] = []
        for wish in self.hardware.look(inputs, self.outputs, self.desk.settings, now):
            actions += self._switched(wish, now)
        for button, gesture in self._buttons.feed(inputs.buttons, now):
            actions += self._button(button, gesture, now)
        return actions

    @property
    def level(self) -> Level | None:
        """The pilot's level; while the pilot is disconnected, a cable that was pulled counts as 12 V."""
        pulled = self.desk.settings.config == 0 and self.cable.pulled
        return Level.UNPLUGGED if self.pilot.level is None and pulled else self.pilot.level

    @property
    def connected(self) -> bool:
        """Whether a car hangs on the charger."""
        return self.charger.state is not State.A or self.pilot.connected

    def _button(self, button: Button, gesture: Gesture, now: Millis) -> list[Action]:
        if gesture is Gesture.PRESSED and (reset := self._reset_residual_current(now)):
            self._buttons.spend(button)
            return reset
        return self._choose("button", chosen(button, gesture, Mode(self.desk.settings.mode), self.desk.access), now)

    def _reset_residual_current(self, now: Millis) -> list[Action]:
        if Fault.RCM not in self.faults or self.hardware.rcm.signal:
            return []
        self.faults.set(Fault.RCM, present=False, now=now)
        return [Note(Severity.INFO, "residual current fault reset by a button")]

    def _switched(self, wish: Wish, now: Millis) -> list[Action]:
        mode, access = Mode(self.desk.settings.mode), self.desk.access
        other = {Mode.SMART: Mode.SOLAR, Mode.SOLAR: Mode.SMART}
        match wish:
            case Wish.RESET:
                return self._reset_residual_current(now)
            case Wish.STOP:
                self.stopped_until = now + STOP_DELAY_MS
                return []
            case Wish.ALLOW if access is not Access.ALLOW:
                return self._choose("switch", choice_of(mode, Access.ALLOW), now)
            case Wish.DENY if access is not Access.DENY:
                return self._choose("switch", ModeChoice.OFF, now)
            case Wish.TOGGLE_ACCESS:
                choice = ModeChoice.OFF if access is Access.ALLOW else choice_of(mode, Access.ALLOW)
                return self._choose("switch", choice, now)
            case Wish.SMART | Wish.SOLAR if mode is other[Mode[wish.name]]:
                self.command(ChangeSetting("mode", int(Mode[wish.name])), now)
            case Wish.TOGGLE_MODE if mode in other:
                self.command(ChangeSetting("mode", int(other[mode])), now)
            case _:
                pass  # as it is already
        return []

    def _choose(self, who: str, choice: ModeChoice | None, now: Millis) -> list[Action]:
        verdict = ACCEPTED if choice is None else self.command(ChooseMode(choice), now)
        return [] if verdict.accepted else [Note(Severity.WARNING, f"{who}: {verdict.refused}")]

    # ---- deciding ----

    def _settle(self, now: Millis) -> list[Action]:
        self._look_at_clock(now)
        self._look_at_ev(now)
        settings = self.desk.settings
        actions = self._watch(now)
        if self.charger.state not in CLOSED:
            self.phases.at_rest(settings, now)
        self._regulate(now)
        self.faults.set(Fault.NO_POWER, present=self._lack is Fault.NO_POWER, now=now)
        self.faults.set(Fault.NO_SUN, present=self._lack is Fault.NO_SUN, now=now)
        if self.regulator.retry_at is not None:
            self.charger.delay(self.regulator.retry_at)
        locked_in_a = bool(settings.cablelock) and self.cable.limit > 0
        self.hardware.step(
            settings, now, lock_wanted=self.connected or locked_in_a, about_to_close=self.about_to_close(now)
        )
        second = self.phases.in_use == 3 and settings.enable_C2 != Contactor2.NOT_PRESENT
        since = self.charger.since
        taken = self.charger.step(self._situation(now), now, second_contactor=second)
        for row in taken:
            self._entered(row, now - since, now)
            actions.append(notes.moved(row, self.faults.worst))
        if self.charger.state is State.A and self.level is Level.UNPLUGGED:
            self.session.unplugged()
        self.session.meter(self.metering.values(MeterRole.EV).import_wh)
        before, self.permit = self.outputs, self._permitted(now)
        deeds = changes(before, self.outputs)
        for _ in (deed for deed in deeds if isinstance(deed, CloseContactors)):
            self.closings += 1
            self.hardware.rest.closed(now)
        return deeds + actions + self._persist()

    def _look_at_clock(self, now: Millis) -> None:
        if self.wall is None:
            return
        self.desk.unix_s = self.wall[0] + (now - self.wall[1]) // 1000
        self.desk.timer, self.desk.access = schedule.due(self.desk.timer, self.desk.access, self.desk.unix_s)

    def _look_at_ev(self, now: Millis) -> None:
        values = self.metering.values(MeterRole.EV)
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
            self.hardware.overdraw.feed(drawn, self.regulator.offer, self.regulator.most_offered, now)

    def _watch(self, now: Millis) -> list[Action]:
        present = self.watches.judge(
            watches.Seen(
                settings=self.desk.settings,
                faults=self.faults,
                state=self.charger.state,
                pilot=self.pilot,
                in_state_ms=now - self.charger.since,
                hardware=self.hardware,
                mains_at=self.metering.values(MeterRole.MAINS).currents_at,
                ev_at=self.metering.values(MeterRole.EV).heard_at,
                circuit_at=self.metering.values(MeterRole.CIRCUIT).currents_at,
            ),
            now,
        )
        actions: list[Action] = []
        for fault, there in present.items():
            if self.faults.set(fault, present=there, now=now):
                role = _ROLE_OF.get(fault)
                health = None if role is None else self.health.get(role)
                actions.append(notes.fault_changed(fault, health, there=there))
                if fault is Fault.METER_LOST:
                    self._forget_measurements()
                if fault is Fault.PILOT and not there:
                    self.charger.delay(now + self.watches.pilot_wait.wait_ms)
        return actions

    @property
    def _lack(self) -> Fault | None:
        return self.regulator.lack if self.connected else None

    def _regulate(self, now: Millis) -> None:
        demand = self.demand(now)
        settings = demand.settings
        drawn = self.regulator.drawn(demand.charging_ms)
        estimate = PhaseCurrents(drawn, drawn, drawn) if demand.phases == 3 else PhaseCurrents(drawn, 0, 0)
        self._observe_circuit(demand, estimate)
        balance = self.metering.balance(now, estimate, ev_metered=demand.ev_metered)
        if balance is not None and demand.metered:
            balance = balance.bounded(self._believable)
            corrected = balance.with_mains(
                self.metering.corrected(balance.mains, demand.mode, now, one_phase=self.battery_on_l1)
            )
            self._balance = balance
            self.regulator.observe(balance, corrected, demand, now)
            self.phases.observe(phases.look(settings, corrected), now, at_top=self.regulator.at_top)
        if (self.metering.age(MeterRole.MAINS, now) or 0) >= watches.limit_ms(MeterRole.MAINS, settings):
            self._forget_measurements()
        if demand.charging_ms is not None:
            self.phases.look_up(settings, now, three_fit=self._three_fit)
        self.regulator.step(self.demand(now), now)
        if self.regulator.one_phase_wanted:
            self.phases.to_one(now)

    def _observe_circuit(self, demand: Demand, estimate: PhaseCurrents) -> None:
        values = self.metering.values(MeterRole.CIRCUIT)
        if demand.settings.circuit_meter == MeterType.DISABLED or values.currents is None:
            self.regulator.circuit = None
        elif values.currents_at != self._circuit_at:
            self._circuit_at = values.currents_at
            measured = self.metering.values(MeterRole.EV).currents if demand.ev_metered else None
            self.regulator.circuit = limits.circuit_cap(
                demand.settings, values.currents, measured or estimate, demand.phases
            )

    def _three_fit(self) -> bool:
        """Whether the mains has room for MIN on three phases."""
        settings, balance = self.desk.settings, self._balance
        minimum = settings.current_min * 10
        return balance is not None and limits.mains_cap(settings, balance, 3).current >= minimum

    @property
    def _believable(self) -> Deciamps:
        """What an EV meter may say of each phase: the offer and a tenth more; nothing while the contactor is open."""
        return self.regulator.most_offered * 11 // 10 + 5 if self.charger.state in CLOSED else 0

    def demand(self, now: Millis) -> Demand:
        """What the regulator has to know about this moment."""
        state, settings = self.charger.state, self.desk.settings
        derating = self.hardware.derating.cap(settings)
        grid = limits.grid_cap(self.phases.in_use) if self.hardware.switch.grid_limited else None
        return Demand(
            settings=settings,
            cable=self.cable.limit,
            override=self.desk.override,
            outside=tuple(cap for cap in (derating, grid) if cap is not None),
            phases=self.phases.in_use,
            connected=self.connected,
            offering=state in OFFERING,
            resting=state in _RESTING,
            charging_ms=now - self.charger.since if state is State.C else None,
            ev_metered=self._ev_polled and self.metering.fresh_ev(now),
            meter_cap=self._meter_cap(now),
            large_shortage=self.phases.large_shortage_lasts(settings, now),
            one_phase_would_do=self.phases.one_would_do(settings, now),
        )

    def _meter_cap(self, now: Millis) -> Cap | None:
        settings = self.desk.settings
        mains_at = self.metering.values(MeterRole.MAINS).currents_at
        circuit_at = self.metering.values(MeterRole.CIRCUIT).currents_at
        return self.watches.meter_cap(settings, mains_at, now) or self.watches.circuit_cap(settings, circuit_at, now)

    @property
    def battery_on_l1(self) -> bool:
        """Whether the home battery's current counts on L1 alone."""
        return self.desk.settings.enable_C2 == Contactor2.ALWAYS_OFF

    @property
    def _ev_polled(self) -> bool:
        return self.desk.settings.ev_meter not in {MeterType.DISABLED, MeterType.API}

    def switching(self) -> bool:
        """Whether the car is stopped so that the number of phases can change."""
        return self.charger.state is State.C and self.phases.switch_due

    def rest_until(self, now: Millis) -> Millis:
        """Until when contactor 1 has to rest; in the past when it need not, or is closed."""
        if self.charger.state in CLOSED:
            return now
        return self.hardware.rest.until(self.desk.settings.closings_per_hour, now)

    def _situation(self, now: Millis) -> Situation:
        held_back = (
            self.faults.worst is not None
            or self.desk.access is not Access.ALLOW
            or self.leaving
            or self.switching()
            or now < self.stopped_until
            or now < self.rest_until(now)
        )
        return Situation(
            level=self.level,
            offer=min(self.regulator.offer, HIGHEST_OFFER),
            held_back=held_back,
            opens_at_once=self.faults.opens_at_once,
            diode_seen=self.pilot.diode_seen,
            may_close=self.may_start(now) and self.hardware.ready(self.desk.settings),
            access=self.desk.access,
        )

    def may_start(self, now: Millis) -> bool:
        """The start condition, looked at once more at the moment of starting."""
        mode = self.desk.settings.mode
        if mode == Mode.NORMAL:
            return True
        measured = self.metering.age(MeterRole.MAINS, now) is not None
        return measured and (mode == Mode.SMART or self.regulator.sun_is_enough)

    def about_to_close(self, now: Millis) -> bool:
        """Whether the car asks and nothing but lock and self-test is missing."""
        asks = self.charger.state is State.B and self.level is Level.WANTS_POWER
        return asks and self.pilot.diode_seen and self.may_start(now)

    def _entered(self, row: Transition, before_ms: Millis, now: Millis) -> None:
        if row.target is State.C:
            self.session.began_charging()
            self.phases.began_charging(now)
        elif row.target is State.A:
            self.regulator.forgive()
            self.phases.unplugged()
            self.hardware.rest.unplugged()
            self.watches.unplugged()
        elif row.source is State.C and row.trigger is Trigger.CAR_RELEASES:
            self.hardware.rest.released(before_ms, now)

    def _permitted(self, now: Millis) -> Permit:
        driven = self.charger.outputs(self.regulator.offer, now)
        wanted = replace(driven, lock=self.hardware.lock.drive(now), rcm_test=self.hardware.rcm.drive)
        facts = Facts(
            state=self.charger.state,
            in_state_ms=now - self.charger.since,
            access=self.desk.access,
            diode_seen=self.pilot.diode_seen,
            stopping_fault=self.faults.worst is not None,
            opening_fault=self.faults.opens_at_once,
            sample_age_ms=self.pilot.sample_age(now),
            ceiling=self.demand(now).fixed().current,
            before=self.outputs,
        )
        return permit(wanted, facts, now)

    # ---- out ----

    @property
    def saved(self) -> Saved:
        """What has to outlive this process."""
        session = self.session
        latched = tuple(fault for fault in self.faults.all if fault in LATCHED)
        return Saved(
            self.desk.settings,
            self.desk.access,
            session.is_open,
            session.start_wh,
            session.charged_wh,
            latched,
            self.desk.timer,
        )

    def _persist(self) -> list[Action]:
        saved, before = self.saved, self._saved
        if saved == before:
            return []
        self._saved = saved
        urgent, known = ((kept.settings, kept.access, kept.latched, kept.timer) for kept in (saved, before))
        return [Persist(at_once=urgent != known)]

    def snapshot(self, now: Millis) -> Snapshot:
        """The charger as everybody else may see it."""
        return view.snapshot(self, now)
