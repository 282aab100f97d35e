"""The recordings' listed deviations, by the README's numbers: where the firmware is not to be imitated.

Each may explain that both sides are apart only while its condition really holds in the recording's inputs, and only
when the recording shows the firmware's known behaviour. 2, 3, 11 and 13 are about offers, which are not compared; 2 is
here for the stops that such an offer leads to. Between chargers that share power party.py has a table of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.conformance import defects, lacks
from tests.conformance.case import Case

States: TypeAlias = Callable[[Case, int], int | None]
Offers: TypeAlias = Callable[[Case, int, int], bool]
Errors: TypeAlias = Callable[[Case, int, int], int | None]


def _no_states(_case: Case, _at: int) -> int | None:
    return None


def _no_errors(_case: Case, _at: int, _bit: int) -> int | None:
    return None


def _no_offers(_case: Case, _at: int, _ours: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Deviation:
    """One row: until when it explains that states, an error bit or phases are apart at a moment; None: it does not.

    ``mask``: the error bits that may differ with the states while it explains those.
    """

    number: int
    text: str
    mask: int
    states: States = _no_states
    errors: Errors = _no_errors
    phases: States = _no_states
    offers: Offers = _no_offers


TABLE: Final = (
    Deviation(7, "invalid pilot, 3 V or lost diode", 16, defects.pilot_fault, defects.pilot_fault_error),
    Deviation(
        8, "mains meter lost", 1 | 2, defects.meter_lost, defects.meter_lost_error, offers=defects.silent_meter_offer
    ),
    Deviation(
        12,
        "protection in Normal",
        1,
        defects.normal_protected,
        defects.normal_protected_error,
        offers=defects.protected_offer,
    ),
    Deviation(15, "pause after bounces", 0, defects.bounces),
    Deviation(9, "overload on an unused phase", 1, lacks.unused_phase),
    Deviation(2, "jump from 6 A to full", 1, lacks.jumped_to_full),
    Deviation(1, "deficit subtracted again", 1, lacks.subtracted_twice),
    Deviation(17, "short shortage ridden out", 1, lacks.ridden_out),
    Deviation(5, "three to one phase", 1, lacks.three_to_one, lacks.three_to_one_error),
    Deviation(4, "start rule for the phases in use", 1, lacks.start_rule, lacks.start_rule_error, lacks.start_rule),
    Deviation(14, "another wait after error 1", 1, lacks.other_wait),
    Deviation(6, "wait restarted by one sample", 1, lacks.wait_restarted),
    Deviation(16, "stop timer decays", 1, lacks.timer_decays),
)
