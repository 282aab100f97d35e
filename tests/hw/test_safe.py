"""evsed-safe over the fake chips: whoever is dead, frozen or alive, contactors open and the pilot is constant."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed.core.actions import SAFE
from evsed.hw.guard import Lines
from evsed.hw.guardplan import IDLE
from evsed.hw.safe import PLAN, Found, let_go, main, make_safe
from evsed.wiring import Driver
from tests.hw.guarding import CLOSED, CONTACTOR1, CONTACTOR2, PILOT, Feeder, plan_for
from tests.scenarios.simulation import PATIENCE_S, free_port, wait_for
from tests.silicon.link import Silicon
from tests.silicon.pigpiod_process import Pigpiod
from tests.silicon.pwmtree import make_tree

NOBODY = 65_534
PULSES = {"gpio": PILOT, "hz": 1_000, "duty_ppm": 266_000}


def contactors(silicon: Silicon) -> list[int]:
    return [silicon.ask("read", gpio=gpio)["value"] for gpio in (CONTACTOR1, CONTACTOR2)]


def pilot(silicon: Silicon) -> int:
    value: int = silicon.ask("duty", gpio=PILOT)["value"]
    return value


@pytest.fixture
def energised(under_hooks: Silicon) -> Silicon:
    """Somebody closed the contactors and has died since; the kernel keeps the levels, pigpiod's PWM goes on."""
    for gpio in (CONTACTOR1, CONTACTOR2):
        under_hooks.ask("write", gpio=gpio, level=1)
    under_hooks.ask("hardware_pwm", **PULSES)
    return under_hooks


@pytest.fixture
def guard_process(tmp_path: Path, silicon: Silicon) -> Iterator[subprocess.Popen[bytes]]:
    file = tmp_path / "guard.json"
    file.write_text(json.dumps(plan_for(tmp_path)))
    command = [sys.executable, "-m", "tests.silicon.under", str(silicon.path), "evsed.hw.guard", str(file)]
    process = subprocess.Popen(command)
    wait_for((tmp_path / "guard").exists, "the guard listens")
    yield process
    process.kill()
    process.wait(PATIENCE_S)


@pytest.fixture
def fed(guard_process: subprocess.Popen[bytes], tmp_path: Path, silicon: Silicon) -> Iterator[Feeder]:
    """A guard that is fed with closed contactors."""
    assert guard_process.poll() is None
    feeder = Feeder(str(tmp_path / "guard"))
    feeder.send(SAFE)
    wait_for(lambda: feeder.answer() is not None, "the guard has heard that open is wanted first")
    feeder.send(CLOSED)
    wait_for(lambda: contactors(silicon) == [1, 1], "the contactors are closed")
    yield feeder
    feeder.end.close()


def test_without_guard_and_pigpiod_it_takes_lines_and_pilot_itself(energised: Silicon, tmp_path: Path) -> None:
    assert make_safe(plan_for(tmp_path, pigpio_port=free_port())) == []
    assert contactors(energised) == [0, 0]
    assert (energised.ask("function", gpio=PILOT)["value"], pilot(energised)) == ("out", 1_000_000)


def test_pigpiod_makes_the_pilot_constant(energised: Silicon, tmp_path: Path) -> None:
    with Pigpiod("--registers", str(energised.path)) as pigpiod:
        assert make_safe(plan_for(tmp_path, pigpio_port=pigpiod.port)) == []
        assert contactors(energised) == [0, 0]
        assert (energised.ask("function", gpio=PILOT)["value"], pilot(energised)) == ("pwm", 1_000_000)


def test_pigpiod_opens_what_nobody_else_can(energised: Silicon, tmp_path: Path) -> None:
    """Whoever holds the lines is no guard: pigpiod writes past it."""
    holder = Lines.outputs("/dev/gpiochip0", [(CONTACTOR1, False), (CONTACTOR2, False)], [True, True])
    with Pigpiod("--registers", str(energised.path)) as pigpiod:
        assert make_safe(plan_for(tmp_path, pigpio_port=pigpiod.port)) == []
    assert contactors(energised) == [0, 0]
    holder.close()


def test_a_pigpiod_that_hangs_costs_little(energised: Silicon, tmp_path: Path) -> None:
    with Pigpiod("--registers", str(energised.path)) as pigpiod:
        os.kill(pigpiod.pid, signal.SIGSTOP)
        assert make_safe(plan_for(tmp_path, pigpio_port=pigpiod.port)) == []
        os.kill(pigpiod.pid, signal.SIGCONT)
    assert contactors(energised) == [0, 0]
    assert pilot(energised) == 1_000_000


def test_a_guard_that_lives_lets_go(fed: Feeder, under_hooks: Silicon, tmp_path: Path) -> None:
    assert let_go(str(tmp_path / "guard")) is Found.LET_GO
    assert contactors(under_hooks) == [0, 0]
    assert fed.parted
    assert make_safe(plan_for(tmp_path, pigpio_port=free_port())) == []


@pytest.mark.usefixtures("fed")
def test_a_guard_that_stands_still_is_killed_and_its_lines_are_taken(
    guard_process: subprocess.Popen[bytes], under_hooks: Silicon, tmp_path: Path
) -> None:
    guard_process.send_signal(signal.SIGSTOP)
    assert make_safe(plan_for(tmp_path, pigpio_port=free_port())) == []
    assert contactors(under_hooks) == [0, 0]
    assert guard_process.wait(PATIENCE_S) == -signal.SIGKILL


