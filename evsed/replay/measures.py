"""What a replay is judged by: energies, the fuse's load, closings, changes. dA and ms in; kWh, A and s out."""

from collections import Counter, deque
from collections.abc import Sequence
from math import sqrt
from typing import Any

from evsed.core.units import Deciamps, Millis

_KWH = 230 / 10 / 1000 / 3_600_000  # of one dA for one ms
_WINDOW_MS = 10_000


class Window:
    """The highest mean square of one phase's current over any 10 s, of values that hold for a while each."""

    def __init__(self) -> None:
        self._parts: deque[list[int]] = deque([[_WINDOW_MS, 0]])  # durations and squares, together 10 s
        self._sum = 0
        self.highest = 0  # of the sum of squares over 10 s, in dA^2 ms

    def add(self, current: Deciamps, duration: Millis) -> None:
        """``current`` has flowed for ``duration``."""
        square = current * current
        if self._parts[-1][1] != square:
            self._parts.append([0, square])
        while duration > 0:  # the sum is linear until a part has left, so it is highest there or at the end
            first = self._parts[0]
            slide = min(duration, first[0])
            self._sum += slide * (square - first[1])
            first[0] -= slide
            self._parts[-1][0] += slide
            if not first[0]:
                self._parts.popleft()
            self.highest = max(self.highest, self._sum)
            duration -= slide

    @property
    def rms(self) -> float:
        """In dA."""
        return sqrt(self.highest / _WINDOW_MS)


class Measures:
    """Takes what flowed, piece by piece, and says in the end how good it was."""

    def __init__(self, fuse: Deciamps) -> None:
        self._fuse = fuse
        self._car = self._surplus = self._used = 0  # dA ms
        self._over = [0, 0, 0]
        self._stretch = [0, 0, 0]
        self._longest = 0
        self._windows = tuple(Window() for _ in range(3))
        self.closings = self.closings_c2 = self.offer_changes = 0
        self.stops: Counter[str] = Counter()

    def flowed(self, mains: Sequence[Deciamps], drawn: Sequence[Deciamps], duration: Millis) -> None:
        """These currents have flowed for ``duration``."""
        car, net = sum(drawn), sum(mains)
        surplus = max(0, car - net)
        self._car += car * duration
        self._surplus += surplus * duration
        self._used += min(car, surplus) * duration
        for phase, current in enumerate(mains):
            self._windows[phase].add(current, duration)
            if current > self._fuse:
                self._over[phase] += (current - self._fuse) * duration
                self._stretch[phase] += duration
                self._longest = max(self._longest, self._stretch[phase])
            else:
                self._stretch[phase] = 0

    def result(self) -> dict[str, Any]:
        """The figures, under the names of DESIGN.md."""
        surplus = self._surplus * _KWH
        return {
            "car_kwh": round(self._car * _KWH, 3),
            "surplus_kwh": round(surplus, 3),
            "surplus_used_pct": round(100 * self._used / self._surplus, 1) if self._surplus else 0.0,
            "grid_kwh": round((self._car - self._used) * _KWH, 3),
            "over_as": {f"L{phase + 1}": round(over / 10_000, 1) for phase, over in enumerate(self._over)},
            "longest_over_s": round(self._longest / 1000, 2),
            "rms10_a": round(max(window.rms for window in self._windows) / 10, 2),
            "closings": self.closings,
            "closings_c2": self.closings_c2,
            "offer_changes": self.offer_changes,
            "stops": dict(sorted(self.stops.items())),
        }
