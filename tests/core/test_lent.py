"""The outside limit: lent for some seconds, one more cap in every mode, and what stays when its time is over."""

import pytest

from evsed.core import asking
from evsed.core.actions import Pilot, PilotDrive
from evsed.core.duty import current_for
from evsed.core.events import ChangeSetting, ChooseMode, EndLimit, Limit, Override, Tick
from evsed.core.lent import Hold, Lent, hold, lent_at, wrong
from evsed.core.model import Access, ModeChoice
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from tests.core.story import Story, settings


def charging(**given: object) -> Story:
    story = Story(Saved(settings=settings(**given)))
    if given.get("mode") == "Solar":
        story.plant.sun = (20.0, 20.0, 20.0)
        story.run(12)
    story.charge()
    return story


def lend(story: Story, amps: float, seconds: int = 60, fallback: float | None = None) -> None:
    limit = Limit(round(amps * 10), seconds, None if fallback is None else round(fallback * 10))
    assert story.command(limit).accepted


def announced(pilot: PilotDrive) -> Deciamps:
    assert pilot.kind is Pilot.PWM
    return current_for(pilot.pulses)


def until(story: Story) -> Millis | None:
    reason = story.snapshot.reason
    assert reason is not None
    assert reason.code == "limited_outside"
    return reason.until


# ---- the cap ----


@pytest.mark.parametrize("mode", ["Normal", "Smart", "Solar"])
def test_a_limit_lowers_the_offer_in_the_same_step_in_every_mode(mode: str) -> None:
    story = charging(mode=mode)
    story.run(60)
    assert story.snapshot.offer == 130
    lend(story, 8)
    story.core.handle(Tick(), story.now)
    assert announced(story.core.outputs.pilot) == 80
    assert (story.state, story.snapshot.offer, story.snapshot.limited_by) == (State.C, 80, "outside limit")
    story.run(59)
    assert (story.state, story.snapshot.offer) == (State.C, 80)


def test_the_permit_knows_the_limit_before_anybody_else_has_acted_on_it() -> None:
    story = charging()
    lend(story, 8)
    assert story.core.regulation.regulator.offer == 130
    assert announced(story.core._permitted(asking.moment(story.core, story.now), story.now).outputs.pilot) == 80
    lend(story, 5.9)
    outputs = story.core._permitted(asking.moment(story.core, story.now), story.now).outputs
    assert (outputs.pilot.kind, outputs.contactor1) == (Pilot.HIGH, False)


def test_it_is_over_to_the_millisecond_and_the_charger_goes_back_to_its_own_limits() -> None:
    story = charging()
    lend(story, 8, seconds=20)
    begun = story.now
    story.run(19.99)
    assert story.snapshot.lent == Lent(80, begun + 20_000, None)
    story.step()
    assert story.snapshot.lent is None
    story.run_until(lambda: story.snapshot.offer == 130, 20)
    assert story.snapshot.limited_by == "MAX"


def test_a_fallback_stays_until_the_limit_is_ended() -> None:
    story = charging()
    lend(story, 10, seconds=5, fallback=6.5)
    story.run(4.99)
    assert story.snapshot.offer == 100
    story.step()
    assert (story.snapshot.offer, story.snapshot.lent) == (65, Lent(65, None, 65))
    story.run(100)
    assert story.snapshot.offer == 65
    assert story.command(EndLimit()).accepted
    story.run_until(lambda: story.snapshot.offer == 130, 20)


def test_a_new_limit_takes_the_place_of_the_old_one_and_of_its_fallback() -> None:
    story = charging()
    lend(story, 7, seconds=5, fallback=6)
    lend(story, 9, seconds=5)
    story.run(4)
    assert story.snapshot.offer == 90
    story.run(2)
    assert story.snapshot.lent is None


def test_it_is_never_above_another_limit() -> None:
    story = charging()
    lend(story, 80)
    assert story.command(Override(70)).accepted
    story.run(20)
    assert (story.snapshot.offer, story.snapshot.limited_by) == (70, "override")
    assert story.command(Override(0)).accepted
    story.run(20)
    assert (story.snapshot.offer, story.snapshot.limited_by) == (130, "MAX")


