"""Chargers that share one mains, as real processes on one line: normal, smart, solar, taking turns, and failures.

What the cars may draw together is judged by the plant's own word, all the time. How fast and how exactly each step has
to come is proved in virtual time by tests/core.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evsed.core.member import GONE_MS
from evsed.core.states import State
from tests.scenarios.sampler import SLACK_A, Sampler
from tests.scenarios.simulation import Charger, Json, Simulation, wait_for

pytestmark = pytest.mark.daemon

CIRCUIT_A, MAINS_A = 24, 25
CAR_FOLLOWS_S = 2.0
METER_PERIOD_S = 1.0
REACTION_S = CAR_FOLLOWS_S + METER_PERIOD_S + 3.0
NORMAL, SOLAR, SMART = 1, 2, 3


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """A master and two nodes; their tests go one after the other."""
    options = ("--set", f"current_max_circuit={CIRCUIT_A}")
    with Simulation(tmp_path_factory.mktemp("sharing") / "state", options, chargers=3) as simulation:
        yield simulation


@pytest.fixture
def three(group: Simulation) -> Iterator[Simulation]:
    """The same, without a car, in Normal, with a quiet house."""
    for charger in chargers(group):
        car = {"plugged": False, "ready": False, "phases": 3, "max_current": 16}
        assert charger.patch(car=car, faults={"bus_offline": False}).status == 200
    surround(group, house=1, sun=0)
    set_mode(group, NORMAL)
    everybody(group, lambda charger: charger.state["state"] == "A", "is without a car")
    everybody(group, lambda charger: charger.settings["mode"] == "NORMAL", "is in Normal mode")
    wait_for(lambda: [shown["missed_polls"] for shown in group.state["chargers"]] == [0, 0, 0], "all answer the master")
    yield group
    group.still_runs()


def chargers(simulation: Simulation) -> list[Charger]:
    return [simulation.charger(number) for number in range(simulation.chargers)]


def everybody(simulation: Simulation, true: Callable[[Charger], object], what: str) -> None:
    for charger in chargers(simulation):
        wait_for(lambda charger=charger: true(charger), f"charger {charger.number} {what}")  # type: ignore[misc]


def surround(simulation: Simulation, *, house: float, sun: float) -> None:
    """Sets what the house draws and the sun gives, on each phase (A)."""
    phases = ("L1", "L2", "L3")
    parts = {"house": dict.fromkeys(phases, float(house)), "sun": dict.fromkeys(phases, float(sun))}
    assert simulation.patch(**parts).status == 200


def set_mode(charger: Charger, number: int) -> None:
    assert charger.post(f"/settings?mode={number}").json == {"mode": str(number)}


def drawn(simulation: Simulation) -> list[float]:
    """What each car draws (A)."""
    return [charger.plant["car_current"]["L1"] for charger in chargers(simulation)]


def draw(simulation: Simulation, *amperes: float) -> None:
    """Waits until the cars draw ``amperes``, with the step of a duty cycle between."""
    wait_for(
        lambda: all(abs(now - wanted) < SLACK_A for now, wanted in zip(drawn(simulation), amperes, strict=True)),
        f"the cars draw {amperes} A",
    )


def drawing(simulation: Simulation) -> list[int]:
    """The chargers whose cars draw."""
    return [number for number, amperes in enumerate(drawn(simulation)) if amperes > 0]


def plug_all(simulation: Simulation) -> None:
    for charger in chargers(simulation):
        charger.plug()


def waits_for_power(charger: Charger) -> bool:
    state = charger.state
    return state["not_charging"] is not None and state["not_charging"]["reason"] == "no_power"


def shown(simulation: Simulation, number: int) -> Json | None:
    """What the master's state says of a charger; None when it is not there any more."""
    rows: list[Json] = [row for row in simulation.state["chargers"] if row["charger"] == number]
    return rows[0] if rows else None


# ---- modes ----


def test_normal_shares_the_circuit_and_gives_on_what_is_left(three: Simulation) -> None:
    with Sampler(three) as sampler:
        plug_all(three)
        draw(three, 8, 8, 8)
        assert [row["draws"] for row in three.state["chargers"]] == [True, True, True]
        three.charger(1).patch(car={"plugged": False})
        draw(three, 12, 0, 12)
    assert sampler.most_by_cars <= CIRCUIT_A + SLACK_A


def test_a_mode_chosen_anywhere_counts_for_all(three: Simulation) -> None:
    for charger, number, name in ((three.charger(2), SMART, "SMART"), (three, NORMAL, "NORMAL")):
        set_mode(charger, number)
        everybody(three, lambda charger, name=name: charger.settings["mode"] == name, f"is in {name}")  # type: ignore[misc]


def test_smart_stops_one_when_only_two_fit_and_takes_it_back(three: Simulation) -> None:
    set_mode(three, SMART)
    with Sampler(three) as sampler:
        plug_all(three)
        draw(three, 8, 8, 8)
        surround(three, house=5.5, sun=0)
        draw(three, 6.5, 6.5, 6.5)
        surround(three, house=11.5, sun=0)
        wait_for(lambda: len(drawing(three)) == 2, "one stops, the others go on")
        stopped = next(charger for charger in chargers(three) if charger.number not in drawing(three))
        wait_for(lambda: stopped.state["state"] == "B1", "it has stopped")
        assert waits_for_power(stopped)
        assert "No Power Available" in stopped.evse["state"]
        assert (stopped.evse["error"], stopped.evse["error_id"]) == ("None", 0)
        row = shown(three, stopped.number)
        assert row is not None
        assert (row["draws"], row["waits_for"]) == (False, "no_power")
        assert len(drawing(three)) == 2
        surround(three, house=1, sun=0)
        draw(three, 8, 8, 8)
    assert sampler.most_by_cars <= CIRCUIT_A + SLACK_A
    # the machine may have been late: as late as a look of ours or a step of the master
    late_s = sampler.longest_pause + three.state["control_loop_worst_lateness_ms"] / 1000
    assert sampler.longest_over(MAINS_A) <= REACTION_S + 3 * late_s


