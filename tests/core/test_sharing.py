"""Power sharing as stories: several chargers on one house, and what their cars get."""

import random

import pytest

from evsed.core.events import ChangeSetting, ChooseMode, Override
from evsed.core.faults import Fault
from evsed.core.model import ModeChoice
from evsed.core.states import State
from evsed.core.wire import NodeSilent
from evsed.hw.powershare import CorruptError, status
from tests.core.club import Club


def full(count: int, circuit: int = 160, **given: object) -> Club:
    """A club in which as many as fit charge with all cars plugged in."""
    club = Club(count, given, circuit=circuit)
    club.run(2)
    club.plug(*range(count))
    club.run(45)
    return club


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


# ---- too little for all ----


def test_a_shortage_keeps_as_many_as_fit() -> None:
    """Owners' bug 28: it stopped all nodes at once."""
    club = full(3)
    assert club.offers == [80, 80, 0]
    assert club.reason(2) == "no_power"
    assert club.states[2] is State.B1


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


def test_turns_are_fair() -> None:
    """Three cars, room for two, turns of 2 minutes: each charges for two thirds of the time."""
    club = Club(3, {"rotation_time": 2}, circuit=130, cycle_ms=100)
    club.plug(0, 1, 2)
    club.run(60)
    charged = [0, 0, 0]
    seconds = 24 * 60
    for _ in range(seconds):
        club.run(1)
        for car in club.charging:
            charged[car] += 1
    assert all(0.5 * seconds <= each <= 0.75 * seconds for each in charged), charged
    assert sum(charged) >= 1.7 * seconds


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


# ---- somebody is not there any more ----


@pytest.mark.parametrize("how", ["dead", "deaf"])
def test_without_their_master_the_nodes_have_opened_within_11_s(how: str) -> None:
    club = full(3, circuit=240)
    assert club.charging == [0, 1, 2]
    begun = club.now
    (club.dead if how == "dead" else club.deaf).add(0)
    club.run(11)
    assert 1 not in club.charging
    assert 2 not in club.charging
    for node in (1, 2):
        opened = club.opened_at(node)
        assert opened is not None
        assert begun < opened <= begun + 11_000
        assert Fault.METER_LOST in club.snapshot(node).faults


def test_a_node_lowers_to_min_when_two_offers_are_missing() -> None:
    club = full(2)
    club.dead.add(0)
    club.run(7.5)
    assert club.offers[1] == 60


def test_a_deaf_node_keeps_its_share_until_it_must_have_stopped() -> None:
    club = full(2)
    club.deaf.add(1)
    begun = club.now
    club.run_until(lambda: club.offers[0] == 160, 60)
    opened = club.opened_at(1)
    assert opened is not None
    assert opened < club.now
    assert club.now - begun >= 18_000
    assert 1 not in [each.index for each in club.snapshot(0).chargers]
    club.deaf.clear()
    club.run_until(lambda: club.offers == [80, 80], 60)


def test_a_master_that_is_killed_and_comes_back_finds_its_nodes_charging() -> None:
    club = full(3, circuit=240)
    assert club.offers == [80, 80, 80]
    club.dead.add(0)
    club.run(3)
    club.restart(0)
    before = club.closings(1), club.closings(2)
    club.run_until(lambda: club.offers == [80, 80, 80], 60)
    assert (club.closings(1), club.closings(2)) == before, "the nodes go on"


def test_a_master_that_comes_back_late_starts_them_again() -> None:
    club = full(2)
    club.dead.add(0)
    club.run(30)
    assert club.offers[1] == 0
    club.restart(0)
    club.run_until(lambda: club.offers == [80, 80], 60)


def test_a_node_that_is_killed_and_comes_back_charges_again() -> None:
    club = full(2)
    club.dead.add(1)
    club.run(1)
    assert 1 not in club.charging, "its lease has run out"
    club.restart(1)
    club.run_until(lambda: club.offers == [80, 80], 60)


# ---- modes ----


def modes(club: Club) -> list[int]:
    return [core.desk.settings.mode for core in club.cores]


def test_the_masters_mode_reaches_the_nodes() -> None:
    club = Club(3)
    club.run(2)
    assert club.cores[0].command(ChooseMode(ModeChoice.SMART), club.now).accepted
    club.run(2)
    assert modes(club) == [1, 1, 1]


