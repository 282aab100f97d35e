"""Every curl line of the README, sent to the daemon it speaks of."""

import re
import shlex
from pathlib import Path

import pytest

from tests.scenarios.simulation import Answer, Simulation, http, wait_for

pytestmark = pytest.mark.daemon

README = (Path(__file__).parents[2] / "README.md").read_text()
SEVERAL = re.findall(r"^## Several chargers\n.*?(?=^## )", README, re.MULTILINE | re.DOTALL)[0]
OF_ONE, OF_SEVERAL = (re.findall(r"^curl .*$", text, re.MULTILINE) for text in (README.replace(SEVERAL, ""), SEVERAL))


def curl(line: str, simulation: Simulation) -> Answer:
    """What curl would do with the few options that the README uses."""
    words = shlex.split(line)[1:]
    method, body, headers, url = "GET", None, {}, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-o":
            words.pop(0)  # nobody needs the file
        elif word == "-d":
            body = words.pop(0).encode()
        elif word == "-A":
            headers["User-Agent"] = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        else:
            url = word
    for number in range(simulation.chargers):
        url = url.replace(f"localhost:{8080 + number}", f"127.0.0.1:{simulation.charger(number).port}")
    url = url.replace("localhost:8180", f"127.0.0.1:{simulation.plant_port}")
    return http(method, url, body, **headers)


def send(lines: list[str], simulation: Simulation) -> None:
    """Sends them one after the other; each has to be taken."""
    for line in lines:
        answer = curl(line, simulation)
        assert answer.status == 200, line
        assert "Value not allowed!" not in answer.body.decode("utf-8", "replace"), line


def test_they_all_work(simulation: Simulation) -> None:
    assert len(OF_ONE) > 8
    send(OF_ONE, simulation)
    assert simulation.settings["car_connected"]


def test_those_of_several_chargers_show_one_that_waits(state_dir: Path) -> None:
    command = shlex.split(re.findall(r"evsed simulate (.*)$", SEVERAL, re.MULTILINE)[0])
    with Simulation(state_dir, tuple(command[2:]), chargers=int(command[1])) as simulation:
        send(OF_SEVERAL, simulation)
        wait_for(lambda: [row["draws"] for row in simulation.state["chargers"]].count(True) == 2, "two charge")
        wait_for(lambda: [row["waits_for"] for row in simulation.state["chargers"]].count("no_power") == 1, "one waits")
