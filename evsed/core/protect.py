"""Protect: what the measured limits leave, at every fresh measurement and at once.

Owns the caps of main fuse, capacity rate and circuit, how long a shortage of MIN is ridden out, how hot the fuse gets
meanwhile, and what is done when an overload cannot be explained. The limits are limits.py's, what the car draws is
car.py's; nothing that Optimise wants can raise what is lowered here.
"""

from dataclasses import dataclass
from math import isqrt

from evsed.core import limits
from evsed.core.limits import Cap
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.metering import Balance
from evsed.core.model import Mode, Phases3
from evsed.core.settings import Settings
from evsed.core.units import Deciamps, Millis

RIDE_OUT_MS = 5_000
"""A shortage this short is ridden out at MIN: the contactor outlives a kettle's first seconds."""

AT_MIN_MS = 2_500
"""While the main fuse carries more than it should, only for this long after the car has come down to MIN: with the
meter's delay and the second that a car takes to stop, it does so for the car's lag, the meter's period and 3 s."""

OVER_AFTER_MS = 1_000
"""A shortage is over when there was room for this long; one lucky sample, taken while the car moves, does not count."""

_OVER_LOOKS = 2  # also with a meter that is as slow as that

NEXT_LOOK_MS = 500
"""So much later than usual may the next measurement be."""

CAR_STOPS_MS = 1_000
"""A car that is told to stop usually has within this time."""

HEAT_MS = 10_000
HEAT_PERCENT = 115
"""The root mean square over 10 s that riding a shortage out may bring the main fuse to, in percent of MAINS: a breaker
carries 113 % for an hour without tripping (IEC 60898-1, conventional non-tripping current), and more for 10 s."""

UNEXPLAINED_MS = 6_000
"""An overload that outlasts even the slowest car: what is known of the car's draw cannot be true."""

DOUBTED_MS = 5_000
"""If MIN does not help within this time either, the car has to stop."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a fresh measurement is judged by."""

    settings: Settings
    uses: Phases3
    minimum: Deciamps
    period_ms: Millis  # between two measurements
    moves_ms: Millis  # for so much longer the car probably draws what it was offered before; 0: it has followed
    least: Deciamps  # the least that it draws, if it has
    most: Deciamps  # the most
    lag_ms: Millis  # how late it follows
    defied: int  # so often has lowering the offer changed nothing
    charging: bool
    guessed: bool  # whether the car has followed is not known

    @property
    def summed(self) -> bool:
        """Whether the capacity rate counts."""
        limited = self.settings.current_max_sum_mains != SUM_MAINS_OFF
        return limited and self.settings.mode != Mode.NORMAL

    def followed(self, balance: Balance) -> Balance:
        """The same measurement, if the car has followed already."""
        return balance.bounded(self.least) if self.guessed else balance

    def at_best(self, balance: Balance) -> Balance:
        """The same, if a car that was offered more has followed, and one that was offered less has not."""
        return balance.drawing(self.most, self.uses) if self.guessed else balance

    def kindly(self, balance: Balance) -> Balance:
        """``at_best``, but without an overload only: then its own draw is no house's."""
        return balance if limits.overload(self.settings, balance, self.uses) > 0 else self.at_best(balance)


