"""Time that passes step by step, without a clock."""

from collections.abc import Callable

from evsed.core.units import Millis


class Passing:
    """What ``step`` moves on; ``now`` is where it is."""

    now: Millis

    def step(self) -> None:
        """One cycle."""
        raise NotImplementedError

    def told(self) -> str:
        """What an impatient test is shown."""
        raise NotImplementedError

    def run(self, seconds: float) -> None:
        """Lets ``seconds`` pass."""
        until = self.now + round(seconds * 1000)
        while self.now < until:
            self.step()

    def run_until(self, true: Callable[[], bool], within_s: float) -> float:
        """Runs until ``true`` and returns the seconds it took; fails after ``within_s``."""
        begun = self.now
        while not true():
            assert self.now - begun < within_s * 1000, f"not within {within_s} s: {self.told()}"
            self.step()
        return (self.now - begun) / 1000
