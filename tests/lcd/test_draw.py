"""Any screen becomes a picture, of pieces that keep off each other; dots move where the energy goes."""

import itertools
import string
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from evsed.core.screens.screen import DOT_STEPS, Direction, Flow, MenuPage, Screen, Words
from evsed.lcd.draw import draw, pieces
from evsed.lcd.flow import beam, wire
from evsed.lcd.icons import ARROW, CAR, DOT, HOUSE, PLUG, PYLON, SUN, SUN_SHINING, icon
from evsed.lcd.picture import png
from evsed.lcd.pieces import Piece

CHARGING = Flow(
    sun=True,
    shining=True,
    grid=Direction.OUT,
    car=True,
    charging=Direction.OUT,
    step=0,
    mains=("L1 12A", "L2 -4A", "L3 25A"),
    charge="11.0kW",
    energy="123.4kWh",
    countdown="09:58",
    line="3P -> 1P  59",
)
PAGE = MenuPage("192.168.178.100", "23:31", "MAINS MET", "Eastron3P", "Type of mains meter", 0, editing=False)


def text(most: int) -> st.SearchStrategy[str]:
    return st.text(max_size=most) | st.text(string.ascii_uppercase + "ÄÖÜ§", min_size=most, max_size=most)


WORDS = st.builds(Words, st.lists(text(10), max_size=2).map(tuple) | st.lists(text(16), max_size=4).map(tuple))
FLOWS = st.builds(
    Flow,
    sun=st.booleans(),
    shining=st.booleans(),
    grid=st.sampled_from(Direction),
    car=st.booleans(),
    charging=st.sampled_from(Direction),
    step=st.integers(0, DOT_STEPS - 1),
    mains=st.lists(text(6), max_size=3).map(tuple),
    charge=text(6),
    energy=text(8),
    countdown=text(5),
    line=text(12),
)
PAGES = st.builds(
    MenuPage,
    address=text(15),
    clock=text(5),
    name=text(9),
    value=text(40),
    below=st.text(max_size=200),
    shift=st.integers(0, 1500),
    editing=st.booleans(),
)
ANY_TEXT = st.builds(Words, st.lists(st.text(max_size=60), max_size=9).map(tuple))
SCREENS: st.SearchStrategy[Screen] = WORDS | FLOWS | PAGES | ANY_TEXT


