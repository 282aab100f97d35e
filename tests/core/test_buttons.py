"""Buttons that are found down, get stuck, or that nobody can read: only a press does anything."""

from dataclasses import replace
from itertools import pairwise

import pytest

from evsed.core.buttons import LOST_MS, MOST_REMOTE, SILENT_MS, STUCK_MS, Buttons, Gesture, RemoteButtons
from evsed.core.events import Button, ChooseMode, Inputs, PressButton
from evsed.core.model import Access, Mode, ModeChoice
from evsed.core.snapshot import Saved
from evsed.core.units import Millis
from tests.core.story import Story, settings

LEFT = frozenset({Button.LEFT})
NONE: frozenset[Button] = frozenset()
FOREVER_MS = 10**9


class Unreadable(Story):
    """A story in which the panel can be lost."""

    readable = True

    def looked(self, inputs: Inputs) -> Inputs:
        return super().looked(inputs if self.readable else replace(inputs, buttons=None))


def gestures(buttons: Buttons | RemoteButtons, *looks: object) -> list[tuple[Button, Gesture]]:
    done = buttons.feed(*looks)  # type: ignore[arg-type]
    return [(press.button, gesture) for press, gesture in done]


def test_a_button_that_is_found_down_means_nothing_until_it_was_released() -> None:
    buttons = Buttons()
    assert [gestures(buttons, LEFT, now) for now in (0, 2_001, 60_000)] == [[], [], []]
    assert gestures(buttons, NONE, 60_010) == []
    assert gestures(buttons, LEFT, 60_020) == [(Button.LEFT, Gesture.PRESSED)]
    assert gestures(buttons, NONE, 60_030) == [(Button.LEFT, Gesture.SHORT)]


@pytest.mark.parametrize("after_ms", [10, 3_000])
def test_a_press_that_nobody_could_see_the_end_of_meant_nothing(after_ms: int) -> None:
    buttons = Buttons()
    gestures(buttons, NONE, 0)
    assert gestures(buttons, LEFT, 10) == [(Button.LEFT, Gesture.PRESSED)]
    assert gestures(buttons, None, 20) == []
    assert gestures(buttons, None, 20 + after_ms) == []
    assert gestures(buttons, LEFT, 30 + after_ms) == []
    assert gestures(buttons, NONE, 40 + after_ms) == []
    assert gestures(buttons, LEFT, 50 + after_ms) == [(Button.LEFT, Gesture.PRESSED)]


@pytest.mark.parametrize(("held_ms", "end"), [(2_000, Gesture.SHORT), (2_001, Gesture.HELD)])
def test_each_press_is_short_or_held_and_once(held_ms: int, end: Gesture) -> None:
    buttons = Buttons()
    gestures(buttons, NONE, 0)
    done = gestures(buttons, LEFT, 0) + gestures(buttons, LEFT, held_ms)
    done += gestures(buttons, LEFT, held_ms) + gestures(buttons, NONE, held_ms)
    assert [gesture for _, gesture in done if gesture is not Gesture.REPEAT] == [Gesture.PRESSED, end]


def repeats(buttons: Buttons, until_ms: int) -> list[int]:
    """When a button that goes down now repeats."""
    gestures(buttons, NONE, 0)
    return [now for now in range(0, until_ms, 10) if (Button.LEFT, Gesture.REPEAT) in gestures(buttons, LEFT, now)]


def test_a_held_key_repeats_faster_with_time() -> None:
    times = repeats(Buttons(), 8_000)
    assert times[0] == 600
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps, reverse=True)
    assert (gaps[0], gaps[-1]) == (250, 60)


def test_a_stuck_key_ends_repeating() -> None:
    assert 29_900 < repeats(Buttons(), 60_000)[-1] <= STUCK_MS


def test_two_clients_that_press_the_same_button_are_two_presses() -> None:
    buttons = RemoteButtons()
    buttons.take(PressButton(Button.LEFT, True, "one"), 0)
    buttons.take(PressButton(Button.LEFT, True, "two"), 1_500)
    buttons.take(PressButton(Button.LEFT, False, "one"), 1_900)
    buttons.take(PressButton(Button.LEFT, False, "two"), 3_400)
    assert [gesture for _, gesture in gestures(buttons, 3_400)] == [*[Gesture.PRESSED] * 2, *[Gesture.SHORT] * 2]
    assert not [*buttons.presses]


def test_a_client_that_vanishes_makes_no_press_stick_and_no_other_client_ends_it() -> None:
    buttons = RemoteButtons()
    buttons.take(PressButton(Button.LEFT, True, "gone"), 0)
    buttons.take(PressButton(Button.LEFT, True, "there"), 100)
    buttons.take(PressButton(Button.LEFT, False, "there"), 200)
    seen = [gestures(buttons, now) for now in range(200, 20_000, 10)]
    after_10_s = [gesture for done in seen[980:] for gesture in done]
    assert after_10_s == []
    assert (Button.LEFT, Gesture.HELD) not in [gesture for done in seen for gesture in done]
    assert not [*buttons.presses]


def test_a_release_that_is_held_up_is_of_a_press_as_long_as_it_was() -> None:
    buttons = RemoteButtons()
    for held, arrives, meant in (
        (120, 9_000, Gesture.SHORT),
        (2_500, 9_000, Gesture.HELD),
        (9_000, 500, Gesture.SHORT),
    ):
        buttons.take(PressButton(Button.LEFT, True, "one"), 0)
        buttons.take(PressButton(Button.LEFT, False, "one", held=held), arrives)
        assert [gesture for _, gesture in gestures(buttons, arrives)] == [Gesture.PRESSED, meant]


def remote_repeats(tells: tuple[Millis, ...]) -> list[Millis]:
    """When the button of a client repeats who presses at 0, says ``tells`` that he still does, and vanishes."""
    buttons = RemoteButtons()
    buttons.take(PressButton(Button.LEFT, True, "one"), 0)
    found = []
    for now in range(0, 12_000, 10):
        if now in tells:
            buttons.take(PressButton(Button.LEFT, True, "one", held=now), now)
        found += [now for each in gestures(buttons, now) if each == (Button.LEFT, Gesture.REPEAT)]
    return found


def test_a_client_that_vanishes_repeats_for_3_s_and_one_that_speaks_until_10_s() -> None:
    assert 2_800 < remote_repeats(())[-1] < SILENT_MS
    assert 4_800 < remote_repeats((1_000, 2_000))[-1] < 5_000
    assert 9_900 < remote_repeats((*range(1_000, 12_000, 1_000),))[-1] < LOST_MS


def test_who_says_that_a_button_is_still_down_presses_none() -> None:
    buttons = RemoteButtons()
    buttons.take(PressButton(Button.LEFT, True, "one", held=1_000), 0)
    assert gestures(buttons, 0) == []
    assert not [*buttons.presses]


def test_a_flood_of_presses_is_bounded() -> None:
    buttons = RemoteButtons()
    for number in range(100):
        buttons.take(PressButton(Button.LEFT, True, str(number)), 0)
    assert len([*buttons.presses]) == MOST_REMOTE


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
