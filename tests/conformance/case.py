"""One comparison's material: both traces and the run's inputs, and the questions that judge and deviations ask."""

import itertools
from dataclasses import dataclass, field

from tests.conformance.runs import Run
from tests.conformance.trace import B1, SOLAR, A, C, Trace, Visit, recorded

STEADY_MS = 2_200
"""Two sides are in step again when they have been in the same state for this long."""

BATTERY_STALE_S = 60


@dataclass
class Case:
    """A run, what the recording shows (``rec``) and what our core did (``ours``)."""

    run: Run
    ours: Trace
    rec: Trace = field(init=False)
    rec_visits: list[Visit] = field(init=False)
    our_visits: list[Visit] = field(init=False)

    def __post_init__(self) -> None:
        self.rec = recorded(self.run)
        self.rec_visits = self.rec.visits()
        self.our_visits = self.ours.visits()
        self.end = self.run.end_ms

    # ---- visits ----

    @staticmethod
    def index_at(visits: list[Visit], at: int) -> int:
        """Which visit is under way at ``at``."""
        return max(index for index, visit in enumerate(visits) if visit.entered <= at or index == 0)

    def rec_visit(self, at: int) -> Visit:
        """The recording's visit at ``at``."""
        return self.rec_visits[self.index_at(self.rec_visits, at)]

    def our_visit(self, at: int) -> Visit:
        """Our visit at ``at``."""
        return self.our_visits[self.index_at(self.our_visits, at)]

    @staticmethod
    def entry(visits: list[Visit], state: int, after: int) -> int | None:
        """When ``state`` is entered for the first time at or after ``after``."""
        return next((visit.entered for visit in visits if visit.state == state and visit.entered >= after), None)

    @staticmethod
    def left_b1(visits: list[Visit], until: int) -> int | None:
        """When B1 was left for B the last time, up to ``until``."""
        found = None
        for before, after in itertools.pairwise(visits):
            if before.state == B1 and after.state != A and after.entered <= until:
                found = after.entered
        return found

    def sides(self, at: int) -> tuple[int, int]:
        """The recording's state and ours at ``at``."""
        return self.rec.state.at(at), self.ours.state.at(at)

    def rec_stop(self, at: int) -> int | None:
        """When the recording left C for the last time, up to ``at``."""
        lefts = [visit.left for visit in self.rec_visits if visit.state == C and visit.left and visit.left <= at]
        return lefts[-1] if lefts else None

    def meeting(self, after: int) -> int:
        """The first moment from ``after`` on at which both sides are in one state for a while; the end if never."""
        moments = {after, *(at for line in (self.rec.state, self.ours.state) for at in line.times if at > after)}
        for moment in sorted(moments):
            later = [at for line in (self.rec.state, self.ours.state) for at in line.times if at > moment]
            steady = min(later, default=self.end) - moment >= STEADY_MS or not later
            if self.rec.state.at(moment) == self.ours.state.at(moment) and steady:
                return moment
        return self.end

    # ---- errors ----

    @staticmethod
    def cleared(trace: Trace, bit: int = 1) -> list[int]:
        """When the error ``bit`` ended."""
        return [end for _, end in trace.error_spans(bit) if end < trace.end]

    # ---- inputs ----

    @property
    def minimum(self) -> int:
        """MIN in dA."""
        return self.run.settings.get("MinCurrent", 6) * 10

    def seconds_between(self, begin: int, end: int) -> range:
        """The rows of [begin, end)."""
        return range(max(0, begin // 1_000), min(len(self.run.rows), max(0, -(-end // 1_000))))

    def net(self, second: int) -> list[int]:
        """What the house takes from the mains on each phase without the car, dA."""
        row = self.run.rows[second]
        return [int(house) - int(sun) for house, sun in zip(row["house"], row["pv"], strict=True)]

    def room(self, second: int, phases: int = 3) -> int:
        """What mains, circuit and sum limit leave for each phase of the car, dA."""
        settings, net = self.run.settings, self.net(second)
        rooms = [settings.get("MaxMains", 25) * 10 - value for value in net[:phases]]
        if settings.get("CircuitMeter"):
            loads = self.run.circuit_loads(second)
            rooms += [settings.get("MaxCircuit", 16) * 10 - load for load in loads[:phases]]
        if settings.get("MaxSumMains") and self.rec.mode.at(second * 1_000) != 0:
            rooms.append((settings["MaxSumMains"] * 10 - sum(net)) // phases)
        return min(rooms)

    def short_seconds(self, begin: int, end: int, phases: int = 3) -> list[int]:
        """The seconds of [begin, end) in which not even MIN fits."""
        return [at for at in self.seconds_between(begin, end) if self.room(at, phases) < self.minimum]

    def surplus(self, second: int) -> int:
        """What the house would export without the car: sum of the phases, home battery counted, dA."""
        total = -sum(self.net(second))
        for back in range(min(second, BATTERY_STALE_S) + 1):
            battery = self.run.rows[second - back].get("batt")
            if battery is not None:
                return total + int(battery)
        return total

    @property
    def wanted_phases(self) -> int:
        """How many phases a start in Solar is for, by CONTACT 2; Auto begins with one if three get too little."""
        return {0: 3, 3: 3}.get(self.run.settings.get("EnableC2", 0), 1)

    def solar(self, at: int) -> bool:
        """Whether the recording is in Solar at ``at``."""
        return self.rec.mode.at(at) == SOLAR

    def script(self, name: str) -> list[tuple[int, int]]:
        """Every (time, first value) that the script gives ``name``."""
        return [(action.at_ms, int(action.args[0])) for action in self.run.actions if action.name == name]

    def silent(self, name: str) -> list[tuple[int, int]]:
        """The stretches in which the script keeps a meter silent."""
        spans: list[tuple[int, int]] = []
        since: int | None = None
        for at, value in self.script(name):
            if not value and since is None:
                since = at
            elif value and since is not None:
                spans.append((since, at))
                since = None
        return [*spans, (since, self.end)] if since is not None else spans
