"""The charging state machine: which state, since when, and what each state drives.

Owns the state, its timers and the pilot's disconnections. The table of transitions is states.py; whether current may be
offered and how much comes in with each step; the last word on the contactors is safety.py's.
"""

from dataclasses import dataclass
from typing import assert_never

from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, Outputs, PilotDrive, pilot_offering
from evsed.core.duty import LOWEST_OFFER
from evsed.core.model import Access
from evsed.core.pilot import CONNECTED, Level
from evsed.core.states import State, Transition, Trigger, rows_of
from evsed.core.units import Deciamps, Millis

STEADY_6V_MS = 500
ASLEEP_MS = 30_000
WAKE_MS = 3_000  # IEC 61851-1 A.5.3
STOP_MS = 6_000  # Table A.6, seq. 10.2: the EVSE may open under load
STOP_DELAY_MS = 15_000
X1_MS = 3_000  # at least this long without pulses before they resume
PILOT_OFF_MS = 5_000


@dataclass(frozen=True, slots=True)
class Situation:
    """What the state machine has to know from outside, at one moment."""

    level: Level | None  # None: the pilot is not known (disconnected, or not sampled long enough)
    offer: Deciamps  # what would be offered; below 6 A nothing can be
    held_back: bool  # a reason against charging
    opens_at_once: bool  # a fault that does not wait for the car
    diode_seen: bool
    may_close: bool  # false: stay in B for now
    access: Access
    node: bool = False  # a master has to agree to pulses and contactor
    agreed: bool = False  # it does, to what this state asks for

    @property
    def can_offer(self) -> bool:
        """Whether nothing stands against pulses on the pilot."""
        return not self.held_back and not self.opens_at_once and self.offer >= LOWEST_OFFER

    @property
    def car_asks(self) -> bool:
        """Whether the car wants the contactor closed, and nothing of ours is missing."""
        return self.level is Level.WANTS_POWER and self.diode_seen and self.may_close


class Charger:
    """One charger's state. ``step`` moves it along the table; ``outputs`` is what the state drives."""

    def __init__(self, now: Millis) -> None:
        self.state = State.A
        self.since = now
        self.pilot_off_until = now
        self.delay_until = now
        self.second_contactor = False
        self._just_started = True
        self._woken = False

    def step(self, situation: Situation, now: Millis, *, second_contactor: bool) -> list[Transition]:
        """Takes every transition that is due at ``now`` and returns them in order.

        ``second_contactor``: whether contactor 2 goes with contactor 1; it is looked at only on entering C.
        """
        if situation.level is Level.UNPLUGGED:
            self._just_started = False
        taken: list[Transition] = []
        while row := self._due(situation, now):
            taken.append(row)
            self._enter(row, situation, now, second_contactor)
        return taken

    def _due(self, situation: Situation, now: Millis) -> Transition | None:
        for row in rows_of(self.state):
            if self._true(row.trigger, situation, now):
                return row
        return None

    def _true(self, trigger: Trigger, situation: Situation, now: Millis) -> bool:
        elapsed = now - self.since
        level = situation.level
        match trigger:
            case Trigger.UNPLUGGED:
                return level is Level.UNPLUGGED
            case Trigger.FOUND_PLUGGED:
                return self._just_started and level in CONNECTED
            case Trigger.OFFER_ALLOWED | Trigger.ASK_MASTER:
                ours = situation.node is (trigger is Trigger.ASK_MASTER)
                return ours and level in CONNECTED and situation.can_offer and now >= self.ready_at
            case Trigger.AGREED:
                agreed = situation.agreed or not situation.node  # a node no more: nobody has to be asked
                return agreed and (self.state is State.COMM_B or situation.car_asks)
            case Trigger.HELD_BACK:
                return level in CONNECTED and not situation.can_offer and situation.access is not Access.DENY
            case Trigger.CAR_ASKS | Trigger.CAR_ASKS_NODE:
                ours = situation.node is (trigger is Trigger.CAR_ASKS_NODE)
                return ours and elapsed >= STEADY_6V_MS and situation.car_asks
            case Trigger.CAR_RELEASES:
                return level is Level.CONNECTED
            case Trigger.MUST_STOP:
                return not situation.can_offer or (self.state is State.C and level is Level.WANTS_VENTILATION)
            case Trigger.MUST_OPEN:
                return situation.opens_at_once
            case Trigger.ASLEEP:
                return elapsed >= ASLEEP_MS and not self._woken
            case Trigger.WOKEN:
                return elapsed >= WAKE_MS
            case Trigger.OUT_OF_TIME:
                return elapsed >= STOP_MS
            case _:
                assert_never(trigger)

    def _enter(self, row: Transition, situation: Situation, now: Millis, second_contactor: bool) -> None:
        self.state, self.since = row.target, now
        match row.target:
            case State.A:
                self._woken = False
                self.delay_until = self.pilot_off_until = now
            case State.B1 if row.trigger is Trigger.FOUND_PLUGGED or situation.access is Access.ALLOW:
                self.pilot_off_until = now + PILOT_OFF_MS
            case State.C1:
                self.delay(now + STOP_DELAY_MS)
            case State.C:
                self._woken = True  # a car that has charged is full, not asleep
                self.second_contactor = second_contactor
            case State.ACTIVATE:
                self._woken = True
        self._just_started = False

    @property
    def ready_at(self) -> Millis:
        """When pulses may begin, as far as this state's own timers go."""
        if self.state is State.B1:
            return max(self.since + X1_MS, self.pilot_off_until, self.delay_until)
        return max(self.since, self.pilot_off_until) if self.state is State.A else self.since

    @property
    def deadline(self) -> Millis | None:
        """When the state ends by itself, or None."""
        span = {State.C1: STOP_MS, State.ACTIVATE: WAKE_MS}.get(self.state)
        return None if span is None else self.since + span

    def delay(self, until: Millis) -> None:
        """Makes the next start wait at least to ``until``."""
        self.delay_until = max(self.delay_until, until)

    def restart_pilot(self, now: Millis) -> None:
        """Disconnects a resting pilot once more (in A: leaves it without pulses): somebody else has driven it."""
        self.pilot_off_until = now + PILOT_OFF_MS

    def forgive_delay(self, now: Millis) -> None:
        """Ends a running charge delay: the owner changed the mode."""
        self.delay_until = min(self.delay_until, now)

    def outputs(self, offer: Deciamps, now: Millis) -> Outputs:
        """What the state drives when ``offer`` is offered; the contactors still need a permit."""
        match self.state:
            case State.B | State.COMM_C:
                return Outputs(pilot=pilot_offering(offer))
            case State.C:
                return Outputs(contactor1=True, contactor2=self.second_contactor, pilot=pilot_offering(offer))
            case State.C1:
                return Outputs(contactor1=True, contactor2=self.second_contactor, pilot=PILOT_HIGH)
            case State.ACTIVATE:
                return Outputs(pilot=PILOT_LOW)
            case _:
                return Outputs(pilot=self._resting_pilot(now))

    def _resting_pilot(self, now: Millis) -> PilotDrive:
        return PILOT_OFF if self.state is State.B1 and now < self.pilot_off_until else PILOT_HIGH
