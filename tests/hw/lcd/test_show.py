"""The LCD in virtual time: pictures, the light's coming and going, and contactors that switch beside it."""

from dataclasses import replace
from itertools import pairwise

import pytest

from evsed.hw.lcd.backlight import DOWN_MS, UP_MS, Backlight
from evsed.hw.lcd.care import AFTER_SWITCHING, EVERY_MS, Care, Upkeep
from evsed.hw.lcd.show import FADE_MS
from evsed.wiring import Lcd
from tests.hw.lcd.bench import DARK, LIT, Bench, dots, face, of, switching


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.glass.open()
    return bench


# ---- pictures ----


def test_nothing_is_shown_before_there_is_a_snapshot(bench: Bench) -> None:
    bench.snapshot = None
    bench.live(5_000)
    assert (bench.visible, bench.light) == (None, 0)
    bench.snapshot = DARK
    bench.live(100)
    assert bench.right


@pytest.mark.parametrize(("snapshot", "least", "most"), [(LIT, 6, 7), (DARK, 1, 1)], ids=["lit", "dark"])
def test_so_many_pictures_a_second(bench: Bench, snapshot: object, least: int, most: int) -> None:
    drawn: list[int] = []

    def draw() -> object:
        drawn.append(bench.now)
        return bench.picture

    bench.show._face = draw
    bench.snapshot = snapshot  # type: ignore[assignment]
    bench.live(60_000)
    assert least * 60 - 1 <= len(drawn) <= most * 60 + 6  # and one for each time that registers are set up


def test_a_picture_that_changes_is_on_the_glass_soon(bench: Bench) -> None:
    bench.snapshot = LIT
    bench.live(2_000)
    bench.picture = face(1)
    bench.live(200)
    assert bench.right


def test_the_first_key_press_in_the_dark_brings_light_and_picture_at_once(bench: Bench) -> None:
    bench.live(3_100)
    bench.picture, bench.snapshot = face(2), LIT
    bench.live(100)
    assert bench.right
    assert 0 < bench.light < 1


# ---- light ----


def test_the_light_comes_in_a_third_of_a_second_and_goes_in_two(bench: Bench) -> None:
    bench.live(500)
    bench.snapshot = LIT
    bench.live(UP_MS // 2)
    assert 0 < bench.light < 0.5
    bench.live(UP_MS // 2 + 2 * FADE_MS + 50)
    assert bench.light == 1
    bench.live(10_000)
    assert bench.light == 1
    bench.snapshot = DARK
    bench.live(DOWN_MS // 2)
    assert 0 < bench.light < 0.5
    bench.live(DOWN_MS // 2 + 2 * FADE_MS + 50)
    assert bench.light == 0


def test_the_light_never_jumps_though_it_is_wanted_again_on_its_way_down() -> None:
    levels: list[float] = []
    light = Backlight(levels.append)
    wanted = {0: True, 400: False, 1_000: True, 1_150: False}
    for now in range(0, 5_000, FADE_MS):
        if now in wanted:
            light(wanted[now])
        light.step(now)
    eye = [level**0.5 for level in levels]
    assert max(abs(after - before) for before, after in pairwise(eye)) <= FADE_MS / UP_MS + 1e-9
    assert (max(eye), eye[-1]) == (1, 0)


def test_a_light_that_is_where_it_should_be_is_left_alone() -> None:
    driven: list[float] = []
    light = Backlight(driven.append)
    assert not any(light.step(now) for now in range(0, 1_000, 50))
    assert driven == []


# ---- contactors ----


def test_the_picture_is_right_again_after_contactors_switched(bench: Bench) -> None:
    bench.snapshot = LIT
    bench.live(3_000)
    for closed in (True, False):
        bench.snapshot = switching(LIT, contactor1=closed)
        bench.live(60)
        bench.chip.upset()
        assert not bench.right
        bench.live(400)
        assert bench.right
        bench.chip.upset()  # the car's own, or the load that comes
        bench.live(2_000)
        assert bench.right
    assert bench.chip.complaints == []


def test_the_light_does_not_flicker_when_contactors_switch(bench: Bench) -> None:
    bench.snapshot = LIT
    bench.live(3_000)
    pin = bench.spi.factory.pin(18)
    pin.clear_states()
    bench.snapshot = switching(LIT, contactor1=True)
    bench.live(5_000)
    assert [state.state for state in pin.states] == [1]


def test_a_contactor_that_closed_and_opened_between_two_looks_counts(bench: Bench) -> None:
    bench.live(3_000)
    before = bench.chip.dark_pulses
    bench.snapshot = replace(DARK, closings=DARK.closings + 1)
    bench.live(1_000)
    assert bench.chip.dark_pulses == before + 1


def test_an_upset_that_nobody_announced_is_gone_within_ten_seconds(bench: Bench) -> None:
    bench.live(3_000)
    bench.chip.upset()
    bench.live(EVERY_MS + 100)
    assert bench.right
    assert bench.chip.dark_pulses == 1  # the first; nobody saw a flash


def test_a_key_press_resets_a_controller_that_hangs(bench: Bench) -> None:
    bench.live(3_000)
    before = bench.chip.dark_pulses
    bench.chip.upset()
    bench.snapshot = LIT
    bench.live(60)
    assert bench.chip.dark_pulses == before + 1
    assert bench.right


def test_each_order_to_the_contactors_begins_the_wait_anew() -> None:
    upkeep = Upkeep()
    assert upkeep.due(0, False, 0) is Care.RESET
    told = {0: 1, 200: 2}
    found: dict[int, Care] = {}
    switched = 0
    for now in range(0, 5_000, 50):
        switched = told.get(now, switched)
        care = upkeep.due(switched, False, now)
        if care is not Care.NONE:
            found[now] = care
    assert found == {200 + wait: care for wait, care in AFTER_SWITCHING}


# ---- what is not fitted ----


def test_without_reset_line_and_backlight_it_works_as_well() -> None:

    bench = Bench(of(Lcd(), lcd_reset=None, lcd_backlight=None))
    bench.glass.open()
    bench.snapshot = LIT
    bench.live(1_000)
    assert bench.glass.left_out == {}
    bench.snapshot = switching(LIT, contactor1=True)
    bench.live(60)
    bench.chip.upset()
    bench.live(500)
    assert bench.visible == dots(bench.picture)
