"""How much the car may draw: Protect lowers at once, Optimise raises calmly.

Owns the offer, its shortage and retry times, and the fault that says why there is none. Limits are limits.py's, the
laws of the modes smart.py's and solar.py's; whether the charger is in a state to offer at all is charger.py's.
"""

from collections import deque
from dataclasses import dataclass

from evsed.core import limits, smart, solar
from evsed.core.duty import HIGHEST_OFFER, LOWEST_OFFER
from evsed.core.faults import Fault
from evsed.core.limits import Cap
from evsed.core.metering import Balance
from evsed.core.model import MeterType, Mode
from evsed.core.settings import SUM_MAINS_OFF, Settings
from evsed.core.units import Deciamps, Millis

RIDE_OUT_MS = 3_500
"""A shortage this short is ridden out at MIN: the contactor outlives a kettle's first seconds, the fuse does too."""

RIDE_OUT_POSTED_MS = 5_000
"""The same where the mains currents are posted: they come once a second or slower, and a few of them have to agree."""

STEADY_ROOM_MS = 5_000
OVER_AFTER_MS = 1_000
"""A shortage is over when there was room for this long; one lucky sample, taken while the car moves, does not count."""

FIRST_WAIT_MS = 15_000
LONGEST_WAIT_MS = 300_000
FORGIVEN_AFTER_MS = 600_000
CAR_LAG_MS = 5_000
"""A car follows a new duty within this time. IEC 61851-1 Table A.6, seq. 6"""

UNEXPLAINED_MS = 3_000
"""An overload that outlasts the usual car's dead time by a second: without an EV meter the car draws less than it was
offered, so the house draws more than we think, and only MIN is safe to offer."""

DISBELIEVED_MS = 6_000
"""An overload that outlasts even the slowest car: what the EV meter says cannot be true."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the rest of the core says about this moment."""

    settings: Settings
    cable: Deciamps
    override: Deciamps
    outside: tuple[Cap, ...]  # of the board's temperature, the grid operator's relay, a program
    phases: int
    connected: bool
    offering: bool  # states B, C and Activate
    resting: bool  # states A and B1; neither of both while the car is being stopped
    settling: bool  # the car stopped a moment ago: the meters may still tell of what it drew
    asking: bool  # state B, and the car wants power
    charging_ms: Millis | None  # since the contactor closed; None while it is open
    ev_metered: bool  # what the car draws is measured
    meter_cap: Cap | None  # while the mains meter does not answer
    large_shortage: bool  # three phases have had far too little sun for 30 s (CONTACT 2 Auto)
    one_phase_would_do: bool  # CONTACT 2 Auto may go on with one phase

    @property
    def mode(self) -> Mode:
        """The charging mode."""
        return Mode(self.settings.mode)

    @property
    def metered(self) -> bool:
        """Whether a mains meter is configured; then the mains is protected in every mode."""
        return self.settings.mains_meter != MeterType.DISABLED

    @property
    def goes_on_blind(self) -> bool:
        """Whether the owner wants Normal to go on as it is while the mains meter is silent."""
        return self.mode is Mode.NORMAL and bool(self.settings.normal_without_meter)

    def fixed(self) -> Cap:
        """The lowest cap that no measurement is needed for."""
        return limits.lowest((*limits.fixed_caps(self.settings, self.cable, self.override), *self.outside))

    def minimum(self) -> Deciamps:
        """MIN, or what cable and MAX allow if that is less."""
        return min(self.settings.current_min * 10, self.fixed().current, HIGHEST_OFFER)