class Heat:
    """What the main fuse's hottest phase has carried since an overload began, and would carry by waiting on."""

    def __init__(self) -> None:
        self._since: Millis | None = None
        self._at: Millis = 0
        self._heat = 0  # dA^2 ms

    def cool(self) -> None:
        """There is no overload."""
        self._since = None

    def feed(self, current: Deciamps, period_ms: Millis, now: Millis) -> None:
        """An overload is measured; it began, on average, half a period before the first time."""
        if self._since is None:
            self._since = self._at = now - min(period_ms // 2, HEAT_MS)
            self._heat = 0
        self._heat += current * current * (now - self._at)
        self._at = now

    def after(
        self, now_flows: Deciamps, moves_ms: Millis, at_min: Deciamps, waits_ms: Millis, house: Deciamps
    ) -> Deciamps:
        """The root mean square of the first 10 s if the car is told to stop by the end of ``waits_ms`` only.

        Until then ``now_flows`` for ``moves_ms``, then ``at_min``, and afterwards what the ``house`` draws.
        """
        lasted = 0 if self._since is None else self._at - self._since
        left = max(0, HEAT_MS - lasted)
        waits_ms = min(waits_ms, left)
        moves_ms = min(moves_ms, waits_ms)
        total = self._heat + now_flows**2 * moves_ms + max(0, at_min) ** 2 * (waits_ms - moves_ms)
        total += max(0, house) ** 2 * (left - waits_ms)
        return isqrt(total // max(HEAT_MS, lasted))


class Protect:
    """``observe`` every fresh measurement; ``cap`` and ``stop`` say what follows."""

    def __init__(self) -> None:
        self.cap: Cap | None = None  # the lowest of what is measured at the mains
        self.circuit: Cap | None = None
        self.room: Deciamps | None = None  # the same, with the doubt about the car's draw taken against it
        self.circuit_room: Deciamps | None = None
        self.stop_at_once = False
        self.ends_at: Millis | None = None  # the shortage is ridden out until then
        self._soft = False  # only the capacity rate lacks, and its timer may run
        self.overloaded = False  # the main fuse carries more than it should, on the car's phases
        self._overload_since: Millis | None = None
        self._above_min = False  # the car drew more than MIN since then
        self._came_down_at: Millis | None = None  # and was seen at MIN
        self._doubted_at: Millis | None = None
        self._heat = Heat()
        self._short_since: Millis | None = None
        self._unsure_until: Millis | None = None  # it is short unless the car has followed: the next look tells
        self._short_at: Millis = 0
        self._looks = self._circuit_looks = 0  # since it was short
        self._ride_out_ms = RIDE_OUT_MS

    def forget(self) -> None:
        """The mains meter changed or is lost: what was seen is no guide any more."""
        self.cap = self.room = None
        self.stop_at_once = self._soft = self.overloaded = False
        self._overload_since = self._doubted_at = None
        self._heat.cool()
        self._unsure_until = None
        self.rest()

    def forget_circuit(self) -> None:
        """No circuit meter, or another one."""
        self.circuit = self.circuit_room = None

    def rest(self) -> None:
        """No shortage lasts."""
        self._short_since = self.ends_at = None

    def observe(self, balance: Balance, look: Look, now: Millis) -> None:
        """One fresh measurement of the mains."""
        self._looks += 1
        followed, at_best, balance = look.followed(balance), look.at_best(balance), look.kindly(balance)
        mains = limits.mains_cap(look.settings, balance, look.uses)
        self.cap = self._cap(balance, look) if look.summed else mains
        self.room = (
            self.cap.current if followed is balance else min(self.cap.current, self._cap(followed, look).current)
        )
        self._soft = mains.current >= look.minimum and look.settings.max_sum_mains_time > 0
        short = self.cap.current < look.minimum
        has_probably_followed = look.moves_ms <= look.period_ms // 2
        unsure = (
            short
            and has_probably_followed
            and self._unsure_until is None
            and self._cap(at_best, look).current >= look.minimum
        )
        self._unsure_until = (now + (look.period_ms + NEXT_LOOK_MS if unsure else 0)) if short else None
        house = max((at_best if unsure else balance).base.each())
        self._watch_fuse(balance, house, look, now, short=mains.current < look.minimum)

    @staticmethod
    def _cap(balance: Balance, look: Look) -> Cap:
        caps = [limits.mains_cap(look.settings, balance, look.uses)]
        if look.summed:
            caps.append(limits.sum_cap(look.settings, balance, look.uses))
        return limits.lowest(caps)

    def observe_circuit(self, balance: Balance, look: Look) -> None:
        """One fresh measurement of the charger's circuit."""
        self._circuit_looks += 1
        self.circuit = limits.circuit_cap(look.settings, balance, look.uses)
        followed = limits.circuit_cap(look.settings, look.followed(balance), look.uses)
        self.circuit_room = min(self.circuit.current, followed.current)

    def _watch_fuse(self, balance: Balance, house: Deciamps, look: Look, now: Millis, *, short: bool) -> None:
        fuse = look.settings.current_main * 10
        over = limits.overload(look.settings, balance, look.uses)
        self.overloaded = over > 0
        self.stop_at_once = over > fuse
        if over <= 0:
            self._overload_since = self._doubted_at = self._came_down_at = None
            self._above_min = False
            self._heat.cool()
            return
        self._overload_since = now if self._overload_since is None else self._overload_since
        self._heat.feed(fuse + over, look.period_ms, now)
        self._watch_car(look, now)
        self._ride_out_ms = min(look.lag_ms + AT_MIN_MS, RIDE_OUT_MS)
        if not look.charging:
            return
        if short:
            rms = self._heat.after(
                fuse + over, look.moves_ms, house + look.minimum, look.period_ms + CAR_STOPS_MS, house
            )
            self.stop_at_once = self.stop_at_once or rms * 100 > fuse * HEAT_PERCENT
        self._doubt(look, now - self._overload_since, now)

    def _watch_car(self, look: Look, now: Millis) -> None:
        if look.most > look.minimum:
            self._above_min, self._came_down_at = True, None
        elif self._above_min and self._came_down_at is None:
            self._came_down_at = now

    def _doubt(self, look: Look, lasts_ms: Millis, now: Millis) -> None:
        """An overload that our figures cannot explain: MIN, and if that does not help, no offer at all."""
        if self.cap is None or not (look.defied or lasts_ms >= UNEXPLAINED_MS):
            return
        self._doubted_at = now if self._doubted_at is None else self._doubted_at
        useless = now - self._doubted_at >= DOUBTED_MS
        self.cap = Cap(self.cap.name, min(self.cap.current, look.minimum - useless))
        self.stop_at_once = self.stop_at_once or useless

    # ---- shortage ----

    @property
    def _looked_again(self) -> bool:
        mains = self.cap is None or self._looks >= _OVER_LOOKS
        return mains and (self.circuit is None or self._circuit_looks >= _OVER_LOOKS)

    @property
    def capacity_until(self) -> Millis | None:
        """When charging stops because the sum of the mains is too high (CAP STOP); None while that timer rests."""
        return self.ends_at if self._soft else None

    def lacks(self, minimum: Deciamps, now: Millis, *, fits: bool, sum_mains_minutes: int) -> bool:
        """Whether MIN has not fitted for so long that the car has to stop. ``fits``: it does now."""
        rooms = [room for room in (self.room, self.circuit_room) if room is not None]
        if fits and (self._short_since is None or min(rooms, default=minimum) >= minimum):
            if now - self._short_at >= OVER_AFTER_MS and self._looked_again:
                self.rest()
            return False
        self._short_at = now
        self._looks = self._circuit_looks = 0
        if self._short_since is None:
            self._short_since = now
        self.ends_at = self._short_since + (sum_mains_minutes * 60_000 if self._soft else RIDE_OUT_MS)
        if self._overload_since is not None and not self._soft:
            self.ends_at = min(self._short_since, self._overload_since) + self._ride_out_ms
            if self._came_down_at is not None:
                self.ends_at = min(self.ends_at, self._came_down_at + AT_MIN_MS)
        if self._unsure_until is not None and (self.circuit_room is None or self.circuit_room >= minimum):
            self.ends_at = max(self.ends_at, self._unsure_until)
        return self.stop_at_once or now >= self.ends_at