def test_the_mains_is_protected_below_it() -> None:
    story = charging(mode="Smart")
    lend(story, 12, seconds=600)
    story.run(2)
    story.plant.house = (17.0, 1.0, 1.0)
    story.run(2)
    assert (story.snapshot.offer, story.snapshot.limited_by) == (80, "MAINS")
    story.plant.house = (25.0, 1.0, 1.0)
    story.run_until(lambda: story.state is State.C1, 6)
    assert story.reason == "no_power"


def test_a_change_of_mode_does_not_end_it() -> None:
    story = charging()
    lend(story, 8, seconds=600)
    for choice in (ModeChoice.SMART, ModeChoice.OFF, ModeChoice.NORMAL):
        assert story.command(ChooseMode(choice)).accepted
        story.run(30)
    assert (story.state, story.snapshot.offer) == (State.C, 80)
    assert story.command(ChangeSetting("current_max", 16)).accepted
    story.run(20)
    assert story.snapshot.offer == 80


def test_another_car_gets_no_more() -> None:
    story = charging()
    lend(story, 8, seconds=600)
    story.unplug()
    story.run(5)
    story.charge()
    assert story.snapshot.offer == 80


def test_a_restart_forgets_it_and_its_fallback() -> None:
    story = charging()
    lend(story, 0, seconds=600, fallback=0)
    story.run(30)
    assert story.reason == "limited_outside"
    story.restart()
    assert story.snapshot.lent is None
    story.run_until(lambda: story.state is State.C, 30)


# ---- no current for a car ----


@pytest.mark.parametrize("mode", ["Normal", "Smart", "Solar"])
@pytest.mark.parametrize("amps", [0, 5.9])
def test_less_than_6_a_stops_in_order_and_charging_returns_by_itself(mode: str, amps: float) -> None:
    story = charging(mode=mode)
    lend(story, amps)
    begun = story.now
    story.core.handle(Tick(), story.now)
    assert (story.state, story.core.outputs.contactor1) == (State.C1, True)
    assert until(story) == begun + 60_000
    story.run_until(lambda: story.state is State.B1, 3)
    assert story.snapshot.faults == ()
    story.run(50)
    assert (story.state, until(story)) == (State.B1, begun + 60_000)
    story.run_until(lambda: story.state is State.C, 15)
    assert 60_000 <= story.now - begun <= 63_000, "nothing else was left to wait for"
    assert story.closings() == 2


def test_the_reason_says_what_limits() -> None:
    story = charging()
    texts = []
    for amps in (0, 5.5):
        lend(story, amps)
        story.run(10)
        reason = story.snapshot.reason
        assert reason is not None
        texts.append(reason.text)
    assert texts == [
        "Limited to 0 A by an outside program",
        "Limited to 5.5 A by an outside program, less than MIN",
    ]
    assert "state C to C1: a reason to stop (limited by an outside program)" in story.notes()


@pytest.mark.parametrize(("least", "most"), [(6, 13), (10, 13), (13, 8)])
def test_the_owners_min_charges_and_a_tenth_less_does_not(least: int, most: int) -> None:
    amps = min(least, most)
    story = charging(current_min=least, current_max=most)
    lend(story, amps)
    story.run(10)
    assert (story.state, story.snapshot.offer) == (State.C, amps * 10)
    lend(story, amps - 0.1)
    story.step()
    assert (story.state, story.reason) == (State.C1, "limited_outside")


def test_a_short_pause_still_waits_for_the_charge_delay() -> None:
    story = charging()
    begun = story.now
    lend(story, 0, seconds=1)
    story.run(2)
    assert story.state is not State.C
    story.run_until(lambda: story.reason == "charge_delay", 10)
    story.run_until(lambda: story.state is State.C, 20)
    assert 15_000 <= story.now - begun <= 18_000


def test_a_pause_that_is_taken_back_is_over_at_once() -> None:
    story = charging()
    lend(story, 0, seconds=86_400)
    story.run(100)
    assert story.reason == "limited_outside"
    assert story.command(EndLimit()).accepted
    story.run_until(lambda: story.state is State.C, 3)


