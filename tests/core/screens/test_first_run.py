"""Until the charger is set up the LCD shows what is left to do, a page at a time, unless something else comes first."""

from dataclasses import replace

import pytest

from evsed.core.events import Button
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.panel_view import MenuView, PanelView
from evsed.core.schedule import UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.errors import ERRORS
from evsed.core.screens.first_run import PAGE_MS
from evsed.core.screens.main import screen
from evsed.core.screens.screen import MenuPage, Screen, Words
from evsed.core.setting_up import Step
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from tests.lcd_scenes import AROUND, NOW, SCENES, installed

SETUP = [name for name in SCENES if name.startswith("setup_")]


def pages(snapshot: Snapshot, around: Around = AROUND) -> list[Screen]:
    """Every page, the heading first."""
    count = 1 + sum(not step.done for step in snapshot.left_to_do)
    begin = NOW - NOW // PAGE_MS % count * PAGE_MS
    return [screen(snapshot, around, begin + page * PAGE_MS) for page in range(count)]


def test_the_pages_follow_each_other_and_come_again() -> None:
    snapshot = installed()
    shown = pages(snapshot)
    assert shown[0] == Words(("NOT SET UP YET", "8 LEFT TO DO", "SEE WEB PAGE AT", "192.168.1.23"))
    assert shown[1:] == [Words(step.lcd) for step in snapshot.left_to_do if not step.done]
    turn = len(shown) * PAGE_MS
    assert screen(snapshot, AROUND, NOW) == screen(snapshot, AROUND, NOW + turn)
    assert screen(snapshot, AROUND, NOW) == screen(snapshot, AROUND, NOW + PAGE_MS - 1)
    assert screen(snapshot, AROUND, NOW) != screen(snapshot, AROUND, NOW + PAGE_MS)


@pytest.mark.parametrize("address", ["", "fe80::dea6:32ff:fe12:3456"])
def test_an_address_that_is_not_there_or_too_long_is_left_out(address: str) -> None:
    assert pages(installed(), Around(UtcCalendar(), address))[0] == Words(
        ("NOT SET UP YET", "8 LEFT TO DO", "SEE WEB PAGE")
    )


def test_what_is_done_has_no_page() -> None:
    done = Step("max", "MAX is right", True, ("MAX",))
    left = Step("bench", "All is well", None, ("ALL", "WELL?"))
    assert pages(replace(installed(), left_to_do=(done, left)))[1:] == [Words(("ALL", "WELL?"))]


@pytest.mark.parametrize("state", State)
def test_it_is_shown_in_every_state_and_with_and_without_access(state: State) -> None:
    for access in Access:
        shown = screen(replace(installed(), state=state, access=access), AROUND, NOW)
        assert shown == screen(installed(), AROUND, NOW)


def test_menu_buttons_and_errors_come_first() -> None:
    snapshot = installed()
    menu = replace(snapshot, panel=PanelView(menu=MenuView("set_up", snapshot.settings)))
    assert isinstance(screen(menu, AROUND, NOW), MenuPage)
    broken = replace(snapshot, faults=(Fault.TEMPERATURE,))
    assert screen(broken, AROUND, NOW) == Words(ERRORS[Fault.TEMPERATURE])
    held = replace(snapshot, panel=PanelView(holding=Button.RIGHT), access=Access.DENY)
    assert screen(held, AROUND, NOW) == Words(("Hold 2 sec", "for ACCESS ON,", "NOT SET UP YET"))


@pytest.mark.parametrize("name", SETUP)
def test_each_scene_is_of_the_page_that_it_is_named_after(name: str) -> None:
    snapshot, around, now = SCENES[name]()
    shown = screen(snapshot, around, now)
    named = {"mains_metered": "mains", "mains_of_a_node": "mains", "monitor": "residual_current"}
    code = (named | {"config_fixed": "config"}).get(name[6:], name[6:])
    steps = {step.code: step.lcd for step in snapshot.left_to_do}
    assert isinstance(shown, Words)
    assert shown.lines == steps[code] if code in steps else shown.lines[0] == "NOT SET UP YET"
