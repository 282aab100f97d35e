"""What is seen of the charger in half a minute, and the row that it makes. Pure."""

from collections import Counter
from dataclasses import replace
from statistics import fmean
from typing import Final, TypeAlias

from evsed.core.menu import mains_here
from evsed.core.metering import BATTERY_STALE_MS
from evsed.core.model import MeterRole, PhaseCurrents
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.units import WattHours
from evsed.history.rows import CURRENTS, Row

_MOST_WH: Final = 5_000  # in one row, after a silence too; a register that leaps further is that of another meter
_HIGHEST: Final = range(CURRENTS.index("mains_highest_l1"), CURRENTS.index("mains_highest_l3") + 1)

_Phases: TypeAlias = "tuple[int | None, int | None, int | None]"


class Seen:
    """The Snapshots of one row."""

    def __init__(self) -> None:
        self._mains: list[PhaseCurrents] = []
        self._ev: list[PhaseCurrents] = []
        self._offers: list[int] = []
        self._battery: list[int] = []
        self._limit: int | None = None
        self._standing: Counter[tuple[State, str]] = Counter()
        self._first_wh: WattHours | None = None
        self.register_wh: WattHours | None = None
        """What the EV meter's register said last."""

    def add(self, snapshot: Snapshot) -> None:
        """One more look."""
        for role, found in ((MeterRole.MAINS, self._mains), (MeterRole.EV, self._ev)):
            meter = snapshot.meters[role]
            if meter.fresh and meter.values.currents is not None:
                found.append(meter.values.currents)
        self._offers.append(snapshot.offer)
        if snapshot.battery_at is not None and snapshot.now - snapshot.battery_at <= BATTERY_STALE_MS:
            self._battery.append(snapshot.battery)
        self._limit = _limit(snapshot)
        self._standing[(snapshot.state, "" if snapshot.reason is None else snapshot.reason.code)] += 1
        ev = snapshot.meters[MeterRole.EV]
        if ev.heard and ev.values.import_wh is not None:
            self.register_wh = ev.values.import_wh
            self._first_wh = self.register_wh if self._first_wh is None else self._first_wh

    def row(self, register_wh: WattHours | None) -> Row | None:
        """What it comes to; None when nothing was seen. ``register_wh``: what the EV meter's register said before.

        Where that is not known, it counts from what it said first.
        """
        if not self._offers:
            return None
        ((state, reason), _), *_ = self._standing.most_common(1)
        numbers = (
            *_means(self._mains),
            *_highest(self._mains),
            *_means(self._ev),
            round(fmean(self._offers)),
            self._limit,
            round(fmean(self._battery)) if self._battery else None,
            _advance(self._first_wh if register_wh is None else register_wh, self.register_wh),
        )
        return Row(numbers, state, reason)


def joined(earlier: Row, later: Row) -> Row:
    """One row of two that share a half minute, because the daemon was started anew in it: no peak is lost."""
    numbers = list(later.numbers)
    for place in _HIGHEST:
        known = [value for value in (earlier.numbers[place], numbers[place]) if value is not None]
        numbers[place] = max(known, default=None)
    energy = [value for value in (earlier.numbers[-1], numbers[-1]) if value is not None]
    numbers[-1] = sum(energy) if energy else None
    return replace(later, numbers=tuple(numbers))


def _limit(snapshot: Snapshot) -> int | None:
    """What MAINS allows on a phase, where this charger has a mains meter to hold the house to it."""
    settings = snapshot.settings
    return settings.current_main * 10 if mains_here(settings, snapshot.offers) else None


def _means(found: list[PhaseCurrents]) -> _Phases:
    if not found:
        return (None, None, None)
    l1, l2, l3 = (round(fmean(values)) for values in zip(*(one.each() for one in found), strict=True))
    return (l1, l2, l3)


def _highest(found: list[PhaseCurrents]) -> _Phases:
    if not found:
        return (None, None, None)
    l1, l2, l3 = (max(values) for values in zip(*(one.each() for one in found), strict=True))
    return (l1, l2, l3)


def _advance(before: WattHours | None, after: WattHours | None) -> int | None:
    if before is None or after is None or not 0 <= after - before <= _MOST_WH:
        return None
    return after - before
