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
    closed: tuple[bool, ...]  # contactor 1 of every charger


@dataclass
class Sampler:
    """Looks while the ``with`` block runs."""

    simulation: Simulation
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
        at = time.monotonic()
        states = [self.simulation.charger(number).watch() for number in range(self.simulation.chargers)]
        first = states[0]
        mains = tuple(first["plant"]["mains_current"].values())
        cars = tuple(
            mains[index] - first["house"][phase] + first["sun"][phase] for index, phase in enumerate(first["house"])
        )
        return Look(at, cars, mains, tuple(state["plant"]["contactor1"] for state in states))

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
