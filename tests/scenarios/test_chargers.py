"""Several chargers on one house and one line: each a daemon of its own, with its own car, living alone."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.simulation import Simulation, http, wait_for

pytestmark = pytest.mark.daemon


@pytest.fixture
def three(state_dir: Path) -> Iterator[Simulation]:
    """A master and two nodes."""
    with Simulation(state_dir, ("--set", "current_max=10"), chargers=3) as simulation:
        yield simulation


def test_each_is_a_charger_of_its_own(three: Simulation) -> None:
    documents = [three.charger(number).settings for number in range(3)]
    assert [document["evse"]["loadbl"] for document in documents] == [1, 2, 3]
    assert [document["ev_meter"]["address"] for document in documents] == [12, 13, 14]
    assert [document["mqtt"]["topic_prefix"] for document in documents] == [
        "SmartEVSE-90000", "SmartEVSE-90001", "SmartEVSE-90002",
    ]  # fmt: skip
    assert {document["settings"]["current_max"] for document in documents} == {10}
    assert sorted(path.name for path in three.state_dir.iterdir()) == ["0", "1", "2"]
    assert len({three.charger(number).daemon_pid for number in range(3)}) == 3
    for number in range(3):
        assert three.charger(number).url("/") in three.said().replace("localhost", "127.0.0.1")
    assert http("GET", f"http://127.0.0.1:{three.plant_port}/simulation/3").status == 404


def test_each_has_its_own_car_in_the_same_house(three: Simulation) -> None:
    node = three.charger(2)
    body = b'{"car":{"plugged":true,"max_current":7},"house":{"L2":3.5}}'
    answer = http("PATCH", node.url("/simulation"), body, Content_Type="application/json")
    assert (answer.status, answer.json["car"]["max_current"]) == (200, 7)
    assert [three.charger(number).watch()["car"]["plugged"] for number in range(3)] == [False, False, True]
    assert {three.charger(number).watch()["house"]["L2"] for number in range(3)} == {3.5}
    assert node.patch(faults={"bus_offline": True}).status == 200
    assert [three.charger(number).watch()["faults"]["bus_offline"] for number in range(3)] == [False, False, True]


def test_a_node_that_is_killed_leaves_the_others_alone(three: Simulation) -> None:
    pids = [three.charger(number).daemon_pid for number in range(3)]
    os.kill(pids[1], signal.SIGKILL)
    wait_for(lambda: f"charger 1's daemon (process {pids[1]}) ended with status -9" in three.said(), "it is reported")
    assert "is not started again; the others go on" in three.said()
    wait_for(lambda: not three.charger(1).feeds(), "nobody feeds its outputs")
    for number in (0, 2):
        charger = three.charger(number)
        assert charger.answers()
        assert charger.daemon_pid == pids[number]
        wait_for(charger.feeds, f"charger {number} feeds its outputs")


def test_ctrl_c_ends_them_all(three: Simulation) -> None:
    pids = {pid for number in range(3) for pid in three.charger(number).watch()["pids"].values()}
    assert len(pids) == 4
    assert three.interrupt() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert "Traceback" not in three.said()
