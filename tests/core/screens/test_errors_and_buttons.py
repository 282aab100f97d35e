"""Errors and held buttons: what is wrong, what will happen, and what goes before what."""

from dataclasses import replace

import pytest

from evsed.core import reasons
from evsed.core.events import Button
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.panel_view import MenuView, PanelView
from evsed.core.schedule import Timer
from evsed.core.screens.errors import ERRORS, PAGE_MS
from evsed.core.screens.main import screen
from evsed.core.screens.screen import MenuPage, Words
from evsed.core.snapshot import Saved, Snapshot
from tests.core.story import Story, settings
from tests.lcd_scenes import AROUND, NOW, SCENES, UNIX_S, delayed, empty, failed, plugged


def words(snapshot: Snapshot, later: int = 0) -> tuple[str, ...]:
    shown = screen(snapshot, AROUND, snapshot.now + later)
    assert isinstance(shown, Words)
    return shown.lines


def held(button: Button, snapshot: Snapshot, *, ripe: bool = False) -> tuple[str, ...]:
    return words(replace(snapshot, panel=PanelView(holding=button, ripe=ripe)))


@pytest.mark.parametrize("fault", ERRORS)
def test_each_error_has_its_text(fault: Fault) -> None:
    assert words(failed(fault)) == ERRORS[fault]


def test_the_texts_that_owners_know() -> None:
    assert words(failed(Fault.METER_LOST)) == ("ERROR NO", "SERIAL COM", "CHECK", "WIRING")
    assert words(failed(Fault.TEMPERATURE)) == ("HIGH TEMP", "ERROR", "CHARGING", "STOPPED")


def test_a_residual_current_alternates_with_what_to_do() -> None:
    story = Story()
    story.charge()
    story.unit.rcm = True
    story.run(0.1)
    first, second = ("RESIDUAL", "FAULT", "CURRENT", "DETECTED"), ("PRESS", "BUTTON", "TO", "RESET")

    def shown(pages: int) -> list[tuple[str, ...]]:
        first_page = -story.now % (6 * PAGE_MS)
        return [words(story.snapshot, first_page + page * PAGE_MS) for page in range(pages)]

    assert shown(3) == [first, second, ("NOT YET:", "THE MONITOR", "STILL SIGNALS", "A FAULT")]
    story.unit.rcm = False
    story.run(0.1)
    assert shown(4) == [first, second, first, second]


def test_the_most_severe_error_is_shown_and_a_wait_is_none() -> None:
    both = replace(failed(Fault.WELDED), faults=(Fault.METER_LOST, Fault.WELDED))
    assert words(both) == ERRORS[Fault.WELDED]
    waiting, _, now = SCENES["normal_no_power"]()
    waiting = replace(waiting, faults=(Fault.NO_POWER,))
    assert screen(waiting, AROUND, now) == Words(("WAITING", "FOR POWER"))


def test_an_error_that_ends_by_itself_says_when() -> None:
    snapshot = failed(Fault.CONTACTOR_FAILED, left_s=90)
    assert words(snapshot, PAGE_MS) == ("NEXT TRY", "IN 88")
    assert words(snapshot, 90_000 + PAGE_MS) == ERRORS[Fault.CONTACTOR_FAILED]


def test_an_error_beside_another_reason_has_no_time_of_it() -> None:
    snapshot = failed(Fault.OVERDRAW, left_s=90)
    for reason in (None, reasons.NO_CAR):
        assert words(replace(snapshot, reason=reason), PAGE_MS) == ERRORS[Fault.OVERDRAW]


@pytest.mark.parametrize(
    ("fault", "given", "lines"),
    [
        (Fault.METER_LOST, {"mains_meter": "Homewizrd"}, ("NO DATA FROM", "MAINS METER", "CHECK", "NETWORK")),
        (Fault.METER_LOST, {"mains_meter": "API"}, ("NO DATA FROM", "MAINS METER", "CHECK", "ITS PROGRAM")),
        (Fault.METER_LOST, {"mains_meter": 0}, ("NO MAINS METER", "IS CHOSEN", "SEE MAINS MET", "IN THE MENU")),
        (
            Fault.METER_LOST,
            {"loadbl": "Node 3", "mains_meter": 0},
            ("MASTER IS SILENT", "OR HAS NO METER", "CHECK MASTER", "AND WIRING"),
        ),
        (Fault.EV_METER_LOST, {"ev_meter": "Homewizrd"}, ("NO DATA FROM", "EV METER", "CHECK", "NETWORK")),
        (Fault.EV_METER_LOST, {"ev_meter": "ABB"}, ("NO DATA FROM", "EV METER", "CHECK", "WIRING")),
        (Fault.CIRCUIT_METER_LOST, {"circuit_meter": "API"}, ("NO DATA FROM", "CIRCUIT METER", "CHECK", "ITS PROGRAM")),
    ],
)
def test_a_silent_meter_is_looked_for_where_it_is(
    fault: Fault, given: dict[str, object], lines: tuple[str, ...]
) -> None:
    assert words(replace(failed(fault), settings=settings(mode="Smart", **given))) == lines


