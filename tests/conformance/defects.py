"""Faults and protection: deviations 7, 8, 12 and 15, each as "until when does it explain this?". See lacks.py."""

from itertools import pairwise

from tests.conformance.case import Case
from tests.conformance.lacks import OUR_WAITS_MS
from tests.conformance.plant import NOT_FORCED
from tests.conformance.trace import ACTIVATE, B1, C1, NORMAL, A, B, C, overlaps

_LONGEST_WAIT_MS = 330_000
_STOPPED = frozenset({C1, B1})
_FAULTY_LEVELS = frozenset({255, 0, 3, -12})

# ---- 7, 8, 12, 15: faults ----


def _level_faults(case: Case) -> list[tuple[int, int]]:
    """The stretches in which the script forces a level upon the pilot that no car may show."""
    script = [*case.script("force_v"), (case.end, NOT_FORCED)]
    return [(begin, end) for (begin, level), (end, _) in pairwise(script) if level in _FAULTY_LEVELS and end > begin]


def _diode_lost(case: Case) -> list[tuple[int, int]]:
    begins = [at for at, value in case.script("nodiode") if value] + [
        at for at, value in case.script("diode") if not value
    ]
    if case.run.car.nodiode:
        begins.append(0)
    return [(begin, case.entry(case.rec_visits, A, begin + 1) or case.end) for begin in begins]


def pilot_fault(case: Case, at: int) -> int | None:
    """The pilot shows what no car may show, or the diode is gone: ignored there, contactor open in time here."""
    rec, our = case.sides(at)
    if our not in {B1, C1, B, ACTIVATE} or rec not in {B, C, ACTIVATE, B1}:
        return None
    faults = [span for span in _level_faults(case) if span[0] <= at]
    for number, (begin, end) in enumerate(faults):
        until = end + 10_000 + (15_000 << number)
        if at < until and _opened_in_time(case, begin, end, 600):
            return until
    for begin, end in _diode_lost(case):
        if begin <= at < end and _opened_in_time(case, begin, end, 3_050):
            return end
    return None


def _opened_in_time(case: Case, begin: int, end: int, limit_ms: int) -> bool:
    """Whether our contactor, if it was closed when the fault came, was open in time; a level of 3 V ends in order."""
    spans = case.ours.c1.spans(bool, case.end)
    orderly = 6_100 if int(case.run.row_at(begin).get("ev_v", 0)) == 3 else 0
    due = begin + limit_ms + orderly
    return due > end or not overlaps(spans, due, due + 1)


def pilot_fault_error(case: Case, at: int, bit: int) -> int | None:
    """The error that we show for such a pilot."""
    if bit != 16 or not case.ours.err.at(at) & 16:
        return None
    levels = [end + 2_000 for begin, end in _level_faults(case) if begin <= at < end + 1_500]
    diode = [end for begin, end in _diode_lost(case) if begin <= at < end]
    return max([*levels, *diode], default=None)


def meter_lost(case: Case, at: int) -> int | None:
    """No measurement: we fall back in steps, and start again after a wait."""
    if case.rec.mode.at(at) == NORMAL:
        return None
    for begin, end in case.silent("mains_ok"):
        if begin <= at < end + _LONGEST_WAIT_MS and _firmware_meter_stop(case, begin, end):
            rec, our = case.sides(at)
            if at < end and our in _STOPPED and rec in {B, C, ACTIVATE}:
                return begin + 12_500
            if at >= end - 100 and our in {B1, B} and rec in {B, C}:
                return min(end + 77_000, case.end)
    return None


def _firmware_meter_stop(case: Case, begin: int, end: int) -> bool:
    """The recording behaves as known: error 2 about 11 s after the last measurement, gone with the next one."""
    if end - begin < 11_000:
        return not overlaps(case.rec.error_spans(2), begin, end)
    spans = [span for span in case.rec.error_spans(2) if begin <= span[0] <= end + 1_000]
    return bool(spans) and spans[0][0] - begin <= 12_100 and (end >= case.end or abs(spans[0][1] - end) <= 2_100)


def meter_lost_error(case: Case, at: int, bit: int) -> int | None:
    """Our error while the meter is silent, sooner than the recorded one."""
    if bit not in {1, 2} or not case.ours.err.at(at) & bit:
        return None
    for begin, end in case.silent("mains_ok"):
        if begin <= at < end and _firmware_meter_stop(case, begin, end):
            return begin + 12_500 if bit == 2 else end + 2_000
    return None


def normal_protected(case: Case, at: int) -> int | None:
    """In Normal the main fuse or the circuit has no room for MIN: we stop, and wait for room."""
    rec, our = case.sides(at)
    if case.rec.mode.at(at) != NORMAL or our not in {C1, B1, B} or rec not in {B, C, ACTIVATE, B1}:
        return None
    short = case.short_seconds(at - 12_000, at + 1)
    if not short:
        left = case.left_b1(case.our_visits, at)
        clear = max((end for end in case.cleared(case.ours) if end <= at), default=None)
        waiting = clear is not None and our == B1 and at - clear < OUR_WAITS_MS[-1]
        return case.our_visit(at).left or case.end if waiting and left is None else None
    second = at // 1_000
    while second < len(case.run.rows) and (second < at // 1_000 + 2 or case.room(second) < case.minimum):
        second += 1
    return case.end if second >= len(case.run.rows) else second * 1_000 + _LONGEST_WAIT_MS


def normal_protected_error(case: Case, at: int, bit: int) -> int | None:
    """Our error 1 in Normal."""
    if bit != 1 or case.rec.mode.at(at) != NORMAL or not case.ours.err.at(at) & 1:
        return None
    short = case.short_seconds(at - 2_000, at + 2_000)
    return max(short) * 1_000 + 3_000 if short else None


def silent_meter_offer(case: Case, at: int, ours: int) -> bool:
    """A silent meter lowers the offer to MIN, in Normal too."""
    return ours == case.minimum and any(begin <= at < end + 20_000 for begin, end in case.silent("mains_ok"))


def protected_offer(case: Case, at: int, ours: int) -> bool:
    """The main fuse or the circuit leaves no more than ``ours``."""
    rooms = [case.room(second) for second in case.seconds_between(at - 15_000, at)]
    return bool(rooms) and case.minimum <= ours <= max(rooms) + 10 and ours >= min(rooms) - 10


def bounces(case: Case, at: int) -> int | None:
    """The car bounced between C and B at least twice: each further start waits longer here."""
    rec, our = case.sides(at)
    if rec not in {B, C} or our not in {B, B1}:
        return None
    pairs = zip(case.rec_visits, case.rec_visits[1:], strict=False)
    released = [after.entered for before, after in pairs if before.state == C and after.state == B]
    if sum(1 for when in released if at - 600_000 <= when <= at) < 2:
        return None
    closes = case.entry(case.our_visits, C, at)
    return case.end if closes is None and case.end - at <= OUR_WAITS_MS[-1] else closes
