"""What gpiozero holds of the board: buttons, switch input, LED and buzzer, opened as one and closed as one.

Owns choosing the pin factory, the words for what cannot be opened, and getting out of a pigpiod that no longer
answers. Everything here may block for as long as pigpiod pleases: panel.py's thread alone calls it. gpiozero, pigpio
and lgpio are imported on the first opening.
"""

import atexit
import contextlib
import importlib
import os
import re
import socket
import struct
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeAlias

from evsed.core.led import Colour
from evsed.wiring import Line, Pull, Wiring

BUTTONS = ("button_left", "button_middle", "button_right")
INPUTS = (*BUTTONS, "switch")
LEDS = ("led_red", "led_green", "led_blue")

_HOST = "127.0.0.1"
_ANSWER_S = 0.5
_PIGPV, _ANSWER = 26, struct.Struct("<IIII")
_PWM_HZ = 100

Wake: TypeAlias = Callable[[], None]
"""Called from a thread of gpiozero's when an input moved."""


class PanelError(Exception):
    """The panel cannot be opened, or was lost; the text says which part, why, and what to do."""


class Devices(Protocol):
    """An open panel. One thread uses it; only ``cut`` may be called from another."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """The LEDs and the buzzer that cannot be used, by name: at which pin, why, and what to do."""

    def read(self) -> dict[str, bool]:
        """Every fitted input of ``INPUTS``: whether it is on (pressed, closed). Raises PanelError when it is gone."""

    def light(self, colour: Colour) -> None:
        """The LED's colour."""

    def buzz(self, on: bool) -> None:
        """The buzzer."""

    def close(self) -> None:
        """LED and buzzer off, everything let go of."""

    def cut(self) -> None:
        """Makes a call that hangs in another thread fail at once."""


def open_factory(wiring: Wiring) -> Any:
    """gpiozero's pin factory that the board is configured for. Raises PanelError."""
    name = wiring.pin_factory
    try:
        if name == "pigpio":
            return _pigpio(wiring.pigpio_port)
        # lgpio makes a pipe in the working directory as soon as it is imported, where a service may not write.
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        number = re.search(r"(\d+)$", wiring.chip)
        return importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory(chip=int(number[1]) if number else None)
    except ImportError as error:
        raise PanelError(f"the Python package {error.name or name} is missing: install python3-{name}") from error
    except PanelError:
        raise
    except Exception as error:
        where = wiring.chip if name == "lgpio" else f"pigpiod at {_HOST}:{wiring.pigpio_port}"
        raise PanelError(f"{where} cannot be used: {_words(error)}") from error


def _pigpio(port: int) -> Any:
    """The client never gives up on a stopped daemon: that is asked beforehand, and the socket gets a time limit."""
    try:
        with socket.create_connection((_HOST, port), _ANSWER_S) as asked:
            asked.sendall(_ANSWER.pack(_PIGPV, 0, 0, 0))
            answer = asked.recv(_ANSWER.size)
    except OSError as error:
        raise PanelError(f"pigpiod at {_HOST}:{port} does not answer: look at `systemctl status pigpiod`") from error
    if len(answer) != _ANSWER.size:
        raise PanelError(f"what listens at {_HOST}:{port} is not pigpiod: look at pigpio_port in evsed.toml")
    factory = importlib.import_module("gpiozero.pins.pigpio").PiGPIOFactory(_HOST, port)
    factory.connection.sl.s.settimeout(_ANSWER_S)
    return factory


class GpiozeroDevices:
    """The fitted part of buttons, switch, LED and buzzer, through ``factory``."""

    def __init__(self, wiring: Wiring, wake: Wake, factory: Any) -> None:
        """Opens the inputs, and then the outputs, off. An output that cannot be opened is left out.

        Raises PanelError when an input cannot be opened, or the pins cannot be reached at all; nothing stays open then.
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
                    self._inputs[name] = _named(name, line, partial(_input, zero, line, wake, factory))
            self._leds += [self._light_or_sound(name, partial(_led, zero)) for name in LEDS]
            self._buzzer = self._light_or_sound("buzzer", partial(_output, zero))
        except BaseException:
            self.close()
            raise

    def _light_or_sound(self, name: str, make: Callable[[Line, Any], Any]) -> Any | None:
        """The output; None when it is not fitted or cannot be opened. Raises PanelError when nothing can be reached."""
        line: Line | None = getattr(self._wiring.pins, name)
        if line is None:
            return None
        try:
            return _named(name, line, partial(make, line, self._factory))
        except PanelError as error:
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
            raise PanelError(_lost(self._wiring, error)) from error

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
        devices = (*outputs, *(device for device, _ in self._inputs.values()))
        for deed in (*(device.off for device in outputs), *(device.close for device in devices)):
            with contextlib.suppress(Exception):
                deed()
        self.cut()
        self._forget_pigpio()
        for device in devices:
            with contextlib.suppress(Exception):
                device.close()
        with contextlib.suppress(Exception):
            self._factory.close()

    def _forget_pigpio(self) -> None:
        """Without a socket the factory counts as gone: what did not close says nothing to it, now or at exit."""
        with contextlib.suppress(Exception):
            connection = self._factory._connection  # noqa: SLF001  # gpiozero has no public way
            atexit.unregister(connection.stop)
            gone, connection.sl.s = connection.sl.s, None
            gone.close()

    def cut(self) -> None:
        """Ends pigpio's two connections, if it is pigpio: its thread of callbacks spins for ever on a lost one."""
        with contextlib.suppress(Exception):
            notify = self._factory._connection._notify  # noqa: SLF001  # pigpio has no public way
            notify.go = False
            notify.sl.s.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(Exception):
            self._factory._connection.sl.s.shutdown(socket.SHUT_RDWR)  # noqa: SLF001  # same


def open_devices(wiring: Wiring, wake: Wake) -> Devices:
    """The board's panel. Raises PanelError."""
    return GpiozeroDevices(wiring, wake, open_factory(wiring))


def _named(name: str, line: Line, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:
        why = _words(error)
        advice = "another program may hold the pin, or evsed.toml names it twice"
        if "permission" in why.lower():
            advice = "pigpiod has to be started with the board's pins in its option -x; `evsed doctor` shows the mask"
        raise PanelError(f"{name} on GPIO {line.gpio}: {why}; {advice}") from error


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


def _lost(wiring: Wiring, error: Exception) -> str:
    if wiring.pin_factory == "pigpio":
        return f"pigpiod at {_HOST}:{wiring.pigpio_port} no longer answers: look at `systemctl status pigpiod`"
    return f"{wiring.chip} no longer answers: {_words(error)}"


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error).strip("'\"") or type(error).__name__
