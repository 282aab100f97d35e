"""What must hold after every step of the core, whatever happened: a judge, and a controller that is always judged.

The judge looks at outputs, actions and state only, and at the raw samples with a second, simpler eye than pilot.py's.
It knows the rules of facts/charging.md and IEC 61851-1, not how the core keeps them.
"""

from dataclasses import dataclass
from itertools import pairwise

from evsed.api.firmware.report import Dialect, Unit, settings_document
from evsed.api.v1.state import state_document
from evsed.core.actions import SAFE, Action, CloseContactors, LockDrive, OpenContactors, Outputs, Pilot, PilotDrive
from evsed.core.controller import Controller
from evsed.core.duty import current_for
from evsed.core.events import (
    ChooseMode,
    Command,
    EndLimit,
    EraseSettings,
    Event,
    Inputs,
    Limit,
    OverridePilot,
    Sampled,
    Verdict,
)
from evsed.core.faults import LATCHED, Fault, Stop
from evsed.core.model import BARE, Access, Contactor2, Equipment, Mode
from evsed.core.reasons import Reason
from evsed.core.schedule import Calendar
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis, Millivolts
from evsed.core.wire import MasterOffered, MasterTold
from tests.core.invariants_cards import PlugIn

LATE_REASON_MS = 6_000
"""How long a reason may still be seen after the time at which it said it would end: C1 takes that long."""

_MAY_HAVE_PULSES = frozenset({State.B, State.C, State.COMM_C})


@dataclass(frozen=True, slots=True)
class Look:
    """One clean burst as a plain voltmeter would show it: its high plateau."""

    high: Millivolts

    @property
    def released(self) -> bool:
        """9 V or 12 V without doubt, also for somebody who still holds 6 V: S2 is open, or the plug is out."""
        return 8_000 <= self.high <= 10_000 or 11_000 <= self.high <= 13_000


