"""What the guard is told to drive, and how the kernel's PWM is found."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evsed.config import ConfigError
from evsed.hw.guardplan import IDLE, find_pwm, guard_plan, plan_path, write_plan
from evsed.wiring import Driver, Line, Pins, Pwm, Wiring
from tests.scenarios.simulation import PATIENCE_S
from tests.silicon.pwmtree import make_tree


def kernel(base: Path, gpio: int = 12, chip: str = "", channel: int = -1) -> Wiring:
    return Wiring(driver=Driver.KERNEL, pins=Pins(pilot=Line(gpio)), pwm=Pwm(str(base), chip, channel))


@pytest.mark.parametrize(("gpio", "channel"), [(12, 0), (13, 1), (18, 2), (19, 3)])
def test_a_pi_5_has_a_channel_for_each_pin(tmp_path: Path, gpio: int, channel: int) -> None:
    chip = make_tree(tmp_path / "pwm", "pwmchip2", channels=4)
    assert find_pwm(kernel(tmp_path / "pwm", gpio)) == (chip, channel)


@pytest.mark.parametrize(("gpio", "channel"), [(12, 0), (13, 1), (18, 0), (19, 1)])
def test_before_it_two_pins_shared_one(tmp_path: Path, gpio: int, channel: int) -> None:
    chip = make_tree(tmp_path / "pwm", "pwmchip0", channels=2)
    assert find_pwm(kernel(tmp_path / "pwm", gpio)) == (chip, channel)


def test_another_device_is_passed_over_unless_it_is_named(tmp_path: Path) -> None:
    other = tmp_path / "pwm" / "pwmchip0"
    other.mkdir(parents=True)
    with pytest.raises(ConfigError, match="dtoverlay=pwm,pin="):
        find_pwm(kernel(tmp_path / "pwm"))
    assert find_pwm(kernel(tmp_path / "pwm", chip="pwmchip0", channel=3)) == (other, 3)
    chip = make_tree(tmp_path / "pwm", "pwmchip1", channels=2)
    assert find_pwm(kernel(tmp_path / "pwm")) == (chip, 0)
    assert find_pwm(kernel(tmp_path / "pwm", channel=1)) == (chip, 1)


def test_under_pigpio_there_is_no_pwm_to_find(tmp_path: Path) -> None:
    plan = guard_plan(Wiring())
    assert (plan["pwm"], plan["driver"]) == (None, "pigpio")
    chip = make_tree(tmp_path / "pwm")
    assert guard_plan(kernel(tmp_path / "pwm"))["pwm"] == {"chip": str(chip), "channel": 0}


def test_the_plan_waits_beside_the_socket_until_the_guard_holds_the_lines(tmp_path: Path) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(f'[board]\nkind = "pi"\nguard = "{tmp_path}/run/guard"\n')
    path = write_plan(config)
    assert path == tmp_path / "run" / "guard.json.new"
    assert plan_path(Wiring(guard=f"{tmp_path}/run/guard")) == tmp_path / "run" / "guard.json"
    assert not plan_path(Wiring(guard=f"{tmp_path}/run/guard")).exists()
    assert json.loads(path.read_text())["lines"]["contactor1"] == [22, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[board]\nkind = "simulation"\n', 'board.kind is not "pi"'),
        (
            '[board]\nkind = "pi"\nguard = "/dev/null/guard"\n',
            "board.guard: /dev/null/guard.json.new cannot be",
        ),
    ],
)
def test_what_cannot_be_guarded_is_told(tmp_path: Path, text: str, says: str) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(text)
    with pytest.raises(ConfigError, match=says):
        write_plan(config)


def test_without_a_board_there_is_nothing_to_hold(tmp_path: Path) -> None:
    config = tmp_path / "evsed.toml"
    config.write_text(f'[board]\nguard = "{tmp_path}/run/guard"\n')
    assert json.loads(write_plan(config).read_text()) == IDLE


def test_evsed_guard_becomes_the_guard(tmp_path: Path) -> None:
    """From the configuration to the one file, which then misses its chip here."""
    config = tmp_path / "evsed.toml"
    chip = "/dev/gpiochip99"
    config.write_text(f'[board]\nkind = "pi"\nguard = "{tmp_path}/guard"\nchip = "{chip}"\n')
    ended = subprocess.run(
        [sys.executable, "-m", "evsed", "guard", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (75, "")
    assert ended.stderr == f"evsed-guard: cannot begin: [Errno 2] No such file or directory: '{chip}'\n"
    config.write_text("board = 5")
    refused = subprocess.run(
        [sys.executable, "-m", "evsed", "guard", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert refused.returncode == os.EX_CONFIG
    assert "board is a table" in refused.stderr
