"""The judge of a recorded group: each charger's states and errors, and who gets how much once both sides stand still.

Owns what may differ between chargers that share power; what holds for each charger alone is compare.py's.
"""

from dataclasses import dataclass
from typing import Final

from tests.conformance import lacks
from tests.conformance.case import Case
from tests.conformance.compare import Difference, Judge, Judgement
from tests.conformance.deviations import Deviation
from tests.conformance.group import GroupTrace
from tests.conformance.runs import Run
from tests.conformance.trace import B1, C1, COMM_B, COMM_C, NORMAL, B, C, Timeline

SETTLED_S: Final = 20
STANDS_STILL: Final = 10
"""A share that has not changed by more than this for SETTLED_S is settled. dA"""
APART: Final = {NORMAL: 2}
MOST_APART: Final = 10
"""By how much settled shares may differ; in Normal by what rounding makes. dA"""

_PHASES: Final = 3  # that a car without a meter is taken to use
_NEAR_MS = 2_500
_HANDSHAKES_MS: Final = 9_000  # COMM_B, B, COMM_C: two rounds of 2 s and what the car needs, to the recorded second
_OFFERED = frozenset({B, C, COMM_B, COMM_C})
_STOPPED = frozenset({C1, B1})
_SHED_TOGETHER_MS = 5_000
_VANISHED_MS = (6_800, 10_000)  # 9 s from the last offer, and offers come every 2.1 s at most
_FIRMWARE_VANISHED_MS = (9_000, 12_600)


