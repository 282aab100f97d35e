"""What somebody could do with the menu and the buttons that nobody should: found by people who tried."""

import pytest

from evsed.core.events import Button, ChangeSetting, ChangeSettings, EraseSettings, OverridePilot, PressButton
from evsed.core.faults import Fault
from evsed.core.model import Access, ModeChoice
from evsed.core.panel_view import EXIT
from evsed.core.schedule import NO_TIMER, Timer
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.keys import LEFT, MIDDLE, RIGHT, Keys, keys
from tests.core.story import settings


def remote(story: Keys, button: Button, hold_s: float = 0.0, *, installer: bool = False) -> None:
    story.command(PressButton(button, True, "web", installer))
    story.run(hold_s)
    story.command(PressButton(button, False, "web", installer))
    story.run(0.1)


def tripped() -> Keys:
    """It charged, the menu was open, and a residual current was seen and went."""
    story = keys(rcmon=1)
    story.charge()
    story.open_menu()
    story.unit.rcm = True
    story.run(0.3)
    return story


def test_a_residual_current_fault_closes_the_menu_so_that_it_is_seen_before_a_key_resets_it() -> None:
    story = tripped()
    assert (story.menu, story.reason) == (None, "rcm")


def test_a_key_of_somebody_who_walks_through_the_menu_resets_nothing_that_he_has_not_read() -> None:
    story = tripped()
    story.unit.rcm = False
    story.run(0.1)
    story.hold(RIGHT, 100)
    assert story.reason == "rcm"
    story.run(2)
    story.hold(RIGHT, 100)
    assert story.reason != "rcm"


def test_a_button_that_is_down_when_the_fault_comes_opens_no_menu_over_it() -> None:
    story = keys(rcmon=1)
    story.charge()
    story.unit.press(MIDDLE, 2_500, story.now)
    story.run(1.9)
    story.unit.rcm = True
    story.run(1)
    assert (story.reason, story.menu, story.snapshot.panel.holding) == ("rcm", None, None)


def test_a_monitor_that_is_broken_can_be_switched_off_and_its_fault_reset_then() -> None:
    story = tripped()
    story.run(2)
    story.hold(RIGHT, 100)
    assert (story.reason, story.snapshot.residual_signal) == ("rcm", True)
    story.hold(MIDDLE, 2_100)
    story.choose("rcmon", "Disabled")
    story.leave()
    assert (story.menu, story.reason, story.snapshot.residual_signal) == (None, "rcm", False)
    story.hold(RIGHT, 100)
    assert story.reason != "rcm"


def test_the_menu_over_a_latched_fault_is_walked_by_nobody_far_away() -> None:
    story = tripped()
    story.run(2)
    story.hold(MIDDLE, 2_100)
    remote(story, RIGHT)
    assert story.item == "mode"
    story.run(118)
    remote(story, RIGHT)
    story.run(2)
    assert story.menu is None


def test_granting_access_that_is_on_ends_the_pilot_by_hand() -> None:
    story = Keys(Saved(settings=settings()), pilot_unlocked=True)
    story.charge()
    assert story.command(OverridePilot(1_000)).accepted
    story.run(10)
    assert story.reason == "pilot_by_hand"
    story.hold(RIGHT, 2_100)
    story.run(20)
    assert story.state is State.C


def test_nobody_far_away_hides_a_latched_fault_behind_the_menu() -> None:
    story = tripped()
    story.run(2)
    remote(story, MIDDLE, 2.1)
    assert (story.menu, story.snapshot.panel.holding) == (None, None)
    story.hold(MIDDLE, 2_100)  # who stands before it may: the monitor's setting is in the menu
    assert story.item == "mode"


def test_a_short_press_while_the_monitor_still_signals_does_not_change_the_mode() -> None:
    story = Keys(Saved(settings=settings(rcmon=1, mode="Smart")))
    story.charge()
    story.unit.rcm = True
    story.run(0.3)
    story.hold(LEFT, 300)
    assert (story.reason, story.snapshot.choice) == ("rcm", ModeChoice.SMART)
    story.unit.rcm = False
    story.run(0.1)
    story.hold(LEFT, 300)
    assert (Fault.RCM in story.snapshot.faults, story.snapshot.choice) == (False, ModeChoice.SMART)


def test_exit_from_afar_stores_nothing_of_who_is_at_the_unit() -> None:
    story = keys()
    story.open_menu()
    story.choose("led_mode", "Public")
    story.go(EXIT)
    remote(story, MIDDLE)
    assert story.menu is not None
    assert (story.menu.told, story.core.desk.settings.led_mode) == ("", 0)


