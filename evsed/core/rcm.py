"""The residual current monitor: its signal, and the self-test before each closing where the board has the output.

Owns the test; the latch of a trip is faults.py's and its reset the controller's.
"""

from enum import Enum

from evsed.core.units import Millis

TRIPS_WITHIN_MS = 500
CLEARS_WITHIN_MS = 1_000


class Test(Enum):
    """Where the self-test stands."""

    __test__ = False  # no test case

    NOT_RUN = "not run"
    DRIVEN = "the test output is driven, the signal has to come"
    RELEASED = "the test output is released, the signal has to go"
    PASSED = "passed"
    FAILED = "failed"


class ResidualCurrentMonitor:
    """The monitor's signal. While a test runs, and until its signal has gone, the signal is the test's."""

    def __init__(self) -> None:
        self.signal = False
        self.test = Test.NOT_RUN
        self._since: Millis = 0
        self._echo_until: Millis | None = None

    def feed(self, signal: bool, now: Millis) -> None:
        """The signal as sampled."""
        self.signal = signal
        if self._echo_until is not None and (not signal or now >= self._echo_until):
            self._echo_until = None

    @property
    def tripped(self) -> bool:
        """Whether the monitor reports a residual current of its own accord."""
        return self.signal and self.test not in {Test.DRIVEN, Test.RELEASED} and self._echo_until is None

    @property
    def drive(self) -> bool:
        """Whether the test output is to be driven."""
        return self.test is Test.DRIVEN

    @property
    def passed(self) -> bool:
        """Whether the test has been passed and nothing else came in between."""
        return self.test is Test.PASSED

    def step(self, *, wanted: bool, now: Millis) -> None:
        """Runs the test while ``wanted``; a test that is not wanted any more counts as not run."""
        if not wanted:
            if self.test in {Test.DRIVEN, Test.RELEASED}:
                self._echo_until = now + CLEARS_WITHIN_MS
            self.test = Test.NOT_RUN
        elif self.test is Test.NOT_RUN:
            if self._echo_until is not None:
                return  # the signal of a test that was broken off has to go first
            self._go(Test.FAILED if self.signal else Test.DRIVEN, now)
        elif self.test is Test.DRIVEN:
            if self.signal:
                self._go(Test.RELEASED, now)
            elif now - self._since >= TRIPS_WITHIN_MS:
                self._go(Test.FAILED, now)
        elif self.test is Test.RELEASED:
            if not self.signal:
                self._go(Test.PASSED, now)
            elif now - self._since >= CLEARS_WITHIN_MS:
                self._go(Test.FAILED, now)

    def _go(self, test: Test, now: Millis) -> None:
        self.test, self._since = test, now
