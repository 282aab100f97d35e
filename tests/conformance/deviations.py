"""The recordings' listed deviations, by the README's numbers: where the firmware is not to be imitated.

Each may explain that both sides are apart only while its condition really holds in the recording's inputs, and only
when the recording shows the firmware's known behaviour. 2, 3, 10, 11 and 13 are about offers or about power sharing,
which are not compared; 2 is here for the stops that such an offer leads to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from tests.conformance.case import Case
from tests.conformance.plant import NOT_FORCED
from tests.conformance.timers import AUTO, timer_start
from tests.conformance.trace import ACTIVATE, B1, C1, NORMAL, A, B, C, overlaps

FIRMWARE_WAIT_MS: Final = 60_000
OUR_WAITS_MS: Final = (15_000, 30_000, 60_000, 120_000, 240_000, 300_000)
_NEAR_MS = 2_500
_START_LAG_MS = 3_700  # the firmware's B until C: its 2 s loop starts the pulses, and the car needs 1.5 s
_OUR_LAG_MS = 1_700
_LONGEST_WAIT_MS = 330_000
_STOPPED = frozenset({C1, B1})
_OFFERED = frozenset({B, C, ACTIVATE})
_FAULTY_LEVELS = frozenset({255, 0, 3, -12})

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


def _sides(case: Case, at: int) -> tuple[int, int]:
    return case.rec.state.at(at), case.ours.state.at(at)


# ---- 1, 2, 9, 17: the recording stops charging, ours does not ----


def _stop_only_there(case: Case, at: int) -> int | None:
    """The time of a stop for error 1 in the recording that ours does not make at ``at``."""
    rec, our = _sides(case, at)
    stop = case.rec_stop(at)
    if rec not in _STOPPED or our != C or stop is None or at - stop > 100:
        return None
    return stop if case.rec.err.at(stop + 50) & 1 else None


def _until_charging(case: Case, at: int) -> int:
    entry = case.entry(case.rec_visits, C, at)
    return case.end if entry is None else entry + 100


def _subtracted_twice(case: Case, at: int) -> int | None:
    stop = _stop_only_there(case, at)
    if stop is None or case.short_seconds(stop - 15_000, stop, case.rec.phases.at(stop)):
        return None
    rooms = [case.room(second) for second in case.seconds_between(stop - 20_000, stop)]
    return _until_charging(case, at) if max(rooms) - min(rooms) >= 20 else None


def _jumped_to_full(case: Case, at: int) -> int | None:
    stop = _stop_only_there(case, at)
    if stop is None or case.short_seconds(stop - 15_000, stop):
        return None
    return _until_charging(case, at) if stop - case.rec_visit(stop - 10).entered <= 20_000 else None


def _unused_phase(case: Case, at: int) -> int | None:
    stop = _stop_only_there(case, at)
    if stop is None or (case.run.car.evphases != 1 and case.rec.phases.at(stop - 10) != 1):
        return None
    begin = stop - 15_000
    if case.short_seconds(begin, stop) and not case.short_seconds(begin, stop, 1):
        return _until_charging(case, at)
    return None


def _ridden_out(case: Case, at: int) -> int | None:
    rec, our = _sides(case, at)
    stop = case.rec_stop(at)
    if rec not in _STOPPED or our != C or stop is None or not case.rec.err.at(stop + 50) & 1:
        return None
    short = case.short_seconds(stop - 14_000, stop + 1)
    if not short:
        return None
    if len(short) <= 5 and at - stop <= 100:
        return _until_charging(case, at)
    ours_left = case.our_visit(at).left
    follows = ours_left is not None and case.ours.state.at(ours_left) in _STOPPED and ours_left - stop <= 4_500
    return ours_left + 6_100 if follows and ours_left is not None else None  # until our C1 is over


# ---- 4, 5, 6, 14, 16: Solar, and the wait for power ----


def _start_rule(case: Case, at: int) -> int | None:
    """Between START and START + (phases - 1) x MIN there is a start in the recording and none here."""
    rec, our = _sides(case, at)
    if our not in {A, B1, C1} or rec not in {*_OFFERED, B1} or not case.solar(at):
        return None
    start = case.run.settings.get("StartCurrent", 4) * 10
    ours = start + (case.wanted_phases - 1) * case.minimum
    second = at // 1_000
    if not start < case.surplus(second) <= ours:
        return None
    for later in range(second, len(case.run.rows)):
        if case.surplus(later) > ours:
            return later * 1_000 + 25_000
    return case.end


def _start_rule_error(case: Case, at: int, bit: int) -> int | None:
    if bit != 1 or not case.solar(at) or not case.ours.err.at(at) & 1:
        return None
    start = case.run.settings.get("StartCurrent", 4) * 10
    ours = start + (case.wanted_phases - 1) * case.minimum
    second = max(0, at // 1_000 - 1)
    end = second
    while end < len(case.run.rows) and start < case.surplus(end) <= ours:
        end += 1
    return None if end == second else end * 1_000 + _NEAR_MS


def _three_to_one(case: Case, at: int) -> int | None:
    """Back to one phase with error 1 and 60 s in the recording, without either here."""
    stop = _auto_stop(case, at)
    rec, our = _sides(case, at)
    if stop is None or rec != B1 or our not in _OFFERED:
        return None
    left = case.left_b1(case.our_visits, at)
    ours = case.index_at(case.our_visits, at)
    c1 = [visit for visit in case.our_visits[: ours + 1] if visit.state == C1]
    paused = bool(c1) and left is not None and 14_900 <= left - c1[-1].entered <= 18_500
    return _until_charging(case, at) if paused else None


def _auto_stop(case: Case, at: int) -> int | None:
    """The recording's last stop, if it was one from three phases with error 1 in Auto, and ours stopped too."""
    stop = case.rec_stop(at)
    if stop is None or case.run.settings.get("EnableC2") != AUTO or not case.solar(stop):
        return None
    threw = case.rec.err.at(stop + 50) & 1 and case.rec.phases.at(stop - 10) == 3
    ours = [visit for visit in case.our_visits if visit.state == C1 and abs(visit.entered - stop) <= 20_000]
    return stop if threw and ours else None


