"""The guard as a process, and the kernel's PWM in its hands."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed.core.actions import PILOT_LOW, PILOT_OFF, SAFE, Outputs, pilot_offering
from evsed.hw import guard
from evsed.hw.guard import Pwm
from evsed.hw.guardplan import IDLE
from evsed.wiring import Driver
from tests.hw.guarding import (
    CLOSED,
    PILOT,
    Feeder,
    plan_for,
    watch,
)
from tests.scenarios.simulation import PATIENCE_S, wait_for
from tests.silicon.environment import AS_COLLECTED
from tests.silicon.link import Silicon
from tests.silicon.pwmtree import make_tree

# ---- the kernel's PWM ----


@pytest.fixture
def pwm(tmp_path: Path) -> Iterator[tuple[Path, Silicon]]:
    chip = make_tree(tmp_path / "pwm")
    with Silicon(tmp_path, "--pwm", str(chip)) as silicon:
        yield chip, silicon


def duty(silicon: Silicon, ppm: int) -> None:
    wait_for(lambda: silicon.ask("duty", gpio=PILOT)["value"] == ppm, f"{ppm} of a million on the pilot's pin")


def test_the_kernels_pwm_is_constant_at_first_and_follows(pwm: tuple[Path, Silicon]) -> None:
    chip, silicon = pwm
    channel = Pwm(chip, 0, inverted=False)
    duty(silicon, 1_000_000)
    channel.drive(2667)
    duty(silicon, 266_700)
    channel.drive(0)
    duty(silicon, 0)
    assert silicon.state["complaints"] == []
    again = Pwm(chip, 0, inverted=True)
    duty(silicon, 0)
    again.drive(1000)
    duty(silicon, 900_000)


def test_a_duty_is_written_when_it_changes_and_read_back(pwm: tuple[Path, Silicon]) -> None:
    chip, silicon = pwm
    channel = Pwm(chip, 0, inverted=False)
    channel.drive(5000)
    duty(silicon, 500_000)
    (chip / "pwm0" / "duty_cycle").write_text("1\n")
    channel.drive(5000)
    assert (chip / "pwm0" / "duty_cycle").read_text() == "1\n"
    channel.drive(6000)
    duty(silicon, 600_000)


def test_a_pwm_that_does_not_keep_its_duty_is_told(pwm: tuple[Path, Silicon], monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Pwm(pwm[0], 0, inverted=False)
    (pwm[0] / "pwm0" / "duty_cycle").write_text("266700\n")
    with monkeypatch.context() as broken:
        broken.setattr(os, "pwrite", lambda *_: 0)
        with pytest.raises(OSError, match="another program drives it"):
            channel.drive(5000)
    channel.drive(10_000)
    assert (pwm[0] / "pwm0" / "duty_cycle").read_text().split()[0] == "1000000", "what stood before is not believed"


def test_under_the_kernels_pwm_the_guard_drives_the_pilot_and_lets_go_of_it(
    tmp_path: Path, under_hooks: Silicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip = make_tree(tmp_path / "pwm")
    (chip / "pwm0").mkdir()  # as if exported by a predecessor
    for name, word in (("period", "0"), ("duty_cycle", "0"), ("enable", "0")):
        (chip / "pwm0" / name).write_text(f"{word}\n")

    def written() -> int:
        return int((chip / "pwm0" / "duty_cycle").read_text().split()[0])

    plan = plan_for(tmp_path, Driver.KERNEL, pwm={"chip": str(chip), "channel": 0})
    with watch(plan, under_hooks, monkeypatch) as guarded:
        assert written() == 1_000_000
        feeder = guarded.feeder()
        for outputs, expected in (
            (SAFE, 1_000_000),
            (Outputs(pilot=pilot_offering(160)), 266_600),
            (Outputs(pilot=PILOT_LOW), 0),
            (Outputs(pilot=PILOT_OFF), 1_000_000),
            (CLOSED, 266_600),
        ):
            guarded.feed(feeder, outputs)
            assert written() == expected, outputs
        guarded.after(500)
        assert written() == 1_000_000
        assert guarded.contactors == (0, 0)
        assert guarded.function(PILOT) == "in", "the pin belongs to the PWM: nobody takes it"


# ---- the process ----


def started(plan_file: Path, silicon: Silicon, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.silicon.under", str(silicon.path), "evsed.hw.guard", str(plan_file)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | environment)


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    file = tmp_path / "guard.json"
    file.write_text(json.dumps(plan_for(tmp_path)))
    return file


def test_it_tells_systemd_that_it_is_ready_and_lives(plan_file: Path, silicon: Silicon, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        process = started(plan_file, silicon, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert [systemd.recv(64) for _ in range(3)] == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        process.communicate()


def test_without_a_board_it_holds_nothing_and_tells_systemd_that_it_lives(tmp_path: Path) -> None:
    """As it is run; its chip is not there, and it does not look for it."""
    written = tmp_path / "guard.json.new"
    written.write_text(json.dumps(IDLE))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(written)],
            stderr=subprocess.PIPE,
            env=AS_COLLECTED | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        assert [systemd.recv(64) for _ in range(3)] == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        assert json.loads((tmp_path / "guard.json").read_text()) == IDLE
        assert not written.exists()
        held = [str(name.readlink()) for name in Path(f"/proc/{process.pid}/fd").iterdir()]
        assert not any(name.startswith("/dev/gpio") for name in held)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert process.communicate()[1] == (
            b"evsed-guard: no board is described in evsed.toml: there is nothing to guard\n"
        )


def test_a_line_that_cannot_be_driven_ends_it(plan_file: Path, silicon: Silicon, tmp_path: Path) -> None:
    process = started(plan_file, silicon)
    wait_for((tmp_path / "guard").exists, "the guard listens")
    feeder = Feeder(str(tmp_path / "guard"))
    silicon.fault(lines=errno.EIO)
    feeder.send(SAFE)
    assert process.wait(PATIENCE_S) == 74
    feeder.end.close()
    assert b"an output cannot be driven any more" in process.communicate()[1]


@pytest.mark.parametrize(("text", "status"), [("", 78), ("[]", 78), ("{}", 78)])
def test_a_plan_that_is_none_is_told(tmp_path: Path, text: str, status: int) -> None:
    """As it is run: nothing but the standard library, and no packages of the site."""
    file = tmp_path / "plan.json"
    file.write_text(text)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", guard.__file__, str(file)], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == status
    assert ended.stderr.startswith(b"evsed-guard: cannot use")
    assert b"Traceback" not in ended.stderr


def test_without_its_chip_it_is_to_be_started_again(plan_file: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-S", guard.__file__, str(plan_file)],
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 75
    assert b"/dev/gpiochip0" in ended.stderr