def test_the_kernels_pwm_becomes_constant(tmp_path: Path) -> None:
    chip = make_tree(tmp_path / "pwm")
    (chip / "pwm0").mkdir()
    for name, word in (("period", "1000000"), ("duty_cycle", "266700"), ("enable", "1")):
        (chip / "pwm0" / name).write_text(f"{word}\n")
    plan = plan_for(tmp_path, Driver.KERNEL, pwm={"chip": str(chip), "channel": 0}, chip=str(tmp_path / "none"))
    assert make_safe(plan) == [f"the contactors' lines cannot be driven: {tmp_path}/none: No such file or directory"], (
        "one that fails does not keep the other from it"
    )
    assert (chip / "pwm0" / "duty_cycle").read_text().split()[0] == "1000000"
    (chip / "pwm0" / "duty_cycle").unlink()
    assert "the pilot cannot be made constant" in make_safe(plan)[1]


@pytest.mark.usefixtures("fed")
@pytest.mark.parametrize("text", [None, "", "[]"], ids=["missing", "empty", "damaged"])
def test_without_a_plan_the_guard_is_asked_all_the_same(
    under_hooks: Silicon, tmp_path: Path, text: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    if text is None:
        (tmp_path / "guard.json").unlink()
    else:
        (tmp_path / "guard.json").write_text(text)
    assert main([str(tmp_path / "guard.json")]) == 0
    assert contactors(under_hooks) == [0, 0]
    assert "nothing was energised" not in capfd.readouterr().err


# ---- the command ----


def evsed_safe(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As systemd starts it, without the site's packages."""
    code = "import sys; from evsed.hw.safe import run; sys.exit(run())"
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_what_it_cannot_make_safe_it_tells(tmp_path: Path) -> None:
    file = tmp_path / "guard.json"
    file.write_text(json.dumps(plan_for(tmp_path, chip=str(tmp_path / "none"), pigpio_port=free_port())))
    ended = evsed_safe(str(file))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "NOT SAFE: the contactors' lines cannot be driven" in ended.stderr
    assert "Switch the supply off if a contactor is closed" in ended.stderr


def test_where_no_guard_has_run_there_is_nothing_to_do(tmp_path: Path) -> None:
    ended = evsed_safe(str(tmp_path / "none.json"))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "no guard has run since the system started" in ended.stderr
    assert str(PLAN) == "/run/evsed/guard.json"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"socket": 5}'])
def test_a_plan_that_is_none_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "guard.json"
    file.write_text(text)
    assert main([str(file)]) == 1
    assert f"{file} cannot be used" in capfd.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("channel", ["\n* * * * * root id\n", 5])
def test_root_obeys_no_plan_of_another_user(channel: str | int) -> None:
    with tempfile.TemporaryDirectory() as name:
        above = Path(name)
        above.chmod(0o755)
        folder, mine = above / "theirs", above / "export"
        (folder / "pwm").mkdir(parents=True)
        mine.write_text("root's\n")
        (folder / "pwm/export").symlink_to(mine)
        pwm = {"chip": str(folder / "pwm"), "channel": channel}
        file = folder / "guard.json"
        file.write_text(json.dumps(plan_for(folder, Driver.KERNEL, pwm=pwm, chip="/dev/null")))
        os.chown(file, NOBODY, NOBODY)
        refused = evsed_safe(str(file))
        assert (refused.returncode, "root obeys no file of another user" in refused.stderr) == (1, True)
        os.chown(folder, NOBODY, NOBODY)
        become = evsed_safe(str(file))
        assert (become.returncode, "the pilot cannot be made constant" in become.stderr) == (1, True), become.stderr
        assert mine.read_text() == "root's\n"


def test_a_plan_is_no_link_and_a_pwms_files_are_none(tmp_path: Path) -> None:
    chip = make_tree(tmp_path / "pwm")
    (tmp_path / "mine").write_text("mine\n")
    (chip / "export").unlink()
    (chip / "export").symlink_to(tmp_path / "mine")
    plan = plan_for(tmp_path, Driver.KERNEL, pwm={"chip": str(chip), "channel": 0}, chip=str(tmp_path / "none"))
    assert "Too many levels of symbolic links" in make_safe(plan)[1]
    plan["pwm"]["channel"] = "0"
    assert "'0' is no channel" in make_safe(plan)[1]
    assert (tmp_path / "mine").read_text() == "mine\n"
    (tmp_path / "linked.json").symlink_to(tmp_path / "mine")
    assert main([str(tmp_path / "linked.json")]) == 1


def test_a_socket_that_is_no_guard_is_no_help(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(tmp_path / "guard"))
        assert let_go(str(tmp_path / "guard")) is Found.NOBODY


def test_where_no_board_is_described_no_line_is_touched(tmp_path: Path, energised: Silicon) -> None:
    file = tmp_path / "guard.json"
    file.write_text(json.dumps(IDLE))
    assert main([str(file)]) == 0
    assert contactors(energised) == [1, 1], "whose lines these are, nobody has said"
