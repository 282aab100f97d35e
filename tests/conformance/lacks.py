"""Not enough power or sun: deviations 1, 2, 4, 5, 6, 9, 14, 16 and 17, each as "until when does it explain this?".

A function gets the case and the moment at which both sides are apart; None says that it does not explain it.
"""

from itertools import pairwise
from typing import Final

from tests.conformance.case import Case
from tests.conformance.timers import AUTO, timer_start
from tests.conformance.trace import ACTIVATE, B1, C1, A, B, C

FIRMWARE_WAIT_MS: Final = 60_000
OUR_WAITS_MS: Final = (15_000, 30_000, 60_000, 120_000, 240_000, 300_000)
OUR_STEADY_MS: Final = 4_000  # room has to be there for 5 s; the error is cleared after the first of them
_ROUNDING_MS = 100
_NEAR_MS = 2_500
_START_LAG_MS = 3_700  # the firmware's B until C: its 2 s loop starts the pulses, and the car needs 1.5 s
_OUR_LAG_MS = 1_700
_LONGEST_WAIT_MS = 330_000
_STOPPED = frozenset({C1, B1})
_OFFERED = frozenset({B, C, ACTIVATE})

# ---- 1, 2, 9, 17: the recording stops charging, ours does not ----


def _stop_only_there(case: Case, at: int) -> int | None:
    """The time of a stop for error 1 in the recording that ours does not make at ``at``."""
    rec, our = case.sides(at)
    stop = case.rec_stop(at)
    if rec not in _STOPPED or our != C or stop is None or at - stop > 100:
        return None
    return stop if case.rec.err.at(stop + 50) & 1 else None


def _until_charging(case: Case, at: int) -> int:
    entry = case.entry(case.rec_visits, C, at)
    return case.end if entry is None else entry + 100


def subtracted_twice(case: Case, at: int) -> int | None:
    """A load step left MIN free, and the recording stopped all the same: the deficit was taken off again and again."""
    stop = _stop_only_there(case, at)
    if stop is None or case.short_seconds(stop - 15_000, stop, case.rec.phases.at(stop)):
        return None
    rooms = [case.room(second) for second in case.seconds_between(stop - 20_000, stop)]
    return _until_charging(case, at) if max(rooms) - min(rooms) >= 20 else None


def jumped_to_full(case: Case, at: int) -> int | None:
    """The recording stopped soon after its start without any shortage: its first step went from 6 A to everything."""
    stop = _stop_only_there(case, at)
    if stop is None or case.short_seconds(stop - 15_000, stop):
        return None
    return _until_charging(case, at) if stop - case.rec_visit(stop - 10).entered <= 20_000 else None


def unused_phase(case: Case, at: int) -> int | None:
    """The recording stopped for an overload on a phase that its one-phase car does not use."""
    stop = _stop_only_there(case, at)
    if stop is None or (case.run.car.evphases != 1 and case.rec.phases.at(stop - 10) != 1):
        return None
    begin = stop - 15_000
    if case.short_seconds(begin, stop) and not case.short_seconds(begin, stop, 1):
        return _until_charging(case, at)
    return None


def ridden_out(case: Case, at: int) -> int | None:
    """A shortage of up to 5 s that did not stop us, or a stop that comes a few seconds later here."""
    rec, our = case.sides(at)
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


def start_rule(case: Case, at: int) -> int | None:
    """Between START and START + (phases - 1) x MIN there is a start in the recording and none here."""
    rec, our = case.sides(at)
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


def start_rule_error(case: Case, at: int, bit: int) -> int | None:
    """No error any more in the recording, by its START rule; still one here, by ours."""
    if bit != 1 or not case.solar(at) or not case.ours.err.at(at) & 1:
        return None
    start = case.run.settings.get("StartCurrent", 4) * 10
    ours = start + (case.wanted_phases - 1) * case.minimum
    second = max(0, at // 1_000 - 1)
    end = second
    while end < len(case.run.rows) and start < case.surplus(end) <= ours:
        end += 1
    return None if end == second else end * 1_000 + _NEAR_MS


def three_to_one(case: Case, at: int) -> int | None:
    """Back to one phase with error 1 and 60 s in the recording, without either here."""
    stop = _auto_stop(case, at)
    rec, our = case.sides(at)
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


def three_to_one_error(case: Case, at: int, bit: int) -> int | None:
    """The error 1 with which the recording leaves three phases."""
    if bit != 1 or not case.rec.err.at(at) & 1 or (stop := _auto_stop(case, at + 100)) is None:
        return None
    return next((end for begin, end in case.rec.error_spans(1) if abs(begin - stop) <= 100 and begin <= at < end), None)


def wait_restarted(case: Case, at: int) -> int | None:
    """The sun fell below START during the wait, for a moment or more, and the recording's wait began anew."""
    rec, our = case.sides(at)
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


def other_wait(case: Case, at: int) -> int | None:
    """Both wait after error 1: 60 s there, 15 s to 5 min here."""
    rec, our = case.sides(at)
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
    if clear is None or not _a_wait(case, clear, left):
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
    long = leaves - clear > FIRMWARE_WAIT_MS and _a_wait(case, clear, leaves)
    return leaves + _OUR_LAG_MS if long else None


def _a_wait(case: Case, clear: int, left: int) -> bool:
    """Whether ours waited long enough, and not too long: since the stop, and since the error was cleared."""
    if case.solar(left):
        return any(abs(left - clear - wait) <= _NEAR_MS for wait in OUR_WAITS_MS)
    begun = [visit.entered for visit in case.our_visits if visit.state in {C1, B1} and visit.entered <= clear]
    stopped = max(
        (visit.entered for visit in case.our_visits if visit.state == C1 and visit.entered <= clear), default=0
    )
    since = stopped or min(begun, default=0)
    rested = left - since >= OUR_WAITS_MS[0] - _ROUNDING_MS
    steady = left - clear >= OUR_STEADY_MS - _ROUNDING_MS
    return rested and steady and left - clear <= OUR_WAITS_MS[-1] + _NEAR_MS


def timer_decays(case: Case, at: int) -> int | None:
    """The stop timer was reset in the recording in a good moment, and only ran back here: we stop first."""
    rec, our = case.sides(at)
    if rec != C or our not in _STOPPED or not case.solar(at) or not case.ours.err.at(at) & 1:
        return None
    begun = case.rec_visit(at).entered
    ran = [second for second in case.seconds_between(begun, at) if case.run.rows[second].get("sst")]
    resets = sum(1 for before, after in pairwise(ran) if after > before + 1)
    current = timer_start(case, at, "sst")
    full = case.run.settings.get("StopTime", 10) * 60_000
    reset = resets > 0 or (ran and current is None)
    return at + _LONGEST_WAIT_MS if full and reset and len(ran) * 1_000 >= full - 20_000 else None
