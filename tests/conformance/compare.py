"""The judge: walks the states of both sides in step, then compares errors, contactors, phases and pilot.

What it cannot accept within the tolerances it lays before the deviations; what those do not explain is a difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.conformance import firmware, offers, timers
from tests.conformance.case import Case
from tests.conformance.deviations import TABLE, Deviation
from tests.conformance.runs import Run
from tests.conformance.trace import B1, C, Timeline, Trace, Visit, seconds

EARLIER_MS: Final = 2_060
"""The firmware regulates in rounds of 2 s; we may be sooner by that much."""
LATER_MS: Final = 1_560
"""Its timers count whole seconds, and the meter is read at the half."""
MOST_SHIFT_MS: Final = 8_000
"""By how much both sides may be apart while every single stay still takes equally long."""
GLITCH_MS: Final = 150
PILOT_OFF_MS: Final = 1_200
BITS: Final = (1, 2, 4, 8, 16, 64)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that nothing explains."""

    at: int
    what: str

    def __str__(self) -> str:
        return f"{self.what} at {seconds(self.at)}"


@dataclass(frozen=True, slots=True)
class Cover:
    """A stretch in which both sides are out of step, and the deviation that explains it."""

    begin: int
    end: int
    deviation: Deviation


@dataclass
class Judgement:
    """What came of a comparison."""

    case: Case
    covers: list[Cover] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    slack: list[tuple[int, int, int]] = field(default_factory=list)  # from, to, error bits that may differ

    @property
    def deviations(self) -> list[int]:
        """The numbers of the deviations that explain something."""
        return sorted({cover.deviation.number for cover in self.covers})