def _three_to_one_error(case: Case, at: int, bit: int) -> int | None:
    if bit != 1 or not case.rec.err.at(at) & 1 or (stop := _auto_stop(case, at + 100)) is None:
        return None
    return next((end for begin, end in case.rec.error_spans(1) if abs(begin - stop) <= 100 and begin <= at < end), None)


def _wait_restarted(case: Case, at: int) -> int | None:
    """The sun fell below START during the wait, for a moment or more, and the recording's wait began anew."""
    rec, our = _sides(case, at)
    if rec != B1 or our not in _OFFERED or not case.solar(at):
        return None
    visit = case.rec_visit(at)
    ends = [end for end in case.cleared(case.rec) if visit.entered <= end <= at]
    begins = [begin for begin, _ in case.rec.error_spans(1) if visit.entered < begin]
    restarted = any(first < begin < first + FIRMWARE_WAIT_MS for first in ends for begin in begins)
    if not restarted:
        return None
    last = max((end for end in case.cleared(case.rec) if visit.left is None or end <= visit.left), default=None)
    if last is None or visit.left is None:
        return case.end
    return visit.left + _START_LAG_MS if abs(visit.left - last - FIRMWARE_WAIT_MS) <= _NEAR_MS else None


def _other_wait(case: Case, at: int) -> int | None:
    rec, our = _sides(case, at)
    if rec == B1 and our in _OFFERED:
        return _shorter_wait(case, at)
    if our == B1 and rec in _OFFERED:
        return _longer_wait(case, at)
    return None


def _shorter_wait(case: Case, at: int) -> int | None:
    left = case.left_b1(case.our_visits, at)
    if left is None:
        return None
    clear = max((end for end in case.cleared(case.ours) if end <= left), default=None)
    if clear is None or not _a_wait(left - clear):
        return None
    theirs = [end for end in case.cleared(case.rec) if abs(end - clear) <= 3_000]
    if not theirs:
        return None
    due, leaves = theirs[-1] + FIRMWARE_WAIT_MS, case.rec_visit(at).left
    if leaves is not None and abs(leaves - due) <= _NEAR_MS:
        return leaves + _START_LAG_MS
    return due if at < due and (leaves is None or leaves > due) else None


def _longer_wait(case: Case, at: int) -> int | None:
    left = case.left_b1(case.rec_visits, at)
    theirs = max((end for end in case.cleared(case.rec) if left is not None and end <= left), default=None)
    if left is None or theirs is None or abs(left - theirs - FIRMWARE_WAIT_MS) > _NEAR_MS:
        return None
    clear = max((end for end in case.cleared(case.ours) if end <= at), default=None)
    if clear is None or abs(clear - theirs) > 3_000:
        return None
    leaves = case.our_visit(at).left
    if leaves is None:
        return case.end if case.end - clear <= OUR_WAITS_MS[-1] + _NEAR_MS else None
    return leaves + _OUR_LAG_MS if leaves - clear > FIRMWARE_WAIT_MS and _a_wait(leaves - clear) else None


def _a_wait(took: int) -> bool:
    return any(abs(took - wait) <= _NEAR_MS for wait in OUR_WAITS_MS)


