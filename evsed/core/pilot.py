"""Judges the control pilot: a burst of millivolt samples becomes a level, and levels become a steady one.

Owns the windows, the diode check and the hold times; not what follows from a level.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from operator import ne

from evsed.core.duty import CONSTANT
from evsed.core.units import DutyBp, Millis, Millivolts


class Level(Enum):
    """What the high plateau says of the car. IEC 61851-1 Table A.4."""

    UNPLUGGED = 12_000
    CONNECTED = 9_000
    WANTS_POWER = 6_000
    WANTS_VENTILATION = 3_000
    SHORT = 0
    NEGATIVE = -12_000
    INVALID = None

    __hash__ = object.__hash__  # there is one of each, and it is looked up in every cycle


CONNECTED = frozenset({Level.CONNECTED, Level.WANTS_POWER, Level.WANTS_VENTILATION})
"""A car hangs on the pilot."""

FAULTY = frozenset({Level.SHORT, Level.NEGATIVE, Level.INVALID})
"""No car and no free plug looks like this."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One judged burst. ``negative_seen``: the low plateau reached -12 V, so the car has its diode (PWM only)."""

    level: Level
    high_mv: Millivolts
    low_mv: Millivolts
    negative_seen: bool


_WINDOW_MV = 1_000
_STAY_WINDOW_MV = 1_400  # hysteresis: a level already held is left later than it is entered
_LOWEST_MV = -13_000
_NEGATIVE_LIMIT_MV = -11_000
_FLAT_MV = 1_500  # less than this between highest and lowest sample: there are no pulses
_STEADY_MV = 1_000  # the samples of one plateau are no further apart: noise, hum and powerline data, no change of level
_EDGES = 8  # at most every eighth sample meets an edge, also where a slow bus meets few phases of the pulses
_CROSSINGS = range(3, 25)  # of the middle: pulses of 1 kHz in 2 to 10 ms; something slow has fewer, something fast more
_SHARE_TOLERANCE_BP = 900  # of samples on the high plateau, against the duty that we drive: bursts end within a period
_LEAST_TOLERANCE_BP = 200
_GAP_TOLERANCE_BP = 600  # 1.5 samples a period of 25: in 40 us each, a gap of 50 us is met once or twice
_FEWEST_LOWS = 3
_FEWEST_INNER = 4  # of as many pulses
_CENTRES = tuple((level, level.value) for level in Level if level.value is not None)


def judge(samples: Sequence[Millivolts], duty: DutyBp, held: Level) -> Reading:
    """Judges one burst taken while ``duty`` (0..10000) was driven; ``held`` is the level believed so far.

    What is not one steady level, or pulses as we drive them, is INVALID: it was not this pilot that was sampled, or it
    changed meanwhile.
    """
    ordered = sorted(samples)
    return _constant(ordered, held) if duty in (0, CONSTANT) else _pulsed(samples, ordered, duty, held)


