"""As much of lgpio as gpiozero needs: a chip whose lines are held by handles, as the kernel has it.

An input without a pull floats; it reads low, as a button that is down does.
"""

import sys
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace

import gpiozero.pins.local
import pytest

_UP, _NONE = 32, 128
_PI_4 = 0xC03112


class LgpioError(Exception):
    """lgpio.error."""


@dataclass
class Held:
    """A line that ``handle`` holds. ``duty``: of its PWM in percent, None without."""

    handle: int
    is_output: bool = False
    flags: int = 0
    level: int = 0
    duty: float | None = None


@dataclass
class Chip:
    """/dev/gpiochip0. ``pressed``: inputs that are held at 0 V."""

    held: dict[int, Held] = field(default_factory=dict)
    pressed: set[int] = field(default_factory=set)
    _handles: set[int] = field(default_factory=set)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Becomes the module lgpio, on a Pi 4, until the test ends."""
        module = SimpleNamespace(
            SET_ACTIVE_LOW=4,
            SET_PULL_UP=_UP,
            SET_PULL_DOWN=64,
            SET_PULL_NONE=_NONE,
            RISING_EDGE=1,
            FALLING_EDGE=2,
            BOTH_EDGES=3,
            error=LgpioError,
            gpiochip_open=self.open,
            gpiochip_close=self.close,
            gpio_claim_input=lambda handle, gpio, flags=0: self.claim(handle, gpio, flags=flags),
            gpio_claim_output=lambda handle, gpio, level=0: self.claim(handle, gpio, is_output=True, level=level),
            gpio_claim_alert=lambda handle, gpio, _, flags: self.claim(handle, gpio, flags=flags),
            gpio_free=self.free,
            gpio_get_mode=lambda _, gpio: self.held[gpio].is_output << 1 | self.held[gpio].flags,
            gpio_set_debounce_micros=lambda *_: 0,
            gpio_read=self.read,
            gpio_write=self.write,
            tx_pwm=self.pwm,
            callback=lambda *_: SimpleNamespace(cancel=lambda: None),
        )
        monkeypatch.setitem(sys.modules, "lgpio", module)
        monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", None)
        del sys.modules["gpiozero.pins.lgpio"]  # that it is imported anew, now and after the test
        monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: _PI_4)

    @property
    def pulled_up(self) -> set[int]:
        """The inputs with a pull-up."""
        return {gpio for gpio, line in self.held.items() if not line.is_output and line.flags & _UP}

    @property
    def outputs(self) -> set[int]:
        """The lines that are driven."""
        return {gpio for gpio, line in self.held.items() if line.is_output}

    def open(self, _: int) -> int:
        """A handle."""
        handle = next(self._numbers)
        self._handles.add(handle)
        return handle

    def close(self, handle: int) -> None:
        """Lets go of all that it holds."""
        self._handles.remove(handle)
        self.held = {gpio: line for gpio, line in self.held.items() if line.handle != handle}

    def claim(self, handle: int, gpio: int, *, is_output: bool = False, flags: int = 0, level: int = 0) -> int:
        """The line with these properties, instead of those that it had."""
        if handle not in self._handles:
            raise LgpioError("unknown handle")
        if gpio in self.held and self.held[gpio].handle != handle:
            raise LgpioError("GPIO busy")
        self.held[gpio] = Held(handle, is_output, flags, level)
        return 0

    def free(self, handle: int, gpio: int) -> int:
        """The line is nobody's."""
        self._line(handle, gpio)
        del self.held[gpio]
        return 0

    def read(self, handle: int, gpio: int) -> int:
        """The level."""
        line = self._line(handle, gpio)
        return line.level if line.is_output else int(gpio in self.pulled_up - self.pressed)

    def write(self, handle: int, gpio: int, level: int) -> int:
        """The level of an output."""
        self._driven(handle, gpio).level = level
        return 0

    def pwm(self, handle: int, gpio: int, hz: float, percent: float) -> int:
        """PWM; 0 Hz ends it."""
        self._driven(handle, gpio).duty = percent if hz else None
        return 0

    def _driven(self, handle: int, gpio: int) -> Held:
        line = self._line(handle, gpio)
        if not line.is_output:
            raise LgpioError("bad PWM or write: it is no output")
        return line

    def _line(self, handle: int, gpio: int) -> Held:
        if handle not in self._handles or gpio not in self.held or self.held[gpio].handle != handle:
            raise LgpioError("GPIO not allocated")
        return self.held[gpio]
