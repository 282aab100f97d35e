"""What is known of the firmware's own timing: whether a recorded transition is one that it makes.

Needed where a deviation explains that both sides are apart: there nothing of ours stands against the recording, so it
has to be believable by itself.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from tests.conformance import timers
from tests.conformance.case import Case
from tests.conformance.trace import ACTIVATE, ALLOW, B1, C1, COMM_B, COMM_C, NAMES, SOLAR, A, B, C, Visit, seconds

WAIT_MS: Final = 60_000
CHARGE_DELAY_MS: Final = 15_000
ROUND_MS: Final = 2_100
_ASLEEP_MS, _WAKE_MS, _STOP_MS = 30_000, 3_000, 6_000
_SECOND_MS = 1_150
_DUE_MS = 700
_ROUNDS_SHORT = 2

Rule = Callable[[Case, Visit, Visit], bool]


def unlikely(case: Case, begin: int, end: int) -> list[tuple[int, str]]:
    """The recorded transitions in [begin, end] that the firmware would not make, and outputs that it would not show."""
    found: list[tuple[int, str]] = []
    for before, after in pairwise(case.rec_visits):
        if not begin - 50 <= after.entered <= end:
            continue
        rule = _RULES.get((before.state, after.state))
        if rule is not None and not rule(case, before, after):
            found.append((after.entered, f"the recording goes from {before.name} to {after.name}, without a cause"))
        if after.state == C and not _right_outputs(case, after):
            found.append((after.entered, "the recording shows contactors or phases that its settings do not allow"))
        off = timers.off_time(case.rec, after, case.end)
        stays = (case.end if after.left is None else after.left) - after.entered >= 5_100
        told = stays and not case.run.coarse_ms  # of nodes the pilot was not recorded
        if after.state == B1 and told and case.rec.access.at(after.entered) == ALLOW and not 3_850 <= off <= 5_150:
            found.append((after.entered, f"the recording's pilot is disconnected for {seconds(off)} in {NAMES[B1]}"))
    return found


def _right_outputs(case: Case, visit: Visit) -> bool:
    at = visit.entered + 20
    second, phases = case.rec.c2.at(at), case.rec.phases.at(at)
    wiring = case.run.settings.get("EnableC2", 0)
    solar = case.rec.mode.at(at) == SOLAR
    wanted = {0: None, 1: False, 2: not solar, 3: True, 4: phases == 3}.get(wiring)
    return case.rec.c1.at(at) == 1 and (wanted is None or (bool(second) is wanted and phases == (3 if wanted else 1)))


def _edges(case: Case, key: str) -> list[int]:
    """The seconds at which ``key`` of the rows changes, in ms."""
    return [int(after["t"]) * 1_000 for before, after in pairwise(case.run.rows) if before[key] != after[key]]


def _acted(case: Case, at: int, within: int, *names: str) -> bool:
    return any(at - within <= action.at_ms <= at for action in case.run.actions if action.name in names)


def _car_moved(case: Case, at: int, within: int) -> bool:
    edges = [*_edges(case, "plug"), *_edges(case, "want")]
    return any(at - within <= edge <= at for edge in edges) or _acted(case, at, within, "force_v")


def _by_the_car(case: Case, _before: Visit, after: Visit) -> bool:
    return _car_moved(case, after.entered, _DUE_MS)


def _asks(case: Case, before: Visit, after: Visit) -> bool:
    """B to C: the pulses begin with the next round, the car needs ``c_delay``, 6 V is held for half a second."""
    needs = case.run.car.c_delay + 500
    begun = max([before.entered, *(edge for edge in _edges(case, "want") if edge <= after.entered)])
    forced = [action.at_ms for action in case.run.actions if action.name == "force_v" and action.at_ms <= after.entered]
    after_force = bool(forced) and 450 <= after.entered - forced[-1] <= needs + ROUND_MS + 100
    return after_force or (
        bool(case.run.row_at(after.entered)["want"]) and needs - 50 <= after.entered - begun <= needs + ROUND_MS + 100
    )


def _stops(case: Case, before: Visit, after: Visit) -> bool:
    """C to C1: somebody's wish, an error, a timer that ended, or three rounds of shortage."""
    at = after.entered
    error = case.rec.err.at(at + 20)
    if error & ~1 or _acted(case, at, _DUE_MS + 500, "access", "mode", "pin", "c2", "EnableC2", "enable_c2"):
        return True
    if case.rec.access.at(at + 20) != ALLOW:
        return True
    row = case.run.row_at(at - 600)
    if case.run.coarse_ms:  # a node's own copy of its master's timer has ended
        return bool(error & 1) and 0 < int(row["sst"]) <= ROUND_MS // 1_000
    rounds = row.get("nocur")
    overload = int(row.get("imeas", 0)) > 20 * case.run.settings.get("MaxMains", 25)
    if rounds is None or rounds >= _ROUNDS_SHORT or overload:
        return True
    span, started = timers.regulated_span(case, at), timers.timer_start(case, at)
    return span is not None and started is not None and abs(at - started - span) <= 4_000 and before.entered < started