def test_a_nodes_mode_reaches_the_master_and_the_others() -> None:
    club = Club(3)
    club.run(2)
    assert club.cores[2].command(ChooseMode(ModeChoice.SOLAR), club.now).accepted
    club.run(2)
    assert modes(club) == [2, 2, 2]


def test_a_masters_own_switch_decides_for_the_nodes() -> None:
    club = Club(2, {"switch": 4})
    club.run(2)
    mode = modes(club)[0]
    other = ModeChoice.SOLAR if mode != 2 else ModeChoice.SMART
    assert club.cores[1].command(ChooseMode(other), club.now).accepted
    club.run(2)
    assert modes(club) == [mode, mode]


def test_a_node_that_comes_back_with_another_mode_follows() -> None:
    club = Club(2, {"mode": 1})
    club.run(2)
    club.dead.add(1)
    club.run(1)
    assert club.cores[0].command(ChooseMode(ModeChoice.NORMAL), club.now).accepted
    club.restart(1)
    club.run(2)
    assert modes(club) == [0, 0]


def test_smart_leaves_the_house_what_it_takes() -> None:
    club = Club(2, {"mode": 1, "current_main": 25}, circuit=400)
    club.plug(0, 1)
    club.run(60)
    assert sum(club.drawn) == pytest.approx(24, abs=1.5)
    club.plant.house = (9.0, 1.0, 1.0)
    club.run(6)
    assert sum(club.drawn) <= 16
    club.run(60)
    assert sum(club.drawn) == pytest.approx(16, abs=1.5)
    club.plant.house = (1.0, 1.0, 1.0)
    club.run(90)
    assert sum(club.drawn) == pytest.approx(24, abs=1.5)


def test_sum_mains_holds_for_the_group() -> None:
    club = Club(2, {"mode": 1, "current_main": 50, "current_max_sum_mains": 60}, circuit=400)
    club.plug(0, 1)
    club.run(90)
    assert 3 * sum(club.drawn) + 3 == pytest.approx(60, abs=4)


def test_a_circuit_meter_holds_for_the_group() -> None:
    club = Club(2, {"mode": 1, "current_main": 60, "circuit_meter": 4, "current_max_circuit": 25}, circuit=250)
    club.circuit_house = (7.0, 0.0, 0.0)
    club.plug(0, 1)
    club.run(90)
    assert sum(club.drawn) == pytest.approx(18, abs=1.5)


def test_the_grid_relay_limits_the_group() -> None:
    club = full(2, switch=5)
    assert club.offers == [80, 80]
    club.relay_closed = False
    club.run_until(lambda: len(club.charging) == 1, 20)
    assert sum(club.offers) <= 60


def test_a_lost_mains_meter_means_min_and_then_stop_for_all() -> None:
    club = Club(2, {"mode": 1, "current_main": 25}, circuit=400)
    club.plug(0, 1)
    club.run(60)
    club.mains_answers = False
    club.run(7)
    assert club.offers == [60, 60]
    club.run(5)
    assert club.charging == []
    for index in (0, 1):
        assert club.reason(index) == Fault.METER_LOST.value.code
        assert club.snapshot(index).error is Fault.METER_LOST
    club.mains_answers = True
    club.run_until(lambda: len(club.charging) == 2, 90)


# ---- sun ----


def test_three_cars_in_the_sun() -> None:
    club = Club(3, {"mode": 2, "current_main": 40, "solar_start_current": 4, "solar_stop_time": 1}, circuit=400)
    club.plant.house = (0.0, 0.0, 0.0)
    club.run(2)
    club.plug(0, 1, 2)
    club.run(30)
    assert club.charging == []
    assert {club.reason(index) for index in range(3)} == {Fault.NO_SUN.value.code}
    club.plant.sun = (8.0, 8.0, 8.0)
    club.run(60)
    assert len(club.charging) == 1
    club.plant.sun = (24.0, 24.0, 24.0)
    club.run(90)
    assert len(club.charging) == 3
    club.run(120)
    assert sum(club.drawn) == pytest.approx(24, abs=2)
    club.plant.sun = (13.0, 13.0, 13.0)
    club.run(30)
    assert len(club.charging) == 3, "a cloud"
    club.run(70)
    assert len(club.charging) == 2
    club.plant.sun = (0.0, 0.0, 0.0)
    club.run(150)
    assert club.charging == []


