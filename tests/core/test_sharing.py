"""Power sharing as stories: several chargers on one house, and what their cars get."""

from evsed.core.events import ChangeSetting, ChooseMode, Override
from evsed.core.model import ModeChoice
from evsed.core.states import State
from tests.core.club import Club, full

# ---- the split ----


def test_they_start_one_after_the_other_and_share() -> None:
    club = Club(3, circuit=200)
    club.run(2)
    for car, expected in ((0, [160, 0, 0]), (1, [100, 100, 0]), (2, [66, 67, 67])):
        club.plug(car)
        club.run(30)
        assert club.offers == expected
    assert club.charging == [0, 1, 2]
    assert club.highest <= 200


def test_a_node_alone_gets_everything() -> None:
    club = Club(2)
    club.plug(1)
    club.run(30)
    assert club.offers == [0, 160]


def test_a_lower_max_and_a_thin_cable_leave_more_to_the_others() -> None:
    club = Club(3, {"current_main": 60}, circuit=400)
    club.plant.units[1].car.cable = 13
    assert club.cores[2].command(ChangeSetting("current_max", 8), club.now).accepted
    club.run(2)
    club.plug(0, 1, 2)
    club.run(40)
    assert club.offers == [160, 130, 80]


def test_unplugging_frees_the_share() -> None:
    club = full(2)
    assert club.offers == [80, 80]
    club.unplug(0)
    club.run(15)
    assert club.offers == [0, 160]


def test_a_full_car_leaves_its_share_and_gets_it_back() -> None:
    club = full(2)
    club.plant.units[1].car.ready = False
    club.run(15)
    assert (club.offers, club.states[1]) == ([160, 0], State.B)
    club.run(90)
    assert club.reason(1) == "car_not_ready"
    club.plant.units[1].car.ready = True
    club.run_until(lambda: club.offers == [80, 80], 25)


def test_access_off_on_one_node_only_stops_that_one() -> None:
    club = full(2)
    assert club.cores[1].command(ChooseMode(ModeChoice.OFF), club.now).accepted
    club.run(15)
    assert club.offers == [160, 0]
    assert club.reason(1) == "access_denied"
    assert not club.member(1).wants
    assert club.cores[1].command(ChooseMode(ModeChoice.NORMAL), club.now).accepted
    club.run_until(lambda: club.offers == [80, 80], 40)


def test_an_override_is_for_the_masters_own_car() -> None:
    club = full(2)
    assert club.cores[0].command(Override(60), club.now).accepted
    club.run(15)
    assert club.offers == [60, 100]
    assert club.cores[0].command(Override(0), club.now).accepted
    club.run_until(lambda: club.offers == [80, 80], 30)


def test_a_car_that_draws_less_than_its_share_leaves_the_rest_to_the_others() -> None:
    """Owners' bug 12: the unused share was not given to the other car."""
    club = Club(2)
    club.plant.units[1].car.max_current = 7
    club.plug(0, 1)
    club.run(20)
    assert club.offers == [80, 80]
    club.run(30)
    assert club.offers == [80, 80], "its 7 A are within 1.5 A of the share"
    club.plant.units[1].car.max_current = 6
    club.run(45)
    assert club.offers == [85, 75]
    club.plant.units[1].car.max_current = 16
    club.run_until(lambda: club.offers == [80, 80], 20)


def test_a_master_with_a_fixed_cable_shows_no_share_before_it_offers() -> None:
    club = Club(2, {"config": "Fixed"})
    club.run(20)
    assert club.snapshot(0).chargers[0].offer == 0
    orders = club.snapshot(0).orders
    assert orders is not None
    assert orders.offers == (0,) * 8


def test_what_one_car_lacked_says_nothing_of_the_next() -> None:
    """A node kept the master's word on the car before, and made the next one wait for a new pilot."""
    club = Club(2, circuit=100)
    club.run(2)
    club.plug(0)
    club.run(30)
    club.plug(1)
    club.run(20)
    assert club.reason(1) == "no_power"
    club.unplug(1)
    club.run(10)
    club.unplug(0)
    club.run(20)
    club.plug(1)
    while club.charging != [1]:
        club.run(0.1)
        assert club.reason(1) != "no_power"


def test_unplugging_the_masters_car_changes_nothing_for_those_who_wait() -> None:
    club = Club(2, {"mode": 1, "current_main": 16})
    club.run(2)
    club.plug(1)
    club.plug(0, ready=False)
    club.run(60)
    for pause in (150, 250, 0):
        club.plant.house = (14.0, 1.0, 1.0)
        club.run(20)
        club.plant.house = (3.0, 1.0, 1.0)
        club.run(pause)
    wait = club.cores[0].regulation.regulator.waits._power
    grown_ms = wait.wait_ms
    club.unplug(0)
    club.run(3)
    assert wait.wait_ms == grown_ms > 60_000


# ---- too little for all ----


def test_a_shortage_keeps_as_many_as_fit() -> None:
    """Owners' bug 28: it stopped all nodes at once."""
    club = full(3)
    assert sorted(club.offers) == [0, 80, 80]
    waits = club.offers.index(0)
    assert (club.reason(waits), club.states[waits]) == ("no_power", State.B1)


def test_a_house_that_takes_more_sheds_only_who_does_not_fit() -> None:
    club = Club(3, {"mode": 1, "current_main": 25}, circuit=400)
    club.plug(0, 1, 2)
    club.run(60)
    assert len(club.charging) == 3
    club.plant.house = (12.0, 1.0, 1.0)
    club.run(30)
    assert len(club.charging) == 2
    assert sum(club.drawn) + 12 <= 25
    club.plant.house = (1.0, 1.0, 1.0)
    club.run_until(lambda: len(club.charging) == 3, 180)


def test_a_shortage_long_after_the_last_one_is_a_first_one() -> None:
    club = Club(2, {"mode": 1, "current_main": 25}, circuit=400, cycle_ms=100)
    club.plug(0, 1)
    club.run(60)
    waits = []
    for pause_s in (300, 700, 0):
        club.plant.house = (15.0, 1.0, 1.0)
        club.run_until(lambda: len(club.charging) == 1, 60)
        club.plant.house = (1.0, 1.0, 1.0)
        waits.append(club.run_until(lambda: len(club.charging) == 2, 400))
        club.run(pause_s)
    assert waits[1] > waits[0] + 30
    assert abs(waits[2] - waits[0]) < 15


def test_turns_are_fair() -> None:
    """Three cars, room for two, turns of a minute: each charges for the same part of the time."""
    club = Club(3, {"rotation_time": 1}, circuit=130, cycle_ms=100)
    club.plug(0, 1, 2)
    club.run(60)
    charged = [0, 0, 0]
    seconds = 10 * 60
    for _ in range(seconds):
        club.run(1)
        charged = [time + (car in club.charging) for car, time in enumerate(charged)]
    assert max(charged) - min(charged) <= 0.15 * seconds, charged
    assert sum(charged) >= 1.5 * seconds


def test_eight_share_what_is_enough_for_three() -> None:
    club = Club(8, {"rotation_time": 1}, circuit=190, cycle_ms=100)
    club.plug(*range(8))
    club.run(40)
    assert len(club.charging) == 3
    seen: set[int] = set()
    for _ in range(50):
        club.run(8)
        seen |= set(club.charging)
        assert len(club.charging) <= 3
    assert seen == set(range(8))
