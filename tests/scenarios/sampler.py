"""Watches the plant of several chargers in the background: what really flowed, and which contactors were closed.

The plant's own word, so that it also counts what no daemon knows. Every look at the currents is one answer of the
plant, in which house, sun and all cars belong to the same moment.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Self

from tests.scenarios.simulation import Simulation

EVERY_S = 0.2
SLACK_A = 0.5
"""What the simulated cars and meters may be off."""


@dataclass(frozen=True, slots=True)
class Look:
    """One moment of the plant."""

    at: float  # time.monotonic()
    cars: tuple[float, ...]  # what all cars draw together, per phase (A)
    mains: tuple[float, ...]  # (A)
    closed: int  # chargers whose contactor 1 is; 0 when nobody counts them


@dataclass
class Sampler:
    """Looks while the ``with`` block runs."""

    simulation: Simulation
    counts_contactors: bool = False
    looks: list[Look] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            self.looks.append(self._look())

    def _look(self) -> Look:
        at, first = time.monotonic(), self.simulation.watch()
        mains = tuple(first["plant"]["mains_current"].values())
        surroundings = zip(mains, first["house"].values(), first["sun"].values(), strict=True)
        cars = tuple(total - house + sun for total, house, sun in surroundings)
        counted = range(self.simulation.chargers if self.counts_contactors else 0)
        closed = sum(self.simulation.charger(number).plant["contactor1"] for number in counted)
        return Look(at, cars, mains, closed)

    @property
    def most_by_cars(self) -> float:
        """The most that all cars drew together on one phase (A)."""
        return max(max(look.cars) for look in self.looks)

    def longest_over(self, amperes: float) -> float:
        """For how long without a break one phase of the mains was above ``amperes`` (s)."""
        longest, began = 0.0, None
        for look in self.looks:
            if max(look.mains) <= amperes + SLACK_A:
                began = None
                continue
            began = look.at if began is None else began
            longest = max(longest, look.at - began)
        return longest

    @property
    def longest_pause(self) -> float:
        """The longest time between two looks (s): how far this machine lets a process wait."""
        return max(
            (after.at - before.at for before, after in zip(self.looks, self.looks[1:], strict=False)), default=0.0
        )
