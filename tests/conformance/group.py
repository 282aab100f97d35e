"""Replays a recorded group: the core of each charger, and their conversation on a line in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass

from evsed.core.events import Command, Event
from evsed.core.model import NO_CURRENT
from evsed.core.snapshot import Snapshot
from evsed.core.wire import CHARGERS
from evsed.hw.nodeserver import Core, NodeServer
from evsed.hw.powershare import Master
from tests.conformance.line import ChargersLine
from tests.conformance.replay import TICK_MS, Replay
from tests.conformance.runs import Run
from tests.conformance.trace import Timeline, Trace

SERIAL = 1_000


@dataclass
class GroupTrace:
    """What our chargers did; ``shares`` is what the master told each of them to offer."""

    chargers: list[Trace]
    shares: list[Timeline]


def node_server(unit: Replay, serial: int, refused: Callable[[str, str, str], None]) -> NodeServer:
    """What a charger of a replay says on the line as a node."""

    def snapshot() -> Snapshot:
        return unit.core.snapshot(unit.now)

    def post(event: Event) -> None:
        unit.core.handle(event, unit.now)

    def submit(command: Command) -> None:
        unit.order(command)

    return NodeServer(Core(snapshot, lambda: False, post, submit, refused), serial)


class GroupReplay:
    """One run on as many cores as it has chargers; charger 0 is the master."""

    def __init__(self, run: Run) -> None:
        self.units = [Replay(each) for each in (run, *run.nodes)]
        self.run = run
        self.shares = [Timeline(0) for _ in self.units]
        self.refused: list[tuple[str, str, str]] = []
        master = self.units[0]
        servers = {
            index + 1: node_server(unit, SERIAL + index, lambda *what: self.refused.append(what))
            for index, unit in enumerate(self.units)
            if index
        }
        speaker = Master(lambda: master.core.snapshot(master.now), self._post)
        self.line = ChargersLine(speaker, servers, lambda address: self.units[address - 1].offline)

    def _post(self, event: Event) -> None:
        self.units[0].core.handle(event, self.units[0].now)

    def go(self) -> GroupTrace:
        """Replays it all. Raises RunError for an action that cannot be interpreted."""
        for unit in self.units:
            unit.outside()
        for now in range(TICK_MS, self.run.end_ms, TICK_MS):
            for unit in self.units:
                unit.begin(now)
            if now % 1_000 == self.run.car.meter_phase:
                drawn = NO_CURRENT
                for unit in self.units:
                    drawn = drawn.plus(unit.drawn)
                self.units[0].measure(drawn)
            self.line.advance(now)
            for unit in self.units:
                unit.sample()
            self._note(now)
        return GroupTrace([unit.trace for unit in self.units], self.shares)

    def _note(self, now: int) -> None:
        shares = [member.share for member in self.units[0].core.regulation.group.members]
        assert len(shares) == CHARGERS
        for line, share in zip(self.shares, shares, strict=False):
            line.set(share, now)


def replay_group(run: Run) -> GroupTrace:
    """Our chargers' traces of ``run``. Raises RunError when it cannot be replayed."""
    return GroupReplay(run).go()
