"""Puts measurements, settings and the charger's moment together, and asks regulator and phases what follows.

Owns the last balance of the mains, and nothing that is decided: the current is regulator.py's, the phases phases.py's;
what the car draws is car.py's.
"""

from collections import deque
from dataclasses import dataclass, replace

from evsed.core import limits, phases, watches
from evsed.core.car import LONGEST_LAG_MS, Car
from evsed.core.duty import HIGHEST_OFFER
from evsed.core.faults import Fault
from evsed.core.limits import Cap
from evsed.core.metering import Balance, Metering
from evsed.core.model import ONLY_L1, Contactor2, MeterRole, MeterType, Mode, PhaseCurrents, Phases3
from evsed.core.node import Node
from evsed.core.phases import Phases
from evsed.core.regulator import PERIOD_MS, Auto, Demand, Regulator
from evsed.core.settings import Settings
from evsed.core.sharing import Group, Own
from evsed.core.states import CLOSED, OFFERING, RESTING, State
from evsed.core.units import Deciamps, Millis

SETTLES_MS = 2_000
"""After a car has stopped the meters may still tell of what it drew; nothing is concluded from them for this long."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the rest of the core says about now."""

    settings: Settings
    override: Deciamps
    cable: Deciamps
    state: State
    in_state_ms: Millis
    connected: bool
    derating: Cap | None
    grid_limited: bool
    lent: Cap | None  # what a program outside allows
    meter_cap: Cap | None
    asking: bool  # the car is ready to draw, and waits for the contactor
    wants: bool = False  # a car hangs on the charger, and only current is missing