def test_exit_from_afar_stores_no_installers_draft_of_somebody_else() -> None:
    story = keys()
    remote(story, MIDDLE, 2.1)
    for key in ("current_max", "led_mode", EXIT):
        while story.item != key:
            remote(story, RIGHT, installer=True)
        for changing in (MIDDLE, RIGHT, MIDDLE) if key != EXIT else ():
            remote(story, changing, installer=True)
    remote(story, MIDDLE)
    assert story.menu is not None
    assert "installer's PIN" in story.menu.told
    assert (story.core.desk.settings.current_max, story.core.desk.settings.led_mode) == (13, 0)
    assert story.command(ChangeSetting("current_max", 14)).accepted  # what is so already needs nobody's leave
    remote(story, MIDDLE)
    assert (story.menu, story.core.desk.settings.led_mode) == (None, 1)


def test_what_is_said_to_one_from_afar_who_may_not_is_gone_with_the_next_press_of_one_who_may() -> None:
    story = keys()
    remote(story, MIDDLE, 2.1)
    while story.item != "current_max":
        remote(story, RIGHT, installer=True)
    remote(story, MIDDLE, installer=True)
    remote(story, RIGHT)
    assert story.menu is not None
    assert (story.menu.editing, "installer's PIN" in story.menu.told, story.draft.current_max) == (True, True, 13)
    remote(story, RIGHT, installer=True)
    assert story.menu is not None
    assert (story.menu.editing, story.menu.told, story.draft.current_max) == (True, "", 14)


def test_exit_by_the_installer_from_afar_stores_all() -> None:
    story = keys()
    story.open_menu()
    story.choose("current_max", 18)
    story.go(EXIT)
    remote(story, MIDDLE, installer=True)
    assert (story.menu, story.core.desk.settings.current_max) == (None, 18)


@pytest.mark.parametrize("first", [0, 1])
def test_a_charger_becomes_a_node_with_what_is_set_elsewhere_then_in_any_order(first: int) -> None:
    story = keys(mode="Smart")
    changes = [("current_min", 8), ("loadbl", 2)]
    assert story.command(ChangeSettings((changes[first], changes[1 - first]))).accepted
    assert (story.core.desk.settings.current_min, story.core.desk.settings.loadbl) == (8, 2)


def test_what_was_put_back_as_it_was_follows_what_a_program_chooses_after_that() -> None:
    story = keys()
    story.open_menu()
    story.choose("mode", "Solar")
    story.choose("mode", "Normal")
    assert story.command(ChangeSetting("mode", "Solar")).accepted
    story.leave()
    assert (story.menu, story.core.desk.settings.names()["mode"]) == (None, "Solar")


def test_items_that_were_changed_while_they_were_shown_are_stored_whatever_was_touched_before() -> None:
    story = keys(mode="Smart")
    story.open_menu()
    for key, value in (
        ("loadbl", "Node 1"),
        ("loadbl", "Disabled"),
        ("current_max_sum_mains", 599),
        ("current_min", 7),
        ("loadbl", "Node 1"),
    ):
        story.choose(key, value)
    story.leave()
    stored = story.core.desk.settings
    assert (story.menu, stored.loadbl, stored.current_min, stored.current_max_sum_mains) == (None, 2, 7, 599)


def test_a_pin_that_was_opened_by_mistake_stays_as_it_is() -> None:
    story = keys(lcd_pin=4711)
    story.open_menu()
    story.go("lcd_pin")
    story.short(MIDDLE, 2)
    assert story.menu is not None
    assert (story.draft.lcd_pin, story.menu.editing, story.menu.told) == (4711, False, "The PIN stays as it was")
    story.short(MIDDLE)
    story.short(RIGHT, 3)
    story.short(MIDDLE, 2)
    assert (story.draft.lcd_pin, story.menu.editing, story.menu.digits) == (4711, False, "")
    story.choose("lcd_pin", 0)  # zeros that were chosen are zeros
    assert story.draft.lcd_pin == 0


def test_erasing_everything_and_the_lock_close_the_menu_at_once() -> None:
    for command in (EraseSettings(), ChangeSetting("lcdlock", 1)):
        story = keys()
        story.open_menu()
        story.choose("current_max", 18)
        assert story.command(command).accepted
        assert story.menu is None


@pytest.mark.parametrize("mode", ["Normal", "Smart", "Solar"])
def test_granting_access_that_is_on_ends_no_timer(mode: str) -> None:
    timer = Timer(None, 10_000)
    story = Keys(Saved(settings=settings(mode=mode), timer=timer))
    story.clock(5_000)
    story.plant.sun = (30.0, 30.0, 30.0)
    story.charge()
    story.hold(RIGHT, 2_100)
    assert (story.core.desk.timer, story.core.desk.access) == (timer, Access.ALLOW)
    story.hold(LEFT, 2_100)
    assert (story.core.desk.timer, story.core.desk.access) == (NO_TIMER, Access.DENY)
    assert story.state is not State.A
