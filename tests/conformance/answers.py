"""What our node answers to the recorded master: its requests, at their second, byte for byte.

Owns the comparison of answers. The node's plug, wish and script are the recording's; the house is not seen by a node.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from evsed.core.smart import CHANGE_GAP_MS
from evsed.hw.frames import words_of
from tests.conformance.compare import Difference
from tests.conformance.group import node_server
from tests.conformance.replay import TICK_MS, Replay
from tests.conformance.runs import Run
from tests.conformance.trace import B1, C1, COMM_B, COMM_C, A, C, Timeline

LOOP_MS: Final = 2_000
"""The firmware's own loop: a state may be entered so much sooner or later."""

_EVERYBODY = 9
_STATUS_READ = bytes.fromhex("0400000008")
_OFFERS = bytes.fromhex("100020")
_CONFIRMS = bytes.fromhex("0600060000")
_STATE, _ERROR, _CURRENT, _MODE, _TIMER, _ACCESS, _CHANGED, _MOST = range(8)
_NAMES = ("state", "error", "current", "mode", "solar timer", "access", "configuration changed", "most")
_NOTHING_OFFERED = frozenset({A, COMM_B, B1, C1})
_WAITS_SHORTER = frozenset({COMM_B})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of ours beside the recorded one; both as PDUs."""

    at: int
    request: bytes
    theirs: bytes
    ours: bytes


class Interview:
    """The recorded master asks node ``index`` of a run."""

    def __init__(self, run: Run, index: int) -> None:
        self.run = run
        self.index = index
        self.refused: list[str] = []
        self.answers: list[Answer] = []
        self._confirmed = False
        self._starved: set[int] = set()  # when the recorded master offered 0 to the node that charges by its word
        self._unit = Replay(run.nodes[index - 1])
        self._server = node_server(self._unit, 0, lambda *what: self.refused.append(" ".join(what)))
        self._offers = Timeline(0)  # what the recorded master offers the node
        self._theirs = Timeline(A)  # the state that the recorded answers tell

    def go(self) -> list[Difference]:
        """Replays it all; every answer that is not as recorded, and that nothing explains."""
        self._unit.outside()
        for now in range(TICK_MS, self.run.end_ms, TICK_MS):
            if now % 1_000 == 0:
                self._unit.now = now
                self._unit.outside()
                self._ask(now, self.run.row_at(now)["bus"])
            self._unit.begin(now)
            self._unit.sample()
        found = [Difference(0, f"our node refuses {text}") for text in self.refused]
        return found + [Difference(answer.at, wrong) for answer in self.answers if (wrong := self._wrong(answer))]

    def _ask(self, now: int, exchanges: Iterable[tuple[str, Any]]) -> None:
        for asked, told in exchanges:
            address, request = int(asked[:2], 16), bytes.fromhex(asked[2:])
            if address == _EVERYBODY and not self._unit.offline:
                self._server.told(request)
                if request.startswith(_OFFERS):
                    offer = int.from_bytes(request[6 + 2 * self.index : 8 + 2 * self.index], "big")
                    self._offers.set(offer, now)
                    if offer == 0 and self.run.row_at(now)["nodes"][self.index - 1]["state"] == C:
                        self._starved.add(now)
            elif address == self.index + 1 and told != "timeout":
                ours = self._server.answer(request) or b""
                theirs = bytes.fromhex(told[2:])
                if request == _STATUS_READ:
                    self._theirs.set(words_of(theirs)[_STATE], now)
                self.answers.append(Answer(now, request, theirs, ours))

    def _wrong(self, answer: Answer) -> str:
        """What is wrong with an answer of ours; nothing when it is as it should be."""
        self._confirmed = self._confirmed or answer.request == _CONFIRMS
        if answer.ours == answer.theirs:
            return ""
        if answer.request != _STATUS_READ or len(answer.ours) != len(answer.theirs):
            return f"node {self.index} answers {answer.ours.hex()} instead of {answer.theirs.hex()}"
        ours, theirs = words_of(answer.ours), words_of(answer.theirs)
        if ours[_STATE] != theirs[_STATE]:
            return "" if self._in_time(answer.at, ours, theirs) else self._told(_STATE, ours, theirs)
        for word in (_ERROR, _CURRENT, _MODE, _TIMER, _ACCESS, _CHANGED, _MOST):
            if ours[word] != theirs[word] and not self._may_differ(answer.at, word, ours, theirs):
                return self._told(word, ours, theirs)
        return ""

    def _told(self, word: int, ours: tuple[int, ...], theirs: tuple[int, ...]) -> str:
        state = ours[_STATE]
        return f"node {self.index} tells {_NAMES[word]} {ours[word]} instead of {theirs[word]} (state {state})"

    def _around(self, line: Timeline, at: int) -> set[int]:
        return {line.at(max(0, at - LOOP_MS)), *(value for _, value in line.changes(at - LOOP_MS, at + LOOP_MS + 1))}

    def _in_time(self, at: int, ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
        """Whether the other state follows, or was, within the firmware's loop; or our wait is over (14)."""
        near = self._around(self._unit.trace.state, at) | {ours[_STATE]}
        if theirs[_STATE] in near or ours[_STATE] in self._around(self._theirs, at):
            return True
        if theirs[_STATE] in {C, COMM_C} and self._stopped_for_nothing(at):
            return True
        waits = bool(self.run.row_at(at)["nodes"][self.index - 1]["cdelay"])
        return theirs[_STATE] == B1 and waits and not theirs[_ERROR] and ours[_STATE] in _WAITS_SHORTER

    def _stopped_for_nothing(self, at: int) -> bool:
        """Whether our node stopped as the master, which had agreed, offered 0 A; the firmware waits for more."""
        line = self._unit.trace.state
        stops = [when for when, state in line.changes(0, at + 1) if state in {B1, C1}]
        charged = any(state == C for when, state in line.changes(stops[-1], at + 1)) if stops else True
        begun = [when for when, state in line.changes(0, at + 1) if state == C1]
        return not charged and bool(begun) and any(0 <= begun[-1] - zero <= LOOP_MS for zero in self._starved)

    def _may_differ(self, at: int, word: int, ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
        if word == _CURRENT and ours[_STATE] in _NOTHING_OFFERED:  # the firmware tells what it offered last
            return ours[word] == 0
        if word == _CURRENT:  # right after a change ours does not raise what the car is told
            since = at - CHANGE_GAP_MS - LOOP_MS
            lately = {self._offers.at(since), *(value for _, value in self._offers.changes(since, at + 1))}
            return ours[word] < theirs[word] and {ours[word], theirs[word]} <= lately
        if word == _CHANGED:  # ours has to be read once after every start
            return not self._confirmed and ours[word] == 1
        if word == _TIMER:
            return abs(ours[word] - theirs[word]) * 1_000 <= LOOP_MS
        if word == _MOST:  # without a car the firmware tells of the last cable
            return ours[_STATE] == A and ours[word] == 0 and not self._unit.car.plugged
        if word == _ERROR:
            return theirs[word] in self._around(self._unit.trace.err, at)
        return False


def interview(run: Run) -> list[Difference]:
    """What our nodes answer otherwise than recorded."""
    return [found for index in range(1, len(run.nodes) + 1) for found in Interview(run, index).go()]
