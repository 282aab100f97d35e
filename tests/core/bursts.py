"""Bursts of pilot samples as boards, cars, cables and disturbers give them, and what each may be judged as.

A seed makes a row of bursts. A waveform is built once and sampled at many phases with other noise, so that millions of
bursts take minutes. IEC 61851-1 Annex A; the windows are those of Table A.4.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import add

from evsed.core.duty import CONSTANT
from evsed.core.pilot import FAULTY, Level, Reading, classify, judge
from evsed.core.units import DutyBp, Millivolts
from evsed.hw.adc import CODES, PILOT_SAMPLES, pilot_table
from evsed.wiring import Adc

WINDOWS: dict[Level, tuple[Millivolts, Millivolts]] = {
    Level.UNPLUGGED: (11_400, 12_600),
    Level.CONNECTED: (8_360, 9_560),
    Level.WANTS_POWER: (5_480, 6_530),
    Level.WANTS_VENTILATION: (2_620, 3_250),
    Level.SHORT: (-300, 300),
    Level.NEGATIVE: (-12_600, -11_400),
}
PULSED = tuple(level for level in WINDOWS if level is not Level.NEGATIVE)
HELD = tuple(Level)
PERIOD_US = 1_000
SPACING_US = 30
NOISE_MV = 150
DOUBT_MV = NOISE_MV + 15  # noise, and the step of the ADC
REUSED = 30  # so many bursts are taken of one waveform
MOST_INVALID = 0.02
"""Of the bursts of a good pilot at any one spacing and duty: what is invalid starts the 500 ms of 6 V again."""
TOLD_FROM = 400  # bursts of one spacing and duty: with fewer, the rate says nothing
_COMMON = (  # spacings and duties whose multiples meet the same phases of every period
    (34.5, 1_066),
    (43.5, 1_333),
    (45.5, 1_000),
    (50.0, 1_000),
    (40.0, 9_500),
    (33.4, 1_066),
    (36.4, 9_600),
)
_NOWHERE = frozenset({Level.INVALID})
_ZERO = 40_000  # tables are indexed from here: nothing is lower than -40 V


@dataclass(slots=True)
class Burst:
    """One burst. ``allowed``: what it may be judged as; ``shallow``: its low half never reaches -11 V."""

    kind: str
    samples: list[Millivolts]
    duty: DutyBp
    held: Level
    allowed: frozenset[Level]
    shallow: bool = False
    cell: str = ""  # a good pilot's spacing and duty, to whole percents, whose rate of invalid bursts counts

    def judged(self) -> Reading:
        """What the charger makes of it."""
        return judge(self.samples, self.duty, self.held)

    def wrong(self, reading: Reading) -> str:
        """What is wrong with ``reading``; empty when nothing is."""
        if reading.level not in self.allowed:
            return (
                f"{self.kind}: {reading} of duty {self.duty}, {self.held} held; allowed {self.allowed}: {self.samples}"
            )
        if reading.negative_seen and self.shallow:
            return f"{self.kind}: {reading}: a diode where there is none: {self.samples}"
        return ""


@dataclass(slots=True)
class Wave:
    """The pilot over six periods, a value a microsecond, counted from ``_ZERO``."""

    level: Level
    duty: DutyBp
    shallow: bool
    values: list[int]


def _quantised() -> list[Millivolts]:
    adc = Adc()
    table, span = pilot_table(adc), adc.pilot_full_mv - adc.pilot_zero_mv
    codes = ((mv - _ZERO - adc.pilot_zero_mv) * CODES // span for mv in range(2 * _ZERO))
    return [table[min(max(code, 0), CODES - 1)] for code in codes]


class Bench:
    """Makes bursts; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._seen = _quantised()
        self._pools = [self._pool(width, shape) for width in (10, 60, NOISE_MV) for shape in ("uniform", "gauss")]
        self._powerline = [round(400 * math.sin(self.dice.random() * math.tau)) for _ in range(8_192)]
        self._kinds: list[tuple[int, Callable[[], Iterator[Burst]]]] = [
            (8, self._level),
            (3, self._spacing),
            (2, self._between),
            (2, self._mixed),
            (1, self._wrong_duty),
            (2, self._floating),
            (1, self._hum),
            (1, self._on_powerline),
            (2, self._spikes),
            (1, self._stall),
        ]

    def bursts(self) -> Iterator[Burst]:
        """Without end; the kinds in turns, as often as they weigh."""
        turns = [kind for weight, kind in self._kinds for _ in range(weight)]
        while True:
            self.dice.shuffle(turns)
            for kind in turns:
                yield from kind()

    # ---- parts ----

    def _pool(self, width: int, shape: str) -> list[int]:
        if shape == "uniform":
            return [self.dice.randint(-width, width) for _ in range(8_192)]
        return [round(min(max(self.dice.gauss(0, width / 2), -width), width)) for _ in range(8_192)]

    def _noisy(self, clean: list[int], pool: list[int] | None = None) -> list[Millivolts]:
        noise = pool or self.dice.choice(self._pools)
        at = self.dice.randrange(len(noise) - PILOT_SAMPLES)
        seen = self._seen
        return [seen[value] for value in map(add, clean, noise[at : at + PILOT_SAMPLES])]

    def _wave(self, level: Level | None = None, high: Millivolts | None = None, duty: DutyBp | None = None) -> Wave:
        """A random car (or none) of ``level`` under pulses, or a third of the time under a constant drive."""
        dice = self.dice
        level = level or dice.choice(PULSED)
        duty = duty or (CONSTANT if dice.random() < 0.3 else dice.randint(1_000, 9_600))
        high = dice.randint(*WINDOWS[level]) if high is None else high
        diode = dice.random() < 0.75 or level is Level.UNPLUGGED or not 2_000 < high < 10_000
        low = high if level is Level.SHORT else dice.randint(-12_600, -11_400)
        if not diode and level is not Level.SHORT:
            low = -max(high - 700, 2_000) * dice.randint(95, 105) // 100
        values = self.pulses(high, low, duty, dice.randint(2, 10), dice.choice((0.0, 0.8, 1.5, 3.0, 4.0)))
        return Wave(level, duty, low > -10_700, values)

    def pulses(self, high: Millivolts, low: Millivolts, duty: DutyBp, edge_us: int, tau_us: float) -> list[int]:
        """Six periods with edges that take ``edge_us``, rounded by 1 kilohm and the cable (``tau_us``)."""
        on_us = PERIOD_US * duty // CONSTANT
        if on_us in {0, PERIOD_US} or high == low:
            return [(high if on_us else low) + _ZERO] * (6 * PERIOD_US)
        step, source, seen, period = (high - low) / edge_us, float(low), float(low), []
        share = 1 / (1 + tau_us)
        for at in range(PERIOD_US):
            source = min(source + step, high) if at < on_us else max(source - step, low)
            seen += (source - seen) * share
            period.append(round(seen) + _ZERO)
        return period * 6

    def _taken(self, wave: Wave) -> list[int]:
        at = self.dice.randrange(PERIOD_US)
        return wave.values[at : at + PILOT_SAMPLES * SPACING_US : SPACING_US]

    def _burst(self, kind: str, wave: Wave, clean: list[int], others: frozenset[Level] = _NOWHERE) -> Burst:
        allowed = frozenset({wave.level}) | others
        return Burst(kind, self._noisy(clean), wave.duty, self.dice.choice(HELD), allowed, wave.shallow)

    # ---- kinds ----

    def _level(self) -> Iterator[Burst]:
        """Every level, duty, edge and phase, with all the noise a board may have: one answer is right."""
        if self.dice.random() < 0.1:
            values = [self.dice.randint(*WINDOWS[Level.NEGATIVE]) + _ZERO] * (6 * PERIOD_US)
            wave = Wave(Level.NEGATIVE, 0, shallow=True, values=values)  # no pulses, so no diode can be seen
        else:
            wave = self._wave()
        for _ in range(REUSED):
            burst = self._burst("level", wave, self._taken(wave), frozenset())
            burst.cell = _cell(SPACING_US, wave.duty)
            yield burst

    def _spacing(self) -> Iterator[Burst]:
        """A bus that takes 28 to 50 us a frame, with a jitter: few phases of the period are met, an edge more often."""
        if self.dice.random() < 0.5:
            step, duty = self.dice.choice(_COMMON)
            wave = self._wave(duty=duty)
        else:
            step = self.dice.choice((28.0, 33.3, 33.4, 35.0, 36.4, 38.0, 40.0, 41.7, 45.0, 50.0))
            wave = self._wave()
        values = wave.values
        for _ in range(REUSED):
            at, jitter = self.dice.random() * PERIOD_US, self.dice.choice((0, 1, 3))
            places = [int(at + n * step + (n * 7 % 5) * jitter / 4) for n in range(PILOT_SAMPLES)]
            burst = self._burst("spacing", wave, [values[place] for place in places])
            met = CONSTANT - wave.duty >= 11 * step or wave.duty == CONSTANT
            burst.cell = _cell(step, wave.duty) if met else ""
            yield burst

    def _between(self) -> Iterator[Burst]:
        """Any voltage at all; near a window's limit either side is right."""
        high = self.dice.randint(-11_000, 13_000)
        wave = self._wave(Level.INVALID, high)
        for _ in range(REUSED):
            burst = self._burst("between", wave, self._taken(wave))
            near = {classify(high + doubt, burst.held) for doubt in (-DOUBT_MV, 0, DOUBT_MV)}
            burst.allowed = frozenset(near) | FAULTY
            yield burst

    def _mixed(self) -> Iterator[Burst]:
        """The level changes within the burst, at once or over up to 1.5 ms: either one is right, none between."""
        one, other = self._wave(), self._wave()
        if one.duty != other.duty:
            other.values = self.pulses(
                self.dice.randint(*WINDOWS[other.level]), self.dice.randint(-12_600, -11_400), one.duty, 4, 1.0
            )
        other.shallow = False
        for _ in range(REUSED):
            at = self.dice.randrange(PERIOD_US)
            span = slice(at, at + PILOT_SAMPLES * SPACING_US, SPACING_US)
            first, then = one.values[span], other.values[span]
            change, ramp = self.dice.randrange(PILOT_SAMPLES), self.dice.choice((0, 5, 20, 50))
            clean = first[:change] + then[change:]
            for n in range(change, min(change + ramp, PILOT_SAMPLES)):
                clean[n] = first[n] + (then[n] - first[n]) * (n - change) // ramp
            burst = self._burst("mixed", one, clean, frozenset({other.level, Level.INVALID}))
            burst.shallow = one.shallow and other.shallow
            yield burst

    def _wrong_duty(self) -> Iterator[Burst]:
        """Pulses that are not ours: the share of high samples is off by 15 % or more."""
        wave = self._wave()
        driven = wave.duty
        while abs(driven - wave.duty) < 1_500:
            driven = self.dice.choice((CONSTANT, self.dice.randint(1_000, 9_600)))
        for _ in range(REUSED):
            burst = self._burst("wrong duty", wave, self._taken(wave))
            burst.duty, burst.shallow = driven, False
            flat = wave.level is Level.SHORT  # which shows no duty
            burst.allowed = frozenset({Level.INVALID, Level.SHORT}) if flat else _NOWHERE
            yield burst

    def _floating(self) -> Iterator[Burst]:
        """An input that hangs on nothing. Under pulses nothing is right; what is steady counts under a constant."""
        dice = self.dice
        duty = CONSTANT if dice.random() < 0.3 else dice.randint(1_000, 9_600)
        for _ in range(REUSED):
            clean = self._nothing()
            samples = self._noisy([min(max(value, -16_500), 16_500) + _ZERO for value in clean])
            held = dice.choice(HELD)
            there = {level for level in WINDOWS if duty == CONSTANT and _steadily(samples, level, held)}
            yield Burst("floating", samples, duty, held, FAULTY | there)

    def _nothing(self) -> list[int]:
        dice = self.dice
        match dice.randrange(4):
            case 0:
                ends = dice.randint(-16_000, 16_000), dice.randint(-16_000, 16_000)
                return [dice.randint(min(ends), max(ends)) for _ in range(PILOT_SAMPLES)]
            case 1:
                value, step = dice.randint(-14_000, 14_000), dice.choice((50, 300, 2_000))
                return [value := value + dice.randint(-step, step) for _ in range(PILOT_SAMPLES)]
            case 2:
                middle, width = dice.randint(-14_000, 14_000), dice.randint(0, 14_000)
                speed, phase = math.tau * 10 ** dice.uniform(1, 5) * SPACING_US / 1e6, dice.random() * math.tau
                return [round(middle + width * math.sin(phase + speed * n)) for n in range(PILOT_SAMPLES)]
            case _:
                value, end = dice.randint(-16_000, 16_000), dice.randint(-16_000, 16_000)
                fall = math.exp(-1 / dice.uniform(1, 300))
                return [round(end + (value - end) * fall**n) for n in range(PILOT_SAMPLES)]

    def _hum(self) -> Iterator[Burst]:
        """Half a volt of 50 Hz on the wire."""
        wave = self._wave()
        for _ in range(REUSED):
            phase, width = self.dice.random() * math.tau, self.dice.randint(0, 500)
            speed = math.tau * self.dice.choice((50, 60, 150)) * SPACING_US / 1e6
            clean = [v + round(width * math.sin(phase + speed * n)) for n, v in enumerate(self._taken(wave))]
            yield self._burst("hum", wave, clean)

    def _on_powerline(self) -> Iterator[Burst]:
        """HomePlug GreenPHY on the pilot: megahertz that the samples meet anywhere."""
        wave = self._wave()
        for _ in range(REUSED):
            burst = self._burst("powerline", wave, self._taken(wave))
            burst.samples = self._noisy(self._taken(wave), self._powerline)
            yield burst

    def _spikes(self) -> Iterator[Burst]:
        """A sample or two that are anywhere."""
        wave = self._wave()
        for _ in range(REUSED):
            clean = self._taken(wave)
            for _ in range(self.dice.choice((1, 1, 2))):
                clean[self.dice.randrange(PILOT_SAMPLES)] = self.dice.randint(-16_500, 16_500) + _ZERO
            yield self._burst("spikes", wave, clean)

    def _stall(self) -> Iterator[Burst]:
        """The bus rests for a while in the middle of the burst: the two parts meet other phases."""
        wave = self._wave()
        for _ in range(REUSED):
            at, gap = self.dice.randrange(PERIOD_US), self.dice.randrange(PERIOD_US)
            first = self.dice.randrange(PILOT_SAMPLES)
            then = (at + first * SPACING_US + gap) % PERIOD_US
            clean = wave.values[at : at + first * SPACING_US : SPACING_US]
            clean += wave.values[then : then + (PILOT_SAMPLES - first) * SPACING_US : SPACING_US]
            yield self._burst("stall", wave, clean)


def _cell(spacing_us: float, duty: DutyBp) -> str:
    return f"{spacing_us:g} us, {duty // 100} %"


def too_often(judged: Counter[str], invalid: Counter[str]) -> list[str]:
    """The spacings and duties at which a good pilot is called invalid more often than it may be."""
    return [
        f"{cell}: {invalid[cell]} of {count} bursts are invalid"
        for cell, count in judged.items()
        if cell and count >= TOLD_FROM and invalid[cell] > MOST_INVALID * count
    ]


def _steadily(samples: list[Millivolts], level: Level, held: Level) -> bool:
    """Whether half of the samples are of ``level`` and nearly all are within a volt of its window."""
    within = [mv for mv in samples if abs(mv - (level.value or 0)) <= (2_400 if level is held else 2_000)]
    return len(within) >= 85 and 2 * sum(classify(mv, held) is level for mv in within) >= len(samples)
