"""What is to be seen on the glass, dot by dot, for every panel; and how little is sent for it."""

from dataclasses import replace

import pytest
from PIL import Image

from evsed.hw.lcd.assumed import RESET_S
from evsed.hw.lcd.care import Care
from evsed.hw.lcd.controller import pages
from evsed.hw.lcd.show import LcdError
from evsed.wiring import Lcd, Line
from tests.hw.lcd.bench import Bench, dots, face, of

PANELS = [Lcd(column_offset=offset, rotate=rotate) for offset in (0, 2, 4) for rotate in (0, 180)]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.glass.open()
    assert bench.glass.left_out == {}
    return bench


def test_a_page_is_eight_rows_column_by_column_the_topmost_lowest() -> None:
    image = Image.new("1", (128, 64))
    for at in ((0, 0), (127, 0), (5, 7), (5, 8), (64, 63)):
        image.putpixel(at, 1)
    packed = pages(image)
    assert [len(page) for page in packed] == [128] * 8
    inked = {(number, x): byte for number, page in enumerate(packed) for x, byte in enumerate(page) if byte}
    assert inked == {(0, 0): 1, (0, 127): 1, (0, 5): 128, (1, 5): 1, (7, 64): 128}


@pytest.mark.parametrize("lcd", PANELS, ids=lambda lcd: f"offset {lcd.column_offset}, {lcd.rotate} degrees")
def test_every_dot_is_where_it_belongs(lcd: Lcd) -> None:
    bench = Bench(of(lcd))
    bench.glass.open()
    bench.glass.show(face(), Care.RESET)
    wanted = dots(face() if lcd.rotate == 0 else face().transpose(Image.Transpose.ROTATE_180))
    assert bench.visible == wanted
    assert bench.chip.contrast == lcd.contrast
    assert bench.chip.complaints == []


@pytest.mark.parametrize(("configured", "made_with"), [(0, 4), (4, 0)])
def test_the_wrong_offset_moves_the_picture_by_four_columns(configured: int, made_with: int) -> None:
    """What an owner sees who has a panel of the other kind: docs/board.md says what to write then."""
    bench = Bench(of(Lcd(column_offset=configured)), made_with=made_with)
    bench.glass.open()
    bench.glass.show(face(), Care.RESET)
    assert bench.visible is not None
    moved = configured - made_with
    for row, wanted in zip(bench.visible, dots(face()), strict=True):
        assert row[max(moved, 0) : 128 + min(moved, 0)] == wanted[max(-moved, 0) : 128 - max(moved, 0)]


def test_the_device_is_opened_with_its_mode_and_speed(bench: Bench) -> None:
    assert (bench.spi.opened, bench.spi.mode, bench.spi.hz) == (["/dev/spidev0.0"], 0, bench.wiring.lcd.hz)


def test_the_chip_select_is_the_one_that_the_adc_leaves() -> None:
    other = Bench(replace(of(Lcd()), adc=replace(of(Lcd()).adc, device="/dev/spidev0.0")))
    other.glass.open()
    assert other.spi.opened == ["/dev/spidev0.1"]


def test_only_pages_that_changed_are_sent(bench: Bench) -> None:
    bench.glass.show(face(), Care.RESET)
    before = bench.chip.written
    bench.glass.show(face(), Care.NONE)
    assert bench.chip.written == before
    picture = face()
    picture.putpixel((60, 17), not picture.getpixel((60, 17)))
    bench.glass.show(picture, Care.NONE)
    assert bench.chip.written == before + 128
    assert bench.visible == dots(picture)


def test_a_controller_that_was_reset_is_on_only_once_it_has_the_picture(bench: Bench) -> None:
    """Else its memory, which may hold anything, would flash up."""
    seen: list[bool] = []
    take = bench.chip.take

    def watched(data: bytes, is_data: bool) -> None:
        take(data, is_data)
        seen.append(bench.chip.visible in (None, dots(face())))

    bench.chip.take = watched  # type: ignore[method-assign]
    bench.glass.show(face(), Care.RESET)
    assert len(seen) > 16
    assert all(seen)
    assert bench.chip.dark_pulses == 1
    assert bench.pauses[0] == RESET_S


def test_registers_alone_are_set_up_without_a_flash(bench: Bench) -> None:
    bench.glass.show(face(), Care.RESET)
    shown: list[bool] = []
    take = bench.chip.take

    def watched(data: bytes, is_data: bool) -> None:
        take(data, is_data)
        shown.append(bench.chip.visible == dots(face()))

    bench.chip.take = watched  # type: ignore[method-assign]
    bench.glass.show(face(), Care.REGISTERS)
    assert len(shown) > 16
    assert all(shown)
    assert bench.chip.dark_pulses == 1


@pytest.mark.parametrize("care", [Care.REGISTERS, Care.RESET])
@pytest.mark.parametrize("line", [Line(6, active_low=True), Line(6), None], ids=["low", "high", "no reset line"])
@pytest.mark.parametrize("lcd", PANELS, ids=lambda lcd: f"offset {lcd.column_offset}, {lcd.rotate} degrees")
def test_an_upset_controller_shows_the_picture_again(lcd: Lcd, line: Line | None, care: Care) -> None:
    bench = Bench(of(replace(lcd, contrast=40), lcd_reset=line))
    bench.glass.open()
    bench.glass.show(face(), Care.RESET)
    before = bench.visible
    healthy = (bench.chip.contrast, bench.chip.ratio, bench.chip.bias7)
    bench.chip.upset()
    assert bench.visible != before
    bench.glass.show(face(), care)
    assert before is not None
    assert bench.visible == before
    assert (bench.chip.contrast, bench.chip.ratio, bench.chip.bias7) == healthy
    assert bench.chip.complaints == []


@pytest.mark.parametrize("active_low", [False, True])
def test_the_light_is_off_before_it_is_wanted_and_after_the_end(*, active_low: bool) -> None:
    bench = Bench(of(Lcd(), lcd_backlight=Line(18, active_low=active_low)))
    bench.glass.open()
    assert bench.light == active_low
    bench.glass.light(True, 0)
    bench.glass.light(True, 10_000)
    assert bench.light == (not active_low)
    pin = bench.spi.factory.pin(18)
    bench.glass.close()
    assert pin.last == active_low


def test_closing_clears_the_glass_and_leaves_nothing_open(bench: Bench) -> None:
    bench.glass.show(face(), Care.RESET)
    bench.glass.close()
    assert bench.chip.on is False
    assert not any(any(page[4:132]) for page in bench.chip.ram[:8])
    bench.glass.close()
    bench.glass.open()
    bench.glass.show(face(3), Care.RESET)
    assert bench.visible == dots(face(3))


def test_a_write_that_fails_is_told_and_the_page_is_sent_again(bench: Bench) -> None:
    bench.glass.show(face(), Care.RESET)
    bench.spi.fails = 5
    with pytest.raises(LcdError, match=r"/dev/spidev0\.0 is gone: Input/output error"):
        bench.glass.show(face(1), Care.NONE)
    bench.spi.fails = 0
    bench.glass.show(face(1), Care.NONE)
    assert bench.visible == dots(face(1))
