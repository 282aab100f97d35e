"""The cable lock, by itself and in stories."""

import pytest

from evsed.core.actions import LockDrive
from evsed.core.events import ChangeSetting, ChooseMode
from evsed.core.lock import CableLock
from evsed.core.model import Access, ModeChoice
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.story import Story, settings


def with_lock(**given: object) -> Story:
    return Story(Saved(settings=settings(**{"lock": "Solenoid", **given})))


@pytest.mark.parametrize("actuator", ["Solenoid", "Motor"])
def test_the_cable_is_locked_from_plug_in_to_unplugging(actuator: str) -> None:
    """SK#237 and others: also while waiting, and while switched off."""
    story = with_lock(lock=actuator)
    story.run(2)
    assert (story.snapshot.locked, story.unit.locked) == (False, False)
    story.plug()
    story.run(1.2)
    assert story.unit.locked
    story.run_until(lambda: story.state is State.C, 10)
    story.command(ChooseMode(ModeChoice.OFF))
    story.run(10)
    assert (story.snapshot.locked, story.unit.locked) == (True, True)
    story.unplug()
    story.run(1.2)
    assert (story.snapshot.locked, story.unit.locked) == (False, False)


@pytest.mark.parametrize("access", [Access.DENY, Access.PAUSE])
def test_a_cable_plugged_in_while_off_or_paused_is_locked_too(access: Access) -> None:
    """D35#205, D35 PR#216."""
    story = Story(Saved(settings=settings(lock="Motor"), access=access))
    story.run(1)
    story.plug()
    story.run(1.5)
    assert story.unit.locked


def test_the_option_keeps_the_cable_locked_without_a_car_and_lets_it_go_when_switched_off() -> None:
    story = with_lock(cablelock=1)
    story.charge()
    story.unit.car.ready = False
    story.run(1)
    story.cable_stays = True
    story.unplug()
    story.run(3)
    assert (story.state, story.unit.locked) == (State.A, True)
    story.command(ChangeSetting("cablelock", 0))
    story.run(1)
    assert not story.unit.locked


def test_no_power_before_the_cable_is_locked_and_none_if_it_cannot_be() -> None:
    story = with_lock()
    story.unit.lock.fault = "stuck"
    story.run(1)
    story.plug()
    story.run(5)
    assert (story.closings(), story.reason) == (0, "closing")
    story.run(9)
    error = story.snapshot.error
    assert error is not None
    assert (error.value.text, error.value.error_id, story.state, story.closings()) == ("Lock Failed", 14, State.B1, 0)
    story.unit.lock.fault = None
    story.run_until(lambda: story.state is State.C, 25)


def test_a_fixed_cable_or_no_actuator_has_nothing_to_lock() -> None:
    for given in ({"config": "Fixed"}, {"lock": "Disabled"}):
        story = with_lock(**given)
        story.charge()
        assert (story.snapshot.locked, story.unit.locked) == (None, False)


def test_a_pulse_lasts_600_ms_and_is_tried_again_every_5_s() -> None:
    lock = CableLock()
    lock.feed(False)
    for begun in (1_000, 6_000, 11_000, 16_000):
        lock.step(True, begun)
        assert lock.drive(begun) is LockDrive.LOCK
        lock.step(True, begun + 599)
        assert lock.drive(begun + 599) is LockDrive.LOCK
        lock.step(True, begun + 600)
        assert lock.drive(begun + 600) is LockDrive.REST
        assert lock.failed is (begun >= 11_000)
        lock.step(True, begun + 4_999)
        assert lock.drive(begun + 4_999) is LockDrive.REST
        assert not lock.holds
    lock.feed(True)
    lock.step(True, 17_000)
    assert (lock.failed, lock.holds, lock.drive(17_000)) == (False, True, LockDrive.REST)


def test_without_feedback_a_whole_pulse_is_believed() -> None:
    lock = CableLock()
    lock.step(True, 0)
    assert (lock.locked, lock.drive(0)) == (None, LockDrive.LOCK)
    lock.step(True, 599)
    assert not lock.holds
    lock.step(True, 600)
    assert (lock.locked, lock.holds, lock.drive(600)) == (True, True, LockDrive.REST)
    lock.step(True, 60_000)
    assert lock.drive(60_000) is LockDrive.REST
    lock.step(False, 60_010)
    assert lock.drive(60_010) is LockDrive.UNLOCK
    lock.step(False, 60_610)
    assert lock.locked is False


def test_a_lock_that_is_forced_open_is_closed_again() -> None:
    lock = CableLock()
    lock.feed(True)
    lock.step(True, 0)
    assert lock.drive(0) is LockDrive.REST
    lock.feed(False)
    lock.step(True, 100)
    assert lock.drive(100) is LockDrive.LOCK


def test_a_change_of_mind_turns_the_pulse_at_once() -> None:
    lock = CableLock()
    lock.feed(False)
    lock.step(True, 0)
    lock.step(False, 100)
    assert lock.drive(100) is LockDrive.REST  # it has not moved yet: nothing to undo
    lock.feed(True)
    lock.step(False, 200)
    assert lock.drive(200) is LockDrive.UNLOCK
    lock.step(None, 300)
    assert (lock.drive(300), lock.locked, lock.holds) == (LockDrive.REST, None, True)
