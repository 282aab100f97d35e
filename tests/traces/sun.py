"""What the sun gives, in dA per phase and second (all phases alike): 06:00 to 20:00, clear, broken or overcast."""

import math
from random import Random
from typing import Final

DAY_SECONDS: Final = 50_400
PEAK_DA: Final = 100
DARK_SECONDS: Final = 900  # at both ends of the day
SHAPE: Final = 1.25  # power of the sine between them; with these three the recorded clear day is met in every second

# Broken clouds: 93 dark and 93 bright spells measured between 08:30 and 17:30, as a part of the clear sun.
BRIGHT: Final = (0.95, 1.10)  # above 1: the light from the edges of clouds
DARK: Final = (0.15, 0.45)
EDGE_SECONDS: Final = (5, 30)  # straight from one level to the next
LEAST_SPELL_SECONDS: Final = 20
BRIGHT_MEAN_SECONDS: Final = 137  # deciles 36 49 58 80 98 122 169 204 299: exponential above the least
DARK_MEAN_SECONDS: Final = 177  # deciles 35 58 76 99 129 169 205 256 324
FLICKER: Final = 0.01  # each second, of the level at that moment

# Overcast: a slow wander without flicker.
GREY_MEAN: Final = 0.25
GREY_SPREAD: Final = 0.042  # standard deviation; recorded values lie between 0.157 and 0.391
GREY_RANGE: Final = (0.10, 0.45)
GREY_MEMORY_SECONDS: Final = 2_800  # measured change in 1 s 0.001, 60 s 0.01, 300 s 0.019, 1200 s 0.034


def clear() -> list[float]:
    """The sun without a cloud, dA."""
    bright = DAY_SECONDS - 2 * DARK_SECONDS
    part = (max(0.0, math.sin(math.pi * (second - DARK_SECONDS) / bright)) for second in range(DAY_SECONDS))
    return [PEAK_DA * sine**SHAPE for sine in part]


def broken(dice: Random) -> list[float]:
    """Bright and dark spells in turn, with edges of 5 to 30 s."""
    factors: list[float] = []
    bright = dice.random() < 0.5
    level = dice.uniform(*(BRIGHT if bright else DARK))
    while len(factors) < DAY_SECONDS:
        mean = BRIGHT_MEAN_SECONDS if bright else DARK_MEAN_SECONDS
        factors.extend([level] * round(LEAST_SPELL_SECONDS + dice.expovariate(1 / (mean - LEAST_SPELL_SECONDS))))
        bright = not bright
        after = dice.uniform(*(BRIGHT if bright else DARK))
        edge = dice.randint(*EDGE_SECONDS)
        factors.extend(level + (after - level) * step / edge for step in range(1, edge + 1))
        level = after
    flicker = (dice.uniform(1 - FLICKER, 1 + FLICKER) for _ in range(DAY_SECONDS))
    return [sun * factor * part for sun, factor, part in zip(clear(), factors, flicker, strict=False)]


def overcast(dice: Random) -> list[float]:
    """A quarter of the sun, wandering slowly."""
    step = GREY_SPREAD * math.sqrt(2 / GREY_MEMORY_SECONDS)
    grey = dice.gauss(GREY_MEAN, GREY_SPREAD)
    given: list[float] = []
    for sun in clear():
        grey += (GREY_MEAN - grey) / GREY_MEMORY_SECONDS + dice.gauss(0, step)
        grey = min(max(grey, GREY_RANGE[0]), GREY_RANGE[1])
        given.append(sun * grey)
    return given


def rows(given: list[float]) -> list[tuple[int, int, int]]:
    """The same on every phase, in whole dA."""
    return [(whole, whole, whole) for whole in map(round, given)]
