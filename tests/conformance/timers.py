"""The named timers: measured on both sides, and the rules that each side has to keep by itself."""

import itertools
from typing import Final

from tests.conformance.case import Case
from tests.conformance.trace import ACTIVATE, ALLOW, B1, C1, B, C, Trace, Visit, seconds

RAMP_MS: Final = 20_000
"""A timer that starts when the offer has come down, or gone up, may start sooner or later by this much."""
_TOP_MS: Final = 60_000
_TOP_APART_MS: Final = 150_000  # the minute itself is measured, so when it began matters less
_LARGE_SHORTAGE_MS: Final = 30_000
_AROUND_MS: Final = 4_000
_OFF_LOOK_MS: Final = 8_000
AUTO: Final = 4


def off_time(trace: Trace, visit: Visit, end: int) -> int:
    """For how long the pilot was disconnected after ``visit`` began; at most the 8 s in which that is due."""
    until = min(end if visit.left is None else visit.left, visit.entered + _OFF_LOOK_MS)
    spans = trace.pilot_off.spans(bool, end)
    return sum(max(0, min(to, until) - max(begin, visit.entered)) for begin, to in spans)


def regulated(case: Case, leaving: Visit, rec_at: int, our_at: int) -> bool:
    """Whether a stop comes from a timer that regulation started, and that timer has its proper length on both sides."""
    span = regulated_span(case, rec_at) if leaving.state == C else None
    if span is None:
        return False
    if span == _TOP_MS and case.rec.phases.at(rec_at - 10) == 1:
        return abs(rec_at - our_at) <= _TOP_APART_MS and _was_at_top(case, our_at)
    if abs(rec_at - our_at) > RAMP_MS:
        return False
    started = timer_start(case, rec_at)
    return started is not None and abs(rec_at - started - span) <= _AROUND_MS and our_at - started >= span - RAMP_MS


def _was_at_top(case: Case, at: int) -> bool:
    """Whether our one-phase offer had been as high as it gets for a minute when we began to change to three phases."""
    begun = case.our_visit(at - 10).entered
    highest = max([case.ours.offer.at(begun), *(value for _, value in case.ours.offer.changes(begun, at))])
    reached = [begin for begin, end in case.ours.offer.spans(lambda offer: offer >= highest - 10, at) if end == at]
    sunny = all(case.surplus(second) >= 3 * case.minimum for second in case.seconds_between(at - _TOP_MS, at - 1_000))
    return bool(reached) and sunny and _TOP_MS - 1_100 <= at - reached[0] <= _TOP_MS + _AROUND_MS


def regulated_span(case: Case, at: int) -> int | None:
    """The length of the timer that ran out at ``at`` in the recording: STOP, CAP STOP, or those of a phase change."""
    row = case.run.row_at(at - 1_500)
    settings = case.run.settings
    if row.get("msmt"):
        return settings.get("MaxSumMainsTime", 0) * 60_000
    if not row.get("sst"):
        return None
    stop = settings.get("StopTime", 10) * 60_000
    first = _first_of(case, "sst", at)
    auto = settings.get("EnableC2", 0) == AUTO
    if auto and first is not None and first <= _TOP_MS // 1_000 + 5 and first * 1_000 != stop:
        return _TOP_MS if first > _LARGE_SHORTAGE_MS // 1_000 + 5 else _LARGE_SHORTAGE_MS
    return stop


def _first_of(case: Case, key: str, at: int) -> int | None:
    start = timer_start(case, at, key)
    return None if start is None else int(case.run.row_at(start).get(key, 0))


def timer_start(case: Case, at: int, key: str | None = None) -> int | None:
    """When the recording's timer that was running just before ``at`` began."""
    before = case.run.row_at(at - 1_500)
    key = key or ("msmt" if before.get("msmt") else "sst")
    second = int(before["t"])
    while second > 0 and case.run.rows[second - 1].get(key):
        second -= 1
    return second * 1_000 if before.get(key) else None


def measured(trace: Trace) -> list[dict[str, object]]:
    """Every named timer that ran, with when it began and how long it took."""
    found: list[dict[str, object]] = []
    visits = trace.visits()
    for visit, after in itertools.pairwise(visits):
        name = {C1: "C1 until the contactor opens", ACTIVATE: "wake-up", B1: "B1"}.get(visit.state)
        if visit.state == B and after.state == ACTIVATE:
            name = "asleep"
        if name is not None:
            found.append(_timer(name, visit.entered, after.entered - visit.entered))
        if visit.state == C1 and (
            start := next((v.entered for v in visits if v.entered > visit.entered and v.state == B), 0)
        ):
            found.append(_timer("stop to next offer", visit.entered, start - visit.entered))
    found += [_timer("pilot off", begin, end - begin) for begin, end in trace.pilot_off.spans(bool, trace.end)]
    return sorted(found, key=lambda row: float(str(row["at"])))


def _timer(name: str, at: int, took: int) -> dict[str, object]:
    return {"timer": name, "at": at / 1000, "took": took / 1000}


def broken(case: Case) -> list[tuple[int, str]]:
    """What our side does against rules that hold whatever the recording shows."""
    ours, found = case.ours, []
    for visit in case.our_visits:
        left = case.end if visit.left is None else visit.left
        if visit.state == C1 and any(end - visit.entered > 6_050 for _, end in _closed(ours, visit, left)):
            found.append((visit.entered, "contactor 1 closed for more than 6 s in C1"))
        if visit.state == B1 and visit.left is not None and left - visit.entered < 2_950 and ours.state.at(left) == B:
            found.append((visit.entered, f"only {seconds(left - visit.entered)} in B1"))
        if visit.state == ACTIVATE and visit.left is not None and left - visit.entered > 3_050:
            found.append((visit.entered, "wake-up longer than 3 s"))
        offered = visit.state == B1 and ours.state.at(left) == B and visit.entered > 0
        if offered and ours.access.at(visit.entered) == ALLOW and off_time(ours, visit, case.end) < 4_900:
            found.append((visit.entered, "pilot not disconnected for 5 s in B1"))
    for begin, end in ours.c1.spans(bool, case.end):
        if any(at > begin for at, _ in ours.c2.changes(begin + 1, end)):
            found.append((begin, "contactor 2 moved while contactor 1 was closed"))
        states = {ours.state.at(at) for at in (begin, *(at for at, _ in ours.state.changes(begin, end)))}
        if states - {C, C1}:
            found.append((begin, "contactor 1 closed outside C and C1"))
    return found


def _closed(trace: Trace, visit: Visit, left: int) -> list[tuple[int, int]]:
    spans = trace.c1.spans(bool, trace.end)
    return [(max(begin, visit.entered), min(end, left)) for begin, end in spans if begin < left and end > visit.entered]