def test_sun_for_two(three: Simulation) -> None:
    surround(three, house=1, sun=14.5)
    set_mode(three, SOLAR)
    everybody(three, lambda charger: charger.settings["mode"] == "SOLAR", "is in Solar mode")
    with Sampler(three) as sampler:
        plug_all(three)
        wait_for(lambda: len(drawing(three)) == 2, "two charge")
        third = next(charger for charger in chargers(three) if charger.number not in drawing(three))
        wait_for(
            lambda: third.evse["error"] == "None" and "Waiting for Solar" in third.evse["state"], "it waits for sun"
        )
        assert third.state["not_charging"]["reason"] == "no_sun"
        assert len(drawing(three)) == 2
    assert sampler.most_by_cars <= CIRCUIT_A + SLACK_A


# ---- failures ----


def test_the_share_of_a_dead_node_is_given_on_when_it_must_have_stopped(three: Simulation) -> None:
    plug_all(three)
    draw(three, 8, 8, 8)
    with Sampler(three) as sampler:
        killed_at = time.monotonic()
        command = three.kill(1)
        wait_for(lambda: not three.charger(1).plant["contactor1"], "its contactor opens")
        wait_for(lambda: shown(three, 1) is None or shown(three, 1)["missed_polls"] >= 5, "it is missed")  # type: ignore[index]
        wait_for(lambda: max(charger.state["offer_a"] for charger in (three, three.charger(2))) > 8, "more is offered")
        assert time.monotonic() - killed_at >= GONE_MS / 1000
        draw(three, 12, 0, 12)
        assert shown(three, 1) is None
        three.start(command, 1)
        draw(three, 8, 8, 8)
    assert sampler.most_by_cars <= CIRCUIT_A + SLACK_A


def test_nodes_stop_when_the_master_is_dead_and_go_on_when_it_is_back(three: Simulation) -> None:
    plug_all(three)
    draw(three, 8, 8, 8)
    with Sampler(three) as sampler:
        command = three.kill(0)
        for number in (1, 2):
            node = three.charger(number)
            wait_for(lambda node=node: node.evse["error_id"] == 2, f"node {number} misses its master")  # type: ignore[misc]
            assert node.evse["error"] == "Communication Error"
        everybody(three, lambda charger: not charger.plant["contactor1"], "has opened its contactor")
        for number in (1, 2):
            state = three.charger(number).state
            assert state["not_charging"]["reason"] == "meter_lost"
            assert "master" in state["not_charging"]["text"]
        three.start(command, 0)
        draw(three, 8, 8, 8)
    assert sampler.most_by_cars <= CIRCUIT_A + SLACK_A


def test_a_node_without_its_line_stops_and_comes_back(three: Simulation) -> None:
    plug_all(three)
    draw(three, 8, 8, 8)
    node = three.charger(2)
    with Sampler(three) as sampler:
        assert node.patch(faults={"bus_offline": True}).status == 200
        wait_for(lambda: not node.plant["contactor1"], "its contactor opens")
        assert (node.evse["error"], node.evse["error_id"]) == ("Communication Error", 2)
        draw(three, 12, 12, 0)
        assert node.patch(faults={"bus_offline": False}).status == 200
        draw(three, 8, 8, 8)
    assert sampler.most_by_cars <= CIRCUIT_A + SLACK_A


# ---- turns ----


def test_three_take_turns_where_two_fit(state_dir: Path) -> None:
    options = ("--set", "current_max_circuit=13", "--set", "rotation_time=1")
    with (
        Simulation(state_dir, options, chargers=3) as simulation,
        Sampler(simulation, counts_contactors=True) as sampler,
    ):
        plug_all(simulation)
        wait_for(lambda: len(drawing(simulation)) == 2, "two charge")
        third = next(charger for charger in chargers(simulation) if charger.number not in drawing(simulation))
        wait_for(lambda: waits_for_power(third), "the third waits for power")
        wait_for(lambda: third.number in drawing(simulation), "the third has its turn")
        wait_for(lambda: len(drawing(simulation)) == 2, "two charge again")
    assert max(look.closed for look in sampler.looks) == 2
    assert sampler.most_by_cars <= 13 + SLACK_A


# ---- eight ----


def test_eight_charge_together(state_dir: Path) -> None:
    options = ("--set", "current_max_circuit=63", "--set", "current_main=63")
    with Simulation(state_dir, options, chargers=8) as simulation, Sampler(simulation) as sampler:
        plug_all(simulation)
        wait_for(lambda: sum(row["draws"] for row in simulation.state["chargers"]) == 8, "all have a place")
        wait_for(lambda: len(drawing(simulation)) == 8, "all charge")
        wait_for(lambda: all(6 - SLACK_A <= amperes <= 8 for amperes in drawn(simulation)), "each has a fair share")
        wait_for(lambda: sum(drawn(simulation)) > 8 * 7, "little is left over")
        assert [State[charger.state["state"]] for charger in chargers(simulation)] == [State.C] * 8
    assert sampler.most_by_cars <= 63 + SLACK_A
