"""The pilot driven by hand: only where the owner unlocked it, never with a closed contactor, and never for long."""

import pytest

from evsed.core.actions import Pilot
from evsed.core.events import ChangeSetting, ChangeSettings, ChooseMode, DelayedCharging, OverridePilot
from evsed.core.model import ModeChoice
from evsed.core.states import State
from tests.core.story import Story


class Unlocked(Story):
    """A charger whose pilot may be driven by hand."""

    @property
    def connected_shown(self) -> bool:
        return self.snapshot.connected


def unlocked() -> Unlocked:
    return Unlocked(pilot_unlocked=True)


def test_it_is_locked_by_default() -> None:
    story = Story()
    assert "unlocked = true" in story.command(OverridePilot(500)).refused
    assert story.command(OverridePilot(None)).accepted  # what is not there may always be ended
    assert story.snapshot.pilot_override is None


@pytest.mark.parametrize("duty", [-1, 10_001])
def test_what_is_no_duty_is_refused(duty: int) -> None:
    assert "0 to 100 %" in unlocked().command(OverridePilot(duty)).refused


def test_charging_ends_in_order_before_the_hand_drives() -> None:
    story = unlocked()
    story.charge()
    assert story.command(OverridePilot(500)).accepted
    story.run_until(lambda: story.state is State.C1, 1)
    assert story.core.outputs.pilot.kind is Pilot.HIGH
    story.run_until(lambda: story.state is State.B1, 10)
    story.run(1)
    assert (story.core.outputs.pilot.duty, story.core.outputs.contactor1) == (500, False)
    assert (story.reason, story.snapshot.pilot_override) == ("pilot_by_hand", 500)
    closings = story.closings()
    story.run(60)
    assert (story.closings(), story.state) == (closings, State.B1)


@pytest.mark.parametrize(
    ("duty", "kind"), [(0, Pilot.OFF), (10_000, Pilot.HIGH), (500, Pilot.PWM), (5_000, Pilot.HIGH)]
)
def test_levels_by_hand(duty: int, kind: Pilot) -> None:
    story = unlocked()
    story.run(0.5)
    assert story.command(OverridePilot(duty)).accepted
    story.run(0.1)
    assert story.core.outputs.pilot.kind is kind  # 50 % announces 30 A, and no cable that carries it is in the socket


def test_it_never_announces_more_than_the_ceiling() -> None:
    story = unlocked()
    story.charge()
    assert story.command(OverridePilot(9_000)).accepted  # 65 A
    story.run(15)
    announced = story.core.outputs.pilot
    assert (announced.kind, announced.duty) == (Pilot.PWM, 13 * 1_000 // 6)  # MAX is 13 A


def test_what_is_refused_does_not_end_it() -> None:
    story = unlocked()
    story.run(0.5)
    assert story.command(OverridePilot(500)).accepted
    assert not story.command(ChangeSettings((("mode", "Solar"), ("current_max", 99)))).accepted
    assert not story.command(DelayedCharging(ModeChoice.NORMAL, 5)).accepted
    assert story.snapshot.pilot_override == 500


@pytest.mark.parametrize("end", ["taken back", "mode", "setting", "unplugged", "restart", "time"])
def test_it_ends_by_itself_and_the_car_charges_again(end: str) -> None:
    story = unlocked()
    story.charge()
    assert story.command(OverridePilot(500)).accepted
    story.run(10)
    match end:
        case "taken back":
            story.command(OverridePilot(None))
        case "mode":
            story.command(ChooseMode(ModeChoice.NORMAL))
        case "setting":
            story.command(ChangeSetting("mode", "Smart"))
        case "unplugged":
            story.unplug()
            story.run_until(lambda: story.state is State.A, 5)
            story.plug()
        case "restart":
            story.restart()
            story.run(0.1)
        case _:
            story.run(289)
            assert story.snapshot.pilot_override == 500
            story.run(2)
    assert story.snapshot.pilot_override is None
    story.run_until(lambda: story.state is State.C, 40)


def test_unplugging_ends_it_also_while_access_is_off_and_the_next_car_gets_no_pulses() -> None:
    story = unlocked()
    story.run(0.5)
    story.command(ChooseMode(ModeChoice.OFF))
    story.plug()
    story.run(2)
    assert (story.state, story.connected_shown) == (State.A, True)
    assert story.command(OverridePilot(500)).accepted
    story.run(1)
    assert story.core.outputs.pilot.duty == 500
    story.unplug()
    story.run(1)
    assert (story.snapshot.pilot_override, story.core.outputs.pilot.kind) == (None, Pilot.HIGH)


def test_a_car_in_a_that_was_driven_by_hand_waits_before_it_is_offered_anything() -> None:
    story = unlocked()
    story.run(0.5)
    story.command(ChooseMode(ModeChoice.OFF))
    story.plug()
    story.run(2)
    assert story.command(OverridePilot(500)).accepted
    story.run(1)
    begun = story.now
    story.command(ChooseMode(ModeChoice.NORMAL))
    story.run_until(lambda: story.state is State.C, 30)
    assert story.now - begun >= 5_000


def test_a_pilot_that_is_disconnected_by_hand_does_not_unplug_the_car() -> None:
    story = unlocked()
    story.run(0.5)
    story.command(ChooseMode(ModeChoice.OFF))
    story.plug()
    story.run(2)
    assert story.command(OverridePilot(0)).accepted
    story.run(2)
    assert (story.state, story.connected_shown) == (State.A, True)
    story.unplug()
    story.run(2)
    assert story.snapshot.pilot_override is None  # the empty socket is seen by the cable's resistor