def test_in_the_sun_a_car_gets_min_for_its_first_40_s() -> None:
    club = Club(2, {"mode": 2, "current_main": 40}, circuit=400)
    club.plant.house, club.plant.sun = (0.0, 0.0, 0.0), (30.0, 30.0, 30.0)
    club.run(2)
    club.plug(0)
    club.run(120)
    assert club.offers[0] > 100
    club.plug(1)
    club.run_until(lambda: 1 in club.charging, 40)
    begun = club.now
    while club.now < begun + 34_000:
        club.step()
        assert club.offers[1] <= 60
    club.run_until(lambda: club.offers[1] > 60, 30)


# ---- meters ----


@pytest.mark.parametrize("mode", [0, 1])
def test_without_ev_meters_they_share_too(mode: int) -> None:
    club = Club(2, {"mode": mode, "ev_meter": "Disabled"}, metered=False)
    club.plug(0, 1)
    club.run(60)
    assert sum(club.offers) == 160
    assert sum(club.drawn) == pytest.approx(16, abs=1)


def test_one_phase_cars_share() -> None:
    club = Club(2, {"mode": 1, "current_main": 20}, circuit=400)
    for unit in club.plant.units:
        unit.car.phases = 1
    club.plug(0, 1)
    club.run(90)
    assert sum(club.drawn) == pytest.approx(19, abs=1.5)
    assert [club.member(index).legs for index in (0, 1)] == [1, 1]


# ---- whatever happens ----


def something(club: Club, dice: random.Random) -> None:
    """One thing that happens to a group."""
    car = dice.randrange(club.count)
    match dice.choice(("plug", "plug", "ready", "full", "unplug", "deaf", "heard", "kill", "house", "meter", "access")):
        case "plug":
            club.plug(car)
        case "ready" | "full" as wish:
            club.plant.units[car].car.ready = wish == "ready"
        case "unplug":
            club.unplug(car)
        case "deaf":
            club.deaf.add(car)
        case "heard":
            club.deaf.clear()
            club.mains_answers = True
        case "kill":
            if car in club.dead:
                club.restart(car)
            else:
                club.dead.add(car)
        case "house":
            club.plant.house = (dice.uniform(0, 30), 1.0, 1.0)
        case "meter":
            club.mains_answers = False
        case _:
            choice = dice.choice((ModeChoice.OFF, ModeChoice.PAUSE, ModeChoice.SMART, ModeChoice.NORMAL))
            club.cores[car].command(ChooseMode(choice), club.now)


@pytest.mark.parametrize(("seed", "count"), [(1, 2), (2, 3), (3, 4), (4, 8), (5, 3), (6, 5)])
def test_whatever_happens_the_sum_holds_and_then_all_charge(seed: int, count: int) -> None:
    """The club judges every cycle; when all is calm again, who wants and fits charges within 3 minutes."""
    dice = random.Random(seed)
    club = Club(count, {"current_main": 100}, circuit=60 * count + 20, cycle_ms=100)
    for _ in range(30):
        something(club, dice)
        club.run(dice.choice((0.1, 0.5, 1, 2, 5, 15)))
    club.deaf.clear()
    for index in sorted(club.dead):
        club.restart(index)
    club.mains_answers, club.plant.house = True, (1.0, 1.0, 1.0)
    for core in club.cores:
        core.command(ChooseMode(ModeChoice.NORMAL), club.now)
    club.plug(*range(count))
    club.run_until(lambda: len(club.charging) == count, 180)


# ---- what cannot be ----


def test_a_status_that_no_charger_has_is_refused_and_counted() -> None:
    """Owners' bug 29: mode 186 was taken over, and both chargers showed N/A."""
    with pytest.raises(CorruptError, match="register 0x0003 holds 186"):
        status((2, 0, 80, 186, 0, 1, 0, 16))
    club = full(2)
    club.handle(0, NodeSilent(1, "register 0x0003 holds 186"))
    view = club.snapshot(0).chargers[1]
    assert (view.refused_inputs, view.missed_polls) == (1, 1)
    club.run(2)
    assert club.snapshot(0).chargers[1].missed_polls == 0
    assert (modes(club), club.offers) == ([0, 0], [80, 80])
