"""Every curl line of the README, sent to the daemon it speaks of."""

import re
import shlex
from pathlib import Path

import pytest

from tests.scenarios.simulation import Answer, Simulation, http

pytestmark = pytest.mark.daemon

README = Path(__file__).parents[2] / "README.md"
LINES = re.findall(r"^curl .*$", README.read_text(), re.MULTILINE)


def curl(line: str, simulation: Simulation) -> Answer:
    """What curl would do with the few options that the README uses."""
    words = shlex.split(line)[1:]
    method, body, headers, url = "GET", None, {}, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0).encode()
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        else:
            url = word
    url = url.replace("localhost:8080", f"127.0.0.1:{simulation.port}")
    url = url.replace("localhost:8180", f"127.0.0.1:{simulation.plant_port}")
    return http(method, url, body, **headers)


def test_they_all_work(simulation: Simulation) -> None:
    assert len(LINES) > 8
    for line in LINES:
        answer = curl(line, simulation)
        assert answer.status == 200, line
        assert "Value not allowed!" not in answer.body.decode(), line
    assert simulation.settings["car_connected"]
