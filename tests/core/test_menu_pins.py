"""PINs in the menu: how one is entered, what becomes of it, and what keys from afar may do with it and without."""

import pytest

from evsed.core.actions import KeepInstallerPin
from evsed.core.events import Button, ChangeSettings, CredentialsSet, PressButton
from evsed.core.menu_walk import TIMEOUT_MS
from evsed.core.panel_view import MenuView
from tests.core.keys import LEFT, MIDDLE, RIGHT, Keys, keys


def test_the_pin_is_entered_digit_by_digit_and_shown_only_meanwhile() -> None:
    story = keys(lcd_pin=1234)
    story.open_menu()
    story.go("lcd_pin")
    assert story.menu is not None
    assert story.menu.digits == ""
    story.short(MIDDLE)
    assert (story.menu.digits, story.menu.editing) == ("", True)
    story.short(LEFT, 2)
    assert story.menu.digits == "9"
    for _ in range(2):
        story.short(MIDDLE)
        story.short(RIGHT)
    assert story.menu.digits == "900"
    story.short(MIDDLE)
    story.short(RIGHT, 3)
    assert (story.menu.digits, story.draft.lcd_pin) == ("9002", 1234)
    story.short(MIDDLE)
    assert (story.menu.digits, story.menu.editing, story.draft.lcd_pin) == ("", False, 9002)


def kept_pins(story: Keys) -> list[int]:
    return [deed.pin for _, deed in story.deeds if isinstance(deed, KeepInstallerPin)]


@pytest.mark.parametrize("pin", [42, 2468, 24_680, 12_345_678])
def test_the_installer_s_pin_has_four_to_eight_digits_and_is_handed_on(pin: int) -> None:
    story = keys()
    story.open_menu()
    story.choose("installer_pin", pin)
    assert story.menu is not None
    assert (story.menu.installer_pin, story.draft.installer_pin) == (True, pin)
    assert kept_pins(story) == [], "not before EXIT"
    story.leave()
    assert kept_pins(story) == [pin]
    assert story.core.saved.settings.installer_pin == story.snapshot.settings.installer_pin == 0


def test_fewer_than_four_digits_are_no_pin_and_four_zeros_take_it_away() -> None:
    story = keys()
    story.open_menu()
    story.go("installer_pin")
    for button in (MIDDLE, RIGHT, MIDDLE, RIGHT, MIDDLE, MIDDLE):
        story.short(button)
    assert story.menu is not None
    assert (story.menu.told, story.menu.installer_pin) == ("The PIN stays as it was", False)
    story.choose("installer_pin", 0)
    story.leave()
    assert kept_pins(story) == [0]


def test_a_pin_among_settings_that_are_refused_is_not_handed_on() -> None:
    story = keys(mains_meter="Disabled")
    verdict = story.command(ChangeSettings((("installer_pin", 2468), ("mode", 2))))
    assert not verdict.accepted
    story.run(1)
    assert kept_pins(story) == []
    assert story.command(ChangeSettings((("installer_pin", 2468), ("current_min", 7)))).accepted
    story.run(1)
    assert kept_pins(story) == [2468]


def test_with_login_on_the_pin_that_is_the_last_way_in_is_not_removed_in_the_menu() -> None:
    """By keys from afar that would be over the network; at the unit another PIN is set instead."""
    story = keys(login=1)
    for alone, pin in ((True, 0), (True, 2468), (False, 0)):
        story.core.handle(CredentialsSet(installer_pin=True, anybody=True, by_pin_alone=alone), story.now)
        story.open_menu()
        story.choose("installer_pin", pin)
        story.leave()
        refused = story.menu is not None
        assert refused is (alone and not pin)
        if story.menu is not None:
            assert "the last way in" in story.menu.told
            story.run(TIMEOUT_MS / 1000)


def remote(story: Keys, button: Button, hold_s: float = 0.0, *, installer: bool = False) -> MenuView:
    story.command(PressButton(button, True, "web", installer))
    story.run(hold_s)
    story.command(PressButton(button, False, "web", installer))
    story.run(0.1)
    assert story.menu is not None
    return story.menu


def test_installer_items_are_not_changed_from_afar_without_the_installers_pin() -> None:
    story = keys()
    remote(story, MIDDLE, 2.1)
    while story.item != "current_max":
        remote(story, RIGHT)
    assert not remote(story, MIDDLE).editing
    assert "installer's PIN" in remote(story, MIDDLE).told
    assert remote(story, MIDDLE, installer=True).editing
    assert remote(story, RIGHT).draft.current_max == 13
    assert remote(story, RIGHT, installer=True).draft.current_max == 14
    assert not remote(story, MIDDLE).editing
    while story.item != "led_mode":
        remote(story, RIGHT)
    assert remote(story, MIDDLE).editing
    assert remote(story, RIGHT).draft.led_mode == 1


def test_who_is_in_the_menu_at_the_unit_is_not_disturbed_from_afar_but_by_the_installer() -> None:
    """A PIN that is being entered could be made another one, or stored half, by somebody else's keys."""
    story = keys()
    story.open_menu()
    story.go("installer_pin")
    story.short(MIDDLE)
    story.enter_pin(24)
    for button in Button:
        assert remote(story, button).digits == "0024"
    assert (story.item, story.menu is not None and story.menu.editing) == ("installer_pin", True)
    story.short(MIDDLE)
    assert (story.item, story.draft.installer_pin) == ("installer_pin", 24)
    assert remote(story, LEFT, installer=True).key == "lcd_pin"


def test_who_comes_to_the_unit_has_the_menu_that_was_opened_from_afar() -> None:
    story = keys()
    remote(story, MIDDLE, 2.1)
    first = story.item
    story.short(RIGHT)
    second = story.item
    assert second != first == remote(story, LEFT, installer=True).key
    assert remote(story, RIGHT).key == first
    story.run(TIMEOUT_MS / 1000)
    assert story.menu is None
    remote(story, MIDDLE, 2.1)
    assert remote(story, RIGHT).key == second