@dataclass
class Party:
    """All chargers of one recording; 0 is the master."""

    cases: list[Case]
    shares: list[Timeline]

    def charging(self, at: int) -> int:
        """How many of ours draw, or are about to."""
        return sum(case.ours.state.at(at) == C for case in self.cases)

    def start_needs(self, case: Case, at: int) -> int:
        """The surplus that our start rule asks for until one more may begin, dA."""
        start = self.cases[0].run.settings["StartCurrent"] * 10
        return start + (_PHASES * (self.charging(at) + 1) - 1) * case.minimum

    def start_rule(self, case: Case, at: int) -> int | None:
        """4: there is a start with START alone; ours asks for MIN for every phase of every car that would charge."""
        rec, our = case.sides(at)
        if our not in {B1, COMM_B} or rec not in {*_OFFERED, *_STOPPED} or not case.solar(at):
            return None
        return self._while_too_dark(case, at)

    def start_rule_error(self, case: Case, at: int, bit: int) -> int | None:
        """4: the error of one that waits for that."""
        waits = case.ours.state.at(at) in {B1, C1} and case.ours.err.at(at) & 1
        return self._while_too_dark(case, at) if bit == 1 and waits and case.solar(at) else None

    def _while_too_dark(self, case: Case, at: int) -> int | None:
        begin = second = at // 1_000
        start = self.cases[0].run.settings["StartCurrent"] * 10
        while second < len(case.run.rows) and start < case.surplus(second) <= self.start_needs(case, second * 1_000):
            second += 1
        return None if second == begin else second * 1_000 + _NEAR_MS

    def kept_one(self, case: Case, at: int) -> int | None:
        """18: all stop there when the timer ends; ours stops those that there is no sun for, and the others go on."""
        rec, our = case.sides(at)
        stop = case.rec_stop(at)
        if our != C or rec not in {*_STOPPED, *_OFFERED} or stop is None or not case.solar(at):
            return None
        charged = [each for each in self.cases if each.rec.state.at(stop - 1_500) == C]
        together = all(abs((each.rec_stop(at + 1_000) or 0) - stop) <= 1_000 for each in charged)
        shed = [each for each in self.cases if each.ours.state.at(stop + _SHED_TOGETHER_MS) in _STOPPED]
        enough = case.surplus(at // 1_000) >= self.charging(at) * _PHASES * case.minimum
        if not together or not shed or not enough:
            return None
        return (case.entry(case.rec_visits, C, at) or case.end - 100) + 100

    def earlier_again(self, case: Case, at: int) -> int | None:
        """14: a node that had to wait for room waits on for 60 s when there is some; ours comes back at once."""
        rec, our = case.sides(at)
        left = case.left_b1(case.our_visits, at)
        if rec != B1 or our not in _OFFERED or left is None or case.solar(at):
            return None
        clear = max((end for end in case.cleared(case.ours) if end <= left), default=None)
        theirs = [end for end in case.cleared(case.rec) if clear is not None and abs(end - clear) <= _NEAR_MS + 500]
        if clear is None or not theirs or left - clear > lacks.OUR_WAITS_MS[0]:
            return None
        stopped = max(visit.entered for visit in case.our_visits if visit.state in _STOPPED and visit.entered <= clear)
        leaves = case.rec_visit(at).left
        fits = (self.charging(at) + 1) * case.minimum <= self.cases[0].run.settings["MaxCircuit"] * 10
        if not fits or left - stopped < 4_900 or leaves is None:
            return None
        return leaves + _HANDSHAKES_MS if abs(leaves - theirs[-1] - lacks.FIRMWARE_WAIT_MS) <= _NEAR_MS + 500 else None

    def vanished(self, case: Case, at: int) -> int | None:
        """10: a node that hears nothing draws on for longer than its master counts on; ours has stopped after 11 s."""
        gone = next((when for when, value in reversed(case.script("offline")) if value and when <= at), None)
        rec_stop = case.rec_stop(at + _NEAR_MS * 2)
        our_stop = next((visit.entered for visit in case.our_visits if visit.state == C1 and visit.entered <= at), None)
        if gone is None or rec_stop is None or our_stop is None:
            return None
        ours_due = _VANISHED_MS[0] <= our_stop - gone <= _VANISHED_MS[1]
        theirs_due = _FIRMWARE_VANISHED_MS[0] <= rec_stop - gone <= _FIRMWARE_VANISHED_MS[1]
        late = at < gone + _FIRMWARE_VANISHED_MS[1] and our_stop < rec_stop
        return rec_stop + _NEAR_MS if ours_due and theirs_due and late else None

    def vanished_error(self, case: Case, at: int, bit: int) -> int | None:
        """10: the error that says so, sooner."""
        return self.vanished(case, at) if bit == 2 and case.ours.err.at(at) & 2 else None

    @property
    def table(self) -> tuple[Deviation, ...]:
        """What may differ in a group, and nothing else."""
        return (
            Deviation(10, "a node that vanished", 2, self.vanished, self.vanished_error),
            Deviation(14, "another wait after error 1", 1, self.earlier_again),
            Deviation(18, "all stop where some could stay", 1, self.kept_one),
            Deviation(4, "start rule for the phases in use", 1, self.start_rule, self.start_rule_error),
        )

    # ---- who gets how much ----

    def uneven(self) -> list[Difference]:
        """Where both sides stand still and the same cars charge, but a share differs; the first of each stretch."""
        found: list[Difference] = []
        since = -1
        for second in range(SETTLED_S, len(self.cases[0].run.rows)):
            wrong = self._uneven_at(second)
            if wrong and since < 0:
                found.append(Difference(second * 1_000, wrong))
            since = (second if since < 0 else since) if wrong else -1
        return found

    def settled(self, second: int) -> bool:
        """Whether nothing has moved for a while, on either side, and the same cars charge."""
        window = range(second - SETTLED_S, second + 1)
        for index, case in enumerate(self.cases):
            states = {case.rec.state.at(at * 1_000 + 990) for at in window}
            states |= {case.ours.state.at(at * 1_000 + 990) for at in window}
            if C not in states:
                continue
            theirs = [case.run.rows[0]["bal0"] if at < 0 else self._theirs(index, at) for at in window]
            ours = [self._ours(index, at) for at in window]
            if len(states) > 1 or any(max(each) - min(each) > STANDS_STILL for each in (ours, theirs)):
                return False
        return True

    def _uneven_at(self, second: int) -> str:
        if not self.settled(second):
            return ""
        apart = APART.get(self.cases[0].rec.mode.at(second * 1_000), MOST_APART)
        for index, case in enumerate(self.cases):
            ours, theirs = self._ours(index, second), self._theirs(index, second)
            if case.ours.state.at(second * 1_000 + 990) == C and abs(ours - theirs) > apart:
                return f"charger {index} gets {ours / 10} A instead of {theirs / 10} A"
        return ""

    def _theirs(self, index: int, second: int) -> int:
        return int(self.cases[0].run.rows[second]["bal"][index])

    def _ours(self, index: int, second: int) -> int:
        return self.shares[index].at(second * 1_000 + 990)


def judge_group(run: Run, ours: GroupTrace) -> list[Judgement]:
    """Judges every charger of ``run``; what concerns all of them is said of the master."""
    chargers = zip((run, *run.nodes), ours.chargers, strict=True)
    party = Party([Case(each, trace) for each, trace in chargers], ours.shares)
    judgements = [Judge(case, party.table).judge() for case in party.cases]
    judgements[0].differences += party.uneven()
    for index, judgement in enumerate(judgements[1:], 1):
        judgement.differences = [Difference(item.at, f"charger {index}: {item.what}") for item in judgement.differences]
    return judgements