def different(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.logical_xor(one, other).getbbox()


def crosses(one: Piece, other: Piece) -> bool:
    left, top, right, bottom = one.box
    return left < other.box[2] and other.box[0] < right and top < other.box[3] and other.box[1] < bottom


@given(SCREENS)
def test_any_screen_becomes_a_picture_of_pieces_that_do_not_overlap(screen: Screen) -> None:
    picture = draw(screen)
    assert (picture.mode, picture.size) == ("1", (128, 64))
    shown = [piece for piece in pieces(screen) if piece.picture.width]
    for piece in shown:
        left, top, right, bottom = piece.box
        assert 0 <= left < right <= 128, piece
        assert 0 <= top < bottom <= 64, piece
    assert not [pair for pair in itertools.combinations(shown, 2) if crosses(*pair)]


@given(SCREENS)
def test_equal_screens_are_equal_pictures(screen: Screen) -> None:
    assert draw(screen).tobytes() == draw(replace(screen)).tobytes()


def test_a_picture_may_be_painted_over() -> None:
    first = draw(PAGE)
    kept = first.tobytes()
    first.paste(1, (0, 0, 128, 64))
    assert draw(PAGE).tobytes() == kept


@pytest.mark.parametrize("art", [ARROW, CAR, DOT, HOUSE, PLUG, PYLON, SUN, SUN_SHINING])
def test_the_rows_of_an_icon_are_equally_long(art: str) -> None:
    rows = art.split()
    assert {len(row) for row in rows} == {len(rows[0])}
    assert set(art) <= {"#", ".", "\n"}
    assert icon(art).getbbox() == (0, 0, len(rows[0]), len(rows))


def test_two_short_lines_are_larger_than_two_long_ones() -> None:
    heights = [
        pieces(Words((line, "16.0A")))[1].picture.height
        for line in ("CHARGING", "RFID CARD", "STARTING @", "x" * 12, "x" * 16, "x" * 21)
    ]
    assert heights == [32, 28, 24, 18, 16, 12]


def test_lines_are_in_the_middle() -> None:
    picture = draw(Words(("HH", "HH")))
    assert different(picture, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) is not None  # a letter is not even
    left, top, right, bottom = picture.getbbox() or (0, 0, 0, 0)
    assert abs(left - (128 - right)) <= 2
    assert abs(top - (64 - bottom)) <= 4


def test_nothing_said_is_an_empty_picture() -> None:
    assert draw(Words(())).getbbox() is None


@pytest.mark.parametrize("direction", [Direction.OUT, Direction.BACK])
def test_dots_move_a_dot_a_step_where_the_energy_goes(direction: Direction) -> None:
    for step in range(DOT_STEPS):
        now, then = wire(40, direction, step), wire(40, direction, (step + 1) % DOT_STEPS)
        inside = ImageChops.offset(now, direction.value, 0).crop((1, 0, 39, 5))
        assert different(inside, then.crop((1, 0, 39, 5))) is None
        assert different(now, then) is not None


def test_the_suns_dots_come_down() -> None:
    for step in range(DOT_STEPS):
        now, then = beam(20, step), beam(20, (step + 1) % DOT_STEPS)
        assert different(ImageChops.offset(now, 0, 1).crop((0, 1, 5, 20)), then.crop((0, 1, 5, 20))) is None


def test_a_wire_without_a_flow_is_a_line() -> None:
    still = wire(30, Direction.NONE, 5)
    assert still.getbbox() == (0, 2, 30, 3)


def test_only_what_flows_moves() -> None:
    still = replace(CHARGING, grid=Direction.NONE, charging=Direction.NONE, shining=False)
    assert different(draw(still), draw(replace(still, step=3))) is None
    for moved in (
        replace(still, grid=Direction.BACK),
        replace(still, charging=Direction.OUT),
        replace(still, shining=True),
    ):
        assert different(draw(moved), draw(replace(moved, step=3))) is not None


def test_after_all_steps_the_picture_is_the_same() -> None:
    assert different(draw(CHARGING), draw(replace(CHARGING, step=DOT_STEPS))) is None


def test_no_energy_is_drawn_to_a_car_that_is_not_there() -> None:
    gone = replace(CHARGING, car=False, grid=Direction.NONE, shining=False)
    assert icon(CAR) not in [piece.picture for piece in pieces(gone)]
    assert different(draw(gone), draw(replace(gone, step=3))) is None


def test_the_sun_is_drawn_only_where_it_is_asked_for() -> None:
    def suns(flow: Flow) -> list[Image.Image]:
        return [piece.picture for piece in pieces(flow) if piece.picture in (icon(SUN), icon(SUN_SHINING))]

    assert suns(CHARGING) == [icon(SUN_SHINING)]
    assert suns(replace(CHARGING, shining=False)) == [icon(SUN)]
    assert suns(replace(CHARGING, sun=False)) == []


def test_an_open_value_is_light_on_dark() -> None:
    def ink(page: MenuPage) -> int:
        return sum(draw(page).crop((0, 33, 128, 51)).convert("L").point(bool).tobytes())

    assert ink(PAGE) < 128 * 18 // 3
    assert ink(replace(PAGE, editing=True)) > 128 * 18 // 2


def test_a_value_that_is_too_long_is_cut_and_not_drawn_over_the_arrows() -> None:
    long = replace(PAGE, value="x" * 40, editing=True)
    assert draw(long).size == (128, 64)
    closed = [piece for piece in pieces(replace(long, editing=False)) if piece.top >= 33 and piece.top < 52]
    assert [piece.left >= 8 and piece.box[2] <= 120 for piece in closed] == [True]


def test_a_text_that_fits_into_the_bottom_row_is_in_its_middle() -> None:
    bottom = draw(replace(PAGE, below="HH")).crop((0, 52, 128, 64)).getbbox()
    assert bottom is not None
    assert abs(bottom[0] - (128 - bottom[2])) <= 2


def test_a_longer_one_has_moved_by_its_shift() -> None:
    still = draw(replace(PAGE, below="Max mains current (per phase), and more"))
    moved = draw(replace(PAGE, below="Max mains current (per phase), and more", shift=7))
    assert different(still.crop((7, 52, 128, 64)), moved.crop((0, 52, 121, 64))) is None


def test_the_png_is_black_on_white_dot_by_dot() -> None:
    picture = draw(PAGE)
    read = Image.open(BytesIO(png(picture)))
    assert (read.format, read.mode, read.size) == ("PNG", "1", (128, 64))
    inked = ImageChops.invert(read.convert("L"))
    assert different(inked.convert("1"), picture) is None
    assert png(picture) == png(draw(PAGE))
