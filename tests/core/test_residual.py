"""The residual current monitor's self-test, and its trips."""

import pytest

from evsed.core.events import Button, ChangeSetting, ClearFaults
from evsed.core.rcm import ResidualCurrentMonitor, Test
from evsed.core.states import State
from evsed.core.units import Millis
from evsed.hw.simulation.residual import ResidualMonitor
from tests.core.story import Story


class DeadMonitor(ResidualMonitor):
    """Never trips."""

    def advance(self, test: bool, now: Millis) -> None:
        """Does nothing."""


class StuckMonitor(ResidualMonitor):
    """Trips when tested, and stays so."""

    def advance(self, test: bool, now: Millis) -> None:  # noqa: ARG002 - as the one it stands for
        self.tripped = self.tripped or test


def asked(story: Story) -> None:
    story.run(0.5)
    story.plug()
    story.run_until(lambda: story.state is State.B, 5)


def test_the_monitor_is_tested_before_each_closing_and_the_car_waits_less_than_3_s() -> None:
    story = Story()
    tests: list[int] = []
    for charge in (1, 2):
        if charge == 1:
            asked(story)
        else:
            story.unit.car.ready = False
            story.run(1)
            story.unit.car.ready = True
        begun, driven = story.now, False
        while not story.core.outputs.contactor1:
            story.step()
            driven = driven or story.core.outputs.rcm_test
            assert not (story.core.outputs.rcm_test and story.core.outputs.contactor1)
            assert story.now - begun < 3_500
        assert driven
        tests.append(story.now)
        story.run(5)
        assert (story.state, story.snapshot.error) == (State.C, None)
    assert len(tests) == 2


@pytest.mark.parametrize("monitor", [DeadMonitor, StuckMonitor])
def test_a_monitor_that_fails_its_test_lets_nobody_charge(monitor: type[ResidualMonitor]) -> None:
    story = Story()
    story.unit.monitor = monitor()
    asked(story)
    story.run(6)
    assert (story.closings(), story.reason, story.state) == (0, "rcm", State.B1)
    story.unit.monitor = ResidualMonitor()
    story.run(20)
    assert story.reason == "rcm"
    story.unit.press(Button.LEFT, 100, story.now)
    story.run_until(lambda: story.state is State.C, 20)


def test_without_the_output_or_with_the_monitor_switched_off_nothing_is_tested() -> None:
    for story in (Story(), Story()):
        story.unit.monitor = DeadMonitor()
    story.command(ChangeSetting("rcmon", 0))
    story.charge()
    assert story.state is State.C


def test_a_trip_is_reset_at_the_charger_and_not_from_afar() -> None:
    story = Story()
    story.charge()
    story.unit.rcm = True
    story.run(1)
    story.unit.rcm = False
    story.run(1)
    assert "press a button" in story.command(ClearFaults()).refused
    assert story.reason == "rcm"


def test_a_car_that_lets_go_during_the_test_trips_nothing() -> None:
    story = Story()
    asked(story)
    story.run_until(lambda: story.core.outputs.rcm_test, 5)
    story.run(0.04)
    story.unit.car.ready = False
    story.run(3)
    assert (story.snapshot.error, story.core.outputs.rcm_test) == (None, False)


def test_a_trip_that_is_read_while_the_pilot_cannot_be_sampled_opens_at_once_and_stays() -> None:
    story = Story()
    story.charge()
    story.samples = False
    story.run(0.03)
    begun, story.unit.rcm = story.now, True
    story.run(0.01)
    assert story.opened_at() == begun + 10
    story.unit.rcm, story.samples = False, True
    story.run(5)
    assert (story.reason, story.unit.current[0]) == ("rcm", 0)


def test_no_trip_while_the_pilot_cannot_be_sampled_passes_no_self_test() -> None:
    story = Story()
    story.unit.monitor = StuckMonitor()
    asked(story)
    story.run_until(lambda: story.core.hardware.rcm.test is Test.RELEASED, 5)
    story.unit.monitor, story.samples = ResidualMonitor(), False
    for _ in range(5):
        story.step()
        assert not story.unit.rcm_signal
        assert story.core.hardware.rcm.test is Test.RELEASED
    story.samples = True
    story.run_until(lambda: story.state is State.C, 20)


# ---- the monitor by itself ----


def test_a_signal_that_is_there_before_the_test_fails_it() -> None:
    monitor = ResidualCurrentMonitor()
    monitor.feed(True, 0)
    monitor.step(wanted=True, now=0)
    assert (monitor.test, monitor.drive, monitor.tripped) == (Test.FAILED, False, True)


@pytest.mark.parametrize(("at", "result"), [(499, Test.DRIVEN), (500, Test.FAILED)])
def test_the_signal_has_500_ms_to_come(at: int, result: Test) -> None:
    monitor = ResidualCurrentMonitor()
    monitor.step(wanted=True, now=0)
    monitor.step(wanted=True, now=at)
    assert monitor.test is result
    assert monitor.drive is (result is Test.DRIVEN)


@pytest.mark.parametrize(("at", "result"), [(1_099, Test.RELEASED), (1_100, Test.FAILED)])
def test_the_signal_has_a_second_to_go(at: int, result: Test) -> None:
    monitor = ResidualCurrentMonitor()
    monitor.step(wanted=True, now=0)
    monitor.feed(True, 100)
    monitor.step(wanted=True, now=100)
    assert (monitor.test, monitor.tripped) == (Test.RELEASED, False)
    monitor.step(wanted=True, now=at)
    assert monitor.test is result
    assert monitor.tripped is (result is Test.FAILED)


def test_a_test_that_passed_counts_until_it_is_not_wanted_any_more() -> None:
    monitor = ResidualCurrentMonitor()
    monitor.step(wanted=True, now=0)
    monitor.feed(True, 50)
    monitor.step(wanted=True, now=50)
    monitor.feed(False, 100)
    monitor.step(wanted=True, now=100)
    monitor.step(wanted=True, now=110)
    assert monitor.passed
    monitor.step(wanted=False, now=120)
    assert not monitor.passed
    monitor.feed(True, 130)
    assert monitor.tripped


def test_the_echo_of_a_broken_off_test_ends_after_a_second() -> None:
    monitor = ResidualCurrentMonitor()
    monitor.step(wanted=True, now=0)
    monitor.feed(True, 100)
    monitor.step(wanted=False, now=100)
    monitor.feed(True, 1_099)
    assert not monitor.tripped
    monitor.feed(True, 1_100)
    assert monitor.tripped


def test_no_other_test_begins_before_the_echo_of_a_broken_off_one_has_gone() -> None:
    monitor = ResidualCurrentMonitor()
    monitor.step(wanted=True, now=0)
    monitor.feed(True, 100)
    monitor.step(wanted=False, now=100)
    monitor.step(wanted=True, now=110)
    assert monitor.test is Test.NOT_RUN
    monitor.feed(False, 200)
    monitor.step(wanted=True, now=200)
    assert monitor.test is Test.DRIVEN
