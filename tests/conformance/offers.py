"""What is offered in Normal mode, where nothing is regulated and both sides should settle at the same current."""

from itertools import pairwise
from typing import Final

from tests.conformance.case import Case
from tests.conformance.trace import NORMAL, Visit

SETTLED_MS: Final = 15_000
_LOOK_BEFORE_END_MS = 1_500
_STILL_MS = 5_000
_ROUNDING: Final = 2


def settled(case: Case, rec: Visit, our: Visit) -> list[tuple[int, int, int]]:
    """(time, ours, theirs) wherever both stood still, in dA, and differ by more than rounding explains."""
    begin = max(rec.entered, our.entered)
    end = min(case.end if visit.left is None else visit.left for visit in (rec, our))
    times = [begin, *(at for at, _ in case.rec.offer.changes(begin + 1, end)), end]
    found: list[tuple[int, int, int]] = []
    for since, until in pairwise(times):
        at = until - _LOOK_BEFORE_END_MS
        modes = {case.rec.mode.at(at), case.rec.mode.at(max(begin, at - SETTLED_MS))}
        still = not case.ours.offer.changes(at - _STILL_MS, at + 1)
        if until - since < SETTLED_MS or modes != {NORMAL} or not still:
            continue
        ours, theirs = case.ours.offer.at(at), case.rec.offer.at(at)
        if abs(ours - theirs) > _ROUNDING:
            found.append((at, ours, theirs))
    return found
