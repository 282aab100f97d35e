"""The last word on the outputs: ``permit`` may refuse or reduce, never add.

Everything that closes a contactor or offers current passes here, in every control cycle, and is judged from scratch.
What it permits is lent: a ``Permit`` expires by itself, and after that its outputs are the safe ones.
"""

from dataclasses import dataclass

from evsed.core.actions import PILOT_HIGH, SAFE, Outputs, Pilot, PilotDrive, pilot_offering
from evsed.core.charger import STOP_MS
from evsed.core.duty import HIGHEST_OFFER, LOWEST_OFFER, current_for
from evsed.core.model import Access
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis

SAMPLE_MAX_AGE_MS = 100
LEASE_MS = 500
"""How long outputs stay as they are without a new permit; the same lease holds outside the process."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the permit is judged by, at one moment."""

    state: State
    in_state_ms: Millis
    access: Access
    diode_seen: bool
    stopping_fault: bool  # any fault that ends charging
    opening_fault: bool  # one of those that open at once
    set_up: bool  # the installer has said that this charger is complete, or nobody has to
    sample_age_ms: Millis | None  # of the last pilot sample; None: never
    ceiling: Deciamps  # the least of cable, MAX, override and the other caps that need no measurement
    before: Outputs  # what was permitted last


@dataclass(frozen=True, slots=True)
class Permit:
    """Outputs, and until when they may stay."""

    outputs: Outputs
    until: Millis

    def at(self, now: Millis) -> Outputs:
        """The outputs that count at ``now``: the safe ones once the permit has expired."""
        return self.outputs if now < self.until else SAFE


def permit(wanted: Outputs, facts: Facts, now: Millis) -> Permit:
    """``wanted``, with the contactors open unless everything speaks for them closed, for the next 500 ms.

    Closed means: state C with pulses, the diode seen, no stopping fault, access on, the charger set up; or state C1 for
    less than 6 s without a fault that opens at once; always a pilot sample of the last 100 ms; and contactor 2 as it
    was while contactor 1 stays closed. The pulses never announce more than the ceiling, and a charger that is not set
    up has none.
    """
    pilot = _reduced(wanted.pilot, facts.ceiling) if facts.set_up else _silent(wanted.pilot)
    closed = (
        wanted.contactor1
        and (_charging(pilot, facts) or _stopping(facts))
        and _pilot_known(facts)
        and _second_at_rest(wanted, facts.before)
    )
    outputs = Outputs(
        contactor1=closed,
        contactor2=closed and wanted.contactor2,
        pilot=pilot,
        lock=wanted.lock,
        rcm_test=wanted.rcm_test and not closed,
    )
    return Permit(outputs, now + LEASE_MS)


def _reduced(pilot: PilotDrive, ceiling: Deciamps) -> PilotDrive:
    if pilot.kind is not Pilot.PWM or current_for(pilot.pulses) <= ceiling:
        return pilot
    return PILOT_HIGH if ceiling < LOWEST_OFFER else pilot_offering(min(ceiling, HIGHEST_OFFER))


def _silent(pilot: PilotDrive) -> PilotDrive:
    return PILOT_HIGH if pilot.kind is Pilot.PWM else pilot


def _charging(pilot: PilotDrive, facts: Facts) -> bool:
    return (
        facts.state is State.C
        and pilot.kind is Pilot.PWM
        and facts.diode_seen
        and not facts.stopping_fault
        and facts.access is Access.ALLOW
        and facts.set_up
    )


def _stopping(facts: Facts) -> bool:
    # IEC 61851-1 Table A.6, seq. 10.2: 6 s for the car to stop drawing
    may_stay = facts.set_up or facts.before.contactor1  # what is not set up any more stops in order, and closes never
    return facts.state is State.C1 and facts.in_state_ms < STOP_MS and not facts.opening_fault and may_stay


def _pilot_known(facts: Facts) -> bool:
    return facts.sample_age_ms is not None and facts.sample_age_ms <= SAMPLE_MAX_AGE_MS


def _second_at_rest(wanted: Outputs, before: Outputs) -> bool:
    """Contactor 2 never moves under load: it changes only together with contactor 1, or while that is open."""
    return not before.contactor1 or wanted.contactor2 == before.contactor2