def _timer_decays(case: Case, at: int) -> int | None:
    """The stop timer was reset in the recording in a good moment, and only ran back here: we stop first."""
    rec, our = _sides(case, at)
    if rec != C or our not in _STOPPED or not case.solar(at) or not case.ours.err.at(at) & 1:
        return None
    begun = case.rec_visit(at).entered
    ran = [second for second in case.seconds_between(begun, at) if case.run.rows[second].get("sst")]
    resets = sum(1 for before, after in pairwise(ran) if after > before + 1)
    current = timer_start(case, at, "sst")
    full = case.run.settings.get("StopTime", 10) * 60_000
    reset = resets > 0 or (ran and current is None)
    return at + _LONGEST_WAIT_MS if full and reset and len(ran) * 1_000 >= full - 20_000 else None


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


def _pilot_fault(case: Case, at: int) -> int | None:
    rec, our = _sides(case, at)
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


def _pilot_fault_error(case: Case, at: int, bit: int) -> int | None:
    if bit != 16 or not case.ours.err.at(at) & 16:
        return None
    levels = [end + 2_000 for begin, end in _level_faults(case) if begin <= at < end + 1_500]
    diode = [end for begin, end in _diode_lost(case) if begin <= at < end]
    return max([*levels, *diode], default=None)


def _meter_lost(case: Case, at: int) -> int | None:
    if case.rec.mode.at(at) == NORMAL:
        return None
    for begin, end in case.silent("mains_ok"):
        if begin <= at < end + _LONGEST_WAIT_MS and _firmware_meter_stop(case, begin, end):
            rec, our = _sides(case, at)
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


def _meter_lost_error(case: Case, at: int, bit: int) -> int | None:
    if bit not in {1, 2} or not case.ours.err.at(at) & bit:
        return None
    for begin, end in case.silent("mains_ok"):
        if begin <= at < end and _firmware_meter_stop(case, begin, end):
            return begin + 12_500 if bit == 2 else end + 2_000
    return None


def _normal_protected(case: Case, at: int) -> int | None:
    rec, our = _sides(case, at)
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


def _normal_protected_error(case: Case, at: int, bit: int) -> int | None:
    if bit != 1 or case.rec.mode.at(at) != NORMAL or not case.ours.err.at(at) & 1:
        return None
    short = case.short_seconds(at - 2_000, at + 2_000)
    return max(short) * 1_000 + 3_000 if short else None


def _silent_meter_offer(case: Case, at: int, ours: int) -> bool:
    """A silent meter lowers the offer to MIN, in Normal too."""
    return ours == case.minimum and any(begin <= at < end + 20_000 for begin, end in case.silent("mains_ok"))


def _protected_offer(case: Case, at: int, ours: int) -> bool:
    """The main fuse or the circuit leaves no more than ``ours``."""
    rooms = [case.room(second) for second in case.seconds_between(at - 15_000, at)]
    return bool(rooms) and case.minimum <= ours <= max(rooms) + 10 and ours >= min(rooms) - 10


def _bounces(case: Case, at: int) -> int | None:
    rec, our = _sides(case, at)
    if rec not in {B, C} or our not in {B, B1}:
        return None
    pairs = zip(case.rec_visits, case.rec_visits[1:], strict=False)
    released = [after.entered for before, after in pairs if before.state == C and after.state == B]
    if sum(1 for when in released if at - 600_000 <= when <= at) < 2:
        return None
    closes = case.entry(case.our_visits, C, at)
    return case.end if closes is None and case.end - at <= OUR_WAITS_MS[-1] else closes


TABLE: Final = (
    Deviation(7, "invalid pilot, 3 V or lost diode", 16, _pilot_fault, _pilot_fault_error),
    Deviation(8, "mains meter lost", 1 | 2, _meter_lost, _meter_lost_error, offers=_silent_meter_offer),
    Deviation(12, "protection in Normal", 1, _normal_protected, _normal_protected_error, offers=_protected_offer),
    Deviation(15, "pause after bounces", 0, _bounces),
    Deviation(9, "overload on an unused phase", 1, _unused_phase),
    Deviation(2, "jump from 6 A to full", 1, _jumped_to_full),
    Deviation(1, "deficit subtracted again", 1, _subtracted_twice),
    Deviation(17, "short shortage ridden out", 1, _ridden_out),
    Deviation(5, "three to one phase", 1, _three_to_one, _three_to_one_error),
    Deviation(4, "start rule for the phases in use", 1, _start_rule, _start_rule_error, _start_rule),
    Deviation(14, "another wait after error 1", 1, _other_wait),
    Deviation(6, "wait restarted by one sample", 1, _wait_restarted),
    Deviation(16, "stop timer decays", 1, _timer_decays),
)