def test_a_fallback_below_6_a_has_no_end() -> None:
    story = charging()
    lend(story, 8, seconds=10, fallback=0)
    story.run(9)
    assert story.state is State.C
    story.run(30)
    assert (story.state, until(story)) == (State.B1, None)
    lend(story, 0, seconds=10, fallback=0)
    story.run(1)
    assert until(story) is None, "the fallback goes on with what the limit began"
    lend(story, 0, seconds=10, fallback=7)
    begun = story.now
    story.run(1)
    assert until(story) == begun + 10_000
    story.run_until(lambda: story.state is State.C, 15)
    assert story.snapshot.offer == 70


def test_a_car_that_ignores_the_stop_is_cut_off_after_6_s() -> None:
    story = charging()
    story.unit.car.ignores_stop = True
    lend(story, 0)
    begun = story.now
    story.run_until(lambda: story.state is State.B1, 7)
    assert story.opened_within(begun, 6_010)


def test_a_car_that_is_plugged_in_during_a_pause_waits_for_its_end() -> None:
    story = Story()
    story.run(1)
    lend(story, 0, seconds=30)
    begun = story.now
    assert story.reason == "no_car"
    story.plug()
    story.run(20)
    assert (story.state, until(story)) == (State.B1, begun + 30_000)
    story.run_until(lambda: story.state is State.C, 15)


def test_the_owners_will_comes_before_it() -> None:
    story = charging()
    lend(story, 0, seconds=600)
    assert story.command(ChooseMode(ModeChoice.PAUSE)).accepted
    story.run(10)
    assert (story.reason, story.snapshot.access) == ("paused", Access.PAUSE)


def test_a_shortage_that_outlasts_the_pause_is_told_when_the_pause_is_over() -> None:
    story = charging(mode="Smart")
    lend(story, 0, seconds=60)
    story.plant.house = (24.0, 1.0, 1.0)
    story.run(50)
    assert story.reason == "limited_outside"
    story.run(30)
    assert (story.state, story.reason) == (State.B1, "no_power")
    story.plant.house = (1.0, 1.0, 1.0)
    story.run_until(lambda: story.state is State.C, 40)


# ---- by itself ----


@pytest.mark.parametrize(
    ("current", "seconds", "fallback", "says"),
    [
        (0, 1, None, ""),
        (800, 86_400, 800, ""),
        (60, 60, 0, ""),
        (-1, 60, None, "the limit takes 0 to 80 A; not -0.1"),
        (801, 60, None, "the limit takes 0 to 80 A; not 80.1"),
        (60, 60, -1, "the fallback takes 0 to 80 A; not -0.1"),
        (60, 60, 801, "the fallback takes 0 to 80 A; not 80.1"),
        (60, 0, None, "a limit is lent for 1 to 86400 seconds; not 0"),
        (60, 86_401, None, "a limit is lent for 1 to 86400 seconds; not 86401"),
    ],
)
def test_ranges(current: Deciamps, seconds: int, fallback: Deciamps | None, says: str) -> None:
    assert wrong(current, seconds, fallback) == says
    story = Story()
    verdict = story.command(Limit(current, seconds, fallback))
    assert (verdict.refused, story.snapshot.lent is None) == (says, bool(says))


def test_a_refused_limit_leaves_the_one_that_is_there() -> None:
    story = Story()
    lend(story, 10)
    before = story.snapshot.lent
    assert not story.command(Limit(801, 60)).accepted
    assert story.snapshot.lent == before


def test_when_it_lets_no_car_charge() -> None:
    assert hold(None, 60) is None
    assert hold(Lent(60, 10, 0), 60) is None
    assert hold(Lent(59, 10, None), 60) == Hold(59, 10)
    assert hold(Lent(59, 10, 60), 60) == Hold(59, 10)
    assert hold(Lent(59, 10, 59), 60) == Hold(59, None)
    assert hold(Lent(0, None, 0), 60) == Hold(0, None)


def test_what_is_left_of_it() -> None:
    assert lent_at(None, 5) is None
    assert lent_at(Lent(100, 10, None), 9) == Lent(100, 10, None)
    assert lent_at(Lent(100, 10, None), 10) is None
    assert lent_at(Lent(100, 10, 60), 10) == Lent(60, None, 60)
    assert lent_at(Lent(60, None, 60), 10**9) == Lent(60, None, 60)
