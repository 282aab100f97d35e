"""What a charger showed over time, ours or the recorded one, in one form: a timeline for each thing, and visits."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tests.conformance.runs import Run

NAMES: Final = {0: "A", 1: "B", 2: "C", 3: "D", 4: "COMM_B", 5: "COMM_B_OK", 6: "COMM_C", 7: "COMM_C_OK",
                8: "Activate", 9: "B1", 10: "C1"}  # fmt: skip
A, B, C, ACTIVATE, B1, C1 = 0, 1, 2, 8, 9, 10
COMM_B, COMM_C = 4, 6
DENY, ALLOW, PAUSE = 0, 1, 2
NORMAL, SMART, SOLAR = 0, 1, 2
NO_SUN_BIT = 32
"""Waiting for sun has a bit of its own in some versions of the firmware; on the bus and here it is 1."""


def seconds(at_ms: int) -> str:
    """A moment for people."""
    return f"{at_ms / 1000:.2f} s"


class Timeline:
    """One value over time; it holds from each change to the next."""

    def __init__(self, first: int) -> None:
        self.times = [0]
        self.values = [first]

    def set(self, value: int, at: int) -> None:
        """The value from ``at`` on; ``at`` never goes back."""
        if value == self.values[-1]:
            return
        if at == self.times[-1]:
            self.values[-1] = value
            return
        self.times.append(at)
        self.values.append(value)

    def at(self, when: int) -> int:
        """The value at ``when``."""
        return self.values[max(0, bisect_right(self.times, when) - 1)]

    def changes(self, begin: int = 0, end: int | None = None) -> list[tuple[int, int]]:
        """Each change (when, to what) in [begin, end)."""
        pairs = list(zip(self.times, self.values, strict=True))[1:]
        return [(at, value) for at, value in pairs if at >= begin and (end is None or at < end)]

    def spans(self, true: Callable[[int], bool], end: int) -> list[tuple[int, int]]:
        """The stretches [from, to) in which the value makes ``true`` true."""
        found: list[tuple[int, int]] = []
        for (begin, value), (until, _) in pairwise([*zip(self.times, self.values, strict=True), (end, 0)]):
            if true(value) and until > begin:
                if found and found[-1][1] == begin:
                    found[-1] = (found[-1][0], until)
                else:
                    found.append((begin, until))
        return found


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay in a state."""

    state: int
    entered: int
    left: int | None  # None: still there at the end

    @property
    def name(self) -> str:
        """The state's short name."""
        return NAMES.get(self.state, str(self.state))


@dataclass
class Trace:
    """Everything that has to agree, of one side."""

    end: int
    state: Timeline = field(default_factory=lambda: Timeline(A))
    err: Timeline = field(default_factory=lambda: Timeline(0))
    c1: Timeline = field(default_factory=lambda: Timeline(0))
    c2: Timeline = field(default_factory=lambda: Timeline(0))
    phases: Timeline = field(default_factory=lambda: Timeline(3))
    pilot_off: Timeline = field(default_factory=lambda: Timeline(0))
    offer: Timeline = field(default_factory=lambda: Timeline(0))
    access: Timeline = field(default_factory=lambda: Timeline(ALLOW))
    mode: Timeline = field(default_factory=lambda: Timeline(NORMAL))

    def visits(self) -> list[Visit]:
        """The states in order."""
        times, values = self.state.times, self.state.values
        return [
            Visit(value, at, times[index + 1] if index + 1 < len(times) else None)
            for index, (at, value) in enumerate(zip(times, values, strict=True))
        ]

    def error_spans(self, bit: int) -> list[tuple[int, int]]:
        """When the error ``bit`` was set."""
        return self.err.spans(lambda word: bool(word & bit), self.end)


def normal_error(word: int) -> int:
    """The error word with one bit for "not enough", whatever is missing."""
    return (word & ~NO_SUN_BIT) | 1 if word & NO_SUN_BIT else word


def recorded(run: Run) -> Trace:
    """The recording as a trace."""
    trace = Trace(run.end_ms)
    first = run.rows[0]
    lines = {"state": trace.state, "err": trace.err, "c1": trace.c1, "c2": trace.c2, "nph": trace.phases,
             "cpoff": trace.pilot_off, "access": trace.access, "mode": trace.mode}  # fmt: skip
    changed_at_once = {change.what for change in run.changes if change.at_ms < 1_000}
    for what, line in lines.items():
        if what not in changed_at_once:
            line.values[0] = int(first[what])
    trace.access.values[0] = run.access_at_boot
    for change in run.changes:
        if change.what in lines:
            new = normal_error(change.new) if change.what == "err" else change.new
            lines[change.what].set(new, change.at_ms)
    for row in run.rows:
        at = int(row["t"]) * 1_000 + 990
        trace.offer.set(int(row.get("bal0", 0)), at)
        trace.mode.set(int(row["mode"]), at)
        trace.access.set(int(row["access"]), at)
    return trace


def overlaps(spans: Iterable[tuple[int, int]], begin: int, end: int) -> bool:
    """Whether any of ``spans`` has a moment in [begin, end)."""
    return any(start < end and until > begin for start, until in spans)
