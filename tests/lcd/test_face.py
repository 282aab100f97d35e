"""What the LCD shows now: drawn once while it stays the same, and never what was true a while ago."""

from dataclasses import dataclass, field, replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from evsed.core.panel_view import MenuView, PanelView
from evsed.core.schedule import UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.main import screen
from evsed.core.screens.screen import Screen
from evsed.core.snapshot import Snapshot
from evsed.lcd import face
from evsed.lcd.draw import draw
from evsed.lcd.face import NO_ANSWER, Face
from evsed.lcd.picture import png
from evsed.runtime import STALE_MS
from tests.core.story import Story

ADDRESS = "192.0.2.7"
WHOLE, VEILED = frozenset[str](), frozenset({"lcd_pin"})


@dataclass
class Unit:
    """A unit whose Snapshot and clock a test sets."""

    snapshot: Snapshot = field(default_factory=lambda: Story().snapshot)
    now: int = 0

    def __post_init__(self) -> None:
        self.face = Face(lambda: self.snapshot, UtcCalendar(), lambda: ADDRESS, lambda: self.now)

    def opens(self, menu: MenuView) -> None:
        self.snapshot = replace(self.snapshot, panel=PanelView(menu=menu))

    def expected(self, veiled: frozenset[str] = WHOLE) -> Screen:
        return screen(self.snapshot, Around(UtcCalendar(), ADDRESS, veiled), self.now)


@pytest.fixture
def unit() -> Unit:
    return Unit()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Screen]:
    """The screens that were drawn."""
    screens: list[Screen] = []

    def counted(screen: Screen) -> Image.Image:
        screens.append(screen)
        return draw(screen)

    monkeypatch.setattr(face, "draw", counted)
    return screens


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one.convert("L"), other.convert("L")).getbbox() is None


def test_the_panel_and_whoever_looks_from_afar_see_the_same(unit: Unit) -> None:
    for moment in (unit.snapshot, replace(unit.snapshot, panel=PanelView(card_says="Invalid"))):
        unit.snapshot = moment
        assert same(unit.face.image(), draw(unit.expected()))
        for veiled in (WHOLE, VEILED):
            assert unit.face.shown(veiled).png == png(draw(unit.expected()))
    whole = Image.open(BytesIO(unit.face.shown(WHOLE).png))
    assert (whole.size, whole.format) == ((128, 64), "PNG")


def test_equal_screens_are_drawn_once(unit: Unit, drawn: list[Screen]) -> None:
    first = unit.face.image()
    for unit.now in range(0, STALE_MS, 100):
        unit.snapshot = replace(unit.snapshot, uptime_s=unit.now)
        assert unit.face.image() is first
        assert unit.face.shown(VEILED).png is unit.face.shown(WHOLE).png
    assert drawn == [unit.expected()]
    unit.snapshot = replace(unit.snapshot, panel=PanelView(card_says="Invalid"))
    assert unit.face.image() is not first
    assert len(drawn) == 2


def test_the_digits_of_a_pin_are_not_for_everybody(unit: Unit, drawn: list[Screen]) -> None:
    unit.opens(MenuView("lcd_pin", unit.snapshot.settings, editing=True, digits="12"))
    assert unit.face.shown(VEILED).png == png(draw(unit.expected(VEILED))) != unit.face.shown(WHOLE).png
    assert same(unit.face.image(), draw(unit.expected()))
    assert "12" in str(drawn[-1])
    assert "12" not in str(drawn[0])


def test_the_menu_says_where_the_unit_is(unit: Unit, drawn: list[Screen]) -> None:
    unit.opens(MenuView("mode", unit.snapshot.settings))
    unit.face.image()
    assert ADDRESS in str(drawn)


def test_a_control_loop_that_does_not_answer_is_said_and_nothing_old_is_shown(unit: Unit) -> None:
    unit.now = STALE_MS
    assert same(unit.face.image(), draw(unit.expected()))
    unit.now += 1
    assert same(unit.face.image(), draw(NO_ANSWER))
    assert unit.face.shown(VEILED).png == unit.face.shown(WHOLE).png == png(draw(NO_ANSWER))
    unit.snapshot = replace(unit.snapshot, now=unit.now)
    assert same(unit.face.image(), draw(unit.expected()))


def test_who_cannot_look_says_so_too() -> None:
    def look() -> Snapshot:
        raise RuntimeError("no control loop")

    blind = Face(look, UtcCalendar(), lambda: "")
    assert same(blind.image(), draw(NO_ANSWER))
    assert blind.shown(VEILED).png == png(draw(NO_ANSWER))
