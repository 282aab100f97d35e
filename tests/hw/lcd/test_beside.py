"""LCD and buttons beside each other over lgpio: what fails of one takes nothing away from the other.

A button whose pull-up is gone looks pressed, and `>` held grants access.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from evsed.core.events import Button
from evsed.core.led import GREEN
from evsed.hw import panel as panel_module
from evsed.hw.lcd import thread as thread_module
from evsed.hw.lcd.care import Care
from evsed.hw.lcd.display import Glass
from evsed.hw.lcd.show import LcdError
from evsed.hw.lcd.thread import Lcd
from evsed.hw.lcd.wire import Kernel
from evsed.hw.panel import Panel
from evsed.hw.panel_devices import Devices, open_devices
from evsed.hw.pin_factory import PinError
from evsed.wiring import Driver, Line, Wiring
from tests.hw.lcd.bench import LIT, face
from tests.hw.lcd.small_lgpio import Chip
from tests.hw.test_panel import soon

WIRING = Wiring(driver=Driver.KERNEL)
LEFT, MIDDLE, RIGHT, SWITCH = 2, 3, 4, 21
INPUTS = {LEFT, MIDDLE, RIGHT, SWITCH}
DATA, RESET, LIGHT = 5, 6, 18
NOTHING = {"button_left": False, "button_middle": False, "button_right": False, "switch": False}


class Spi:
    """The kernel's side of /dev/spidev. ``fails``: errno of every call until cleared."""

    def __init__(self) -> None:
        self.fails = 0
        self.refused = 0
        self.kernel = Kernel(self._open, lambda *_: 0, self._write)

    def _open(self, _: str, flags: int) -> int:
        self._fail()
        return os.open(os.devnull, flags)

    def _write(self, _: int, data: bytes) -> int:
        self._fail()
        return len(data)

    def _fail(self) -> None:
        if self.fails:
            self.refused += 1
            raise OSError(self.fails, os.strerror(self.fails))


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    chip = Chip()
    chip.install(monkeypatch)
    return chip


@pytest.fixture
def spi() -> Spi:
    return Spi()


@pytest.fixture
def glass(chip: Chip, spi: Spi) -> Iterator[Glass]:
    glass = Glass(WIRING, kernel=spi.kernel, pause=lambda _: None)
    yield glass
    glass.close()
    assert not chip.held.keys() & {DATA, RESET, LIGHT}


@pytest.fixture
def buttons(chip: Chip) -> Iterator[Devices]:
    devices = open_devices(WIRING, lambda: None)
    assert chip.pulled_up == INPUTS
    yield devices
    devices.close()
    assert not chip.held.keys() & INPUTS


def work(chip: Chip, devices: Devices) -> bool:
    """Whether buttons, switch and LED do."""
    found = [devices.read() == NOTHING, chip.pulled_up == INPUTS]
    for name, gpio in zip(NOTHING, (LEFT, MIDDLE, RIGHT, SWITCH), strict=True):
        chip.pressed = {gpio}
        found.append(devices.read() == NOTHING | {name: True})
    chip.pressed = set()
    devices.light(GREEN)
    found.append(chip.held[19].duty == 100)
    return all(found)


def test_an_spi_that_is_not_there_leaves_the_buttons_alone(
    chip: Chip, buttons: Devices, glass: Glass, spi: Spi
) -> None:
    spi.fails = errno.ENOENT
    for _ in range(3):
        with pytest.raises(LcdError):
            glass.open()
        assert DATA in chip.outputs
        glass.close()
        assert DATA not in chip.held
        assert work(chip, buttons)


def test_an_spi_that_is_lost_leaves_the_buttons_alone(chip: Chip, buttons: Devices, glass: Glass, spi: Spi) -> None:
    glass.open()
    glass.show(face(), Care.RESET)
    assert work(chip, buttons)
    spi.fails = errno.EIO
    with pytest.raises(LcdError):
        glass.show(face(1), Care.NONE)
    glass.close()
    assert work(chip, buttons)
    spi.fails = 0
    glass.open()
    glass.show(face(), Care.RESET)
    assert work(chip, buttons)


def test_a_button_that_cannot_be_had_leaves_the_lcd_alone(chip: Chip, glass: Glass) -> None:
    glass.open()
    glass.light(True, 0)
    glass.light(True, 1_000)
    other = chip.open(0)
    chip.claim(other, MIDDLE)
    for _ in range(3):
        with pytest.raises(PinError, match="button_middle on GPIO 3: GPIO busy; another program may hold the pin"):
            open_devices(WIRING, lambda: None)
        assert chip.outputs == {DATA, RESET, LIGHT}
        assert chip.held[LIGHT].duty == 100
        glass.show(face(), Care.RESET)
    chip.close(other)
    devices = open_devices(WIRING, lambda: None)
    assert work(chip, devices)
    devices.close()
    glass.show(face(1), Care.RESET)


def test_a_pin_of_both_is_named_and_stays_with_the_first(chip: Chip, buttons: Devices) -> None:
    twice = replace(WIRING, pins=replace(WIRING.pins, lcd_data=Line(RIGHT)))
    for _ in range(2):
        glass = Glass(twice, kernel=Spi().kernel)
        with pytest.raises(LcdError, match=r"lcd_data on GPIO 4: pin GPIO4 is already in use by .*names it twice"):
            glass.open()
        glass.close()
        assert work(chip, buttons)


def test_an_lcd_that_fails_again_and_again_presses_no_button(
    chip: Chip, spi: Spi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_module, "REOPEN_S", 0.01)
    monkeypatch.setattr(panel_module, "SETTLE_MS", 0)
    seen: set[frozenset[Button] | None] = set()
    spi.fails = errno.ENOENT

    def look() -> None:
        seen.add(panel.buttons())

    panel = Panel(WIRING)
    panel.start(look)
    soon(lambda: panel.buttons() is not None)
    seen.clear()
    lcd = Lcd(WIRING, lambda: LIT, face, opener=lambda wiring: Glass(wiring, kernel=spi.kernel))
    lcd.start()
    soon(lambda: spi.refused > 2)
    chip.pressed = {MIDDLE}
    soon(lambda: panel.buttons() == {Button.MIDDLE})
    lcd.close()
    panel.close()
    assert seen <= {frozenset(), frozenset({Button.MIDDLE})}
