"""A page of the menu: each value as text, what it means, the clock, and the row that runs."""

from dataclasses import replace

import pytest

from evsed.core.faults import Fault
from evsed.core.panel_view import EXIT
from evsed.core.schedule import UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.main import screen
from evsed.core.screens.menu_page import GAP, MOVE_MS, MOVE_PX, REST_MS, shown
from evsed.core.screens.screen import MenuPage
from evsed.core.settings import TABLE
from evsed.core.snapshot import Snapshot
from tests.lcd_scenes import AROUND, NOW, UNIX_S, empty, opened


def page(snapshot: Snapshot, around: Around = AROUND, now: int = NOW) -> MenuPage:
    result = screen(snapshot, around, now)
    assert isinstance(result, MenuPage)
    return result


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("mode", 2, "Solar"),
        ("loadbl", 3, "Node 2"),
        ("current_max", 16, "16A"),
        ("temp_max", 65, "65C"),
        ("solar_stop_time", 10, "10 min"),
        ("solar_stop_time", 0, "Disabled"),
        ("solar_start_current", 4, "-4A"),
        ("solar_start_current", 0, "0A"),
        ("solar_max_import", 0, "0A"),
        ("current_max_sum_mains", 600, "Disabled"),
        ("current_max_sum_mains", 599, "599A"),
        ("max_sum_mains_time", 15, "15 min"),
        ("mains_meter_address", 10, "10"),
        ("mains_meter_host", "", "Not Set"),
        ("mains_meter_host", "192.168.1.77", "192.168.1.77"),
    ],
)
def test_a_value_as_people_read_it(key: str, value: int | str, text: str) -> None:
    assert shown(key, value) == text
    assert page(opened(key, draft=empty().settings.replace(key, value))).value == text


def test_the_value_is_the_drafts_and_not_the_one_in_force() -> None:
    draft = empty().settings.replace("current_max", 32)
    assert page(opened("current_max", draft=draft)).value == "32A"
    assert empty().settings.current_max == 16


def test_of_the_installer_s_pin_only_whether_there_is_one() -> None:
    draft = empty().settings.replace("installer_pin", 86_420)
    there = replace(opened("installer_pin"), installer_pin_set=True)
    assert (page(opened("installer_pin")).value, page(there).value) == ("Off", "Set")
    assert page(opened("installer_pin", draft=draft, installer_pin=True)).value == "Set"
    assert page(replace(opened("installer_pin", installer_pin=True), installer_pin_set=True)).value == "Off"
    entered = opened("installer_pin", editing=True, digits="86")
    assert page(entered).value == "86______"
    assert page(entered, replace(AROUND, veiled=frozenset({"installer_pin"}))).value == "**______"
    assert page(entered, replace(AROUND, veiled=frozenset({"lcd_pin"}))).value == "86______"
    assert "store" in page(opened(EXIT, installer_pin=True)).below


@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if row.lcd_name])
def test_each_item_has_its_name_and_says_what_it_is(key: str) -> None:
    shown_page = page(opened(key))
    assert (shown_page.name, shown_page.editing) == (TABLE[key].lcd_name, False)
    assert shown_page.below.startswith(TABLE[key].description)
    assert page(opened(key, editing=True)).editing


def test_exit_says_whether_something_will_be_stored() -> None:
    unchanged, changed = page(opened(EXIT)), page(opened(EXIT, draft=empty().settings.replace("mode", 1)))
    assert (unchanged.name, unchanged.value) == ("EXIT", "")
    assert "store" not in unchanged.below
    assert "store" in changed.below


def test_a_pin_is_never_shown_but_while_it_is_entered() -> None:
    kept = empty().settings.replace("lcd_pin", 4711)
    assert page(opened("lcd_pin")).value == "Off"
    assert page(opened("lcd_pin", draft=kept)).value == "Set"
    entered = opened("lcd_pin", draft=kept, editing=True, digits="12")
    assert page(entered).value == "12__"
    assert page(entered, replace(AROUND, veiled=frozenset({"lcd_pin"}))).value == "**__"
    assert page(entered, replace(AROUND, veiled=frozenset({"installer_pin"}))).value == "12__"
    assert page(opened("lcd_pin", draft=kept, editing=True)).value == "____"


def test_a_refusal_stands_below() -> None:
    told = "CONTACT 2 cannot be Auto on a node"
    assert page(opened("enable_C2", told=told)).below.startswith(told)


def test_an_error_that_comes_up_is_told_in_the_menu_too() -> None:
    snapshot = replace(opened("led_mode"), faults=(Fault.RCM,))
    assert page(snapshot).below.startswith("ERROR: RCM Tripped - Colour scheme")
    assert page(replace(opened(EXIT), faults=(Fault.NO_SUN,))).below == "Press o to leave"


def test_what_fits_stands_still() -> None:
    snapshot = opened("rfidreader")
    assert {page(snapshot, now=NOW + later).shift for later in range(0, 30_000, MOVE_MS)} == {0}
    assert page(snapshot).below == "Card reader"


def test_what_does_not_fit_rests_moves_and_comes_round() -> None:
    snapshot = opened("current_min")
    length = (len(TABLE["current_min"].description) + len(GAP)) * 6
    moves = length // MOVE_PX
    assert page(snapshot, now=NOW + REST_MS + MOVE_MS - 1).shift == 0
    assert page(snapshot, now=NOW + REST_MS + MOVE_MS).shift == MOVE_PX
    assert page(snapshot, now=NOW + REST_MS + moves * MOVE_MS - 1).shift == length - MOVE_PX
    assert page(snapshot, now=NOW + REST_MS + moves * MOVE_MS).shift == 0
    assert page(snapshot, now=NOW - 5_000).shift == 0
    below = page(snapshot).below
    assert below[length // 6 :] == TABLE["current_min"].description


def test_the_clock_is_the_owners_and_unknown_is_told() -> None:
    class HalfAnHourAhead(UtcCalendar):
        def local(self, unix_s: int) -> tuple[int, int]:
            return super().local(unix_s + 1_800)

    snapshot = opened("mode")
    assert page(snapshot).clock == f"{UNIX_S // 3600 % 24}:{UNIX_S // 60 % 60}"
    assert page(snapshot, Around(HalfAnHourAhead())).clock == "14:44"
    assert page(snapshot, now=NOW + 60_000).clock == "14:15"
    assert page(replace(snapshot, unix_s=None)).clock == "--:--"


def test_an_address_that_is_too_long_does_not_look_like_a_shorter_one() -> None:
    for address, seen in (("192.168.178.123",) * 2, ("fe80::1234:5678:9abc", "fe80::1234:56..")):
        assert page(opened("mode"), Around(UtcCalendar(), address)).address == seen
