"""The last word on the contactors: ``permit`` may refuse or reduce, never add.

Everything that closes a contactor passes here, in every control cycle, and is judged from scratch.
"""

from dataclasses import dataclass, replace

from evsed.core.actions import Outputs, Pilot
from evsed.core.charger import STOP_MS
from evsed.core.model import Access
from evsed.core.states import State
from evsed.core.units import Millis

SAMPLE_MAX_AGE_MS = 100


@dataclass(frozen=True, slots=True)
class Facts:
    """What the permit is judged by, at one moment."""

    state: State
    in_state_ms: Millis
    access: Access
    diode_seen: bool
    stopping_fault: bool  # any fault that ends charging
    opening_fault: bool  # one of those that open at once
    sample_age_ms: Millis | None  # of the last pilot sample; None: never


def permit(wanted: Outputs, facts: Facts) -> Outputs:
    """``wanted``, with the contactors open unless everything speaks for them closed.

    Closed means: state C with pulses, the diode seen, no stopping fault, access on; or state C1 for less than 6 s
    without a fault that opens at once; and always a pilot sample of the last 100 ms.
    """
    if wanted.contactor1 and (_charging(wanted, facts) or _stopping(facts)) and _pilot_known(facts):
        return wanted
    return replace(wanted, contactor1=False, contactor2=False)


def _charging(wanted: Outputs, facts: Facts) -> bool:
    return (
        facts.state is State.C
        and wanted.pilot.kind is Pilot.PWM
        and facts.diode_seen
        and not facts.stopping_fault
        and facts.access is Access.ALLOW
    )


def _stopping(facts: Facts) -> bool:
    # IEC 61851-1 Table A.6, seq. 10.2: 6 s for the car to stop drawing
    return facts.state is State.C1 and facts.in_state_ms < STOP_MS and not facts.opening_fault


def _pilot_known(facts: Facts) -> bool:
    return facts.sample_age_ms is not None and facts.sample_age_ms <= SAMPLE_MAX_AGE_MS
