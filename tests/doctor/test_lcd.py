"""The doctor on the LCD."""

import errno
import os
from dataclasses import replace
from typing import Any

import pytest

from evsed.doctor.findings import Verdict
from evsed.doctor.lcd import RD_MODE, look
from evsed.libraries import LUMA, install
from evsed.wiring import Driver, Lcd, Pins, Wiring
from tests.doctor.test_machine import only

NO_SUCH = Wiring(lcd=Lcd(device="/dev/spidev0.9"))


def opener(number: int = 0) -> Any:
    def open_device(device: str, flags: int) -> int:
        assert device == "/dev/spidev0.0"
        if number:
            raise OSError(number, os.strerror(number))
        return os.open(os.devnull, flags)

    return open_device


def answers(_: int, number: int, __: object) -> int:
    """The ioctl of a device that knows SPI."""
    assert number == RD_MODE
    return 0


def test_a_board_without_an_lcd_needs_nothing() -> None:
    bare = Wiring(pins=replace(Pins(), lcd_data=None))
    assert only(look(bare, lambda _: False)).verdict is Verdict.OK


def test_a_device_that_answers_is_fine() -> None:
    found = only(look(Wiring(), lambda _: True, opener(), answers))
    assert found.verdict is Verdict.OK
    assert "/dev/spidev0.0" in found.what


@pytest.mark.parametrize(
    ("number", "verdict", "do"),
    [
        (errno.ENOENT, Verdict.WRONG, "dtparam=spi=on"),
        (errno.EACCES, Verdict.ATTENTION, "group spi"),
        (errno.ENODEV, Verdict.WRONG, "board.lcd.device"),
    ],
)
def test_a_device_that_cannot_be_opened_is_told(number: int, verdict: Verdict, do: str) -> None:
    found = only(look(Wiring(), lambda _: True, opener(number), answers))
    assert found.verdict is verdict
    assert found.what.startswith("/dev/spidev0.0 ")
    assert do in found.advice


def test_what_is_no_spi_device_is_told_and_closed_again() -> None:
    opened: list[int] = []

    def plain(device: str, flags: int) -> int:
        opened.append(opener()(device, flags))
        return opened[0]

    found = only(look(Wiring(), lambda _: True, plain))
    assert "/dev/spidev0.0 is no SPI device" in found.what
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


@pytest.mark.parametrize("package", ["gpiozero", "lgpio", "luma.lcd", "PIL"])
def test_a_missing_package_is_told_with_how_to_get_it(package: str) -> None:
    found, device = look(Wiring(driver=Driver.KERNEL), lambda name: name != package, opener(), answers)
    assert found.verdict is Verdict.WRONG
    assert f"the Python package {package} is missing" in found.what
    assert found.advice == f"{install([package])}, and then sudo systemctl restart evsed"
    assert device.verdict is Verdict.OK


@pytest.mark.parametrize("version", ["2.10.0", "2.9", "1.99", "3.0.0", ""])
def test_a_luma_that_will_not_do_is_told(version: str) -> None:
    found, _ = look(Wiring(), lambda _: True, opener(), answers, lambda _: version)
    assert found.verdict is Verdict.WRONG
    assert found.what.startswith(f"luma.lcd {version or 'of an unknown version'} will not do, {LUMA} or a later 2.x")
    assert found.advice.startswith(f"{install(['luma.lcd'])}, ")


@pytest.mark.parametrize("version", ["2.13", "2.13.0", "2.20.1", "2.14rc1"])
def test_a_luma_that_will_do_is_not_mentioned(version: str) -> None:
    assert only(look(Wiring(), lambda _: True, opener(), answers, lambda _: version)).verdict is Verdict.OK


def test_the_packages_that_are_looked_for_are_those_of_this_project() -> None:
    told = [found.what for found in look(NO_SUCH)]
    assert told == [
        "/dev/spidev0.9 is not there: the LCD stays dark, and charging goes on without it"
    ]  # the packages are here
