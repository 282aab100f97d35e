"""How much the car may draw: Protect lowers at once, Optimise raises calmly.

Owns the offer, and decides when there is too little to go on. The limits are protect.py's and limits.py's, the laws of
the modes smart.py's and solar.py's, the waits waits.py's; what the car draws is car.py's. Whether the charger is in a
state to offer at all is charger.py's.
"""

from dataclasses import dataclass, field

from evsed.core import limits, smart, solar
from evsed.core.car import USUAL_LAG_MS, Car
from evsed.core.duty import HIGHEST_OFFER, LOWEST_OFFER
from evsed.core.faults import Fault
from evsed.core.limits import Cap
from evsed.core.metering import Balance
from evsed.core.model import MeterType, Mode, Phases3
from evsed.core.protect import Look, Protect
from evsed.core.settings import Settings
from evsed.core.smart import LeastRoom
from evsed.core.units import Deciamps, Millis
from evsed.core.waits import Waits

PERIOD_MS = 1_000
"""How often the mains is taken to be measured while that is not known."""

_HEARD_LATE_MS = 3_000

QUICK_MS = 3_000
HELD_BACK: Deciamps = 15
"""A second load may come before the first is seen and followed. Meter and car that need 3 s for it get away with that;
for each second more 1.5 A more than needed are taken back, and given again when nothing has come for a while."""


@dataclass(frozen=True, slots=True)
class Auto:
    """What CONTACT 2 Auto says about this moment."""

    large_shortage: bool  # three phases have had far too little sun for 30 s
    one_would_do: bool  # charging may go on with one phase


@dataclass(frozen=True, slots=True)
class Demand:
    """What the rest of the core says about this moment."""

    settings: Settings
    fixed: Cap  # the lowest cap that no measurement is needed for
    phases: int  # that reach the car
    uses: Phases3  # those that it uses of them
    legs: int  # how many of three it would use
    connected: bool
    offering: bool  # states B, C and Activate
    resting: bool  # states A and B1; neither of both while the car is being stopped
    settling: bool  # the car stopped a moment ago: the meters may still tell of what it drew
    asking: bool  # state B, and the car wants power
    charging_ms: Millis | None  # since the contactor closed; None while it is open
    ev_metered: bool  # what the car draws is measured
    meter_cap: Cap | None  # while the mains meter does not answer
    period_ms: Millis  # between two measurements of the mains
    cars: int = 1  # that share the offer
    floor: Deciamps | None = None  # the least that can be offered to all of them; None: MIN, to the only one
    reserved: Deciamps = 0  # of the offer, for chargers that stop or have vanished
    given: Deciamps | None = None  # of the offer, to all that draw or may; None: there is but one car
    spread: float | None = None  # phases that an ampere of the offer is drawn from, on average; None: those in use
    sun_legs: int | None = None  # phases that all cars use, taken together; None: there is but one car
    minimum: Deciamps = field(init=False)  # MIN, or what cable, MAX and the other fixed caps allow if that is less

    def __post_init__(self) -> None:
        least = self.settings.current_min * 10 if self.floor is None else self.floor
        object.__setattr__(self, "minimum", min(least, self.fixed.current, HIGHEST_OFFER))

    @property
    def stays(self) -> Deciamps:
        """``minimum`` when those who are leaving have left."""
        return self.minimum - self.reserved

    @property
    def metered(self) -> bool:
        """Whether a mains meter is configured; then the mains is protected in every mode."""
        return self.settings.mains_meter != MeterType.DISABLED

    @property
    def goes_on_blind(self) -> bool:
        """Whether the owner wants Normal to go on as it is while the mains meter is silent."""
        return self.settings.mode == Mode.NORMAL and bool(self.settings.normal_without_meter)


