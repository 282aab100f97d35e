"""Screens as words."""

from dataclasses import replace

from evsed.core.panel_view import MenuView, PanelView
from evsed.core.schedule import UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.main import screen
from evsed.core.screens.reading import Kind, lines
from evsed.core.screens.screen import Direction, Flow, Words
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings

FLOW = Flow(True, False, Direction.OUT, True, Direction.OUT, 3, ("L1 12A", "?"), "16.0A", "", "09:58", "SOLAR 3P")


def test_words_are_what_stands_there() -> None:
    assert lines(Words(("READY TO", "CHARGE"))) == (Kind.WORDS, ("READY TO", "CHARGE"))


def test_of_the_picture_of_energy_the_state_comes_first_and_nothing_is_empty() -> None:
    assert lines(FLOW) == (Kind.FLOW, ("SOLAR 3P", "L1 12A", "?", "16.0A", "09:58"))
    assert lines(replace(FLOW, step=4)) == lines(FLOW)


def test_an_item_of_the_menu_is_its_name_its_value_and_once_what_it_means() -> None:
    snapshot = Story(saved=Saved(settings=settings(current_max=13))).snapshot
    for key in ("current_max", "mode"):
        menu = MenuView(key, snapshot.settings)
        shown = screen(replace(snapshot, panel=PanelView(menu=menu)), Around(UtcCalendar()), 60_000)
        kind, said = lines(shown)
        assert kind is Kind.MENU
        assert (said[0], said[-1]) == (TABLE[key].lcd_name, TABLE[key].description)
