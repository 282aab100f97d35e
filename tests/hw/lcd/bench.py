"""An LCD on a bench: a Glass over mock pins and a controller in process, in virtual time."""

import errno
import os
from dataclasses import dataclass, field, replace
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin
from PIL import Image

from evsed.core.actions import Outputs
from evsed.core.snapshot import Snapshot
from evsed.hw.lcd.display import Glass
from evsed.hw.lcd.show import Show
from evsed.hw.lcd.wire import WR_HZ, Kernel
from evsed.hw.spidev import WR_MODE
from evsed.wiring import Lcd, Line, Wiring
from tests.core.story import Story
from tests.silicon.st7567 import Dots, St7567

DARK = replace(Story().snapshot, backlight_s=0)
LIT = replace(DARK, backlight_s=120)


def face(seed: int = 0) -> Image.Image:
    """A picture without any symmetry; another for each ``seed``."""
    image = Image.new("1", (128, 64))
    for y in range(64):
        for x in range(128):
            if (x * x + 3 * y * y + x * y + seed * 7) % 11 < 4:
                image.putpixel((x, y), 1)
    return image


def dots(image: Image.Image) -> Dots:
    """What the glass should show of it."""
    return tuple(tuple(bool(image.getpixel((x, y))) for x in range(128)) for y in range(64))


def switching(snapshot: Snapshot, *, contactor1: bool) -> Snapshot:
    """The same with contactor 1 told to close or open."""
    return replace(snapshot, outputs=Outputs(contactor1=contactor1))


class Pin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """As on a Pi: what closes a plain line does not drive it."""

    last = 0.0
    """Its level before its PWM ended."""

    def close(self) -> None:
        MockPin.close(self)

    def _set_frequency(self, value: float | None) -> None:
        if value is None:
            self.last = self.state
        super()._set_frequency(value)


@dataclass
class Spi:
    """The kernel's side of /dev/spidev: brings bytes to the chip. ``fails``: errno of every call until cleared."""

    chip: St7567
    factory: MockFactory
    data_pin: int = 5
    reset_line: Line | None = None
    fails: int = 0
    short: int = 0  # so many bytes of each write do not go out
    opened: list[str] = field(default_factory=list)
    mode: int | None = None
    hz: int | None = None
    writes: int = 0
    _seen: int = 0

    def over(self, factory: MockFactory) -> None:
        """The pins were opened anew."""
        self.factory, self._seen = factory, 0
        if self.reset_line is not None:
            pin = factory.pin(self.reset_line.gpio)
            pin.drive_high() if self.reset_line.active_low else pin.drive_low()  # the panel's resistor
            pin.clear_states()

    @property
    def kernel(self) -> Kernel:
        return Kernel(self.open, self.ioctl, self.write)

    def open(self, path: str, flags: int) -> int:
        self._fail()
        assert flags & os.O_RDWR
        self.opened.append(path)
        return os.open(os.devnull, flags)

    def ioctl(self, fd: int, number: int, argument: Any) -> Any:
        self._fail()
        assert fd >= 0
        assert number in {WR_MODE, WR_HZ}
        if number == WR_MODE:
            self.mode = argument[0]
        else:
            self.hz = int.from_bytes(argument, "little")
        return argument

    def write(self, fd: int, data: bytes) -> int:
        self.settle()
        self._fail()
        if fd < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self.writes += 1
        self.chip.take(data, bool(self.factory.pin(self.data_pin).state))
        return len(data) - self.short

    def settle(self) -> None:
        """What the reset line did meanwhile reaches the chip."""
        if self.reset_line is None:
            return
        states = self.factory.pin(self.reset_line.gpio).states
        for state in states[self._seen :]:
            self.chip.reset(bool(state.state) is not self.reset_line.active_low)
        self._seen = len(states)

    def _fail(self) -> None:
        if self.fails:
            raise OSError(self.fails, os.strerror(self.fails))


class Bench:
    """``lcd`` is configured as the panel is made, unless ``made_with`` says otherwise."""

    def __init__(self, wiring: Wiring | None = None, made_with: int | None = None) -> None:
        self.wiring = wiring or Wiring()
        self.chip = St7567(self.wiring.lcd.column_offset if made_with is None else made_with)
        self.refuses: list[Exception] = []  # of the next openings
        self.spi = Spi(self.chip, MockFactory(pin_class=Pin), reset_line=self.wiring.pins.lcd_reset)
        self.pauses: list[float] = []
        self.glass = Glass(self.wiring, factory=self.factory, kernel=self.spi.kernel, pause=self.pauses.append)
        self.snapshot: Snapshot | None = DARK
        self.picture = face()
        self.now = 1_000
        self.show = Show(self.glass, lambda: self.snapshot, lambda: self.picture)

    def factory(self, _: Wiring) -> MockFactory:
        """gpiozero's pins, anew for each opening."""
        if self.refuses:
            raise self.refuses.pop(0)
        factory = MockFactory(pin_class=Pin)
        self.spi.over(factory)
        return factory

    @property
    def light(self) -> float:
        """For which share of time the light's line is at 3.3 V."""
        assert self.wiring.pins.lcd_backlight is not None
        return float(self.spi.factory.pin(self.wiring.pins.lcd_backlight.gpio).state)

    @property
    def visible(self) -> Dots | None:
        self.spi.settle()
        return self.chip.visible

    @property
    def right(self) -> bool:
        """Whether the glass shows what it should."""
        return self.visible == dots(self.picture)

    def live(self, ms: int) -> None:
        """So much virtual time passes."""
        until = self.now + ms
        while self.now < until:
            self.now += self.show.turn(self.now)


def of(lcd: Lcd, **pins: Any) -> Wiring:
    """The reference board with this LCD."""
    reference = Wiring()
    return replace(reference, lcd=lcd, pins=replace(reference.pins, **pins))