def look_at(samples: tuple[Millivolts, ...], drive: PilotDrive) -> Look | None:
    """The high plateau; None when the burst is not as clean as what was driven."""
    lowest, highest = min(samples), max(samples)
    if drive.kind is not Pilot.PWM or highest - lowest < 1_500:
        return Look(highest) if drive.kind is Pilot.HIGH and highest - lowest <= 500 else None
    middle = (lowest + highest) / 2
    highs = [value for value in samples if value > middle]
    lows = [value for value in samples if value <= middle]
    if highest - min(highs) > 500 or max(lows) - lowest > 500:
        return None
    duty = drive.duty / 10_000
    off = abs(len(highs) / len(samples) - duty)
    turns = sum((one > middle) is not (other > middle) for one, other in pairwise(samples))
    if off >= min(0.09, max(min(duty, 1 - duty) / 2, 0.02)) or not 3 <= turns <= 24:
        return None
    if lowest < -13_000 or max(lows) > -max(highest / 2, 1_500):
        return None
    return Look(sum(highs) // len(highs))


class Invariants:
    """Judges one controller from its start on. ``before`` and ``after`` stand around every event."""

    def __init__(self, core: Controller, now: Millis) -> None:
        self.core = core
        self.permit = core.permit
        self.told = SAFE  # what the actions so far add up to
        self.state = State.A
        self.since = now
        self.denied_since: Millis | None = None
        self.sampled_at: Millis | None = None
        self.asked_at: Millis = now
        self.negative_at: Millis = now - 10_000
        self.lent: tuple[Limit, Millis] | None = None  # what a program lent last, and when
        self.by_hand: tuple[int, Millis] | None = None  # the duty that somebody drives the pilot with, and since when
        self.released_since: Millis | None = None
        self.released_looks = 0
        self.residual = False
        self.pulses_ended: Millis | None = None
        self.duty_changed: Millis | None = None
        self.woken = 0
        self.agreed: State | None = None  # what our master has agreed to in the state that asked for it
        self.master_offers: Deciamps | None = None  # since it agreed to pulses
        self.master_heard: Millis | None = None
        self.plug_in = PlugIn(core)
        self.overdue = ""
        self.overdue_since = now
        assert core.permit.at(now) == SAFE, "nothing is closed before the first look"

    # ---- what the board showed ----

    def before(self, event: Event, now: Millis) -> None:
        """Looks at the event with its own eyes."""
        if isinstance(event, Sampled) and event.inputs.pilot_mv:
            self._look(event.inputs, now)
        elif isinstance(event, MasterTold):
            asked = {5: State.COMM_B, 7: State.COMM_C}.get(-1 if event.state is None else event.state)
            self.agreed = asked if asked is self.core.charger.state else self.agreed
        elif isinstance(event, MasterOffered):
            self.master_offers, self.master_heard = event.offer, now

    def _look(self, inputs: Inputs, now: Millis) -> None:
        drive = self.core.outputs.pilot
        self.sampled_at = now
        self.residual = inputs.rcm_tripped
        look = look_at(inputs.pilot_mv, drive)
        if drive.kind is Pilot.PWM and min(inputs.pilot_mv) <= -11_000:
            self.negative_at = now
        if any(1_600 <= value <= 7_400 for value in inputs.pilot_mv):  # 3 V or 6 V, with every hysteresis
            self.asked_at = now
        if look is None or not look.released:
            self.released_since, self.released_looks = None, 0
            return
        self.released_looks += 1
        if self.released_since is None:
            self.released_since = now

    def heard(self, command: Command, now: Millis) -> None:
        """A command was accepted."""
        if isinstance(command, Limit):
            self.lent = (command, now)
        elif isinstance(command, EndLimit | EraseSettings):
            self.lent = None
        if isinstance(command, OverridePilot):
            self.by_hand = None if command.duty is None else (command.duty, now)
        elif isinstance(command, ChooseMode):
            self.by_hand = None
        self.plug_in.heard(command, now)

    def lent_current(self, now: Millis) -> Deciamps | None:
        """What a program outside allows now; None when it sets no limit."""
        if self.lent is None:
            return None
        limit, at = self.lent
        return limit.current if now - at < limit.seconds * 1000 else limit.fallback

    # ---- what must hold ----

    def after(self, actions: list[Action], now: Millis) -> None:
        """Judges what the core made of it."""
        core = self.core
        outputs = core.outputs
        if core.charger.state is not self.state:
            self._moved(core.charger.state, now)
        if core.desk.access is Access.ALLOW:
            self.denied_since = None
        elif self.denied_since is None:
            self.denied_since = now
        self._judge_lease(outputs, now)
        self._judge_actions(actions, outputs, now)
        self._judge_pilot(outputs, now)
        self._judge_set_up(actions, outputs)
        self.plug_in.after(actions, now)
        if outputs.contactor1:
            self._judge_closed(outputs, now)
        else:
            assert not outputs.contactor2, "contactor 2 is closed alone"
            assert core.charger.state is not State.C, "state C with an open contactor: a stop without a reason"
        self.permit = core.permit

    def _moved(self, state: State, now: Millis) -> None:
        node = self.core.desk.is_node
        if state is State.C:
            assert self.state is State.COMM_C if node else self.state in {State.B, State.COMM_C}, self.state.name
            assert not node or self.agreed is State.COMM_C, "a node has closed without its master's word"
        if self.state is State.COMM_B and state is State.B and node:
            assert self.agreed is State.COMM_B, "a node has pulses without its master's word"
            self.master_offers = None
        assert not node or state is not State.B or self.state not in {State.A, State.B1}, "pulses without asking"
        self.agreed = None
        if state is State.A:
            self.woken, self.pulses_ended = 0, None
        if state is State.ACTIVATE:
            self.woken += 1
            assert self.woken == 1, "woken twice in one plug-in"
        self.state, self.since = state, now

    def _judge_set_up(self, actions: list[Action], outputs: Outputs) -> None:
        equipment = self.core.desk.equipment
        if not equipment.needs_set_up or (equipment.described and self.core.desk.settings.set_up == 1):
            return
        assert not any(isinstance(action, CloseContactors) for action in actions), "closed before it was set up"
        assert outputs.pilot.kind is not Pilot.PWM, "offered before it was set up"

    def _judge_lease(self, outputs: Outputs, now: Millis) -> None:
        permit = self.core.permit
        assert permit.at(now) == permit.at(now + 499) == outputs
        assert permit.at(now + 500) == SAFE, "a permit that does not expire"
        earlier = self.permit.at(now)  # what counted until now: safe, if the loop was held up for too long
        if earlier.contactor1 and outputs.contactor1:
            assert earlier.contactor2 == outputs.contactor2, "contactor 2 moved under load"
        if outputs.contactor1 and not earlier.contactor1:
            assert (self.state, self.since) == (State.C, now), "closed again without having come from B"
            second = outputs.contactor2
            settings = self.core.desk.settings
            assert second == (settings.enable_C2 != Contactor2.NOT_PRESENT and self._three_phases())
        if outputs.lock is LockDrive.UNLOCK or outputs.rcm_test:
            assert not outputs.contactor1, "unlocked, or the residual current monitor tested, under load"

    def _three_phases(self) -> bool:
        settings = self.core.desk.settings
        match settings.enable_C2:
            case Contactor2.ALWAYS_OFF:
                return False
            case Contactor2.SOLAR_OFF:
                return settings.mode != Mode.SOLAR
            case Contactor2.AUTO if settings.mode == Mode.SOLAR:
                return self.core.regulation.phases.in_use == 3
            case _:
                return True

    def _judge_actions(self, actions: list[Action], outputs: Outputs, now: Millis) -> None:
        if now >= self.permit.until:
            self.told = SAFE  # the lease has done it
        first, second = self.told.contactor1, self.told.contactor2
        for action in actions:
            if isinstance(action, OpenContactors):
                first = second = False
            elif isinstance(action, CloseContactors):
                assert not first, "closed twice"
                first, second = True, action.second
        assert (first, second) == (outputs.contactor1, outputs.contactor2), "the actions do not add up to the outputs"
        self.told = outputs

    def _judge_pilot(self, outputs: Outputs, now: Millis) -> None:
        before, pilot = self.permit.outputs.pilot, outputs.pilot
        duty = self._duty_by_hand(now)
        if duty is not None:
            assert self.state is not State.C, "charging while the pilot is driven by hand"
        if duty is not None and self.state in {State.A, State.B1}:
            self._judge_by_hand(duty, outputs, now)
        elif pilot.kind is Pilot.PWM:
            self._judge_pulses(before, pilot, now)
        else:
            self.duty_changed = None
            if before.kind is Pilot.PWM and self.state is not State.A:
                self.pulses_ended = now
            if self.state is State.COMM_B:
                assert pilot.kind is Pilot.HIGH, "the pilot is not constant while the master is asked"
            if pilot.kind is Pilot.LOW:
                assert self.state is State.ACTIVATE
            if pilot.kind is Pilot.OFF:
                assert self.state is State.B1

    def _duty_by_hand(self, now: Millis) -> int | None:
        if self.by_hand is not None and now - self.by_hand[1] >= 300_000:
            self.by_hand = None
        if self.core.desk.by_hand.duty(now) is None:
            self.by_hand = None  # it ends in many ways; what must not be is one that nobody asked for
        else:
            assert self.by_hand is not None, "the pilot is driven by hand, and nobody asked for it"
        return None if self.by_hand is None else self.by_hand[0]

    def _judge_by_hand(self, duty: int, outputs: Outputs, now: Millis) -> None:
        pilot = outputs.pilot
        assert not outputs.contactor1, "closed while the pilot is driven by hand"
        assert (pilot.kind is Pilot.OFF) == (duty == 0)
        if pilot.kind is Pilot.PWM:
            assert current_for(pilot.pulses) <= self.core.desk.settings.current_max * 10
            self.pulses_ended = now
        self.duty_changed = None

    def _judge_pulses(self, before: PilotDrive, pilot: PilotDrive, now: Millis) -> None:
        core = self.core
        assert self.state in _MAY_HAVE_PULSES
        assert 1_000 <= pilot.pulses <= 9_600
        announced, settings = current_for(pilot.pulses), core.desk.settings
        assert 60 <= announced <= settings.current_max * 10
        assert settings.config != 0 or announced <= core.cable.limit, "more than the cable carries"
        assert not core.desk.override or announced <= core.desk.override
        lent = self.lent_current(now)
        assert lent is None or announced <= lent, "more than a program outside allows"
        derated = core.hardware.derating.cap(settings)
        assert derated is None or announced <= derated.current
        assert not core.hardware.switch.grid_limited or announced * core.regulation.phases.in_use <= 180
        if core.desk.is_node:
            self._judge_obedience(announced)
        if before.kind is not Pilot.PWM:
            waited = self.pulses_ended is None or now - self.pulses_ended >= 3_000
            assert waited, "pulses again less than 3 s after they ended"
        if before.kind is Pilot.PWM and pilot.pulses > before.pulses:
            gap = self.duty_changed is None or now - self.duty_changed >= 5_000
            assert gap, "the duty rose less than 5 s after it changed"
        if before.kind is Pilot.PWM and before != pilot:
            self.duty_changed = now

    def _judge_obedience(self, announced: Deciamps) -> None:
        """A node announces what its master has offered; before that, MIN, with the contactor open."""
        offered, minimum = self.master_offers, self.core.desk.settings.current_min * 10
        if self.state is State.C:
            assert offered is not None, "a node charges though nothing was offered to it"
        allowed = minimum if offered is None else offered
        assert announced <= allowed, "more than the master offers"

    def _judge_closed(self, outputs: Outputs, now: Millis) -> None:
        core = self.core
        if self.state is State.C:
            assert outputs.pilot.kind is Pilot.PWM
            assert core.faults.worst is None, f"charging with {core.faults.worst}"
            assert core.desk.access is Access.ALLOW, "charging without access"
            assert not core.leaving
            if core.desk.is_node:
                assert self.master_heard is not None
                assert now - self.master_heard < 9_000, "charging 9 s after the master's last word"
            lent, given = self.lent_current(now), core.desk.settings
            assert lent is None or lent >= min(given.current_min, given.current_max) * 10, "charging below MIN"
        else:
            assert self.state is State.C1, f"closed in {self.state.name}"
            assert outputs.pilot.kind is Pilot.HIGH
            assert now - self.since < 6_000, "closed for 6 s in C1"
        assert not any(fault.value.stop is Stop.AT_ONCE for fault in core.faults.all)
        assert self.denied_since is None or now - self.denied_since < 6_000, "closed 6 s after access went off"
        assert self.sampled_at is not None
        assert now - self.sampled_at <= 100, "closed without a sample of the last 100 ms"
        assert not (self.residual and core.desk.settings.rcmon), "closed while residual current is signalled"
        if self.state is State.C:
            assert now - self.negative_at <= 3_000, "closed without the diode"
        # a single look may be noise, and one that comes late cannot act earlier
        late = self.released_since is not None and now - self.released_since > 100 and self.released_looks > 1
        assert not late, "closed more than 100 ms after 9 V or 12 V was first seen"
        assert now - self.asked_at <= 500, "closed for 500 ms without 6 V"

    # ---- what everybody else sees ----

    def tell(self, now: Millis) -> Snapshot:
        """Everybody looks at it: nothing fails, and there is one reason or the car charges."""
        snapshot = self.core.snapshot(now)
        settings_document(snapshot, Unit(), Dialect.NEWER)
        state_document(snapshot)
        assert (snapshot.reason is None) == (snapshot.state is State.C)
        assert (None if snapshot.lent is None else snapshot.lent.current) == self.lent_current(now)
        if snapshot.reason is not None:
            assert snapshot.reason.code
            assert snapshot.reason.text
        self._judge_end(snapshot.reason, now)
        return snapshot

    def _judge_end(self, reason: Reason | None, now: Millis) -> None:
        overdue = reason is not None and reason.until is not None and reason.until < now
        if reason is None or not overdue or reason.code != self.overdue:
            self.overdue, self.overdue_since = (reason.code if reason is not None and overdue else ""), now
        assert now - self.overdue_since <= LATE_REASON_MS, f"{self.overdue} should be over"


class Judged(Controller):
    """A controller under the eyes of ``Invariants`` at every event."""

    def __init__(
        self,
        saved: Saved,
        now: Millis,
        equipment: Equipment = BARE,
        restart_wait_ms: Millis = 0,
        calendar: Calendar | None = None,
        *,
        pilot_unlocked: bool = False,
    ) -> None:
        super().__init__(saved, now, equipment, restart_wait_ms, calendar, pilot_unlocked=pilot_unlocked)
        assert {fault for fault in saved.latched if fault in LATCHED} <= set(self.faults.all)
        self.judge = Invariants(self, now)
        self.judge.plug_in.allowed = now if saved.granted else None

    def handle(self, event: Event, now: Millis) -> list[Action]:
        self.judge.before(event, now)
        actions = super().handle(event, now)
        self.judge.after(actions, now)
        return actions

    def command(self, command: Command, now: Millis) -> Verdict:
        welded = Fault.WELDED in self.faults
        verdict = super().command(command, now)
        if verdict.accepted:
            self.judge.heard(command, now)
        assert not (welded and verdict.refused and Fault.WELDED not in self.faults), "a refusal changed something"
        return verdict
