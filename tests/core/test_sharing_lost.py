"""Power sharing when somebody is silent, dead or talks nonsense; and whatever else may happen."""

import random

import pytest

from evsed.core.events import ChooseMode
from evsed.core.faults import Fault
from evsed.core.model import Access, Mode, ModeChoice
from evsed.core.states import State
from evsed.core.wire import COMM_B_OK, COMM_C_OK, NodeHeard, NodeSilent, NodeStatus
from evsed.hw.powershare import CorruptError, status
from tests.core.club import Club, full


@pytest.mark.parametrize("odd", [3, 5, 7, 11, 14])
def test_a_node_in_an_odd_state_keeps_nobody_from_charging(odd: int) -> None:
    """3 is ventilation, 11 to 14 are a modem's: after a shortage the master's own car waited for ever."""
    club = Club(1, {"mode": 1, "current_main": 25}, circuit=320, cycle_ms=100, dead={1})  # the node is but its words

    def run(seconds: int) -> None:
        for _ in range(seconds):
            club.handle(0, NodeHeard(1, NodeStatus(odd, 0, 0, Mode.SMART, 0, Access.ALLOW, False, 160)))
            club.run(1)

    club.run(5)
    club.plug(0)
    run(30)
    assert club.charging == [0]
    club.plant.house = (24.0, 1.0, 1.0)
    run(30)
    assert club.charging == []
    club.plant.house = (1.0, 1.0, 1.0)
    run(120)
    assert club.charging == [0]


def test_a_node_seen_on_its_way_from_the_agreement_keeps_it() -> None:
    """A poll may meet a firmware's node in state 7: its share was taken away while its contactor closed."""
    club = Club(1, circuit=320, dead={1})

    def says(state: int) -> None:
        club.handle(0, NodeHeard(1, NodeStatus(state, 0, 60, Mode.NORMAL, 0, Access.ALLOW, False, 160)))

    club.run(5)
    for state in (State.COMM_B, COMM_B_OK, State.B, State.COMM_C):
        says(state)
        club.run(0.2)
    club.run_until(lambda: club.member(1).granted, 5)
    for state in (COMM_C_OK, State.C):
        says(state)
        club.run(0.2)
        node = club.member(1)
        assert (node.drawing, node.granted) == (True, True)
        assert node.held >= node.share >= 60


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
    assert (club.modes, club.offers) == ([0, 0], [80, 80])


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


def test_a_master_that_comes_back_in_smart_judges_its_nodes_when_the_mains_is_measured() -> None:
    club = full(2, mode=1)
    club.dead.add(0)
    club.run(1)
    club.restart(0)
    club.mains_answers = False
    club.run(3)
    assert club.member(1).found_charging
    assert 1 in club.charging
    club.mains_answers = True
    before = club.closings(1)
    club.run_until(lambda: len(club.charging) == 2, 60)
    assert club.closings(1) == before


def test_who_is_switched_off_while_waiting_waits_no_more() -> None:
    club = full(3)
    waits = club.offers.index(0)
    assert club.member(waits).refused is Fault.NO_POWER
    assert club.cores[waits].command(ChooseMode(ModeChoice.OFF), club.now).accepted
    club.run(3)
    assert (club.reason(waits), club.member(waits).refused) == ("access_denied", None)
