"""The command line: what it prints, and that a mistake costs one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evsed import __version__
from evsed.cli.parser import build
from tests.scenarios.simulation import free_port


def evsed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evsed", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_version_and_settings() -> None:
    assert evsed("version").stdout == f"evsed {__version__}\n"
    listed = evsed("settings").stdout
    assert "current_max " in listed
    assert "6..80 A (default 13)" in listed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("simulate", "--port", "0"), "a port is a number from 1 to 65535"),
        (("simulate", "--mqtt", "broker"), "a broker is HOST:PORT"),
        (("simulate", "--chargers", "9"), "invalid choice: 9"),
        (("simulate", "--chargers", "3", "--plant-port", "8082"), "port 8082 is wanted by the plant and by charger 2"),
        (("simulate", "--chargers", "2", "--port", "65535"), "need ports 65535 to 65536"),
        (("run", "--config", "/nonsense.toml"), "/nonsense.toml: cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_explained(arguments: tuple[str, ...], says: str) -> None:
    ended = evsed(*arguments)
    assert ended.returncode != 0
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ("settings list --nonsense", "usage: evsed settings list "),
        ("cards remove 0A1B2C3D4E5F --yes", "usage: evsed cards remove "),
        ("backup one two", "usage: evsed backup "),
        ("version --json", "usage: evsed version "),
        ("--nonsense version", "usage: evsed [-h]"),
    ],
)
def test_wrong_arguments_show_what_that_command_takes(
    words: str, usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        build().parse_args(words.split())
    assert ended.value.code == os.EX_USAGE
    assert capsys.readouterr().err.startswith(usage)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[board]\nkind = "simulation"\nsocket = "/nonsense"', "board.socket: the simulated plant at /nonsense"),
    ],
)
def test_a_board_that_cannot_be_driven_is_explained(tmp_path: Path, text: str, says: str) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(text)
    ended = evsed("run", "--config", str(config))
    assert (ended.returncode, "Traceback" in ended.stderr) == (78, False)
    assert says in ended.stderr


@pytest.mark.parametrize("option", ["current_max", "current_max=81", "nonsense=1"])
def test_a_wrong_set_ends_the_simulation_at_once(tmp_path: Path, option: str) -> None:
    ended = evsed(
        *("simulate", "--port", str(free_port()), "--plant-port", str(free_port())),
        *("--state-dir", str(tmp_path / "state"), "--set", option),
    )
    assert ended.returncode == 1
    assert option.partition("=")[0] in ended.stderr
    assert "Traceback" not in ended.stderr