class Regulator:
    """Decides the offer. ``observe`` takes every fresh measurement, ``step`` lets time pass."""

    def __init__(self, car: Car) -> None:
        self.offer: Deciamps = 0
        self.limited_by = ""
        self.protect = Protect()
        self.waits = Waits()
        self.stop_timer = solar.StopTimer()
        self.at_top = False  # the offer is as high as anything allows
        self.one_phase_wanted = False  # three phases have had too little sun for long enough
        self.shed: Fault | None = None  # what there is not enough of for all cars, but for ``fitting`` of them
        self.fitting = 0
        self._surplus = LeastRoom()  # while all cars had followed their offers
        self._surplus_at: Millis = 0
        self._car = car
        self._room = LeastRoom()
        self._circuit_room = LeastRoom()
        self._sun: Deciamps | None = None
        self._sunny = LeastRoom()
        self._startable: frozenset[int] = frozenset()  # the phases for which the sun is enough to start
        self._poor_since: Millis | None = None  # the sun is not enough to start on the phases in use
        self._changed_at: Millis | None = None
        self._fresh = False  # the mains was measured since the last step
        self._back = False  # the mains meter was lost, and is back since a moment

    @property
    def lack(self) -> Fault | None:
        """NO_POWER or NO_SUN while there is not enough."""
        return self.waits.lack

    @property
    def deadline(self) -> Millis | None:
        """When something is due by itself: the end of a shortage that is ridden out, or of a wait."""
        return self.waits.retry_at if self.protect.ends_at is None else self.protect.ends_at

    def forget_measurements(self) -> None:
        """The mains meter changed or is lost: what was seen is no guide any more."""
        self._back = self._back or self.protect.cap is not None
        self.protect.forget()
        self._room.forget()
        self.forget_sun()

    def forget_sun(self) -> None:
        """The mode changed: the sun has to be looked at again."""
        self._sun = self._poor_since = None
        self._surplus.forget()
        self._startable = frozenset()
        self._sunny.forget()

    def take_over(self, offer: Deciamps, now: Millis) -> None:
        """Somebody else has decided until now: what the car was told last is where it goes on."""
        self._set(offer, now)

    def forgive(self) -> None:
        """The car was unplugged or the mode changed: waits start from the beginning."""
        self.waits.forgive()
        self.protect.rest()

    def sun_is_enough(self, phases: int) -> bool:
        """Whether the last measurement lets a charge on ``phases`` begin in Solar."""
        return phases in self._startable

    # ---- measurements ----

    def observe(self, balance: Balance, corrected: Balance, demand: Demand, now: Millis) -> None:
        """Protect and Optimise figures from one fresh mains measurement.

        Protect goes by what flows; only the sun's figures are ``corrected`` for the home battery.
        """
        settings = demand.settings
        self.protect.observe(balance, self._look(demand, now), now)
        if not self.protect.overloaded:
            self._car.obeys()
        self._room.add(self.protect.room or 0, now)
        self._back = self._back and not self._room.known_for(smart.CLIMB_OVER_MS, now)
        rooms = [room for room in (self.protect.room, self.protect.circuit_room) if room is not None]
        self.waits.busyness.feed(now, short=min(rooms, default=0) < demand.minimum)
        if demand.settings.mode == Mode.SOLAR:
            self._sun = solar.target(settings, corrected, sum(demand.uses) if demand.spread is None else demand.spread)
            if not self._car.moving and not demand.reserved:
                self._surplus.add(solar.surplus(corrected), now)
                self._surplus_at = now
            self._sunny.add(self._sun, now)
            self._startable = solar.startable(settings, corrected, demand.legs)
            poor = not self._enough_sun(demand)
            self._poor_since = (now if self._poor_since is None else self._poor_since) if poor else None
        self._fresh = True

    def observe_circuit(self, balance: Balance, demand: Demand, now: Millis) -> None:
        """Protect's figure from one fresh measurement of the charger's circuit."""
        self.protect.observe_circuit(balance, self._look(demand, now))
        self._circuit_room.add(self.protect.circuit_room or 0, now)

    def forget_circuit(self) -> None:
        """No circuit meter, or another one."""
        self.protect.forget_circuit()
        self._circuit_room.forget()

    def _look(self, demand: Demand, now: Millis) -> Look:
        return Look(
            settings=demand.settings,
            uses=demand.uses,
            minimum=demand.minimum,
            period_ms=demand.period_ms,
            moves_ms=self._car.moves_ms(now),
            least=self._car.least,
            most=self._car.highest,
            lag_ms=USUAL_LAG_MS if self._car.middle_ms is None else self._car.middle_ms,
            defied=self._car.defied,
            charging=demand.charging_ms is not None,
            guessed=not demand.ev_metered and self._car.moving,
        )

    # ---- the offer ----

    def step(self, demand: Demand, auto: Auto, now: Millis) -> None:
        """Brings offer and lack up to date."""
        self.one_phase_wanted = False
        self.shed = None
        ceiling = self._ceiling(demand)
        fits = ceiling.current >= demand.stays
        if demand.offering:
            self.waits.offered()
            self._offer_within(ceiling, demand, now)
            lack = self._lack(demand, auto, now, fits=fits)
            if lack is not None and self._fitting(lack, ceiling, demand) > 0:
                self.shed, self.fitting = lack, min(self._fitting(lack, ceiling, demand), demand.cars - 1)
                self.protect.rest()
                self.stop_timer = solar.StopTimer()
            elif lack is not None:
                self.waits.gave_up(lack, now, charged_ms=demand.charging_ms or 0)
        elif demand.resting:
            self.offer = self._first_offer(ceiling, demand)
            self.limited_by = ceiling.name
            self._changed_at = now
            self.protect.rest()
            self.stop_timer = solar.StopTimer()
            self._wait(demand, now, fits=fits)
        given = self.offer if demand.given is None else demand.given
        self._car.offered(0 if demand.charging_ms is None else given, now)
        self._fresh = False

    def _ceiling(self, demand: Demand) -> Cap:
        caps = [demand.fixed]
        if demand.meter_cap is not None:
            all_at_min = Cap(demand.meter_cap.name, demand.minimum)
            caps.append(demand.meter_cap if demand.floor is None else all_at_min)
        if demand.metered and self.protect.cap is not None:
            caps.append(self.protect.cap)
        if self.protect.circuit is not None:
            caps.append(self.protect.circuit)
        return limits.lowest(caps)

    def _first_offer(self, ceiling: Cap, demand: Demand) -> Deciamps:
        minimum = demand.minimum
        if minimum < LOWEST_OFFER:
            return 0
        blind = demand.metered and (self.protect.cap is None or self._back) and not demand.goes_on_blind
        if demand.settings.mode == Mode.SOLAR or blind:
            return minimum
        return min(max(ceiling.current, minimum), HIGHEST_OFFER)

    def _offer_within(self, ceiling: Cap, demand: Demand, now: Millis) -> None:
        minimum = demand.minimum
        allowed = min(max(ceiling.current, minimum), HIGHEST_OFFER)
        if self.offer > allowed:  # Protect: at once, all of it
            self._set(max(minimum, allowed - self._held_back(ceiling, demand, self.offer - allowed)), now)
        elif self.offer < demand.minimum and demand.floor is not None:
            self._set(demand.minimum, now)  # one more car has come
        elif self._may_optimise(demand, now):
            wanted = self._wanted(allowed, demand, now)
            if wanted != self.offer:
                self._set(wanted, now)
        self.at_top = self.offer >= allowed
        self.limited_by = ceiling.name if self.at_top else Mode(demand.settings.mode).name

    def _held_back(self, ceiling: Cap, demand: Demand, excess: Deciamps) -> Deciamps:
        """What is kept for the next load, which a slow meter shows late and a slow car follows late.

        Never more than a load takes that goes on to grow every second by as much as it did: ``excess``.
        """
        if ceiling is not self.protect.cap and ceiling is not self.protect.circuit:
            return 0
        blind_ms = demand.period_ms + (USUAL_LAG_MS if self._car.lag_ms is None else self._car.lag_ms)
        return min(max(0, blind_ms - QUICK_MS) * HELD_BACK // 1_000, excess * blind_ms // 1_000)

    def _may_optimise(self, demand: Demand, now: Millis) -> bool:
        """Whether the last change has become visible, and a measurement has come since."""
        if self._changed_at is not None and now - self._changed_at < smart.CHANGE_GAP_MS:
            return False
        blind = not demand.metered or self.protect.cap is None
        return blind or (self._fresh and not self._car.moving)

    def _wanted(self, allowed: Deciamps, demand: Demand, now: Millis) -> Deciamps:
        if demand.meter_cap is not None:
            self._room.forget()
            return min(self.offer, allowed)
        if demand.settings.mode == Mode.SOLAR:
            return min(max(self._sun_wants(demand, now), demand.minimum), allowed)
        rooms = [allowed]
        if demand.metered and not (demand.goes_on_blind and self.protect.cap is None):
            least = self._room.least(smart.CLIMB_OVER_MS, now)
            known = self._room.known_for(smart.CLIMB_OVER_MS, now)
            rooms.append(least if known and least is not None else self.offer)
        circuit = self._circuit_room.least(smart.CLIMB_OVER_MS, now)
        if circuit is not None:
            rooms.append(circuit)
        return smart.climb(self.offer, min(rooms), allowed)

    def _sun_wants(self, demand: Demand, now: Millis) -> Deciamps:
        at_first = demand.charging_ms is None or demand.charging_ms < solar.FIRST_AT_MIN_MS
        if self._sun is None or at_first:
            return demand.minimum
        steady, soon = (self._sunny.least(over_ms, now) for over_ms in (solar.STEADY_MS, solar.SOON_MS))
        return solar.step(
            self.offer, self._sun, self._sun if soon is None else soon, self._sun if steady is None else steady
        )

    def _set(self, offer: Deciamps, now: Millis) -> None:
        self.offer = offer
        self._changed_at = now

    # ---- too little ----

    def _lack(self, demand: Demand, auto: Auto, now: Millis, *, fits: bool) -> Fault | None:
        """What there is not enough of: to start for a car that asks, or for long enough to stop one that charges."""
        if demand.charging_ms is None:
            self.protect.rest()
            self.stop_timer.pause()
            return self._lacking(demand, fits=fits) if demand.asking and not self._unmeasured(demand) else None
        minutes = demand.settings.max_sum_mains_time
        if self.protect.lacks(demand.stays, now, fits=fits, sum_mains_minutes=minutes):
            return Fault.NO_POWER
        return Fault.NO_SUN if self._without_sun_for_too_long(demand, auto, now) else None

    def _without_sun_for_too_long(self, demand: Demand, auto: Auto, now: Millis) -> bool:
        if demand.settings.mode != Mode.SOLAR or self._sun is None:
            self.stop_timer = solar.StopTimer()
            return False
        stop_minutes = demand.settings.solar_stop_time
        self.stop_timer.run(short=self._sun < demand.minimum, now=now, most_ms=stop_minutes * 60_000)
        poor = self._poor_since is not None and now - self._poor_since >= solar.POOR_MS  # else it would begin again
        over = poor and self.stop_timer.left_ms(stop_minutes) == 0
        self.one_phase_wanted = (over or auto.large_shortage) and auto.one_would_do
        return (over or (auto.large_shortage and stop_minutes > 0)) and not self.one_phase_wanted

    def _wait(self, demand: Demand, now: Millis, *, fits: bool) -> None:
        lack = self._lacking(demand, fits=fits)
        if not demand.connected:
            self.waits.forgive()
            self.waits.lack = lack
        elif demand.settling or self._unmeasured(demand):
            pass  # nothing is concluded from what is not known
        elif lack is not None:
            self.waits.lacking(lack, now)
        else:
            back_ms = self.waits.looks_back_ms(now)
            rooms = (self._room.least(back_ms, now), self._circuit_room.least(back_ms, now))
            least = min((room for room in rooms if room is not None), default=HIGHEST_OFFER)
            self.waits.enough(least - demand.minimum, now)

    def _fitting(self, lack: Fault, ceiling: Cap, demand: Demand) -> int:
        """How many of several cars there is enough for; 0 for a car that is alone."""
        if demand.cars == 1:
            return 0
        enough = ceiling.current if lack is Fault.NO_POWER or self._sun is None else self._sun
        return max(0, enough - demand.reserved) // (demand.settings.current_min * 10)

    # ---- several cars ----

    def blind(self, demand: Demand) -> bool:
        """Whether a mains meter is configured that does not say anything."""
        return demand.metered and (demand.meter_cap is not None or self.protect.cap is None)

    def fits(self, least: Deciamps, demand: Demand, now: Millis, *, steady_ms: Millis) -> bool:
        """Whether the measured limits leave ``least`` for all cars together, and have for ``steady_ms``.

        While a meter is silent nobody knows what the others would draw besides: in Normal one begins, and no more.
        """
        if self.blind(demand) and (demand.settings.mode != Mode.NORMAL or least > demand.settings.current_min * 10):
            return False
        caps = [cap.current for cap in (self.protect.cap, self.protect.circuit) if cap is not None]
        if steady_ms:
            rooms = (self._room.least(steady_ms, now), self._circuit_room.least(steady_ms, now))
            caps += [room for room in rooms if room is not None]
        return least <= min(caps, default=HIGHEST_OFFER)

    def sunny_for(self, settings: Settings, legs: int) -> bool:
        """Whether the sun is enough for cars that use ``legs`` phases, taken together, to begin.

        While cars follow a new offer or stop, the sum is wrong for a moment; then those before count. A node's stop is
        heard of later than the mains shows it: the least of the last moments counts.
        """
        least = self._surplus.least(_HEARD_LATE_MS, self._surplus_at)
        return least is not None and solar.enough(settings, least, legs)

    def _enough_sun(self, demand: Demand) -> bool:
        """Whether those that charge would begin with the sun there is."""
        if demand.sun_legs is None:
            return demand.phases in self._startable
        return self.sunny_for(demand.settings, demand.sun_legs)

    def _unmeasured(self, demand: Demand) -> bool:
        """Whether the sun decides, and nobody has measured it."""
        return demand.settings.mode == Mode.SOLAR and self._sun is None

    def _lacking(self, demand: Demand, *, fits: bool) -> Fault | None:
        if not fits:
            return Fault.NO_POWER
        if demand.settings.mode == Mode.SOLAR and demand.phases not in self._startable:
            return Fault.NO_SUN
        return None
