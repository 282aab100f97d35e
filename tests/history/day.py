"""A recorder in virtual time: a charger whose Snapshot a test makes, and clocks that it sets."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from evsed.core.model import MeterRole, PhaseCurrents
from evsed.core.snapshot import Snapshot
from evsed.history.recorder import Clock, Recorder
from tests.core.story import Story

NOON = 1_800_000_000
SERIES = "00c0ffee"


@lru_cache
def charging() -> Snapshot:
    """A car that charges, with both meters."""
    story = Story()
    story.charge()
    return story.snapshot


def with_meter(snapshot: Snapshot, role: MeterRole, currents: tuple[int, int, int] | None) -> Snapshot:
    """``snapshot``, in which this meter says ``currents`` in dA; None: it does not answer."""
    view = snapshot.meters[role]
    if currents is None:
        view = replace(view, fresh=False, heard=False)
    else:
        view = replace(view, fresh=True, values=replace(view.values, currents=PhaseCurrents(*currents)))
    return replace(snapshot, meters=MappingProxyType({**snapshot.meters, role: view}))


def with_register(snapshot: Snapshot, import_wh: int) -> Snapshot:
    """``snapshot``, in which the EV meter's register says so."""
    view = snapshot.meters[MeterRole.EV]
    view = replace(view, heard=True, values=replace(view.values, import_wh=import_wh))
    return replace(snapshot, meters=MappingProxyType({**snapshot.meters, MeterRole.EV: view}))


@dataclass
class Day(Clock):
    """Half minutes begin at whole multiples of 30 s of ``up_s``."""

    folder: Path | None = None
    up_s: int = 300
    day_s: int = NOON - 300
    """The time of day at which the machine was started, by its clock."""

    snapshot: Snapshot = field(default_factory=charging)
    hangs: bool = False
    knows_time: bool = True

    def __post_init__(self) -> None:
        self.recorder = self.begin()

    def begin(self, series: str = SERIES) -> Recorder:
        """The daemon is started."""
        self.recorder = Recorder(self, self.folder, series, self)
        self.history = self.recorder.history
        self.recorder.load()
        return self.recorder

    def up_ms(self) -> int:
        return self.up_s * 1000

    def unix_s(self) -> float:
        return self.day_s + self.up_s

    def look(self, seconds: int = 30, change: Callable[[Snapshot, int], Snapshot] = lambda found, _: found) -> None:
        """So many looks, a second apart; ``change`` makes the Snapshot of each."""
        found = self.snapshot
        for second in range(seconds):
            self.snapshot = replace(change(found, second), unix_s=int(self.unix_s()) if self.knows_time else None)
            self.recorder.look()
            self.up_s += 1
        self.snapshot = found

    def column(self, name: str) -> list[int | None]:
        """A column of all that is recorded; of the half minute that is over too."""
        if self.up_s % 30 == 0:
            self.recorder.finish()
        return self.history.column(name, self.history.span())