class Judge:
    """Compares what one charger did in a run."""

    def __init__(self, case: Case, table: Sequence[Deviation] = TABLE) -> None:
        self.case = case
        self.result = Judgement(case)
        self._table = table
        self._earlier = EARLIER_MS + case.run.coarse_ms
        self._later = LATER_MS + case.run.coarse_ms
        self._shift = 0  # how far a timer of the regulation has moved us against the recording

    def judge(self) -> Judgement:
        """Everything that has to agree, in order."""
        self._walk()
        for bit in BITS:
            self._errors(bit)
        told = {found for cover in self.result.covers for found in firmware.unlikely(self.case, cover.begin, cover.end)}
        for at, what in [*timers.broken(self.case), *sorted(told)]:
            self._differ(at, what)
        self.result.differences.sort(key=lambda difference: difference.at)
        return self.result

    def _differ(self, at: int, what: str) -> None:
        self.result.differences.append(Difference(at, what))

    # ---- states ----

    def _walk(self) -> None:
        case, i, j = self.case, 0, 0
        if case.rec_visits[0].state != case.our_visits[0].state:
            self._differ(0, f"{case.our_visits[0].name} instead of {case.rec_visits[0].name}")
        self._outputs(case.rec_visits[0], case.our_visits[0])
        while i + 1 < len(case.rec_visits) or j + 1 < len(case.our_visits):
            if self._in_step(i, j):
                i, j = i + 1, j + 1
                self._pilot_off(case.rec_visits[i], case.our_visits[j])
                self._outputs(case.rec_visits[i], case.our_visits[j])
                continue
            nexts = [*case.rec_visits[i + 1 : i + 2], *case.our_visits[j + 1 : j + 2]]
            met = self._out_of_step(min(visit.entered for visit in nexts))
            if met >= case.end:
                return
            i, j = case.index_at(case.rec_visits, met), case.index_at(case.our_visits, met)
            self._shift = 0
            self._outputs(case.rec_visits[i], case.our_visits[j])

    def _in_step(self, i: int, j: int) -> bool:
        case = self.case
        if i + 1 >= len(case.rec_visits) or j + 1 >= len(case.our_visits):
            left = case.our_visits[j + 1 :] or case.rec_visits[i + 1 :]
            return len(left) == 1 and case.end - left[0].entered <= self._later and self._cut_off(left[0])
        rec, our = case.rec_visits[i + 1], case.our_visits[j + 1]
        if rec.state != our.state:
            return False
        shift = our.entered - rec.entered
        stay = shift - (case.our_visits[j].entered - case.rec_visits[i].entered)
        mask = sum(BITS)
        if -self._earlier <= shift <= self._later:
            self._shift = 0
        elif -self._earlier <= stay <= self._later and abs(shift - self._shift) <= MOST_SHIFT_MS:
            mask = 1
        elif timers.regulated(case, case.rec_visits[i], rec.entered, our.entered):
            self._shift, mask = shift, 1
        else:
            return False
        self.result.slack.append((min(rec.entered, our.entered), max(rec.entered, our.entered) + self._later, mask))
        return True

    def _cut_off(self, visit: Visit) -> bool:
        """The recording ends before the other side could follow: nothing to compare any more."""
        self.result.slack.append((visit.entered, self.case.end, sum(BITS)))
        return False

    def _out_of_step(self, begin: int) -> int:
        """Explains the sides' being apart from ``begin`` on; when they are in step again."""
        case, at = self.case, begin
        met = case.meeting(at)
        if met >= case.end and case.end - begin <= self._earlier:
            return case.end
        while at < met:
            found = next(
                ((row, end) for row in self._table if (end := row.states(case, at)) is not None and end > at), None
            )
            if found is None:
                self._differ(at, self._told(at))
                return met if met > begin else begin + 1
            deviation, end = found
            self.result.covers.append(Cover(at, min(end, met), deviation))
            at = end
        return met if met > begin else begin + 1

    def _told(self, at: int) -> str:
        case = self.case
        rec, our = case.rec_visit(at), case.our_visit(at)
        if rec.state == our.state:
            return f"{our.name} entered at {seconds(our.entered)} instead of {seconds(rec.entered)}"
        if our.entered >= rec.entered:
            rec_later = next((v for v in case.rec_visits if v.entered > at and v.state == our.state), None)
            then = f", which does so only at {seconds(rec_later.entered)}" if rec_later is not None else ""
            return f"{our.name} while the recording stays in {rec.name}{then}"
        our_later = next((v for v in case.our_visits if v.entered > at and v.state == rec.state), None)
        then = f" until {seconds(our_later.entered)}" if our_later is not None else ""
        return f"stays in {our.name}{then} while the recording goes to {rec.name}"

    def _pilot_off(self, rec: Visit, our: Visit) -> None:
        if rec.state != B1 or self.case.run.coarse_ms:
            return  # of nodes that was not recorded
        theirs, ourselves = (
            timers.off_time(trace, visit, self.case.end)
            for trace, visit in ((self.case.rec, rec), (self.case.ours, our))
        )
        if abs(theirs - ourselves) > PILOT_OFF_MS:
            self._differ(our.entered, f"pilot disconnected for {seconds(ourselves)} instead of {seconds(theirs)}")

    # ---- errors ----

    def _errors(self, bit: int) -> None:
        case = self.case
        theirs = {at for span in case.rec.error_spans(bit) for at in span}
        ourselves = {at for span in case.ours.error_spans(bit) for at in span}
        edges = sorted({0, case.end, *theirs, *ourselves, *self._borders()})
        open_since: int | None = None
        for begin in edges:
            differs = begin < case.end and bool((case.rec.err.at(begin) ^ case.ours.err.at(begin)) & bit)
            if differs and self._excused(begin, bit):
                differs = False
            if differs and open_since is None:
                open_since = begin
            elif not differs and open_since is not None:
                self._error_differs(bit, open_since, begin, theirs, ourselves)
                open_since = None

    def _borders(self) -> set[int]:
        return {at for cover in self.result.covers for at in (cover.begin, cover.end)} | {
            at for span in self.result.slack for at in span[:2]
        }

    def _excused(self, at: int, bit: int) -> bool:
        if any(cover.begin <= at < cover.end and cover.deviation.mask & bit for cover in self.result.covers):
            return True
        return any(begin <= at < end and bits & bit for begin, end, bits in self.result.slack)

    def _error_differs(self, bit: int, begin: int, end: int, theirs: set[int], ourselves: set[int]) -> None:
        tolerance = self._earlier if begin in ourselves and end in theirs else self._later
        if end - begin <= tolerance and begin in theirs | ourselves and end in theirs | ourselves | {self.case.end}:
            return
        if end >= self.case.end and end - begin <= tolerance:
            return
        at = begin
        while at < end:
            found = next(((row, to) for row in self._table if (to := row.errors(self.case, at, bit)) and to > at), None)
            if found is None:
                side = "only here" if self.case.ours.err.at(at) & bit else "only in the recording"
                since = max(edge for edge in theirs | ourselves | {0} if edge <= at)
                self._differ(since, f"error {bit} {side} until {seconds(end)}")
                return
            self.result.covers.append(Cover(at, min(found[1], end), found[0]))
            at = found[1]
            if end - at <= self._later:
                return

    # ---- offers in Normal ----

    def _offers(self, rec: Visit, our: Visit) -> None:
        """In Normal nothing is regulated: once settled, both sides offer what cable, MAX and override allow."""
        for at, ourselves, theirs in offers.settled(self.case, rec, our):
            found = next((row for row in self._table if row.offers(self.case, at, ourselves)), None)
            if found is not None:
                self.result.covers.append(Cover(at, at, found))
            else:
                self._differ(at, f"offers {ourselves / 10} A instead of {theirs / 10} A")

    # ---- contactors and phases ----

    def _outputs(self, rec: Visit, our: Visit) -> None:
        """Contactors and phases in a stay that both sides share: on entering it, in between, and before leaving it."""
        if rec.state == C and not self.case.run.shares:
            self._offers(rec, our)
        for what, theirs, ourselves in self._lines(rec.state):
            shown, seen = self._steady(theirs, rec), self._steady(ourselves, our)
            if shown == seen:
                continue
            end = min(self._left(rec), self._left(our))
            found = next((row for row in self._table if (row.phases(self.case, our.entered) or 0) >= end), None)
            if found is None:
                texts = [" then ".join(map(str, values)) for values in (seen, shown)]
                self._differ(our.entered, f"{what} {texts[0]} instead of {texts[1]} in {our.name}")
            else:
                self.result.covers.append(Cover(our.entered, end, found))

    def _lines(self, state: int) -> list[tuple[str, Timeline, Timeline]]:
        case = self.case
        lines = [("contactor 1", case.rec.c1, case.ours.c1)]
        if case.run.settings.get("EnableC2", 0) != 0:  # else there is no contactor 2, and nobody sees that output
            lines.append(("contactor 2", case.rec.c2, case.ours.c2))
        if state == C:
            lines.append(("phases", case.rec.phases, case.ours.phases))
        return lines

    def _left(self, visit: Visit) -> int:
        return self.case.end if visit.left is None else visit.left

    def _steady(self, line: Timeline, visit: Visit) -> list[int]:
        """The values of ``line`` during ``visit``, without what lasts no longer than a glitch at its ends."""
        begin, end = visit.entered + GLITCH_MS, self._left(visit) - GLITCH_MS
        return [line.at(min(begin, self._left(visit) - 1)), *(value for _, value in line.changes(begin + 1, end))]


def compare(run: Run, ours: Trace) -> Judgement:
    """Judges what our core did with ``run``."""
    return Judge(Case(run, ours)).judge()