def _constant(ordered: list[Millivolts], held: Level) -> Reading:
    """One plateau; a twentieth of the samples at either end may be spikes."""
    last, spikes = len(ordered) - 1, len(ordered) // 20
    plateau = ordered[last // 2]
    steady = ordered[last - spikes] - ordered[spikes] <= _STEADY_MV
    return Reading(classify(plateau, held) if steady else Level.INVALID, plateau, plateau, negative_seen=False)


def _pulsed(samples: Sequence[Millivolts], ordered: list[Millivolts], duty: DutyBp, held: Level) -> Reading:
    """Two plateaus."""
    count, lowest, highest = len(ordered), ordered[0], ordered[-1]
    if highest - lowest < _FLAT_MV:
        plateau = ordered[(count - 1) // 2]
        level = Level.SHORT if abs(plateau) < _WINDOW_MV else Level.INVALID  # a short flattens both halves
        return Reading(level, plateau, plateau, negative_seen=False)
    middle = (lowest + highest) / 2
    lows = bisect_right(ordered, middle)
    highs = count - lows
    tops, steady = _high_plateau(samples, ordered, middle, lows)
    high, low = tops[(len(tops) - 1) // 2], ordered[(lows - 1) // 2]
    between = bisect_left(ordered, high - _STEADY_MV) - bisect_right(ordered, low + _STEADY_MV)
    ours = (
        steady
        and between * _EDGES <= count
        and abs(highs * CONSTANT // count - duty) <= _tolerance(duty)
        and _LOWEST_MV <= low <= -max(high / 2, _FLAT_MV)  # without a diode about as far from 0 V as the high one
        and _crossings(samples, middle) in _CROSSINGS
    )
    level = classify(high, held) if ours else Level.INVALID
    spikes = level is Level.SHORT or lows < _FEWEST_LOWS or low - lowest > _STEADY_MV  # which are no negative half
    return Reading(level, high, low, negative_seen=ours and low <= _NEGATIVE_LIMIT_MV and not spikes)


def _high_plateau(
    samples: Sequence[Millivolts], ordered: list[Millivolts], middle: float, lows: int
) -> tuple[list[Millivolts], bool]:
    """The samples of the high plateau in order, and whether it is one. Its highest tenth may be spikes.

    The lower half may be edges: in 50 us a sample a pulse of 100 us is met twice, and one of these may be the edge in
    every period. In 45 us it may be met three times, with an edge before and one behind: then those between count.
    """
    highs = len(ordered) - lows
    last = len(ordered) - 1 - highs // 10
    plateau = ordered[lows + highs // 2 : last + 1]
    if plateau[-1] - plateau[0] <= _STEADY_MV:
        return plateau, True
    triples = zip(samples, samples[1:], samples[2:], strict=False)
    inner = sorted(here for before, here, then in triples if min(before, here, then) > middle)
    if len(inner) < _FEWEST_INNER or ordered[last] - inner[0] > _STEADY_MV:
        return plateau, False
    return inner, True


def _crossings(samples: Sequence[Millivolts], middle: float) -> int:
    """How often one sample is above ``middle`` and the next is not, or the other way round."""
    above = [sample > middle for sample in samples]
    return sum(map(ne, above, above[1:]))


def _tolerance(duty: DutyBp) -> DutyBp:
    """How far the share of high samples may be off: a spike is not taken for short pulses, nor for short gaps."""
    pulse, gap = max(duty // 2, _LEAST_TOLERANCE_BP), max((CONSTANT - duty) // 2, _GAP_TOLERANCE_BP)
    return min(_SHARE_TOLERANCE_BP, pulse, gap)


def classify(plateau: Millivolts, held: Level) -> Level:
    """The level whose window holds ``plateau``; the window of ``held`` is wider."""
    if held.value is not None and abs(plateau - held.value) <= _STAY_WINDOW_MV:
        return held
    for level, centre in _CENTRES:
        if abs(plateau - centre) <= _WINDOW_MV:
            return level
    return Level.INVALID


_AGREEING = 3
_AGREE_MS = 11  # late sampling: two bursts this far apart have to do, for a third may come 90 ms later
_DISAGREE_MS = 400  # later than any level that is held: those have a name of their own
_RELEASED = frozenset({Level.CONNECTED, Level.UNPLUGGED})
_SUPPLIED = frozenset({Level.WANTS_POWER, Level.WANTS_VENTILATION})
_HOLD_MS = {
    Level.WANTS_POWER: 500,  # IEC 61851-1: S2 must be steadily closed before the supply is switched on
    Level.WANTS_VENTILATION: 300,
    Level.SHORT: 300,
    Level.NEGATIVE: 300,
    Level.INVALID: 300,
}


class SteadyLevel:
    """Turns readings into the level that the charger acts on.

    9 V and 12 V count after three agreeing bursts, or two that are more than 10 ms apart. While the car draws two are
    enough, so that a contactor opens within 100 ms however late the samples come, and 9 V and 12 V agree with each
    other that it must not any more. 6 V must be held for 500 ms, also without an invalid burst: that is what a bounce
    of S2 looks like. 3 V, shorts and invalid levels count after 300 ms, and readings that disagree make 6 V (or 3 V)
    that was not seen for 400 ms an invalid level.
    """

    def __init__(self) -> None:
        self.level: Level | None = None
        self._confirmed_at: Millis = 0
        self._same = _Run()
        self._released = _Run()

    def forget(self) -> None:
        """Nothing is known any more: the pilot was disconnected."""
        self.level = None
        self._same = _Run()
        self._released = _Run()

    def feed(self, level: Level, now: Millis) -> None:
        """Takes one more judged burst into account."""
        self._same.feed(level, now)
        self._released.feed(level in _RELEASED, now)
        if level is self.level:
            self._confirmed_at = now
            return
        if self.level is Level.WANTS_VENTILATION and level is Level.WANTS_POWER:
            self._confirmed_at = now  # the same car on its way back
        hold_ms = _HOLD_MS.get(level)
        if self._same.agrees if hold_ms is None else self._same.lasted_ms >= hold_ms:
            self._count(level, now)
        elif self.level in _SUPPLIED and level in _RELEASED and self._released.count > 1:
            # two have to do, for a third may come 100 ms later; where one says 9 V, one 12 V, neither says 6 V
            self._count(level if self._same.count > 1 else Level.CONNECTED, now)
        elif self.level in _SUPPLIED and now - self._confirmed_at >= _DISAGREE_MS:
            self.level = Level.INVALID

    def _count(self, level: Level, now: Millis) -> None:
        self.level = level
        self._confirmed_at = now


class _Run:
    """A row of bursts that say the same."""

    def __init__(self) -> None:
        self._says: object = None
        self._since: Millis = 0
        self.count = 0
        self.lasted_ms: Millis = 0

    def feed(self, says: object, now: Millis) -> None:
        """One more burst."""
        if says is not self._says:
            self._says, self._since, self.count = says, now, 0
        self.count += 1
        self.lasted_ms = now - self._since

    @property
    def agrees(self) -> bool:
        """Whether they are enough to act on."""
        return self.count >= _AGREEING or (self.count > 1 and self.lasted_ms >= _AGREE_MS)
