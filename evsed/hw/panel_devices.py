"""What gpiozero holds of the board: buttons, switch input, LED and buzzer, opened as one and closed as one.

Everything here may block for as long as pigpiod pleases: panel.py's thread alone calls it. The pin factory is
pin_factory.py's, and gpiozero is imported on the first opening.
"""

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeAlias

from evsed.core.led import Colour
from evsed.hw.pin_factory import PinError, cut, let_go, lost, named, open_factory
from evsed.wiring import Line, Pull, Wiring

BUTTONS = ("button_left", "button_middle", "button_right")
INPUTS = (*BUTTONS, "switch")
LEDS = ("led_red", "led_green", "led_blue")

_PWM_HZ = 100

Wake: TypeAlias = Callable[[], None]
"""Called from a thread of gpiozero's when an input moved."""


class Devices(Protocol):
    """An open panel. One thread uses it; only ``cut`` may be called from another."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """The LEDs and the buzzer that cannot be used, by name: at which pin, why, and what to do."""

    def read(self) -> dict[str, bool]:
        """Every fitted input of ``INPUTS``: whether it is on (pressed, closed). Raises PinError when it is gone."""

    def light(self, colour: Colour) -> None:
        """The LED's colour."""

    def buzz(self, on: bool) -> None:
        """The buzzer."""

    def close(self) -> None:
        """LED and buzzer off, everything let go of."""

    def cut(self) -> None:
        """Makes a call that hangs in another thread fail at once."""


class GpiozeroDevices:
    """The fitted part of buttons, switch, LED and buzzer, through ``factory``."""

    def __init__(self, wiring: Wiring, wake: Wake, factory: Any) -> None:
        """Opens the inputs, and then the outputs, off. An output that cannot be opened is left out.

        Raises PinError when an input cannot be opened, or the pins cannot be reached at all; nothing stays open then.
        """
        self._wiring = wiring
        self._factory = factory
        self._inputs: dict[str, tuple[Any, bool]] = {}
        self._leds: list[Any | None] = []
        self._buzzer: Any | None = None
        self._left_out: dict[str, str] = {}
        zero = importlib.import_module("gpiozero")
        try:
            for name in INPUTS:
                line: Line | None = getattr(wiring.pins, name)
                if line is not None:
                    self._inputs[name] = named(name, line, partial(_input, zero, line, wake, factory))
            self._leds += [self._light_or_sound(name, partial(_led, zero)) for name in LEDS]
            self._buzzer = self._light_or_sound("buzzer", partial(_output, zero))
        except BaseException:
            self.close()
            raise

    def _light_or_sound(self, name: str, make: Callable[[Line, Any], Any]) -> Any | None:
        """The output; None when it is not fitted or cannot be opened. Raises PinError when nothing can be reached."""
        line: Line | None = getattr(self._wiring.pins, name)
        if line is None:
            return None
        try:
            return named(name, line, partial(make, line, self._factory))
        except PinError as error:
            self.read()  # where the inputs are gone as well, it is not this pin
            self._left_out[name] = str(error)
            return None

    @property
    def left_out(self) -> Mapping[str, str]:
        """The outputs that cannot be used, by name: pin, reason, and what to do."""
        return self._left_out

    def read(self) -> dict[str, bool]:
        """Every fitted input: whether it is on."""
        try:
            return {name: bool(device.value) != inverted for name, (device, inverted) in self._inputs.items()}
        except Exception as error:
            raise PinError(lost(self._wiring, error)) from error

    def light(self, colour: Colour) -> None:
        """The LED's colour; a part that is not fitted stays dark."""
        for led, part in zip(self._leds, colour, strict=True):
            if led is not None:
                led.value = part / 255

    def buzz(self, on: bool) -> None:
        """The buzzer, if there is one."""
        if self._buzzer is not None:
            self._buzzer.value = on

    def close(self) -> None:
        """LED and buzzer off, everything let go of; what is gone already is not missed."""
        outputs = [device for device in (*self._leds, self._buzzer) if device is not None]
        let_go(self._factory, outputs, [device for device, _ in self._inputs.values()])

    def cut(self) -> None:
        """Makes a call that hangs in another thread fail at once, if it is pigpio."""
        cut(self._factory)


def open_devices(wiring: Wiring, wake: Wake) -> Devices:
    """The board's panel. Raises PinError."""
    return GpiozeroDevices(wiring, wake, open_factory(wiring))


def _input(zero: Any, line: Line, wake: Wake, factory: Any) -> tuple[Any, bool]:
    """The device, and whether what it says is the other way round.

    gpiozero takes a pull-up for "0 V means on"; a line may be wired differently. Its bounce_time is not used: it
    differs between lgpio and pigpio, and panel.py waits for a level to settle anyway.
    """
    pull_up = {Pull.UP: True, Pull.DOWN: False, Pull.NONE: None}[line.pull]
    active = True if pull_up is None else None
    device = zero.DigitalInputDevice(line.gpio, pull_up=pull_up, active_state=active, pin_factory=factory)
    device.when_activated = device.when_deactivated = wake
    return device, line.active_low != bool(pull_up)


def _led(zero: Any, line: Line, factory: Any) -> Any:
    return zero.PWMLED(line.gpio, active_high=not line.active_low, frequency=_PWM_HZ, pin_factory=factory)


def _output(zero: Any, line: Line, factory: Any) -> Any:
    return zero.DigitalOutputDevice(line.gpio, active_high=not line.active_low, pin_factory=factory)