def _stopped(case: Case, before: Visit, after: Visit) -> bool:
    """C1 to B1: the car let go after its delay, or 6 s are over."""
    took = after.entered - before.entered
    due = min(case.run.car.stop_delay, _STOP_MS)
    return _car_moved(case, after.entered, _DUE_MS) or due - 50 <= took <= due + _SECOND_MS


def _offered(case: Case, before: Visit, after: Visit) -> bool:
    """B1 to B: 60 s after error 1, or after the charge delay, or when what stood against it is gone."""
    at = after.entered
    begins = [begin for begin, end in case.rec.error_spans(1) if end <= at]
    ends = [end for end in case.cleared(case.rec) if before.entered - 1_200 <= end <= at]
    mode_changed = any(before.entered <= when <= at for when, _ in case.rec.mode.changes())
    if ends and begins and not mode_changed:
        return abs(at - ends[-1] - WAIT_MS) <= ROUND_MS
    other = [when for bit in (2, 4, 8, 16, 64) for when in case.cleared(case.rec, bit)]
    if any(at - ROUND_MS <= when <= at for when in other) or _acted(
        case, at, ROUND_MS, "access", "mode", "pin", "delayed"
    ):
        return True
    if any(at - ROUND_MS <= when <= at for when, _ in case.rec.access.changes()) or _car_moved(case, at, 5_000):
        return True
    stops = [visit.entered for visit in case.rec_visits if visit.state == C1 and visit.entered < at]
    return (bool(stops) and abs(at - stops[-1] - CHARGE_DELAY_MS) <= ROUND_MS) or at - before.entered <= 6_200


def _answered(case: Case, before: Visit, after: Visit) -> bool:
    """A node's wish: granted, or refused with an error, in the next or the next but one of the master's rounds."""
    refused = after.state != B1 or bool(case.rec.err.at(after.entered + 20))
    return refused and after.entered - before.entered <= ROUND_MS + 2 * case.run.coarse_ms


def _asleep(_case: Case, before: Visit, after: Visit) -> bool:
    return abs(after.entered - before.entered - _ASLEEP_MS) <= _SECOND_MS


def _woken(_case: Case, before: Visit, after: Visit) -> bool:
    return abs(after.entered - before.entered - _WAKE_MS) <= _SECOND_MS


def _plugged(case: Case, _before: Visit, after: Visit) -> bool:
    return bool(case.run.row_at(after.entered)["plug"])


_RULES: Final[dict[tuple[int, int], Rule]] = {
    (A, B): _plugged,
    (A, B1): _plugged,
    (B, A): _by_the_car,
    (C, A): _by_the_car,
    (B1, A): _by_the_car,
    (C1, A): _by_the_car,
    (ACTIVATE, A): _by_the_car,
    (C, B): _by_the_car,
    (B, C): _asks,
    (C, C1): _stops,
    (C1, B1): _stopped,
    (B1, B): _offered,
    (B1, COMM_B): _offered,
    (COMM_B, B): _answered,
    (COMM_B, B1): _answered,
    (COMM_C, C): _answered,
    (COMM_C, B1): _answered,
    (B, ACTIVATE): _asleep,
    (ACTIVATE, B): _woken,
}