class Regulation:
    """Everything that measures and chooses current and phases."""

    def __init__(self) -> None:
        self.metering = Metering()
        self.car = Car()
        self.regulator = Regulator(self.car)
        self.phases = Phases()
        self.group = Group()
        self.node = Node()
        self.offer: Deciamps = 0  # to our car
        self.lack: Fault | None = None  # what there is not enough of for it
        self.limited_by = ""
        self._nodes_drew = False
        self._drawn: PhaseCurrents | None = None  # by all cars, if nodes may draw and every meter says
        self._role_was = 0
        self._offered: deque[tuple[Millis, Deciamps]] = deque()
        self._balance: Balance | None = None
        self._circuit_at: Millis | None = None
        self._ev_at: Millis | None = None

    def forget_measurements(self) -> None:
        """The mains meter changed or is lost."""
        self.regulator.forget_measurements()
        self.phases.forget_sun()
        self.car.forget_mains()
        self._balance = None

    def mode_changed(self, settings: Settings) -> None:
        """The sun has to be looked at again, waits are over, and the mode may want other phases."""
        self.regulator.forget_sun()
        self.regulator.forgive()
        self.group.mode_changed()
        self.phases.mode_changed(settings)

    @property
    def most_offered(self) -> Deciamps:
        """The most that our own car was offered within a car's longest lag."""
        return max((offer for _, offer in self._offered), default=0)

    @property
    def drawn(self) -> PhaseCurrents | None:
        """What all cars of the group draw; None where there is one only, or not every meter says."""
        return self._drawn

    def may_close(self, settings: Settings) -> bool:
        """Whether the group, if we are its master, lets our own car draw."""
        return settings.loadbl != 1 or self.group.members[0].granted

    def stop_timer_ms(self, settings: Settings) -> Millis | None:
        """What is left until all cars stop for want of sun; None while the timer does not run."""
        solar = settings.mode == Mode.SOLAR and bool(self.group.drawing)
        return self.regulator.stop_timer.left_ms(settings.solar_stop_time) if solar else None

    def _role(self, settings: Settings, now: Millis) -> None:
        """Alone, master or node: another role begins anew."""
        role = min(settings.loadbl, 2)
        if role != self._role_was:
            self._role_was = role
            self.group, self.node = Group(), Node()
            self.regulator.forgive()
            self.regulator.take_over(self.offer, now)
            self.car.unplugged()
            self._nodes_drew = self.car.several = False
            self._drawn = None

    def unplugged(self) -> None:
        """The next car starts anew; what was learned of others that share goes on."""
        self.phases.unplugged()
        if not self.group.others_matter():
            self.regulator.forgive()
            self.car.unplugged()

    @property
    def could_use(self) -> Phases3:
        """The phases that the car would use if all reached it."""
        return ONLY_L1 if self.metering.one_phase_house else self.car.uses

    def ceiling(self, moment: Moment) -> Cap:
        """The lowest cap of our own charger that no measurement is needed for."""
        caps = list(limits.fixed_caps(moment.settings, moment.cable, moment.override))
        caps += [cap for cap in (moment.derating, moment.lent) if cap is not None]
        if moment.grid_limited:
            caps.append(limits.grid_cap(self.phases.in_use))
        return limits.lowest(caps)

    def _limit(self, moment: Moment) -> Cap:
        """What all chargers that share may be offered together, as far as no measurement is needed for it."""
        caps = [Cap("CIRCUIT", moment.settings.current_max_circuit * 10)]
        if moment.settings.mains_meter != MeterType.DISABLED:
            caps.append(Cap("MAINS", moment.settings.current_main * 10))  # holds without the meter's word too
        if moment.grid_limited:
            caps.append(limits.grid_cap(3 if self.group.nodes_draw() else self.phases.in_use))
        return limits.lowest(caps)

    def _own(self, moment: Moment, now: Millis) -> Own:
        own = self.metering.values(MeterRole.EV)
        return Own(
            state=moment.state,
            wants=moment.wants,
            asking=moment.asking,
            most=self.ceiling(moment).current,
            legs=sum(self._uses),
            drawn=own.currents if self._ev_metered(moment.settings, now) else None,
            drawn_at=own.currents_at or 0,
        )

    @property
    def _uses(self) -> Phases3:
        """The phases that the car uses, of those that reach it."""
        return self.could_use if self.phases.in_use == 3 else ONLY_L1

    def _demand(self, moment: Moment, now: Millis) -> Demand:
        settings, state = moment.settings, moment.state
        return Demand(
            settings=settings,
            fixed=self.ceiling(moment),
            phases=self.phases.in_use,
            uses=self._uses,
            legs=sum(self.could_use),
            connected=moment.connected,
            offering=state in OFFERING,
            resting=state in RESTING,
            settling=state is State.B1 and moment.in_state_ms < SETTLES_MS,
            asking=state is State.B and moment.asking,
            charging_ms=moment.in_state_ms if state is State.C else None,
            ev_metered=self._ev_metered(settings, now),
            meter_cap=moment.meter_cap,
            period_ms=PERIOD_MS if self.metering.period_ms is None else self.metering.period_ms,
        )

    def step(self, moment: Moment, now: Millis) -> None:
        """Takes in what was measured since the last call, and brings offer and phases up to date."""
        settings = moment.settings
        self._role(settings, now)
        self._step(moment, now)
        offered = self.offer if moment.state is State.C else 0
        if not self._offered or self._offered[-1][1] != offered:
            self._offered.append((now, offered))
        while len(self._offered) > 1 and self._offered[1][0] <= now - LONGEST_LAG_MS:
            self._offered.popleft()

    def _step(self, moment: Moment, now: Millis) -> None:
        settings = moment.settings
        closed = moment.state in CLOSED
        if not closed:
            self.phases.at_rest(settings, now, three_fit=self._three_fit(settings))
        if settings.loadbl > 1:
            self._obey(moment, now)
            return
        self._follow_car(settings, now)
        demand = self._demand(moment, now)
        if settings.loadbl == 1:
            own = self._own(moment, now)
            demand = self.group.demand(demand, own, self._limit(moment), now)
            closed = self._look_at_nodes(demand, now) or closed
            if self._nodes_drew:
                demand = replace(demand, ev_metered=self._drawn is not None)
        self._observe_circuit(demand, now, closed=closed)
        self._observe_mains(demand, now, closed=closed)
        if (self.metering.age(MeterRole.MAINS, now) or 0) >= watches.limit_ms(MeterRole.MAINS, settings):
            self.forget_measurements()
        if demand.charging_ms is not None:
            self.phases.look_up(settings, now, three_fit=lambda: self._three_fit(settings))
        auto = Auto(self.phases.large_shortage_lasts(settings, now), self.phases.one_would_do(settings, now))
        self.regulator.step(demand, Auto(False, False) if self._nodes_drew else auto, now)
        if self.regulator.one_phase_wanted:
            self.phases.to_one(now)
        self.offer, self.lack, self.limited_by = self.regulator.offer, self.regulator.lack, self.regulator.limited_by
        if settings.loadbl == 1:
            self.group.decide(demand, self.regulator, now)
            ours = self.group.members[0]
            self.offer, self.lack = ours.share, self.lack or ours.refused

    def _look_at_nodes(self, demand: Demand, now: Millis) -> bool:
        """Whether nodes may draw; when that changes, what was learned of the one car says nothing any more."""
        draw = self.group.nodes_draw()
        if draw is not self._nodes_drew:
            self._nodes_drew = self.car.several = draw
            self.car.unplugged()
        drawn = self._drawn = self.group.drawn(now) if draw else None
        mains = self.metering.values(MeterRole.MAINS)
        if drawn is not None:
            at = max(member.metered_at for member in self.group.members)
            if at != self._ev_at:
                self._ev_at = at
                self.car.measured(drawn, mains.currents, at, demand.phases)
        elif draw and self.metering.unseen is not None:
            self.car.look(self.metering.unseen, now, 3)
        return draw

    def _obey(self, moment: Moment, now: Millis) -> None:
        """A node offers what its master says, and no more than its own limits allow."""
        settings, ceiling = moment.settings, self.ceiling(moment)
        self.node.begin(now)
        offer = self.node.offer(moment.state, min(settings.current_min * 10, ceiling.current), now)
        self.offer = self.node.gently(moment.state, min(offer, ceiling.current, HIGHEST_OFFER), now)
        self.limited_by = ceiling.name if ceiling.current < offer else "master"
        self.lack = self.node.lack(Mode(settings.mode), now)

    def _ev_metered(self, settings: Settings, now: Millis) -> bool:
        """Whether the car's own meter says what it draws."""
        polled = settings.ev_meter not in {MeterType.DISABLED, MeterType.API}
        return polled and self.metering.fresh_ev(now)

    def _follow_car(self, settings: Settings, now: Millis) -> None:
        """Learns from fresh measurements what the car does."""
        if self._nodes_drew:
            return  # there is more than one
        if self._ev_metered(settings, now):
            own = self.metering.values(MeterRole.EV)
            if own.currents is not None and own.currents_at != self._ev_at:
                self._ev_at = own.currents_at
                mains = self.metering.values(MeterRole.MAINS).currents
                self.car.measured(own.currents, mains, own.currents_at or now, self.phases.in_use)
        elif (mains := self.metering.unseen) is not None:
            self.car.look(mains, now, self.phases.in_use)

    def _guess(self, demand: Demand) -> PhaseCurrents:
        """What all cars draw, if it is not one car whose meter says it."""
        return self.car.currents(demand.phases) if self._drawn is None else self._drawn

    def _observe_mains(self, demand: Demand, now: Millis, *, closed: bool) -> None:
        if self.metering.unseen is None:
            return
        one_metered = demand.ev_metered and not self._nodes_drew
        oldest = self.group.metered_at if self._nodes_drew and demand.ev_metered else None
        balance = self.metering.balance(now, self._guess(demand), ev_metered=one_metered, others_at=oldest)
        if balance is None or not demand.metered:
            return
        settings = demand.settings
        balance = balance.bounded(self._believable if closed else 0)
        mains = self.corrected(settings, balance.mains, now)
        corrected = balance.with_mains(mains)
        self._balance = balance
        self.regulator.observe(balance, corrected, demand, now)
        self.phases.observe(phases.look(settings, corrected, demand.legs), now, at_top=self.regulator.at_top)

    def _observe_circuit(self, demand: Demand, now: Millis, *, closed: bool) -> None:
        values = self.metering.values(MeterRole.CIRCUIT)
        age = self.metering.age(MeterRole.CIRCUIT, now)
        lost = age is None or age >= watches.CIRCUIT_LOST_MS
        if demand.settings.circuit_meter == MeterType.DISABLED or values.currents is None or lost:
            self.regulator.forget_circuit()
        elif values.currents_at != self._circuit_at:
            at = values.currents_at or now
            one_metered = demand.ev_metered and not self._nodes_drew
            drawn = self.metering.drawn(at, now) if one_metered else self._guess(demand)
            if drawn is not None:
                self._circuit_at = values.currents_at
                balance = Balance(values.currents, drawn, at).bounded(self._believable if closed else 0)
                self.regulator.observe_circuit(balance, demand, now)

    @property
    def _believable(self) -> Deciamps:
        """What an EV meter may say of each phase while the contactor is closed: the offer and a tenth more."""
        return self.car.most_offered * 11 // 10 + 5

    def _three_fit(self, settings: Settings) -> bool:
        """Whether the mains has room for MIN on three phases."""
        minimum = settings.current_min * 10
        return (
            self._balance is not None and limits.mains_cap(settings, self._balance, self.could_use).current >= minimum
        )

    def corrected(self, settings: Settings, mains: PhaseCurrents, now: Millis) -> PhaseCurrents:
        """``mains`` as regulation sees it, after the home battery."""
        one_phase = settings.enable_C2 == Contactor2.ALWAYS_OFF
        return self.metering.corrected(mains, Mode(settings.mode), now, one_phase=one_phase)