def test_a_pilot_that_nobody_looked_at_is_not_blamed_on_the_cable() -> None:
    snapshot = replace(failed(Fault.PILOT), reason=reasons.of_fault(Fault.PILOT, held_up=True))
    assert words(snapshot) == ("CHARGER WAS", "HELD UP", "ONE MOMENT", "PLEASE")


@pytest.mark.parametrize(
    ("button", "mode", "lines"),
    [
        (Button.MIDDLE, "Normal", ("Hold 2 sec", "for MENU")),
        (Button.LEFT, "Normal", ("Hold 2 sec", "to STOP")),
        (Button.LEFT, "Smart", ("Hold 2 sec", "to STOP", "now for SOLAR")),
        (Button.LEFT, "Solar", ("Hold 2 sec", "to STOP", "now for SMART")),
        (Button.RIGHT, "Normal", ("ACCESS", "IS ON")),
    ],
)
def test_a_held_button_says_what_will_happen(button: Button, mode: str, lines: tuple[str, ...]) -> None:
    assert held(button, plugged(mode)) == lines


def test_a_ripe_button_is_to_be_let_go() -> None:
    assert held(Button.MIDDLE, plugged(), ripe=True) == ("Let go", "for MENU")
    assert held(Button.LEFT, plugged("Solar"), ripe=True) == ("Let go", "to STOP")
    denied = replace(plugged("Solar"), access=Access.DENY)
    assert held(Button.RIGHT, denied, ripe=True) == ("Let go", "to start in", "SOLAR mode")
    assert held(Button.RIGHT, denied) == ("Hold 2 sec", "to start in", "SOLAR mode")


def test_what_is_refused_or_hidden_by_an_error_is_not_promised() -> None:
    tripped = replace(plugged("Smart"), faults=(Fault.RCM,), reason=reasons.of_fault(Fault.RCM))
    assert held(Button.LEFT, tripped) == ("Hold 2 sec", "for ACCESS", "DENIED")
    unmetered = replace(plugged("Smart"), settings=settings(mode="Smart", mains_meter="Disabled"))
    assert held(Button.LEFT, unmetered) == ("Hold 2 sec", "to STOP")
    by_hand = replace(plugged(), pilot_override=1_000)
    assert held(Button.RIGHT, by_hand) == ("Hold 2 sec", "to start in", "NORMAL mode")
    assert held(Button.RIGHT, delayed(10**9)) == ("Hold 2 sec", "to start in", "NORMAL mode", "and no timer")


def test_without_access_the_left_button_only_ends_a_timer() -> None:
    assert held(Button.LEFT, empty()) == ("Hold 2 sec", "for ACCESS", "DENIED")
    assert held(Button.LEFT, replace(empty("Smart"), access=Access.DENY)) == ("Hold 2 sec", "for ACCESS", "DENIED")
    assert held(Button.LEFT, delayed(10**9)) == ("Hold 2 sec", "for ACCESS", "DENIED", "and no timer")


def test_what_ends_a_timer_says_so() -> None:
    window = Timer(None, UNIX_S + 3_600)
    charging = replace(plugged("Smart"), saved=replace(plugged("Smart").saved, timer=window))
    assert held(Button.LEFT, charging) == ("Hold 2 sec", "to STOP", "now for SOLAR", "and no timer")
    waiting = replace(charging, reason=reasons.NOT_ASKED)
    assert held(Button.LEFT, waiting) == ("Hold 2 sec", "for NO ACCESS", "now for SOLAR", "and no timer")
    assert held(Button.LEFT, waiting, ripe=True) == ("Let go", "for ACCESS", "DENIED", "and no timer")


def test_smart_without_a_meter_is_not_promised() -> None:
    def unmetered(**given: object) -> Snapshot:
        return replace(empty(), settings=settings(mains_meter="Disabled", **given))

    assert held(Button.RIGHT, unmetered(mode="Smart"))[:2] == ("SMART NEEDS A", "MAINS METER: SEE")
    assert held(Button.RIGHT, unmetered(mode="Normal"))[0] == "ACCESS"
    assert held(Button.RIGHT, unmetered(mode="Smart", loadbl="Node 1"))[0] == "ACCESS"


@pytest.mark.parametrize("button", Button)
def test_locked_buttons_promise_nothing(button: Button) -> None:
    snapshot = Story(Saved(settings=settings(lcdlock=1))).snapshot
    assert held(button, snapshot) == ("BUTTONS", "LOCKED")


def test_the_menu_goes_before_a_held_button_that_before_an_error_and_that_before_a_card() -> None:
    panel = PanelView(holding=Button.MIDDLE, menu=MenuView("mode", settings()), card_says="Invalid")
    snapshot = replace(failed(Fault.TEMPERATURE), panel=panel)
    assert isinstance(screen(snapshot, AROUND, NOW), MenuPage)
    panel = replace(panel, menu=None)
    assert words(replace(snapshot, panel=panel)) == ("Hold 2 sec", "for MENU")
    panel = replace(panel, holding=None)
    assert words(replace(snapshot, panel=panel)) == ERRORS[Fault.TEMPERATURE]
    assert words(replace(snapshot, panel=panel, faults=())) == ("INVALID", "RFID CARD")
