"""The LCD's lines through gpiozero: data/command, reset, and the backlight's PWM.

Owns opening and closing them, with a pin factory of their own: what hangs here does not hang the buttons. The
hardware's PWM is not used, for the pilot may be on the same channel.
"""

import contextlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from evsed.hw.lcd.assumed import LIGHT_HZ
from evsed.hw.lcd.show import LcdError
from evsed.hw.panel_devices import INPUTS, LEDS, GpiozeroDevices
from evsed.wiring import Line, Wiring

_NOT_OURS: Final = (*INPUTS, *LEDS, "buzzer")


class Lines:
    """The fitted lines, opened: a command is next, no reset, dark."""

    def __init__(self, wiring: Wiring, factory: Any) -> None:
        """Raises LcdError when data/command cannot be opened; the other two are left out then."""
        self._wiring = wiring
        self._opened: list[Any] = []
        self._left_out: dict[str, str] = {}
        self._is_data = False
        # Without a pin of its own this only knows the way out of a pigpiod that no longer answers.
        self._exit = GpiozeroDevices(_without_panel(wiring), lambda: None, factory)
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
        for _ in range(2):  # once more when the factory counts as gone: then nothing is said to it any more
            for device in self._opened:
                for deed in (device.off, device.close):
                    with contextlib.suppress(Exception):
                        deed()
            self._exit.close()

    def cut(self) -> None:
        """Ends the connections to pigpiod, if it is pigpiod."""
        self._exit.cut()

    def _set(self, device: Any, value: float) -> None:
        try:
            device.value = value
        except Exception as error:
            where = self._wiring.chip
            if self._wiring.pin_factory == "pigpio":
                where = f"pigpiod at port {self._wiring.pigpio_port} (systemctl status pigpiod)"
            raise LcdError(f"{where} no longer answers: {_words(error)}") from error

    def _open(self, name: str, make: Callable[[Line], Any]) -> Any | None:
        line: Line | None = getattr(self._wiring.pins, name)
        if line is None:
            return None
        try:
            device = make(line)
        except Exception as error:
            why = _words(error)
            advice = "another program may hold the pin, or evsed.toml names it twice"
            if "permission" in why.lower():
                advice = "pigpiod has to be started with the board's pins in its option -x; `evsed doctor` shows it"
            raise LcdError(f"{name} on GPIO {line.gpio}: {why}; {advice}") from error
        self._opened.append(device)
        return device

    def _open_or_leave(self, name: str, make: Callable[[Line], Any]) -> Any | None:
        try:
            return self._open(name, make)
        except LcdError as error:
            self._left_out[name] = str(error)
            return None


def _without_panel(wiring: Wiring) -> Wiring:
    nothing: dict[str, Any] = dict.fromkeys(_NOT_OURS)
    return replace(wiring, pins=replace(wiring.pins, **nothing))


def _words(error: Exception) -> str:
    return str(error).strip("'\"") or type(error).__name__
