"""The LCD of a board: lines, wire and controller, opened as one and closed as one.

Owns the order of things, and when the reset line is used. Everything may block for as long as pigpiod or the kernel
please: the LCD's thread alone calls it. Slow to import, because of luma.lcd and Pillow; controller.py says which
threads that starts.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from evsed.core.units import Millis
from evsed.hw.lcd.assumed import RESET_S, RESTS_S, SOFT_RESET
from evsed.hw.lcd.backlight import Backlight
from evsed.hw.lcd.care import Care
from evsed.hw.lcd.controller import Controller
from evsed.hw.lcd.lines import Lines
from evsed.hw.lcd.show import LcdError
from evsed.hw.lcd.wire import KERNEL, Kernel, SpiWire, never
from evsed.hw.pin_factory import PinError, open_factory
from evsed.wiring import Wiring


class Glass:
    """Implements show.Display."""

    def __init__(
        self,
        wiring: Wiring,
        *,
        factory: Callable[[Wiring], Any] = open_factory,
        kernel: Kernel = KERNEL,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Nothing is opened. ``factory``: gpiozero's pins, anew for each opening; ``pause``: s."""
        self._wiring = wiring
        self._factory = factory
        self._kernel = kernel
        self._pause = pause
        self._lines: Lines | None = None
        self._wire: SpiWire | None = None
        self._backlight = Backlight(lambda _: None)
        self._controller = Controller(wiring.lcd, self._backlight)

    @property
    def left_out(self) -> Mapping[str, str]:
        """See Display."""
        return {} if self._lines is None else self._lines.left_out

    def open(self, is_over: Callable[[], bool] = never) -> None:
        """See Display."""
        try:
            factory = self._factory(self._wiring)
        except PinError as error:
            raise LcdError(str(error)) from error
        self._lines = lines = Lines(self._wiring, factory)
        self._wire = SpiWire(self._wiring.lcd_device, self._wiring.lcd.hz, lines.is_data, self._kernel, is_over)
        self._backlight = Backlight(lines.shine)
        self._controller.attach(self._wire, self._backlight)

    def show(self, picture: Image.Image, care: Care) -> None:
        """See Display. A controller that was reset is on once its memory has the picture, not before."""
        if care is Care.RESET and self._lines is not None:
            if self._lines.reset(True):
                self._pause(RESET_S)
                self._lines.reset(False)
            else:
                self._controller.command(SOFT_RESET)
            self._pause(RESTS_S)
        if care is not Care.NONE:
            self._controller.set_up()
        self._controller.display(picture)
        if care is not Care.NONE:
            self._controller.show()

    def light(self, lit: bool, now: Millis) -> bool:
        """See Display."""
        self._controller.backlight(lit)
        return self._backlight.step(now)

    def close(self) -> None:
        """See Display. Once more does nothing."""
        lines, wire = self._lines, self._wire
        if lines is None:
            return
        with contextlib.ExitStack() as ends:  # from the last to the first, whatever is raised
            ends.callback(self._forget)
            ends.callback(lines.close)
            if wire is not None:
                ends.callback(wire.cleanup)
            with contextlib.suppress(LcdError):
                lines.shine(0)
                if wire is not None:
                    wire.is_over = never
                    self._controller.clear()
                    self._controller.hide()

    def _forget(self) -> None:
        self._lines = self._wire = None  # until now it can be cut

    def cut(self) -> None:
        """See Display."""
        lines = self._lines
        if lines is not None:
            lines.cut()
