"""The units as files: what systemd thinks of them, and what they say about pins and priorities."""

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from evsed.app import CONTROL_PRIORITY, NICENESS
from evsed.config import Installation
from evsed.doctor.pigpiod import command
from evsed.hw import guard
from evsed.hw.safe import PLAN
from evsed.update import progress
from evsed.wiring_rules import pigpio_mask
from tests.silicon.environment import AS_COLLECTED

ROOT = Path(__file__).parent.parent
SYSTEMD = ROOT / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.glob("*.service"))
MOST_EXPOSED = 20
"""In tenths, as `systemd-analyze security` counts."""

_PIGPIOD = "[Unit]\nDescription=As Raspberry Pi OS has it\n[Service]\nType=forking\nExecStart=/usr/bin/pigpiod -l\n"
has_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


def settings(path: Path) -> dict[str, list[str]]:
    """Every key of a unit with its values, in their order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with programs that exist, and a pigpiod to drop something into."""
    directory = tmp_path / "units"
    shutil.copytree(SYSTEMD, directory)
    (directory / "pigpiod.service").write_text(_PIGPIOD)
    for path in [*directory.glob("*.service"), *directory.glob("*.d/*.conf")]:
        text = re.sub(r"^(Exec\w+=[-+]*)/\S+", r"\1/bin/true", path.read_text(), flags=re.MULTILINE)
        path.write_text(text)
    return directory


@has_systemd
@pytest.mark.parametrize("unit", [*UNITS, "pigpiod.service"])
def test_systemd_has_nothing_to_say_about_a_unit(units: Path, unit: str) -> None:
    command = ["systemd-analyze", "verify", f"./{unit}"]
    done = subprocess.run(command, cwd=units, capture_output=True, text=True, check=False, env=AS_COLLECTED)
    ours = [line for line in done.stderr.splitlines() if "evsed" in line or "pigpiod" in line]
    assert ours == []


@has_systemd
@pytest.mark.parametrize("unit", [*UNITS, "pigpiod.service"])
def test_a_unit_is_exposed_to_little(units: Path, unit: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", f"./{unit}"]
    done = subprocess.run(command, cwd=units, capture_output=True, text=True, check=False, env=AS_COLLECTED)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", ["evsed.service", "evsed-guard.service"])
def test_who_switches_comes_back_however_often_it_dies_and_leaves_the_outputs_safe(unit: str) -> None:
    said = settings(SYSTEMD / unit)
    assert said["Type"] == ["notify"]
    assert said["Restart"] == ["always"]
    assert said["StartLimitIntervalSec"] == ["0"]
    assert said["ExecStopPost"] == ["/usr/sbin/evsed-safe"]
    assert "WatchdogSec" in said


def test_what_a_note_starts_has_an_end() -> None:
    said = settings(SYSTEMD / "evsed-update.service")
    assert (said["StartLimitIntervalSec"], said["StartLimitBurst"]) == (["10min"], ["10"])
    limit = int(said["StartLimitIntervalSec"][0].removesuffix("min")) * 60
    assert said["Restart"] == ["on-abnormal"], "one that has failed has said so"
    assert int(said["RestartSec"][0]) * int(said["StartLimitBurst"][0]) > limit, "who was killed comes back"


def test_an_update_is_said_to_be_lost_only_after_systemd_has_ended_it() -> None:
    said = settings(SYSTEMD / "evsed-update.service")
    minutes = [int(said[key][0].removesuffix("min")) for key in ("TimeoutStartSec", "TimeoutStopSec")]
    assert sum(minutes) * 60 + int(said["RestartSec"][0]) < progress._LONGEST_S


def test_they_may_have_the_priorities_that_they_ask_for() -> None:
    evsed, held = settings(SYSTEMD / "evsed.service"), settings(SYSTEMD / "evsed-guard.service")
    assert evsed["LimitRTPRIO"] == [str(CONTROL_PRIORITY)]
    assert evsed["LimitNICE"] == [str(NICENESS)]
    assert held["LimitRTPRIO"] == [str(guard._PRIORITY)]
    assert held["LimitMEMLOCK"] == ["infinity"]
    assert "yes" not in evsed["RestrictRealtime"] + held["RestrictRealtime"]


def test_pigpiod_listens_here_only_and_touches_the_reference_boards_pins() -> None:
    start = settings(SYSTEMD / "pigpiod.service.d/evsed.conf")["ExecStart"]
    assert start == ["", command(Installation().board.wiring)], "what the doctor prints for it"
    words = start[1].split()
    assert {"-g", "-f", "-l"} <= set(words)
    assert words[words.index("-n") + 1] == "127.0.0.1"
    assert int(words[words.index("-x") + 1], 16) == pigpio_mask(Installation().board.wiring)


@pytest.mark.parametrize(
    ("plan", "starts"),
    [({"pwm": {"chip": "x", "channel": 0}}, False), ({"pwm": None}, True), ({"lines": {}}, False), (None, True)],
)
def test_pigpiods_end_starts_evsed_safe_where_a_board_has_no_pwm_of_the_kernel(
    tmp_path: Path, plan: dict[str, object] | None, starts: bool
) -> None:
    (line,) = settings(SYSTEMD / "pigpiod.service.d/evsed.conf")["ExecStopPost"]
    assert line.startswith("+-/bin/sh -c '")
    assert "\\" not in line, "systemd reads backslashes also between quotes"
    script = line.partition("'")[2].removesuffix("'")
    if plan is not None:
        (tmp_path / "plan").write_text(json.dumps(plan))
    script = script.replace(str(PLAN), str(tmp_path / "plan")).replace("systemctl", "echo")
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env=AS_COLLECTED).stdout
    assert said == "--no-block start evsed-safe\n" * starts


def test_the_state_directory_is_the_one_of_the_configuration() -> None:
    assert settings(SYSTEMD / "evsed.service")["StateDirectory"] == [Path(Installation().state.directory).name]


def test_the_watchdog_waits_for_less_than_a_pis_can() -> None:
    parser = configparser.ConfigParser()
    parser.read(SYSTEMD / "watchdog.conf")
    assert int(parser["Manager"]["RuntimeWatchdogSec"].removesuffix("s")) < 15


def test_everything_has_its_place(tmp_path: Path) -> None:
    subprocess.run([str(SYSTEMD / "install.sh"), "root"], check=True, cwd=tmp_path, env=AS_COLLECTED)
    there = {str(path.relative_to(tmp_path / "root")) for path in (tmp_path / "root").rglob("*") if path.is_file()}
    assert {f"usr/lib/systemd/system/{unit}" for unit in UNITS} <= there
    here = {path for path in SYSTEMD.rglob("*") if path.is_file()}
    assert len(there) == len(here) - 1, "everything but the script itself"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here")
def test_shellcheck_finds_nothing() -> None:
    scripts = [path for path in SYSTEMD.iterdir() if path.is_file() and path.read_text().startswith("#!/bin/sh")]
    assert len(scripts) == 3
    subprocess.run(["shellcheck", *map(str, scripts)], check=True, env=AS_COLLECTED)


def test_who_comes_to_the_control_socket_is_known() -> None:
    """In a user namespace of its own the daemon would see nobody as root."""
    unit = settings(SYSTEMD / "evsed.service")
    assert "PrivateUsers" not in unit
    assert "AF_UNIX" in unit["RestrictAddressFamilies"][0].split()
    folder = Path(Installation().control.socket).parent
    assert folder == Path("/run") / unit["RuntimeDirectory"][0]