class Regulator:
    """Decides the offer. ``observe`` takes every fresh measurement, ``step`` lets time pass."""

    def __init__(self) -> None:
        self.offer: Deciamps = 0
        self.limited_by = ""
        self.lack: Fault | None = None  # NO_POWER or NO_SUN while there is not enough
        self.retry_at: Millis | None = None
        self.stop_timer = solar.StopTimer()
        self.at_top = False  # the offer is as high as anything allows
        self.one_phase_wanted = False  # three phases have had too little sun for long enough
        self._measured: Cap | None = None
        self._room = smart.LeastRoom()
        self._circuit: Cap | None = None  # what a circuit meter leaves
        self._circuit_room = smart.LeastRoom()
        self._circuit_surely = True
        self._sun: Deciamps | None = None
        self._sunny = smart.LeastRoom()
        self._startable: frozenset[int] = frozenset()  # the phases for which the sun is enough to start
        self._changed_at: Millis | None = None
        self._short_since: Millis | None = None
        self._short_at: Millis = 0
        self._lacked_at: Millis = 0
        self._stop_at_once = False
        self._soft = False
        self._surely = True  # MIN fits even if the car has followed the last lowering already
        self._overload_since: Millis | None = None
        self._wait_ms: Millis = 0
        self._stopped_at: Millis | None = None
        self._past: deque[tuple[Millis, Deciamps]] = deque()

    def drawn(self, charging_ms: Millis | None) -> Deciamps:
        """What a car without a meter is taken to draw on each phase: the most it was offered within its lag.

        So a deficit is not subtracted again while the car has yet to follow.
        """
        return 0 if charging_ms is None else self.most_offered

    @property
    def most_offered(self) -> Deciamps:
        """The most that was offered within a car's lag."""
        return max((current for _, current in self._past), default=self.offer)

    @property
    def least_offered(self) -> Deciamps:
        """The least that was offered within a car's lag: what a car draws that has followed already."""
        return min((current for _, current in self._past), default=self.offer)

    def forget_measurements(self) -> None:
        """The mains meter changed or is lost: what was seen is no guide any more."""
        self._measured = None
        self._stop_at_once = False
        self._soft = False
        self._overload_since = None
        self._room.forget()
        self._short_since = None
        self.forget_sun()

    def forget_sun(self) -> None:
        """The mode changed: the sun has to be looked at again."""
        self._sun = None
        self._startable = frozenset()
        self._sunny.forget()

    def forgive(self) -> None:
        """The car was unplugged or the mode changed: waits start from the beginning."""
        self.lack = None
        self.retry_at = None
        self._wait_ms = 0
        self._short_since = None

    def sun_is_enough(self, phases: int) -> bool:
        """Whether the last measurement lets a charge on ``phases`` begin in Solar."""
        return phases in self._startable

    def observe(self, balance: Balance, corrected: Balance, demand: Demand, now: Millis) -> None:
        """Protect and Optimise figures from one fresh mains measurement.

        Protect goes by what flows; only the sun's figures are ``corrected`` for the home battery.
        """
        settings = demand.settings
        mains = limits.mains_cap(settings, balance, demand.phases)
        caps = [mains]
        if demand.mode is not Mode.NORMAL and settings.current_max_sum_mains != SUM_MAINS_OFF:
            caps.append(limits.sum_cap(settings, balance, demand.phases))
        self._measured = limits.lowest(caps)
        followed = self._followed(balance, demand)
        self._surely = limits.mains_cap(settings, followed, demand.phases).current >= demand.minimum()
        self._soft = mains.current >= demand.minimum() and settings.max_sum_mains_time > 0
        self._room.add(self._measured.current, now)
        self._watch_overload(balance, demand, now)
        if demand.mode is Mode.SOLAR:
            self._sun = solar.target(settings, corrected, demand.phases)
            self._sunny.add(self._sun, now)
            self._startable = frozenset(n for n in (1, 3) if solar.enough_to_start(settings, corrected, n))

    def observe_circuit(self, balance: Balance, demand: Demand, now: Millis) -> None:
        """Protect's figure from one fresh measurement of the charger's circuit."""
        self._circuit = limits.circuit_cap(demand.settings, balance, demand.phases)
        self._circuit_room.add(self._circuit.current, now)
        followed = limits.circuit_cap(demand.settings, self._followed(balance, demand), demand.phases)
        self._circuit_surely = followed.current >= demand.minimum()

    def forget_circuit(self) -> None:
        """No circuit meter, or another one."""
        self._circuit = None
        self._circuit_surely = True
        self._circuit_room.forget()

    def _followed(self, balance: Balance, demand: Demand) -> Balance:
        """The same look, as if a car without a meter had followed the last lowering already."""
        return balance if demand.ev_metered else balance.bounded(self.least_offered)

    def _watch_overload(self, balance: Balance, demand: Demand, now: Millis) -> None:
        overload = limits.overload(demand.settings, balance, demand.phases)
        self._stop_at_once = overload > demand.settings.current_main * 10
        if overload <= 0:
            self._overload_since = None
        elif self._overload_since is None:
            self._overload_since = now
        else:
            self._distrust(
                demand, now - self._overload_since - (DISBELIEVED_MS if demand.ev_metered else UNEXPLAINED_MS)
            )

    def _distrust(self, demand: Demand, overdue_ms: Millis) -> None:
        """An overload that our figures cannot explain: MIN, and if that does not help, no offer at all."""
        if overdue_ms < 0 or self._measured is None:
            return
        most = demand.minimum()
        if overdue_ms >= CAR_LAG_MS:
            most -= 1
            self._stop_at_once = True
        self._measured = Cap(self._measured.name, min(self._measured.current, most))

    def step(self, demand: Demand, now: Millis) -> None:
        """Brings offer and lack up to date."""
        self.one_phase_wanted = False
        ceiling = self._ceiling(demand)
        fits = ceiling.current >= demand.minimum()
        if demand.offering:
            self.retry_at = None
            self._offer_within(ceiling, demand, now)
            lack = self._lack(demand, now, fits=fits)
            if lack is not None:
                self._give_up(lack, now)
        elif demand.resting:
            self.offer = self._first_offer(ceiling, demand)
            self.limited_by = ceiling.name
            self._changed_at = now
            self._short_since = None
            self.stop_timer = solar.StopTimer()
            self._watch_room(demand, now, fits=fits)
        self._remember(now)

    def _ceiling(self, demand: Demand) -> Cap:
        caps = [demand.fixed()]
        if demand.meter_cap is not None:
            caps.append(demand.meter_cap)
        if demand.metered and self._measured is not None:
            caps.append(self._measured)
        if self._circuit is not None:
            caps.append(self._circuit)
        return limits.lowest(caps)

    def _first_offer(self, ceiling: Cap, demand: Demand) -> Deciamps:
        minimum = demand.minimum()
        if minimum < LOWEST_OFFER:
            return 0
        blind = demand.metered and self._measured is None and not demand.goes_on_blind
        if demand.mode is Mode.SOLAR or blind:
            return minimum
        return min(max(ceiling.current, minimum), HIGHEST_OFFER)

    # ---- while pulses run ----

    def _offer_within(self, ceiling: Cap, demand: Demand, now: Millis) -> None:
        minimum = demand.minimum()
        allowed = min(max(ceiling.current, minimum), HIGHEST_OFFER)
        if self.offer > allowed:  # Protect: at once, all of it
            self._set(allowed, now)
        elif self._changed_at is None or now - self._changed_at >= smart.CHANGE_GAP_MS:
            wanted = self._wanted(allowed, demand)
            if wanted != self.offer:
                self._set(wanted, now)
        self.at_top = self.offer >= allowed
        self.limited_by = ceiling.name if self.at_top else demand.mode.name

    def _wanted(self, allowed: Deciamps, demand: Demand) -> Deciamps:
        minimum = demand.minimum()
        if demand.meter_cap is not None:
            return min(self.offer, allowed)
        if demand.mode is Mode.SOLAR:
            return min(max(self._sun_wants(demand), minimum), allowed)
        rooms = [allowed]
        if demand.metered and not (demand.goes_on_blind and self._measured is None):
            rooms.append(self.offer if self._room.least is None else self._room.least)
        if self._circuit_room.least is not None:
            rooms.append(self._circuit_room.least)
        return smart.climb(self.offer, min(rooms), allowed)

    def _sun_wants(self, demand: Demand) -> Deciamps:
        steady = self._sunny.least
        at_first = demand.charging_ms is None or demand.charging_ms < solar.FIRST_AT_MIN_MS
        if self._sun is None or steady is None or at_first:
            return demand.minimum()
        return solar.step(self.offer, self._sun, steady)

    def _lack(self, demand: Demand, now: Millis, *, fits: bool) -> Fault | None:
        """What there is not enough of: to start for a car that asks, or for long enough to stop one that charges."""
        if demand.charging_ms is None:
            self._short_since = None
            self.stop_timer.pause()
            return self._lacking(demand, fits=fits) if demand.asking and not self._unmeasured(demand) else None
        if self._short_for_too_long(demand, now, fits=fits):
            return Fault.NO_POWER
        return Fault.NO_SUN if self._without_sun_for_too_long(demand, now) else None

    def _short_for_too_long(self, demand: Demand, now: Millis, *, fits: bool) -> bool:
        if fits and (self._short_since is None or (self._surely and self._circuit_surely)):
            if now - self._short_at >= OVER_AFTER_MS:
                self._short_since = None
            return False
        self._short_at = now
        if self._short_since is None:
            self._short_since = now
        posted = demand.settings.mains_meter == MeterType.API
        ride_out_ms = RIDE_OUT_POSTED_MS if posted else RIDE_OUT_MS
        allowed_ms = demand.settings.max_sum_mains_time * 60_000 if self._soft else ride_out_ms
        return self._stop_at_once or now - self._short_since >= allowed_ms

    def _without_sun_for_too_long(self, demand: Demand, now: Millis) -> bool:
        if demand.mode is not Mode.SOLAR or self._sun is None:
            self.stop_timer = solar.StopTimer()
            return False
        self.stop_timer.run(short=self._sun < demand.minimum() - smart.DEAD_BAND, now=now)
        stop_minutes = demand.settings.solar_stop_time
        over = self.stop_timer.left_ms(stop_minutes) == 0
        self.one_phase_wanted = (over or demand.large_shortage) and demand.one_phase_would_do
        return (over or (demand.large_shortage and stop_minutes > 0)) and not self.one_phase_wanted

    def _give_up(self, lack: Fault, now: Millis) -> None:
        long_ago = self._stopped_at is None or now - self._stopped_at > FORGIVEN_AFTER_MS
        self._wait_ms = FIRST_WAIT_MS if long_ago or not self._wait_ms else min(2 * self._wait_ms, LONGEST_WAIT_MS)
        self._stopped_at = now
        self.lack = lack
        self.retry_at = None

    # ---- while none run ----

    def _watch_room(self, demand: Demand, now: Millis, *, fits: bool) -> None:
        lack = self._lacking(demand, fits=fits)
        if not demand.connected:
            self.forgive()
            self.lack = lack
        elif demand.settling or self._unmeasured(demand):
            pass  # nothing is concluded from what is not known
        elif lack is not None:
            self._lacked_at = now
            self.lack = lack
            if self.retry_at is not None and self.retry_at <= now:
                self.retry_at = None
        elif self.lack is not None and now - self._lacked_at >= OVER_AFTER_MS:
            self.lack = None
            if self.retry_at is None:
                self.retry_at = now + (self._wait_ms or FIRST_WAIT_MS)
            else:  # room went and came back during the wait, which goes on
                self.retry_at = max(self.retry_at, now + STEADY_ROOM_MS)

    def _unmeasured(self, demand: Demand) -> bool:
        """Whether the sun decides, and nobody has measured it."""
        return demand.mode is Mode.SOLAR and self._sun is None

    def _lacking(self, demand: Demand, *, fits: bool) -> Fault | None:
        if not fits:
            return Fault.NO_POWER
        if demand.mode is Mode.SOLAR and demand.phases not in self._startable:
            return Fault.NO_SUN
        return None

    # ---- bookkeeping ----

    def _set(self, offer: Deciamps, now: Millis) -> None:
        self.offer = offer
        self._changed_at = now

    def _remember(self, now: Millis) -> None:
        if not self._past or self._past[-1][1] != self.offer:
            self._past.append((now, self.offer))
        while len(self._past) > 1 and self._past[1][0] <= now - CAR_LAG_MS:
            self._past.popleft()
