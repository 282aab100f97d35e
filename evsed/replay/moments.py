"""Which moments of a replay the core has to look at, so that nothing happens later than if it looked every 10 ms.

Every timer of the core begins at a measurement, with the last look before one, or with a change of state, and most run
for whole seconds: those moments are grids. The other timers say themselves when they end. Owns no time and nothing that
is decided; that nothing is missed is what tests/replay/test_engine.py compares.
"""

from collections import deque
from collections.abc import Iterator
from math import gcd

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

FOLLOWED_MS = 65_000
"""The longest timer that begins with a change of state and does not say itself when it ends: 60 s, for the phases."""


class Moments:
    """``after`` gives the next one. The engine tells of changes with ``restless``, ``moved`` and ``closed``."""

    def __init__(self, core: Controller, plant: Plant, meter_period_ms: Millis, *, every_cycle: bool) -> None:
        """``meter_period_ms``: 10 and more, a multiple of 10. The closer to whole seconds, the faster the replay."""
        self._core = core
        self._plant = plant
        self._grid_ms = gcd(meter_period_ms, 1_000)
        self._every_cycle = every_cycle or self._grid_ms == CYCLE_MS
        self._restless_until: Millis = RESTLESS_MS
        self._moves: deque[Millis] = deque()
        self._closings: deque[Millis] = deque()

    def restless(self, now: Millis) -> None:
        """Something has changed that the core judges over several looks."""
        self._restless_until = now + RESTLESS_MS

    def moved(self, now: Millis) -> None:
        """The state has changed."""
        self._moves.append(now)
        self.restless(now)

    def closed(self, now: Millis) -> None:
        """A contactor was closed; an hour later that is forgotten."""
        self._closings.append(now)

    def after(self, now: Millis) -> Millis:
        """The next moment, a multiple of 10 ms."""
        following = now + CYCLE_MS
        if self._every_cycle or now < self._restless_until:
            return following
        return min(max(-(-time // CYCLE_MS) * CYCLE_MS, following) for time in self._times(now) if time > now)

    def _times(self, now: Millis) -> Iterator[Millis]:
        """What might be next; times that are over may be among them."""
        measured = self._on_grid(now, MEASURED_AT_MS, self._grid_ms)
        yield measured - CYCLE_MS
        yield measured
        event = self._plant.next_event()
        if event is not None:
            yield event - CYCLE_MS
            yield event
        yield from self._timers(now)
        while self._moves and self._moves[0] <= now - FOLLOWED_MS:
            self._moves.popleft()
        for moved in self._moves:
            yield self._on_grid(now, moved, 1_000)
        while self._closings and self._closings[0] <= now - HOUR_MS:
            self._closings.popleft()
        if self._closings:
            yield self._closings[0] + HOUR_MS

    def _timers(self, now: Millis) -> Iterator[Millis]:
        """Those that say when they end."""
        core = self._core
        charger, regulator, settings = core.charger, core.regulation.regulator, core.desk.settings
        yield from (charger.ready_at, charger.pilot_off_until, core.stopped_until, core.rest_until(now))
        sometimes = (charger.deadline, regulator.waits.retry_at, *map(core.watches.until, core.faults.all))
        yield from (time for time in sometimes if time is not None)
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
