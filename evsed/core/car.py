"""What the car draws and how it follows, learned from what it does.

A car follows a new offer late, and perhaps not at all (it takes 16 A at most, or uses one phase only). Its own meter
says what it draws. Without one it shows in the mains: an offer that changes by 3 A is followed, a moment later, by
3 A more or less on every phase that the car uses. Owns the lag, the phases and the most that were learned this way,
and the best guess of what is drawn now. What follows from it is limits.py's and the regulator's.
"""

from collections import deque
from dataclasses import dataclass
from statistics import median

from evsed.core.duty import HIGHEST_OFFER
from evsed.core.model import ALL_PHASES, ONLY_L1, PhaseCurrents, Phases3
from evsed.core.units import Deciamps, Millis

LONGEST_LAG_MS = 5_000
"""A car follows a new duty within this time. IEC 61851-1 Table A.6, seq. 6"""

USUAL_LAG_MS = 2_000
"""What most cars need; taken until it was seen."""

STARTS_WITHIN_MS = 10_000
"""A car of which nothing is seen for this long after the contactor has closed is taken to draw what it may."""

ALONE_FOR_MS = 20_000
"""Some cars begin on one phase and take the others a moment later: so long is one phase not believed to be all."""

_MARGIN_MS = 500  # beyond the latest lag seen
_SEEN: Deciamps = 10  # a smaller change does not stand out of the house's
_OUTSTANDING = 3  # nor one that is not so many times what the house usually changes by between two measurements
_ROUGHLY: Deciamps = 5
_FLOWS: Deciamps = 30  # by its own meter; less may be a charger that only waits
_TELLING_MS = 2_500  # a meter slower than this says nothing of the lag
_CHECKED_MS = 3_000  # after it began, its meter is compared with that of the mains
_REMEMBERED = 5
_LOOKS = 15  # that say by what the house usually changes
_AGREEING = 2


@dataclass(frozen=True, slots=True)
class _Change:
    """The offer became ``current`` at ``at``, and was ``before``."""

    at: Millis
    before: Deciamps
    current: Deciamps


