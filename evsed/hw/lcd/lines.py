"""The LCD's lines through gpiozero: data/command, reset, and the backlight's PWM.

Owns opening and closing them, with a pin factory of their own: what hangs here does not hang the buttons. The
hardware's PWM is not used, for the pilot may be on the same channel.
"""

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from evsed.hw.lcd.assumed import LIGHT_HZ
from evsed.hw.lcd.show import LcdError
from evsed.hw.pin_factory import PinError, cut, let_go, lost, named
from evsed.wiring import Line, Wiring


class Lines:
    """The fitted lines, opened: a command is next, no reset, dark."""

    def __init__(self, wiring: Wiring, factory: Any) -> None:
        """Raises LcdError when data/command cannot be opened; the other two are left out then."""
        self._wiring = wiring
        self._opened: list[Any] = []
        self._left_out: dict[str, str] = {}
        self._is_data = False
        self._factory = factory
        zero = importlib.import_module("gpiozero")

        def output(line: Line) -> Any:
            return zero.DigitalOutputDevice(line.gpio, active_high=not line.active_low, pin_factory=factory)

        def light(line: Line) -> Any:
            return zero.PWMOutputDevice(
                line.gpio, active_high=not line.active_low, frequency=LIGHT_HZ, pin_factory=factory
            )

        try:
            self._data = self._open("lcd_data", output)
        except LcdError:
            self.close()
            raise
        self._reset = self._open_or_leave("lcd_reset", output)
        self._light = self._open_or_leave("lcd_backlight", light)

    @property
    def left_out(self) -> Mapping[str, str]:
        """See Display."""
        return self._left_out

    def is_data(self, is_data: bool) -> None:
        """What the bytes that follow are: data, or else commands. Raises LcdError."""
        if is_data is not self._is_data:
            self._set(self._data, float(is_data))
            self._is_data = is_data

    def reset(self, active: bool) -> bool:
        """Drives the reset line; false: there is none. Raises LcdError."""
        if self._reset is None:
            return False
        self._set(self._reset, float(active))
        return True

    def shine(self, level: float) -> None:
        """The light, 0 to 1, if there is one. Raises LcdError."""
        if self._light is not None:
            self._set(self._light, level)

    def close(self) -> None:
        """The light off, everything let go of; what is gone already is not missed."""
        let_go(self._factory, self._opened)

    def cut(self) -> None:
        """Ends the connections to pigpiod, if it is pigpiod."""
        cut(self._factory)

    def _set(self, device: Any, value: float) -> None:
        try:
            device.value = value
        except Exception as error:
            raise LcdError(lost(self._wiring, error)) from error

    def _open(self, name: str, make: Callable[[Line], Any]) -> Any | None:
        line: Line | None = getattr(self._wiring.pins, name)
        if line is None:
            return None
        try:
            device = named(name, line, partial(make, line))
        except PinError as error:
            raise LcdError(str(error)) from error
        self._opened.append(device)
        return device

    def _open_or_leave(self, name: str, make: Callable[[Line], Any]) -> Any | None:
        try:
            return self._open(name, make)
        except LcdError as error:
            self._left_out[name] = str(error)
            return None
