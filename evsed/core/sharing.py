"""The master's side of power sharing: who may draw, how much each is offered, and whose turn it is.

Owns the book of chargers. How much there is for all of them together is regulator.py's, how it is split split.py's;
what goes over the wire and when is ``evsed.hw``'s. The sum that is offered through closed contactors never exceeds that
total: a charger is raised, or admitted, only after the others are known to have come down, and one that vanished keeps
its share until it must have stopped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evsed.core.backoff import Backoff
from evsed.core.faults import Fault
from evsed.core.limits import Cap
from evsed.core.member import GONE_MS, Member
from evsed.core.model import ALL_PHASES, NO_CURRENT, Mode, PhaseCurrents
from evsed.core.regulator import Demand, Regulator
from evsed.core.settings import Settings
from evsed.core.snapshot import ChargerView
from evsed.core.solar import FIRST_AT_MIN_MS
from evsed.core.split import split_unused
from evsed.core.states import CLOSED, OFFERING, RESTING, State
from evsed.core.telling import Telling
from evsed.core.units import Deciamps, Millis
from evsed.core.waits import FORGIVEN_AFTER_MS
from evsed.core.wire import CHARGERS, NodeHeard, NodeMetered, NodeSilent

LIMIT: Deciamps = 800
"""What all chargers together are offered at most."""

STEADY_MS = 10_000
"""Room for one more has to have been there for this long before one that had to stop is asked back."""


_BUSY = OFFERING | CLOSED

PATIENCE_MS = 3_000
"""One that asks is refused when there was no room for so long: while cars change what they draw, looks deceive."""


@dataclass(frozen=True, slots=True)
class Own:
    """What the master's own charger says of itself."""

    state: State
    wants: bool  # a car hangs on it, and nothing but the group stands against charging
    asking: bool  # its car wants the contactor closed
    most: Deciamps
    legs: int
    drawn: PhaseCurrents | None  # by its EV meter, if that has said lately
    drawn_at: Millis = 0


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a member that shares is to be offered, once the others have made room."""

    member: Member
    least: Deciamps
    wanted: Deciamps


class Group:
    """Chargers that share one mains. ``demand`` before the regulator's step, ``decide`` after it, in every cycle."""

    def __init__(self) -> None:
        self.members = [Member(index) for index in range(CHARGERS)]
        self.telling = Telling(self.members)
        self._began: Millis | None = None
        self._shed_wait = Backoff(60_000, 300_000)
        self._shed_at: Millis = 0
        self._limit: Deciamps = LIMIT
        self._hopeless = False  # what was asked for last cannot be given, however little the house draws

    # ---- what comes in ----

    def heard(self, event: NodeHeard) -> None:
        """A node answered a poll."""
        self.members[event.node].hear(event.status)

    def silent(self, event: NodeSilent, now: Millis) -> None:
        """A node did not."""
        member = self.members[event.node]
        member.refused_inputs += bool(event.wrong)
        member.miss(now)

    def metered(self, event: NodeMetered, now: Millis) -> None:
        """The EV meter of a node was read."""
        self.members[event.node].meter(event.currents, now)

    def mode_changed(self) -> None:
        """The mode changed: waits are over."""
        self._shed_wait.forgive()
        for member in self.members:
            member.not_before = 0

    # ---- before the regulator ----

    @property
    def drawing(self) -> list[Member]:
        """Those who share, the longest turn first."""
        return sorted((member for member in self.members if member.drawing), key=lambda member: member.since)

    @property
    def reserved(self) -> Deciamps:
        """What is still held by chargers that stop or have vanished."""
        return sum(member.held for member in self.members if member.leaving)

    def nodes_draw(self) -> bool:
        """Whether anybody but the master itself may draw."""
        return any(member.drawing or member.leaving for member in self.members[1:])

    def others_matter(self) -> bool:
        """Whether anybody but the master itself draws, may draw or waits."""
        return self.nodes_draw() or any(member.waiting for member in self.members[1:])

    def drawn(self, now: Millis) -> PhaseCurrents | None:
        """What all cars draw together, by their meters; None when one of them does not say."""
        total = NO_CURRENT
        for member in self.members:
            drawn = member.drawn(now)  # also of one that has just stopped: the mains may have been read before
            if drawn is None and (member.drawing or member.leaving):
                return None
            total = total if drawn is None else total.plus(drawn)
        return total

    @property
    def metered_at(self) -> Millis | None:
        """When the EV meters of all who may draw had been read; None while nobody may."""
        return min((member.metered_at for member in self.members if member.drawing or member.leaving), default=None)

    def demand(self, demand: Demand, own: Own, limit: Cap, now: Millis) -> Demand:
        """``demand`` as it is for all chargers together. ``limit``: what they may be offered in total."""
        self._look_at_own(own)
        settings = demand.settings
        self._began = now if self._began is None else self._began
        for member in self.members:
            member.free(now)
        drawing, reserved = self.drawing, self.reserved
        self._limit = min(limit.current, LIMIT)
        each = self._each(settings)
        mosts = sum(self._most(member, settings, now) for member in drawing) + reserved
        name = demand.fixed.name if all(member.index == 0 for member in drawing) else "chargers"
        fixed = Cap(name, mosts) if drawing else demand.fixed
        fixed = limit if limit.current < fixed.current or not drawing else fixed
        least = sum(min(each, member.most) for member in drawing) + reserved if drawing else each
        offering = bool(drawing) or any(member.ready for member in self.members)
        states = [member.state for member in self.members if member.present or member.index == 0]
        alone = not self.nodes_draw()
        return replace(
            demand,
            fixed=fixed,
            phases=demand.phases if alone else 3,
            uses=demand.uses if alone else ALL_PHASES,
            legs=demand.legs if alone else 3,
            connected=any(state != State.A for state in states),
            offering=offering,
            resting=not offering and not any(state in _BUSY for state in states) and not reserved,
            asking=any(member.ready and member.asks_contactor for member in self.members),
            charging_ms=now - drawing[0].since if drawing else None,
            cars=max(1, len(drawing)),
            floor=min(least, LIMIT),
            reserved=reserved,
            given=None if alone else sum(member.held for member in drawing) + reserved,
            sun_legs=None if alone else sum(member.legs for member in drawing),
            spread=None if alone else self._spread(drawing),
        )

    def _look_at_own(self, own: Own) -> None:
        member = self.members[0]
        member.missed, member.polled = 0, True
        member.most, member.wants = own.most, own.wants or own.state in {State.B, State.C, State.C1}
        member.asks_pulses = own.state in {State.A, State.B1, State.COMM_B} and own.wants
        member.asks_contactor = own.state in {State.B, State.COMM_C} and own.asking
        member.moved(own.state)
        member.held = member.share if member.may_be_closed or member.admitted else 0
        member.legs = own.legs
        if own.drawn is not None and own.drawn_at != member.metered_at:
            member.meter(own.drawn, own.drawn_at)

    @staticmethod
    def _spread(drawing: Iterable[Member]) -> float:
        """Phases that an ampere of offer is drawn from, on average."""
        weights = [(max(1, member.share), member.legs) for member in drawing]
        total = sum(weight for weight, _ in weights)
        return sum(weight * legs for weight, legs in weights) / total if total else 3.0

    def _each(self, settings: Settings) -> Deciamps:
        """The least that a car is offered: MIN, or what all together may have if the owner set that lower still."""
        return min(settings.current_min * 10, self._limit)

    @staticmethod
    def _most(member: Member, settings: Settings, now: Millis) -> Deciamps:
        """What ``member`` may be offered; in Solar MIN in its first 40 s."""
        most = member.most
        if settings.mode == Mode.SOLAR and now - member.since < FIRST_AT_MIN_MS:
            most = min(most, settings.current_min * 10)
        return min(most, member.share) if member.missed and member.share else most

    # ---- after the regulator ----

    def decide(self, demand: Demand, regulator: Regulator, now: Millis) -> None:
        """Who may begin, who has to stop, and what each is offered."""
        settings = demand.settings
        self._keep_within(self._limit, self._each(settings), now)
        if regulator.shed is not None:
            self._shed(regulator.shed, regulator.fitting, now)
        self.telling.begun = self._known(now)
        if not self.telling.begun:
            pass  # nobody begins, and those who go on are looked at when all have been
        elif regulator.lack is not None:
            for member in self.members:
                self._refuse_if_there(member, regulator.lack, now)
        elif now >= (regulator.waits.retry_at or now):
            self._ask_back(demand, regulator, now)
            self._answer(demand, regulator, now)
            self._rotate(settings, now)
        self._share(demand, regulator.offer, now)
        self.telling.follow_modes(settings)

    def _refuse_if_there(self, member: Member, lack: Fault, now: Millis) -> None:
        there = member.admitted or member.found_charging or member.ready or member.asks_pulses
        if member.present and there and member.refused is None:
            self._refuse(member, lack, now, now)

    @staticmethod
    def _refuse(member: Member, lack: Fault, until: Millis, now: Millis) -> None:
        member.refused = lack
        member.since, member.not_before = now, until
        member.offered_at = member.asked_at = None
        member.pulses_agreed = False
        if not member.may_be_closed:
            member.leave()

    def _keep_within(self, limit: Deciamps, each: Deciamps, now: Millis) -> None:
        """A limit that needs no measurement is not waited for: at once no more go on than it has MIN for."""
        drawing = self.drawing
        while sum(min(each, member.most) for member in drawing) > limit:
            self._refuse(drawing.pop(0), Fault.NO_POWER, now, now)

    def _shed(self, lack: Fault, fitting: int, now: Millis) -> None:
        """There is not enough for all: those with the longest turn make room."""
        if now - self._shed_at >= FORGIVEN_AFTER_MS:
            self._shed_wait.forgive()
        self._shed_at = now
        self._shed_wait.failed(now)
        drawing = self.drawing
        for member in drawing[: max(1, len(drawing) - fitting)]:
            self._refuse(member, lack, now + self._shed_wait.wait_ms, now)

    def _known(self, now: Millis) -> bool:
        """Whether every node has been looked for, or would have stopped by now."""
        if all(member.polled for member in self.members):
            return True
        return self._began is not None and now - self._began >= GONE_MS

    def _fits(
        self, member: Member, demand: Demand, regulator: Regulator, before: int, now: Millis, *, steady: bool
    ) -> Fault | None:
        """None if ``member`` and ``before`` others have room for MIN besides those that share; else the lack."""
        settings = demand.settings
        each = self._each(settings)
        drawing = self.drawing
        least = sum(min(each, member.most) for member in drawing) + self.reserved + (before + 1) * each
        self._hopeless = least > self._limit
        if self._hopeless or not regulator.fits(least, demand, now, steady_ms=STEADY_MS if steady else 0):
            return Fault.NO_POWER
        if settings.mode == Mode.SOLAR:
            legs = sum(other.legs for other in drawing) + before * 3
            legs += demand.legs if member.index == 0 else 3  # what is known of a car is known of the master's own
            if not regulator.sunny_for(settings, legs):
                return Fault.NO_SUN
        return None

    def _expected(self, now: Millis, besides: Member | None = None) -> int:
        """Chargers that were asked back, or agreed pulses, lately: a place is kept for them."""
        return sum(member.expected(now) for member in self.members if member is not besides)

    def _ask_back(self, demand: Demand, regulator: Regulator, now: Millis) -> None:
        """Those who wait come back, the longest wait first, as far as there is room."""
        expected = self._expected(now)
        for member in self.members:
            if member.refused is not None and not member.wants and not member.may_be_closed:
                member.refused = None  # its car has gone
        for member in sorted((m for m in self.members if m.waiting), key=lambda m: m.since):
            if now < member.not_before:
                continue
            if self._fits(member, demand, regulator, expected, now, steady=True) is not None:
                return
            member.refused, member.offered_at = None, now
            expected += 1

    def _answer(self, demand: Demand, regulator: Regulator, now: Millis) -> None:
        """Agrees to what chargers ask for, or says what is lacking; whoever draws already is asked first."""
        for member in sorted(self.members, key=lambda member: not member.found_charging):
            if not member.present or member.refused is not None or member.admitted:
                continue
            if member.found_charging:
                if regulator.blind(demand) and demand.settings.mode != Mode.NORMAL:
                    continue  # if nobody measures the mains soon, it stops for that
                lack = self._lack_for_found(member, self._each(demand.settings))
            elif member.asks_contactor or member.asks_pulses:
                before = self._expected(now, member)
                if not member.expected(now):
                    before += sum(other.waiting for other in self.members)  # those came first
                lack = self._fits(member, demand, regulator, before, now, steady=False)
            else:
                member.asked_at = None
                continue
            member.asked_at = now if member.asked_at is None else member.asked_at
            if lack is not None:
                if self._hopeless or now - member.asked_at >= PATIENCE_MS:
                    self._refuse(member, lack, now, now)
            elif member.asks_pulses:
                member.offered_at = member.offered_at if member.expected(now) else now
                member.pulses_agreed = True
            else:
                member.granted = member.found_charging
                member.admitted, member.since = True, now

    def _lack_for_found(self, member: Member, each: Deciamps) -> Fault | None:
        """Whether one that charges already has no place. What it draws is in every measurement: only the sum counts."""
        others = sum(min(each, other.most) for other in self.drawing) + self.reserved - member.held
        self._hopeless = others + min(each, member.most) > self._limit
        return Fault.NO_POWER if self._hopeless else None

    def _rotate(self, settings: Settings, now: Millis) -> None:
        """While others wait, a turn ends after ROTATION minutes."""
        if any(member.leaving for member in self.members) or self._expected(now):
            return
        waiting = [member for member in self.members if member.waiting and now >= member.not_before]
        drawing = self.drawing
        if waiting and drawing and now - drawing[0].since >= settings.rotation_time * 60_000:
            lack = waiting[0].refused or Fault.NO_POWER
            self._refuse(drawing[0], lack, now, now)

    # ---- shares ----

    def _share(self, demand: Demand, total: Deciamps, now: Millis) -> None:
        each, drawing = self._each(demand.settings), [member for member in self.members if member.drawing]
        for member in self.members:
            if member.may_offer or (member.index == 0 and member.state in RESTING):
                member.give(min(each, member.most), now)
            elif not member.drawing and not (member.leaving and member.present):
                member.give(0, now)
        mosts = [self._most(member, demand.settings, now) for member in drawing]
        targets = split_unused(total - self.reserved, mosts, [member.takes(now) for member in drawing])
        wishes = [
            _Wish(member, min(each, member.most), max(target, min(each, member.most)))
            for member, target in zip(drawing, targets, strict=True)
        ]
        for wish in wishes:
            self._lower(wish, now)
        slack = total - self.reserved - sum(member.held for member in drawing)
        for wish in sorted(wishes, key=lambda wish: wish.member.granted):
            slack -= self._raise(wish, slack, now)

    @staticmethod
    def _lower(wish: _Wish, now: Millis) -> None:
        member = wish.member
        if not member.granted:
            member.give(wish.least, now)
            member.held = 0  # its contactor is open
        elif member.held > wish.wanted:
            member.give(wish.wanted, now)
            member.held = wish.wanted if member.index == 0 else member.held

    @staticmethod
    def _raise(wish: _Wish, slack: Deciamps, now: Millis) -> Deciamps:
        """Gives a member what the others have left it; how much more that is."""
        member = wish.member
        more = min(wish.wanted - member.held, slack)
        if not member.granted:
            if more < wish.least or member.current > member.share:
                return 0  # the others have yet to make room, or it has yet to hear what it may offer
            member.granted = True
            more = more if member.may_rise(now) else wish.least
        elif more <= 0 or not member.may_rise(now):
            return 0
        member.held += more
        member.give(member.held, now)
        return more

    def view(self) -> Iterable[ChargerView]:
        """The chargers that are there, for everybody to see."""
        for member in self.members:
            if member.present or member.leaving:
                draws = member.drawing and member.granted
                yield ChargerView(
                    member.index,
                    member.state,
                    member.told,
                    draws,
                    member.refused,
                    member.missed,
                    member.refused_inputs,
                )
