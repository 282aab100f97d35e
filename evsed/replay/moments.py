"""Which moments of a replay the core has to look at, so that nothing happens later than if it looked every 10 ms.

Every timer of the core begins at a measurement, with a change of state, or with the last look before either, and most
run for whole seconds: those moments are grids. The other timers say themselves when they end. Owns no time and nothing
that is decided; that nothing is missed is what tests/replay/test_engine.py compares.
"""

from collections import deque
from collections.abc import Iterator
from math import gcd

from evsed.core.charger import ASLEEP_MS
from evsed.core.contactors import HOUR_MS
from evsed.core.controller import Controller
from evsed.core.states import State
from evsed.core.units import Millis
from evsed.replay.plant import Plant

CYCLE_MS = 10
MEASURED_AT_MS = 500
"""The mains is measured this long after the start, and then once a period."""

RESTLESS_MS = 700
"""After a change every cycle is run for this long: levels are judged within 100 ms, 6 V has to hold for 500 ms."""

FOLLOWED_MS = 6_000
"""For so long after a change of state whole seconds are looked at: the timers that begin with it run 1 to 5 s."""

KEPT_MS = 65_000
"""The same after a choice of phases, which is kept for 60 s."""


class Moments:
    """``after`` gives the next one. The engine tells of changes with ``restless``, ``moved`` and ``closed``."""

    def __init__(self, core: Controller, plant: Plant, meter_period_ms: Millis, *, every_cycle: bool) -> None:
        """``meter_period_ms``: 10 and more, a multiple of 10. The closer to whole seconds, the faster the replay."""
        self._core = core
        self._plant = plant
        self._grid_ms = gcd(meter_period_ms, 1_000)
        self._every_cycle = every_cycle or self._grid_ms == CYCLE_MS
        self._restless_until: Millis = RESTLESS_MS
        self._anchors: deque[tuple[Millis, Millis]] = deque()  # moments from which timers may run, and for how long
        self._closings: deque[Millis] = deque()

    def restless(self, now: Millis) -> None:
        """Something has changed that the core judges over several looks."""
        self._restless_until = now + RESTLESS_MS

    def moved(self, now: Millis) -> None:
        """The state has changed."""
        self._anchor(now, KEPT_MS if self._core.regulation.phases.switching else FOLLOWED_MS)
        self.restless(now)

    def closed(self, now: Millis) -> None:
        """A contactor was closed; an hour later that is forgotten."""
        self._closings.append(now)

    def after(self, now: Millis) -> Millis:
        """The next moment, a multiple of 10 ms."""
        following = now + CYCLE_MS
        if self._every_cycle or now < self._restless_until:
            return following
        if self._calm:
            return max(-(-self._when_calm(now) // CYCLE_MS) * CYCLE_MS, following)
        return min(max(-(-time // CYCLE_MS) * CYCLE_MS, following) for time in self._times(now) if time > now)

    def _times(self, now: Millis) -> Iterator[Millis]:
        """What might be next; times that are over may be among them.

        A timer may begin with the last look before something changes, so that look is taken as well.
        """
        for time in self._changes(now):
            yield time - CYCLE_MS
            yield time
        yield from self._timers(now)

    @property
    def _calm(self) -> bool:
        """Charging, nothing is lacking, and no change is remembered: most of a day."""
        regulator = self._core.regulation.regulator
        lacking = regulator.lack is not None or regulator.deadline is not None or self._core.faults.all
        return self._core.charger.state is State.C and not self._anchors and not lacking

    def _when_calm(self, now: Millis) -> Millis:
        """What might be next then: most timers do not run."""
        regulator = self._core.regulation.regulator
        to = self._on_grid(now, MEASURED_AT_MS, self._grid_ms)
        event = self._plant.next_event()
        if event is not None and event < to:
            to = event
        if self._closings and self._closings[0] + HOUR_MS < to:
            to = self._closings[0] + HOUR_MS
            self._anchor(self._closings.popleft() + HOUR_MS, FOLLOWED_MS)
        left_ms = regulator.stop_timer.left_ms(self._core.desk.settings.solar_stop_time)
        return min(to, now + left_ms) if left_ms else to

    def _changes(self, now: Millis) -> Iterator[Millis]:
        yield self._on_grid(now, MEASURED_AT_MS, self._grid_ms)
        event = self._plant.next_event()
        if event is not None:
            yield event
        while self._closings and self._closings[0] + HOUR_MS <= now:
            self._anchor(self._closings.popleft() + HOUR_MS, FOLLOWED_MS)
        if self._closings:
            yield self._closings[0] + HOUR_MS
        while self._anchors and self._anchors[0][1] <= now:
            self._anchors.popleft()
        for anchor, _ in self._anchors:
            yield self._on_grid(now, anchor, 1_000)

    def _anchor(self, at: Millis, lasts_ms: Millis) -> None:
        self._anchors.append((at, at + lasts_ms))

    def _timers(self, now: Millis) -> Iterator[Millis]:
        """Those that say when they end."""
        core = self._core
        charger, regulator, settings = core.charger, core.regulation.regulator, core.desk.settings
        yield from (charger.ready_at, charger.pilot_off_until, core.stopped_until, core.rest_until(now))
        sometimes = (charger.deadline, regulator.deadline, *map(core.watches.until, core.faults.all))
        yield from (time for time in sometimes if time is not None)
        if charger.state is State.B:
            yield charger.since + ASLEEP_MS
        left_ms = regulator.stop_timer.left_ms(settings.solar_stop_time)
        if left_ms is not None:
            yield now + left_ms
        waits_for_room = charger.state is State.B1 and regulator.waits.retry_at is not None
        if waits_for_room:  # an old measurement is forgotten between two, and that may shorten the wait
            forgotten = MEASURED_AT_MS + regulator.waits.steady_ms + 1
            yield self._on_grid(now, forgotten, self._grid_ms)

    @staticmethod
    def _on_grid(now: Millis, anchor: Millis, step: Millis) -> Millis:
        """The first time after ``now`` that is whole steps from ``anchor``."""
        return now + step - (now - anchor) % step
