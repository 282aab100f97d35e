"""What the household draws, in dA per phase and second: a base load that changes now and then, and pulses on it."""

from random import Random
from typing import Final

Range = tuple[int, int]
"""Both ends belong to it; all values are as likely."""
Pulse = tuple[int, int, int]
"""First second, seconds, dA."""

LARGEST_DA: Final = 240
"""The household alone: pulses that overlap are cut off here, so only the car ever passes the fuse of 25 A."""

# A day: 823 base levels, 42 kettles and 9 ovens measured.
DAY_BASE_DA: Final = (10, 30)
DAY_BASE_SECONDS: Final = (120, 900)
DAY_NOISE_DA: Final = (-1, 1)  # new every second
DAY_PULSE_DA: Final = 100  # kettle and oven alike, to 0.1 A
KETTLES_A_DAY: Final = 14  # on each of the three recorded days, on any phase, at any time
KETTLE_SECONDS: Final = (150, 240)  # measured 151 to 238
OVENS_A_DAY: Final = 3  # on each of the three days, each on one phase
OVEN_SECONDS: Final = (1_800, 2_700)  # in which it switches on, measured 1732 to 2584: 10 to 14 times
OVEN_ON_SECONDS: Final = (60, 120)
OVEN_OFF_SECONDS: Final = (60, 180)

# The fuse kinds: 123 pulses that stand alone (fuse3) and 305 (fuse1) measured; no noise.
FUSE_BASE_DA: Final = (10, 40)
FUSE_BASE_SECONDS: Final = (60, 600)
FUSE_PULSE_DA: Final = (30, 200)
FUSE_PULSE_SECONDS: Final = ((3, 15), (15, 60), (60, 180))  # a third of the pulses each
FUSE_GAP_SECONDS: Final = 5  # least from one start to the next on a phase; more is exponential
FUSE1_MEAN_GAP_SECONDS: Final = 60  # 206 to 218 pulses seen in 4 h on a phase, some more hidden in the cut off ones
FUSE3_MEAN_GAP_SECONDS: Final = 330  # 42 to 46 pulses in 4 h on a phase


def day(dice: Random, seconds: int) -> list[tuple[int, int, int]]:
    """Kettles and ovens of 10 A on a base load of 1 to 3 A."""
    pulses: list[list[Pulse]] = [[], [], []]
    for _ in range(KETTLES_A_DAY):
        pulses[dice.randrange(3)].append((dice.randrange(seconds), dice.randint(*KETTLE_SECONDS), DAY_PULSE_DA))
    for _ in range(OVENS_A_DAY):
        pulses[dice.randrange(3)].extend(_oven(dice, seconds))
    return _rows(
        [
            _phase(_base(dice, seconds, DAY_BASE_DA, DAY_BASE_SECONDS), pulses[phase], _noise(dice, seconds))
            for phase in range(3)
        ]
    )


def fuse(dice: Random, seconds: int, mean_gap_seconds: int) -> list[tuple[int, int, int]]:
    """Heavy pulses of 3 to 20 A on every phase, ``mean_gap_seconds`` from start to start."""
    return _rows(
        [
            _phase(
                _base(dice, seconds, FUSE_BASE_DA, FUSE_BASE_SECONDS),
                _heavy(dice, seconds, mean_gap_seconds),
                [0] * seconds,
            )
            for _ in range(3)
        ]
    )


def _rows(phases: list[list[int]]) -> list[tuple[int, int, int]]:
    return list(zip(phases[0], phases[1], phases[2], strict=True))


def _base(dice: Random, seconds: int, level: Range, hold: Range) -> list[int]:
    base: list[int] = []
    while len(base) < seconds:
        base.extend([dice.randint(*level)] * dice.randint(*hold))
    return base[:seconds]


def _noise(dice: Random, seconds: int) -> list[int]:
    low, high = DAY_NOISE_DA
    return dice.choices(range(low, high + 1), k=seconds)


def _oven(dice: Random, seconds: int) -> list[Pulse]:
    at = dice.randrange(seconds - OVEN_SECONDS[1])
    end = at + dice.randint(*OVEN_SECONDS)
    pulses: list[Pulse] = []
    while at < end:
        on = dice.randint(*OVEN_ON_SECONDS)
        pulses.append((at, on, DAY_PULSE_DA))
        at += on + dice.randint(*OVEN_OFF_SECONDS)
    return pulses


def _heavy(dice: Random, seconds: int, mean_gap_seconds: int) -> list[Pulse]:
    pulses: list[Pulse] = []
    at = 0
    while True:
        at += FUSE_GAP_SECONDS + round(dice.expovariate(1 / (mean_gap_seconds - FUSE_GAP_SECONDS)))
        if at >= seconds:
            return pulses
        pulses.append((at, dice.randint(*dice.choice(FUSE_PULSE_SECONDS)), dice.randint(*FUSE_PULSE_DA)))


def _phase(base: list[int], pulses: list[Pulse], noise: list[int]) -> list[int]:
    """Everything added up; pulses that overlap add."""
    total = list(base)
    for first, length, height in pulses:
        for second in range(first, min(first + length, len(total))):
            total[second] += height
    return [min(LARGEST_DA, value + extra) for value, extra in zip(total, noise, strict=True)]
