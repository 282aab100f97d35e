"""The LCD's SPI device and lines when they cannot be had: what is said, and that nothing stays open."""

import errno

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from evsed.hw.lcd.lines import Lines
from evsed.hw.lcd.show import LcdError
from evsed.hw.lcd.wire import WR_HZ, Kernel, SpiWire
from evsed.hw.pin_factory import PinError
from evsed.wiring import Lcd, Line, Wiring
from tests.hw.lcd.bench import Bench, Pin, of


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOENT, r"it is not there: switch SPI on \(dtparam=spi=on"),
        (errno.EACCES, "add evsed's user to the group spi"),
        (errno.ENOTTY, "is it an SPI device"),
        (errno.ENODEV, "it cannot be opened: No such device"),
    ],
)
def test_a_device_that_cannot_be_had_is_told_with_what_to_do(number: int, says: str) -> None:
    bench = Bench()
    bench.spi.fails = number
    with pytest.raises(LcdError, match=says):
        bench.glass.open()
    bench.glass.close()
    bench.spi.fails = 0
    bench.glass.open()


def test_a_device_that_takes_no_mode_is_closed_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "plain"
    file.touch()
    closed: list[int] = []

    class Watched(SpiWire):
        def cleanup(self) -> None:
            closed.append(self._fd)
            super().cleanup()

    with pytest.raises(LcdError, match="is it an SPI device"):
        Watched(str(file), 1_000_000, lambda _: None, Kernel())
    assert closed[0] > 0


def test_bytes_that_did_not_all_go_out_are_told() -> None:
    bench = Bench()
    bench.glass.open()
    bench.spi.short = 1
    with pytest.raises(LcdError, match=r"/dev/spidev0\.0 carried 0 of 1 bytes"):
        bench.glass._controller.command(0xE3)


def test_the_speed_s_number_is_the_kernel_s() -> None:
    assert WR_HZ == 0x4004_6B04  # _IOW('k', 4, __u32)


def test_a_pin_that_is_taken_is_named() -> None:
    factory = MockFactory(pin_class=Pin)
    factory.reserve_pins(factory, 5)
    with pytest.raises(LcdError, match=r"lcd_data on GPIO 5: .*; another program may hold the pin"):
        Lines(Wiring(), factory)


@pytest.mark.parametrize(("name", "gpio"), [("lcd_reset", 6), ("lcd_backlight", 18)])
def test_reset_and_light_that_cannot_be_had_are_left_out(name: str, gpio: int) -> None:
    factory = MockFactory(pin_class=Pin)
    factory.reserve_pins(factory, gpio)
    lines = Lines(Wiring(), factory)
    assert list(lines.left_out) == [name]
    assert f"{name} on GPIO {gpio}" in lines.left_out[name]
    assert lines.reset(False) is (name != "lcd_reset")
    lines.shine(1)
    lines.close()


def test_a_pin_that_pigpiod_may_not_touch_is_told_so() -> None:
    class Forbidden(MockPin):  # type: ignore[misc]  # gpiozero has no types
        def _set_function(self, value: str) -> None:
            if value == "output":
                raise PermissionError("no permission to update GPIO")
            super()._set_function(value)

    with pytest.raises(LcdError, match=r"lcd_data on GPIO 5: no permission.*pigpiod has to be started with"):
        Lines(Wiring(), MockFactory(pin_class=Forbidden))


def test_pins_that_are_gone_are_told() -> None:
    bench = Bench(of(Lcd(), lcd_data=Line(5)))
    bench.glass.open()
    lines = bench.glass._lines
    assert lines is not None
    bench.spi.factory.pin(5).function = "input"
    with pytest.raises(LcdError, match=r"pigpiod at 127\.0\.0\.1:8888 no longer answers: look at"):
        lines.is_data(True)


def test_no_pigpiod_is_told_in_the_panel_s_words() -> None:
    bench = Bench()
    bench.refuses.append(PinError("pigpiod at 127.0.0.1:8888 does not answer"))
    with pytest.raises(LcdError, match=r"pigpiod at 127\.0\.0\.1:8888 does not answer"):
        bench.glass.open()
    bench.glass.close()
