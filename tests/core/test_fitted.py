"""Settings about what is not wired: refused when changed, and what a stored one means."""

import pytest

from evsed.core.events import ChangeSetting, EraseSettings
from evsed.core.model import Equipment
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings

NOTHING = Equipment(rcm=False, lock=False, contactor2=False)


def bare(**given: object) -> Story:
    """A charger whose board has one contactor and nothing else, with stored settings."""
    story = Story(Saved(settings=settings(**({"rcmon": 0, "lock": 0, "enable_C2": 0} | given))))
    story.equipment = NOTHING
    story.restart()
    return story


@pytest.mark.parametrize(
    ("key", "value", "pin"),
    [
        ("rcmon", 1, "board.pins.rcm"),
        ("lock", 1, "board.pins.lock"),
        ("lock", "Motor", "board.pins.unlock"),
        *(("enable_C2", value, "board.pins.contactor2") for value in (1, 2, 3, "Auto")),
    ],
)
def test_what_the_board_cannot_carry_out_is_refused_with_the_pin(key: str, value: int | str, pin: str) -> None:
    story = bare()
    before = story.core.desk.settings
    assert pin in story.command(ChangeSetting(key, value)).refused
    assert story.core.desk.settings == before
    story.equipment = Equipment()
    story.restart()
    assert story.command(ChangeSetting(key, value)).accepted


def test_a_stored_monitor_that_is_not_wired_lets_nobody_charge_and_says_why() -> None:
    story = bare(rcmon=1)
    story.run(0.5)
    story.plug()
    story.run(30)
    assert (story.state, story.reason, story.closings()) == (State.B1, "no_rcm", 0)
    reason = story.snapshot.reason
    assert reason is not None
    assert "board.pins.rcm" in reason.text
    (warned,) = (note for note in story.notes() if "board.pins.rcm" in note)
    assert warned.endswith("or switch RCMON off. Nothing charges until then")
    assert story.command(ChangeSetting("rcmon", 1)).accepted  # nothing is changed
    assert story.command(ChangeSetting("current_max", 10)).accepted
    assert story.command(ChangeSetting("rcmon", 0)).accepted
    story.run_until(lambda: story.state is State.C, 30)


def test_a_stored_lock_and_contactor_that_are_not_wired_count_as_not_fitted() -> None:
    story = bare(lock="Motor", enable_C2="Auto", config="Socket")
    story.cable_stays = True
    story.charge()
    names = story.core.desk.settings.names()
    assert (story.state, names["lock"], names["enable_C2"]) == (State.C, "Disabled", "Not present")
    assert story.core.saved.settings == story.core.desk.settings
    warned = [note for note in story.notes() if "board.pins" in note]
    assert len(warned) == 2
    assert warned[0].endswith("The setting is Disabled from now on")
    assert warned[1].endswith("The setting is Not present from now on")
    story.restart()
    story.run(1)
    assert len([note for note in story.notes() if "board.pins" in note]) == 2  # it was told once


def test_the_settings_that_erasing_leaves_are_such_that_any_board_carries_them_out() -> None:
    story = bare(rcmon=1)
    assert story.command(EraseSettings()).accepted
    story.run(0.1)
    assert story.reason != "no_rcm"
