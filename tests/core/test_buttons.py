"""Buttons that are found down, get stuck, or that nobody can read: only a press does anything."""

from dataclasses import replace

import pytest

from evsed.core.access import Buttons, Gesture
from evsed.core.events import Button, ChooseMode, Inputs
from evsed.core.model import Access, Mode, ModeChoice
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings

LEFT = frozenset({Button.LEFT})
NONE: frozenset[Button] = frozenset()
FOREVER_MS = 10**9


class Unreadable(Story):
    """A story in which the panel can be lost."""

    readable = True

    def looked(self, inputs: Inputs) -> Inputs:
        return super().looked(inputs if self.readable else replace(inputs, buttons=None))


def test_a_button_that_is_found_down_means_nothing_until_it_was_released() -> None:
    buttons = Buttons()
    assert [buttons.feed(LEFT, now) for now in (0, 2_001, 60_000)] == [[], [], []]
    assert buttons.feed(NONE, 60_010) == []
    assert buttons.feed(LEFT, 60_020) == [(Button.LEFT, Gesture.PRESSED)]
    assert buttons.feed(NONE, 60_030) == [(Button.LEFT, Gesture.SHORT)]


@pytest.mark.parametrize("after_ms", [10, 3_000])
def test_a_press_that_nobody_could_see_the_end_of_meant_nothing(after_ms: int) -> None:
    buttons = Buttons()
    buttons.feed(NONE, 0)
    assert buttons.feed(LEFT, 10) == [(Button.LEFT, Gesture.PRESSED)]
    assert buttons.feed(None, 20) == []
    assert buttons.feed(None, 20 + after_ms) == []
    assert buttons.feed(LEFT, 30 + after_ms) == []
    assert buttons.feed(NONE, 40 + after_ms) == []
    assert buttons.feed(LEFT, 50 + after_ms) == [(Button.LEFT, Gesture.PRESSED)]


def tripped(story: Story) -> None:
    """A residual current flowed while the middle button was stuck, and is gone."""
    story.charge()
    story.unit.press(Button.MIDDLE, FOREVER_MS, story.now)
    story.run(3)
    story.unit.rcm = True
    story.run(0.5)
    story.unit.rcm = False
    story.run(30)
    assert story.reason == "rcm"


def test_a_stuck_button_resets_no_residual_current_fault_by_a_restart() -> None:
    story = Story(Saved(settings=settings(rcmon=1)))
    tripped(story)
    story.restart()
    story.run(30)
    assert (story.reason, story.unit.current[0]) == ("rcm", 0)
    story.unit.press(Button.MIDDLE, 0, story.now)
    story.run(0.1)
    story.unit.press(Button.MIDDLE, 200, story.now)  # somebody who stands before it
    story.run(0.3)
    assert story.reason != "rcm"


def test_a_stuck_button_resets_no_residual_current_fault_when_the_panel_comes_back() -> None:
    story = Unreadable(Saved(settings=settings(rcmon=1)))
    tripped(story)
    story.readable = False
    story.run(1)
    story.readable = True
    story.run(30)
    assert (story.reason, story.unit.current[0]) == ("rcm", 0)


def test_a_stuck_button_does_not_switch_access_on_by_a_restart() -> None:
    story = Story()
    story.charge()
    story.unit.press(Button.RIGHT, FOREVER_MS, story.now)
    story.run(3)
    assert story.command(ChooseMode(ModeChoice.OFF)).accepted
    story.run(10)
    story.restart()
    story.run(30)
    assert (story.core.desk.access, story.unit.current[0]) == (Access.DENY, 0)


def test_a_panel_that_is_lost_while_a_button_is_down_is_no_release() -> None:
    story = Unreadable(Saved(settings=settings(mode="Smart")))
    story.run(0.1)
    story.unit.press(Button.LEFT, 500, story.now)
    story.run(0.3)
    story.readable = False
    story.run(1)
    story.readable = True
    story.run(1)
    assert story.snapshot.mode is Mode.SMART
