"""The GPIO block of the processor as everybody who writes to it sees it: kernel, pigpiod, a test.

Nothing here belongs to a process: a level or a PWM stays when whoever set it dies.
"""

from dataclasses import dataclass, field
from typing import Protocol

GPIOS = 28
_PULLED = {"up": 1, "down": 0, "none": 0}


class Registers(Protocol):
    """What can be done to the pins, by BCM number."""

    def write(self, gpio: int, level: int) -> None:
        """Sets the output's level, and makes the pin an output."""

    def read(self, gpio: int) -> int:
        """The level on the pin."""

    def hardware_pwm(self, gpio: int, hz: int, duty_ppm: int) -> None:
        """Gives the pin to the PWM block: ``duty_ppm`` of a million at ``hz``."""

    def pull(self, gpio: int, pull: str) -> None:
        """The resistor inside the processor: ``up``, ``down`` or ``none``."""

    def make_input(self, gpio: int) -> None:
        """Makes the pin an input."""

    def function(self, gpio: int) -> str:
        """``in``, ``out`` or ``pwm``."""

    def duty(self, gpio: int) -> int:
        """Parts in a million of the time that the pin is high: of its PWM, or 0 or 1000000."""


@dataclass
class Pin:
    """One pin."""

    pull: str
    function: str = "in"
    latch: int = 0
    duty_ppm: int = 0
    driven: int | None = None  # by what hangs on it, while it is an input


def _after_reset() -> list[Pin]:
    return [Pin("up" if gpio <= 8 else "down") for gpio in range(GPIOS)]


@dataclass
class PinsInMemory:
    """The block itself. After reset every pin is an input; 0 to 8 are pulled up, 9 to 27 down."""

    pins: list[Pin] = field(default_factory=_after_reset)

    def write(self, gpio: int, level: int) -> None:
        self.pins[gpio].function, self.pins[gpio].latch = "out", level

    def read(self, gpio: int) -> int:
        pin = self.pins[gpio]
        if pin.function == "out":
            return pin.latch
        if pin.function == "pwm":
            return int(pin.duty_ppm > 0)
        return _PULLED[pin.pull] if pin.driven is None else pin.driven

    def hardware_pwm(self, gpio: int, hz: int, duty_ppm: int) -> None:  # noqa: ARG002 - nobody looks at the frequency
        self.pins[gpio].function, self.pins[gpio].duty_ppm = "pwm", duty_ppm

    def pull(self, gpio: int, pull: str) -> None:
        self.pins[gpio].pull = pull

    def latch(self, gpio: int, level: int) -> None:
        """What the kernel does to set a line that it made an output before: whoever took the pin meanwhile keeps it."""
        self.pins[gpio].latch = level

    def make_input(self, gpio: int) -> None:
        self.pins[gpio].function = "in"

    def function(self, gpio: int) -> str:
        return self.pins[gpio].function

    def duty(self, gpio: int) -> int:
        pin = self.pins[gpio]
        return pin.duty_ppm if pin.function == "pwm" else 1_000_000 * self.read(gpio)
