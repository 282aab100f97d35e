"""A board that nobody has described: nothing is touched, nothing is known, and the daemon runs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed.core.actions import SAFE, Outputs
from evsed.hw.absent import AbsentBoard
from tests.scenarios.simulation import AS_INSTALLER, INSTALLER_PIN, PATIENCE_S, Another, free_port, wait_for
from tests.silicon.environment import AS_COLLECTED


def test_it_shows_nothing_and_takes_everything() -> None:
    board = AbsentBoard()
    assert (board.equipment.described, board.equipment.needs_set_up) == (False, True)
    for outputs in (SAFE, Outputs(contactor1=True)):
        board.apply(outputs)
        seen = board.sample()
        assert (seen.pilot_mv, seen.temperature_c, seen.proximity_ohms, seen.buttons) == ((), None, None, None)
    board.close()


@pytest.fixture
def charger(tmp_path: Path) -> Iterator[Another]:
    """``evsed run`` as the package starts it before anybody has changed its configuration."""
    charger = Another(0, free_port(), 0)
    config = tmp_path / "evsed.toml"
    config.write_text(
        f'[http]\nhost = "127.0.0.1"\nport = {charger.port}\n[mdns]\nenabled = false\n'
        f'[state]\ndirectory = "{tmp_path}/state"\n[bus]\ndevice = "{tmp_path}/no line"\n'
    )
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "evsed", "run", "--config", str(config), *INSTALLER_PIN]
        daemon = subprocess.Popen(command, stderr=log, env=AS_COLLECTED)
        try:
            wait_for(charger.answers, "the web server answers")
            yield charger
            daemon.terminate()
            assert daemon.wait(PATIENCE_S) == 0
        finally:
            daemon.kill()
            daemon.wait()
    said = (tmp_path / "log").read_text()
    assert 'No board is described: write kind = "pi"' in said
    assert "no line" not in said, "a line that nobody needs is left alone"
    assert "Traceback" not in said


@pytest.mark.daemon
def test_the_daemon_runs_without_a_board_and_says_what_to_do(charger: Another) -> None:
    state = charger.state
    assert (state["state_text"], state["not_charging"]["reason"]) == ("Not set up", "not_set_up")
    assert "sudo systemctl restart evsed-guard evsed" in state["not_charging"]["text"]
    unknown = ("connected", "contactor1", "contactor2", "temperature_c", "locked", "cable_a")
    assert {name: state[name] for name in unknown} == dict.fromkeys(unknown)
    assert state["pilot"] == {"duty_percent": None, "by_hand": False, "high_v": None, "low_v": None}
    assert state["faults"] == []
    assert state["set_up"]["steps"][0] == {
        "step": "board",
        "text": "The board and its wiring are described in evsed.toml, below [board]",
        "done": False,
    }
    refused = charger.http("PATCH", "/api/v1/settings", b'{"set_up": "Done"}', **AS_INSTALLER)
    assert refused.status == 422
    assert "[board] in evsed.toml" in refused.json["errors"][0]["detail"]
    changed = charger.http("PATCH", "/api/v1/settings", b'{"current_max": 16, "lock": "Motor"}', **AS_INSTALLER)
    assert changed.status == 200
    assert charger.get("/lcd").status == 200
    assert charger.settings["evse"]["connected"] is False