class Car:
    """``offered`` with every change of the offer (0 while the contactor is open), ``look`` at every measurement."""

    def __init__(self) -> None:
        self.drawn: Deciamps = 0  # on each phase in use, by the best guess
        self.uses: Phases3 = ALL_PHASES  # the phases that it was seen to use
        self.most: Deciamps = HIGHEST_OFFER  # that it was seen to draw on a phase
        self.lag_ms: Millis | None = None  # within what time it follows, as far as seen; as exact as the meter is fast
        self.middle_ms: Millis | None = None  # how late it follows, by the best guess
        self.several = False  # it stands for several cars: what one of them does says nothing of the others
        self.defied = 0  # so many times in a row a lowering of the offer has changed nothing
        self._pending: deque[_Change] = deque()
        self._past: deque[tuple[Millis, Deciamps]] = deque([(0, 0)])
        self._lags: deque[tuple[Millis, Millis]] = deque(maxlen=_REMEMBERED)  # not before, and not after
        self._seen: PhaseCurrents | None = None
        self._seen_at: Millis = 0
        self._began_on: Phases3 = ALL_PHASES  # the phases of its last start, as far as seen
        self._began_at: Millis | None = None
        self._suspected: Phases3 = ALL_PHASES
        self._idle_mains: PhaseCurrents | None = None  # before it began to draw
        self._meter_is_blind = False  # its meter does not show every phase that it draws from
        self._alone_since: Millis | None = None
        self._refused = 0
        self._moves: deque[Deciamps] = deque(maxlen=_LOOKS)
        self._stands_out: Deciamps = _SEEN

    # ---- what is known ----

    def moves_ms(self, now: Millis) -> Millis:
        """For how much longer it probably draws what it was offered before; 0 when it has followed."""
        if not self._pending:
            return 0
        lag_ms = USUAL_LAG_MS + _MARGIN_MS if self.middle_ms is None else self.middle_ms
        return max(1, self._pending[0].at + lag_ms - now)

    @property
    def latest_ms(self) -> Millis:
        """When it has surely followed, and the meter has shown it."""
        return (LONGEST_LAG_MS if self.lag_ms is None else min(self.lag_ms, LONGEST_LAG_MS)) + _MARGIN_MS

    @property
    def moving(self) -> bool:
        """Whether it has yet to follow the last change."""
        return bool(self._pending)

    @property
    def most_offered(self) -> Deciamps:
        """The most that was offered within a car's longest lag."""
        return max(current for _, current in self._past)

    @property
    def least(self) -> Deciamps:
        """What it draws if it has followed already."""
        return min([self.drawn, *(change.current for change in self._pending)])

    @property
    def highest(self) -> Deciamps:
        """The most that it may draw already."""
        return max([self.drawn, *(min(change.current, self.most) for change in self._pending)])

    def currents(self, phases: int) -> PhaseCurrents:
        """What it is taken to draw while ``phases`` (1 or 3) reach it."""
        l1, l2, l3 = (self.drawn if used and phase < phases else 0 for phase, used in enumerate(self.uses))
        return PhaseCurrents(l1, l2, l3)

    # ---- what happens ----

    def offered(self, current: Deciamps, now: Millis) -> None:
        """``current`` is offered from ``now`` on, through a closed contactor; 0: it is open."""
        before = self._past[-1][1]
        if current != before:
            self._past.append((now, current))
            self._pending.append(_Change(now, before, current))
        if current == 0:
            self.drawn = self.defied = 0
            self._began_at = None
            self._pending.clear()
        while len(self._past) > 1 and self._past[1][0] <= now - LONGEST_LAG_MS:
            self._past.popleft()

    def unplugged(self) -> None:
        """The next car may be another one."""
        self.uses = self._suspected = self._began_on = ALL_PHASES
        self.most = HIGHEST_OFFER
        self._refused = 0
        self._alone_since = self._idle_mains = None
        self._meter_is_blind = False
        self._lags.clear()
        self.lag_ms = self.middle_ms = None

    def look(self, mains: PhaseCurrents, at: Millis, phases: int) -> None:
        """The mains was measured ``at``: has the car followed on the ``phases`` (1 or 3) that reach it?"""
        self._follow(mains, at, phases, learn_phases=True)

    def obeys(self) -> None:
        """There is no overload: whether it followed does not matter any more."""
        self.defied = 0

    def measured(self, own: PhaseCurrents, mains: PhaseCurrents | None, at: Millis, phases: int) -> None:
        """Its own meter said what it draws while ``phases`` (1 or 3) reach it: nothing is guessed.

        ``mains``: what the mains meter last said. A phase on which that rose with the car is used, whatever its own
        meter says.
        """
        self._follow(own, at, 3, learn_phases=False)
        highest = max(own.each())
        self._check_meter(own, mains, highest, at)
        if highest >= _FLOWS and phases == 3:
            l1, l2, l3 = (current * 4 >= highest for current in own.each())
            self._flows((l1, l2, l3), at)
        else:
            self._alone_since = None
        self.drawn = highest

    def _check_meter(self, own: PhaseCurrents, mains: PhaseCurrents | None, highest: Deciamps, at: Millis) -> None:
        """In the first moments of a charge: does the mains rise on phases that its own meter does not show?"""
        if mains is None or highest < _FLOWS:
            self._idle_mains = mains
        elif self._idle_mains is not None and (self._alone_since is None or at - self._alone_since <= _CHECKED_MS):
            rises = mains.minus(self._idle_mains).each()
            for drawn, rise in zip(own.each(), rises, strict=True):
                if 4 * drawn < highest and 5 * rise > 4 * highest:
                    self._meter_is_blind = True

    def forget_mains(self) -> None:
        """There is no measurement to compare the next one with."""
        self._seen = None

    # ---- following ----

    def _follow(self, seen: PhaseCurrents, at: Millis, phases: int, *, learn_phases: bool) -> None:
        before, self._seen = self._seen, seen
        earlier, self._seen_at = self._seen_at, at
        if before is not None:
            moved = seen.minus(before)
            self._get_used_to(moved, phases)
            three = learn_phases and phases == 3
            if three:
                self._widen(moved)
            if self._pending:
                self._match(moved, at - earlier, at, phases if learn_phases else 0)
            elif three:
                self._ramp(moved, at)
        while self._pending and at - self._pending[0].at >= self._due_ms(self._pending[0]):
            self._unseen(self._pending.popleft(), telling=at - earlier <= _TELLING_MS)

    def _get_used_to(self, moved: PhaseCurrents, phases: int) -> None:
        """A kettle now and then does not make a house restless, but a load that swings all the time does."""
        one = phases == 1 or self.uses == ONLY_L1
        self._moves.append(abs(moved.l1) if one else sorted(map(abs, moved.each()))[1])
        if len(self._moves) == _LOOKS:
            self._stands_out = max(_SEEN, _OUTSTANDING * sorted(self._moves)[_LOOKS // 2])

    def _widen(self, moved: PhaseCurrents) -> None:
        """A phase that it was not thought to use has risen by just what it draws: it may have taken that one too."""
        close = max(_ROUGHLY, self.drawn // 5)
        rises = (abs(value - self.drawn) <= close for value in moved.each())
        if self.drawn >= _FLOWS and any(rose and not used for rose, used in zip(rises, self.uses, strict=True)):
            self.uses = self._began_on = ALL_PHASES

    def _ramp(self, moved: PhaseCurrents, at: Millis) -> None:
        """It has begun on three phases with less than offered, and takes more."""
        more = _alike(moved)
        begun = self._began_at is not None and at - self._began_at <= STARTS_WITHIN_MS
        if begun and more is not None and more >= _SEEN:
            self.drawn = min(self.drawn + more, self._past[-1][1])
            self.most = max(self.most, self.drawn)

    def _due_ms(self, change: _Change) -> Millis:
        """When ``change`` is taken to be followed though it was not seen; a small one, which cannot be, by the lag."""
        if self.drawn == 0:
            return STARTS_WITHIN_MS
        small = abs(min(change.current, self.most) - self.drawn) < self._stands_out
        return self.lag_ms if small and self.lag_ms is not None else self.latest_ms

    def _match(self, moved: PhaseCurrents, gap_ms: Millis, at: Millis, phases: int) -> None:
        """Looks whether the first of the pending changes, or more of them at once, show in what ``moved``."""
        first = self._pending[0]
        taken = _alike(moved) if phases == 3 and first.before == 0 and not self.several else None
        if taken is not None and _FLOWS <= taken <= first.current - _SEEN and self.most == HIGHEST_OFFER:
            self.drawn = self.most = taken  # it begins, and takes less than offered
            self._began_on, self._began_at = ALL_PHASES, at
            self._pending.popleft()
            return
        for count in range(len(self._pending), 0, -1):
            change = self._pending[count - 1]
            for before, after in ((self.drawn, min(change.current, self.most)), (first.before, change.current)):
                if abs(after - before) < self._stands_out:
                    continue
                agree = _agreeing(moved, after - before, self.uses, phases)
                if agree is None:
                    continue
                if first.before > 0 and gap_ms <= _TELLING_MS:
                    self._learn_lag(max(0, at - gap_ms - change.at), at - change.at, sure=phases == 0)
                if phases == 3 and not self.several:
                    self._learn_phases(agree, begins=first.before == 0)
                if first.before == 0:
                    self._began_at = at
                self.drawn, self.defied, self._refused = after, 0, 0
                self.most = max(self.most, after)
                for _ in range(count):
                    self._pending.popleft()
                return

    def _learn_lag(self, early: Millis, late: Millis, *, sure: bool) -> None:
        """In the mains a load may have come at the right moment: most of the last ones have to agree, two at least."""
        self._lags.append((early, late))
        middle = median((early + late) / 2 for early, late in self._lags)
        agree = sum(abs((early + late) / 2 - middle) <= _MARGIN_MS for early, late in self._lags)
        known = agree * 2 > len(self._lags) and (sure or agree >= _AGREEING)
        self.lag_ms = round(median(late for _, late in self._lags)) if known else None
        self.middle_ms = round(middle) if known else None

    def _learn_phases(self, agree: Phases3, *, begins: bool) -> None:
        """Only a start says which phases it uses, and a later change confirms it: loads may come with our changes."""
        if begins:
            self._began_on = agree
        if agree == ALL_PHASES:
            self.uses = self._began_on = ALL_PHASES
        elif not begins and agree == self._began_on:
            self.uses = agree

    def _flows(self, flows: Phases3, at: Millis) -> None:
        if self._meter_is_blind or any(now and not used for now, used in zip(flows, self.uses, strict=True)):
            self.uses = ALL_PHASES
        if self._meter_is_blind:
            return
        if flows != self._suspected or self._alone_since is None:
            self._suspected, self._alone_since = flows, at
        elif at - self._alone_since >= ALONE_FOR_MS:
            self.uses = flows

    def _unseen(self, change: _Change, *, telling: bool) -> None:
        """The time to follow is over, and nothing was seen: a small change, or the car did not follow.

        ``telling``: the meter is fast enough to have shown it.
        """
        expected = min(change.current, self.most) - self.drawn
        if not telling:
            expected = 0
        if self.drawn > 0 and expected >= 2 * self._stands_out and not self.several:
            self._refused += 1
            if self._refused >= _AGREEING:
                self.most = self.drawn  # it was offered more and did not take it
        self.defied = self.defied + 1 if expected <= -_SEEN else 0
        self.drawn = min(change.current, self.most)


def _alike(moved: PhaseCurrents) -> Deciamps | None:
    """By what all three phases moved alike; None when they did not."""
    middle = sorted(moved.each())[1]
    return middle if all(abs(value - middle) <= _ROUGHLY for value in moved.each()) else None


def _agreeing(moved: PhaseCurrents, expected: Deciamps, uses: Phases3, phases: int) -> Phases3 | None:
    """The phases that ``moved`` as expected; None when it was not the car.

    Most of the phases in use have to: a kettle moves one. Or the first alone, while the others stand still.
    ``phases`` 0: it is the car's own meter.
    """
    close = max(_ROUGHLY, abs(expected) // 5)
    each = moved.each()
    l1, l2, l3 = (abs(value - expected) <= close for value in each)
    if phases == 1:
        return ONLY_L1 if l1 else None
    still = all(abs(value) <= _ROUGHLY for value, agrees in zip(each, (l1, l2, l3), strict=True) if not agrees)
    wanted = [agrees for agrees, used in zip((l1, l2, l3), uses, strict=True) if used]
    if sum(wanted) * 2 > len(wanted) or (l1 and still):
        return (l1, l2, l3) if still else uses
    return None
