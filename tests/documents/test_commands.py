"""Every shell command of the documents runs, and every answer that they show is the one that comes."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.documents.pages import PAGES, ROOT, Block, blocks
from tests.documents.shell import Shell
from tests.replay.days import piece
from tests.scenarios.broker import Broker
from tests.scenarios.simulation import Simulation, wait_for
from tests.traces.make import write

pytestmark = pytest.mark.daemon

ELSEWHERE = {"docs/modbus.md": "tests/hw/test_modbus_tcp.py", "docs/tls.md": "tests/doors/test_entrances.py"}
"""Pages whose commands another test runs."""

SIMULATED = {"docs/simulation.md"}
"""Pages whose commands say by themselves where the charger is, because it is a simulated one."""


def _begins_a_simulation(block: Block) -> bool:
    return block.kind == "sh" and block.text.startswith("evsed simulate ")


_NAMED = {str(page.relative_to(ROOT)): page for page in PAGES}
_WITH_COMMANDS = [
    name
    for name, page in _NAMED.items()
    if name not in ELSEWHERE and any(not _begins_a_simulation(block) for block in blocks(page, "sh"))
]
_STORIES = [block for page in PAGES for block in blocks(page) if _begins_a_simulation(block)]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """What `make run` starts, with a broker, and the recorded day of docs/replay.md."""
    directory = tmp_path_factory.mktemp("documents")
    write(piece("broken", 1, 18_000, 60), directory / "day.csv")
    with (
        Broker(directory) as broker,
        Simulation(directory / "state", ("--mqtt", f"127.0.0.1:{broker.port}")) as simulation,
    ):
        wait_for(lambda: simulation.settings["mqtt"]["status"] == "Connected", "it finds the broker")
        yield Shell(directory, simulation, broker.port)


def _limit_is_lent(simulation: Simulation) -> None:
    wait_for(lambda: simulation.http("GET", "/api/v1/limit").json["current"] == 10, "the limit came by MQTT")
    wait_for(lambda: simulation.http("GET", "/api/v1/timer").json["daily"], "the timer came by MQTT")


def _two_of_three_charge(simulation: Simulation) -> None:
    wait_for(lambda: [row["draws"] for row in simulation.state["chargers"]].count(True) == 2, "two charge")
    wait_for(lambda: [row["waits_for"] for row in simulation.state["chargers"]].count("no_power") == 1, "one waits")


THEN: dict[str, Callable[[Simulation], None]] = {
    "docs/mqtt.md": _limit_is_lent,
    "docs/power-sharing.md": _two_of_three_charge,
}
"""What is to be seen after the commands of a page."""


@pytest.mark.parametrize("name", _WITH_COMMANDS)
def test_the_commands_of_a_page_run(shell: Shell, name: str) -> None:
    answer = ""
    for block in blocks(_NAMED[name]):
        if block.kind == "sh" and not _begins_a_simulation(block):
            answer = replace(shell, installed=name not in SIMULATED).run(block)
            for file in re.findall(r" (?:-o|--json|--plot|--series) (\S+)", block.text):
                assert (shell.directory / file).stat().st_size > 0, f"{block}: {file}"
        elif block.kind == "json" and answer:
            _contains(json.loads(answer), json.loads(block.text), str(block))
    if name in THEN:
        THEN[name](shell.simulation)


def _contains(answer: Any, shown: Any, where: str) -> None:
    """Whether every key that is shown is in the answer, with its value."""
    if not isinstance(shown, dict):
        assert answer == shown, where
        return
    for key, value in shown.items():
        assert key in answer, f"{where}: {key}"
        _contains(answer[key], value, f"{where}: {key}")


@pytest.mark.parametrize("block", _STORIES, ids=str)
def test_the_commands_to_a_simulation_of_its_own_run(tmp_path: Path, block: Block) -> None:
    first, _, rest = block.text.partition("\n")
    words = shlex.split(first)[2:]
    chargers = 1
    if "--chargers" in words:
        at = words.index("--chargers")
        chargers = int(words[at + 1])
        del words[at : at + 2]
    with Simulation(tmp_path / "state", tuple(words), chargers=chargers) as simulation:
        Shell(tmp_path, simulation, installed=False).run(Block(block.page, block.kind, rest, block.line + 1))
        if then := THEN.get(str(block.page.relative_to(ROOT))):
            then(simulation)


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items())
def test_commands_that_another_test_runs_are_run_there(page: str, test: str) -> None:
    assert f'"{Path(page).name}"' in (ROOT / test).read_text()
