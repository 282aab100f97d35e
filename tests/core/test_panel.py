"""Backlight, remote buttons, custom button; settings changed together, and erased."""

from dataclasses import replace

from evsed.core.events import (
    Button,
    ChangeSetting,
    ChangeSettings,
    ChooseMode,
    DelayedCharging,
    EraseSettings,
    Light,
    Limit,
    Override,
    PressButton,
    PressCustomButton,
    Sampled,
)
from evsed.core.model import Access, Mode, ModeChoice
from evsed.core.schedule import NO_TIMER
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings


def test_the_light_goes_on_for_two_minutes_and_off_when_asked() -> None:
    story = Story()
    assert story.snapshot.backlight_s == 0
    story.command(Light(True))
    assert story.snapshot.backlight_s == 120
    story.run(119.5)
    assert story.snapshot.backlight_s == 1
    story.run(1)
    assert story.snapshot.backlight_s == 0
    story.command(Light(True))
    story.command(Light(False))
    assert story.snapshot.backlight_s == 0


def test_a_remote_button_is_a_button_and_lights_the_display() -> None:
    story = Story()
    story.charge()
    story.command(PressButton(Button.LEFT, pressed=True))
    story.run(2.1)
    assert (story.core.desk.access, story.snapshot.backlight_s) == (Access.ALLOW, 118)
    story.command(PressButton(Button.LEFT, pressed=False))
    story.run(0.1)
    assert story.core.desk.access is Access.DENY


def test_a_remote_press_that_nobody_releases_meant_nothing() -> None:
    story = Story()
    story.charge()
    story.command(PressButton(Button.LEFT, pressed=True))
    story.run(10)
    story.command(PressButton(Button.LEFT, pressed=False))
    story.command(PressButton(Button.RIGHT, pressed=False))  # nor does a release of what was not pressed
    story.run(0.1)
    assert (story.core.desk.access, story.state) == (Access.ALLOW, State.C)


def test_a_remote_press_and_its_release_within_a_cycle_are_a_short_press() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    story.run(0.1)
    story.command(PressButton(Button.LEFT, pressed=True))
    story.command(PressButton(Button.LEFT, pressed=False))
    story.run(0.1)
    assert story.snapshot.mode is Mode.SOLAR


def test_locked_buttons_light_the_display_and_do_nothing_else() -> None:
    story = Story(Saved(settings=settings(lcdlock=1)))
    story.charge()
    story.command(PressButton(Button.LEFT, pressed=True))
    story.run(2.9)
    story.command(PressButton(Button.LEFT, pressed=False))
    story.run(0.1)
    assert (story.core.desk.access, story.state) == (Access.ALLOW, State.C)
    assert story.snapshot.backlight_s > 0


class Pressed(Story):
    """A story in which somebody can hold the middle button of the unit."""

    down = False

    def step(self) -> None:
        super().step()
        if self.down:
            inputs = replace(self.unit.inputs(self.now), buttons=frozenset({Button.MIDDLE}))
            self._keep(self.core.handle(Sampled(inputs), self.now))


def test_locked_buttons_still_reset_a_residual_current_fault_and_remote_ones_never_do() -> None:
    story = Pressed(Saved(settings=settings(lcdlock=1, rcmon=1)))
    story.charge()
    story.unit.rcm = True
    story.run(0.5)
    assert story.reason == "rcm"
    story.unit.rcm = False
    story.run(0.5)
    story.command(PressButton(Button.MIDDLE, pressed=True))
    story.command(PressButton(Button.MIDDLE, pressed=False))
    story.run(0.1)
    assert story.reason == "rcm"
    story.down = True
    story.run(0.1)
    assert story.reason != "rcm"


def test_the_custom_button_is_told_and_changes_nothing_here() -> None:
    story = Story()
    story.charge()
    for on in (True, False):
        story.command(PressCustomButton(on))
        story.run(0.5)
        assert (story.snapshot.custom_button, story.state) == (on, State.C)


def test_settings_change_together_or_not_at_all() -> None:
    story = Story()
    assert story.command(Override(100)).accepted
    before = story.core.desk.settings
    refused = story.command(ChangeSettings((("current_max", 9), ("color_off", "1,2,3"), ("current_min", 5))))
    assert "current_min takes" in refused.refused
    assert (story.core.desk.settings, story.core.desk.override) == (before, 100)
    assert story.command(ChangeSettings((("current_max", 9), ("color_off", "1,2,3")))).accepted
    after = story.core.desk.settings
    assert (after.current_max, after.color_off, story.core.desk.override) == (9, "1,2,3", 90)


def test_erased_settings_are_the_defaults_with_access_off() -> None:
    story = Story(Saved(settings=settings(current_max=20)))
    story.charge()
    story.clock(1_800_000_000)
    story.command(Limit(200, 60))
    story.command(DelayedCharging(ModeChoice.NORMAL, 1_800_000_100))
    story.command(ChooseMode(ModeChoice.NORMAL))
    assert story.command(EraseSettings()).accepted
    story.run(8)
    desk = story.core.desk
    assert (desk.settings, desk.access, desk.timer, desk.lent) == (Settings(), Access.DENY, NO_TIMER, None)
    assert (story.state, story.core.outputs.contactor1) == (State.B1, False)


def test_a_lock_that_is_given_up_is_opened() -> None:
    for give_up in (EraseSettings(), ChangeSetting("lock", 0), ChangeSetting("config", 1)):
        story = Story(Saved(settings=settings(lock="Solenoid")))
        story.charge()
        assert story.unit.locked
        assert story.command(give_up).accepted
        story.run(10)
        assert story.unit.locked  # while a car hangs on it
        story.unplug()
        story.run(8)
        assert (story.unit.locked, story.snapshot.locked, story.state) == (False, None, State.A), give_up
