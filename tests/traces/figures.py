"""What a trace is like, in a few figures, to see whether two are of the same kind."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, quantiles

from evsed.replay.trace import Trace

VOLTS = 230
_PULSE_DA = 28
"""A step of at least this is a pulse; the base load of the fuse kinds steps by 30 at most."""
_SHORTEST, _LONGEST = 3, 240


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one trace; three figures are one a phase, five are 10, 25, 50, 75 and 90 %."""

    surplus_kwh: float
    """Sun less house, all phases together, where positive."""
    house_mean_a: tuple[float, ...]
    house_max_a: tuple[float, ...]
    sun_mean_a: float
    crossings_4_a: int
    """How often that surplus, in A, passes 4 A up or down (by more than 0.5 A, so noise does not count)."""
    crossings_18_a: int
    pulses_an_hour: tuple[float, ...]
    pulse_a: tuple[float, ...]
    pulse_s: tuple[float, ...]
    above_9_a_pct: tuple[float, ...]
    """Seconds in which the house draws more than 25 A less 16 A: the car must give way."""
    at_24_a_pct: float
    sun_edges_an_hour: float
    """Changes of the sun by more than a third of itself within 30 s."""

    def __str__(self) -> str:
        shown = {name: getattr(self, name) for name in self.__slots__}
        return " ".join(f"{name}={_short(value)}" for name, value in shown.items())


def _short(value: float | tuple[float, ...]) -> str:
    return "/".join(f"{part:.4g}" for part in value) if isinstance(value, tuple) else f"{value:.4g}"


def figures(trace: Trace) -> Figures:
    """Everything above."""
    phases = [[row[phase] for row in trace.house] for phase in range(3)]
    spare = [sum(given) - sum(drawn) for drawn, given in zip(trace.house, trace.sun, strict=True)]
    hours = trace.seconds / 3_600
    pulses = [pulse for phase in phases for pulse in _pulses(phase)]
    return Figures(
        surplus_kwh=sum(max(0, value) for value in spare) / 10 * VOLTS / 3_600_000,
        house_mean_a=tuple(mean(phase) / 10 for phase in phases),
        house_max_a=tuple(max(phase) / 10 for phase in phases),
        sun_mean_a=mean(row[0] for row in trace.sun) / 10,
        crossings_4_a=_crossings(spare, 40),
        crossings_18_a=_crossings(spare, 180),
        pulses_an_hour=tuple(
            sum(after - before >= _PULSE_DA for before, after in pairwise(phase)) / hours for phase in phases
        ),
        pulse_a=_spread([height / 10 for height, _ in pulses]),
        pulse_s=_spread([float(length) for _, length in pulses]),
        above_9_a_pct=tuple(100 * sum(value > 90 for value in phase) / trace.seconds for phase in phases),
        at_24_a_pct=100 * sum(value >= 240 for phase in phases for value in phase) / trace.seconds / 3,
        sun_edges_an_hour=_edges([row[0] for row in trace.sun]) / hours,
    )


def _crossings(values: list[int], level: int) -> int:
    count, above = 0, values[0] >= level
    for value in values:
        if (value < level - 5) if above else (value > level + 5):
            count, above = count + 1, not above
    return count


def _starts(values: list[int]) -> int:
    return sum(after - before >= _PULSE_DA for before, after in pairwise(values))


def _pulses(values: list[int]) -> list[tuple[int, int]]:
    """(dA, seconds) of each step up with a step down of the same height after it, within 3 dA."""
    steps = [
        (at, after - before) for at, (before, after) in enumerate(pairwise(values)) if abs(after - before) >= _PULSE_DA
    ]
    found: list[tuple[int, int]] = []
    taken: set[int] = set()
    for index, (begin, height) in enumerate(steps):
        for later in range(index + 1, len(steps)) if height > 0 else ():
            end, fall = steps[later]
            if end - begin > _LONGEST:
                break
            if later not in taken and end - begin >= _SHORTEST and abs(height + fall) <= 3:
                taken.add(later)
                found.append((height, end - begin))
                break
    return found


def _spread(values: list[float]) -> tuple[float, ...]:
    if len(values) < 2:
        return ()
    percent = quantiles(values, n=20, method="inclusive")
    return tuple(percent[index] for index in (1, 4, 9, 14, 17))


def _edges(sun: list[int]) -> int:
    count, at = 0, 0
    while at + 30 < len(sun):
        low, high = sorted((sun[at], sun[at + 30]))
        if high >= 10 and low < high * 2 / 3:
            count += 1
            at += 30
        at += 1
    return count
