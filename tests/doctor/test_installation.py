"""`evsed doctor` from the command line to its exit status: every step is asked, whatever the others find."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from evsed import cli
from evsed.config import Installation, load
from evsed.doctor import installation
from evsed.doctor.findings import Finding, Step, Verdict, attention, ok, wrong
from evsed.doctor.installation import Clock, clock, groups, run, steps
from evsed.doctor.machine import Machine
from evsed.hw.guard import Guard
from evsed.hw.guardplan import guard_plan
from evsed.hw.pigpio.client import Client
from evsed.wallclock import PLAUSIBLE_FROM_S
from evsed.wiring import Wiring, guard_document
from tests.doctor.test_machine import machine, model, only
from tests.silicon.link import Silicon
from tests.silicon.pigpiod_process import Pigpiod
from tests.silicon.pwmtree import make_tree

ABSENT = "/dev/spidev0.9"  # on no machine
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
NOON_S = PLAUSIBLE_FROM_S + 43_200


def configuration(directory: Path, board: str) -> Path:
    """An installation whose serial port is a pseudo-terminal."""
    _, slave = os.openpty()
    file = directory / "evsed.toml"
    bus = f'[bus]\ndevice = "{os.ttyname(slave)}"\n'
    adc = f'[board.adc]\ndevice = "{ABSENT}"\n'
    file.write_text(f'[state]\ndirectory = "{directory}"\n{bus}[board]\n{board}\n{adc}')
    return file


def subjects(out: str) -> list[str]:
    """What was looked at, in order, each once."""
    lines = [line for line in out.splitlines() if line[:11].strip() and ":" in line and not line.startswith(" ")]
    return list(dict.fromkeys(line[11:].split(":")[0] for line in lines))


def test_every_step_of_a_board_with_pigpio_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Pigpiod() as daemon:
        board = f'kind = "pi"\npigpio_port = {daemon.port}\nguard = "{tmp_path / "guard"}"\n'
        pi = model(tmp_path, "Raspberry Pi 4 Model B")
        (tmp_path / "proc/net").mkdir()
        (tmp_path / "proc/net/tcp").write_text(Path("/proc/net/tcp").read_text())
        assert run(configuration(tmp_path, board), pi) == 1
    out = capsys.readouterr().out
    before = ["daemon", "configuration", "version", "services", "Raspberry Pi", "kernel", "pins", "audio"]
    before += ["settings", "panel", "LCD", "guard"]
    after = ["serial port", "permissions", "clock", "disk", "backup", "watchdog"]
    assert subjects(out) == [*before, "pigpiod", "ADC", *after]
    assert "ok         pigpiod: answers, version 79\n" in out
    assert "ok         pigpiod: evsed does not run, and has left no script\n" in out
    assert "wrong      guard: nobody answers at" in out
    assert "wrong      ADC: /dev/spidev0.9 is not there: switch SPI on" in out
    assert "attention  daemon: evsed does not run" in out
    assert out.splitlines()[-1].split(",")[0].endswith(" wrong")


def test_the_example_of_the_page_is_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = PAGE.read_text().split("$ evsed doctor\n")[1].split("```")[0].splitlines()
    pi = model(tmp_path, "Raspberry Pi 4 Model B Rev 1.5")
    keeps = "sys__module__pinctrl_bcm2835__parameters__persist_gpio_outputs"
    machine(tmp_path, usr__bin__pigpiod="", **{keeps: "Y\n"})
    run(configuration(tmp_path, f'kind = "pi"\nguard = "{tmp_path / "guard"}"\n'), pi)
    printed = capsys.readouterr().out.replace(ABSENT, "/dev/spidev0.1").splitlines()
    assert len(example) == 5
    assert [line for line in printed if line in example] == example


@contextmanager
def guarding(path: Path) -> Iterator[None]:
    """A guard at rest, over the fake chips."""
    guard, over = Guard(guard_document(Wiring(guard=str(path))) | {"pwm": None}), threading.Event()

    def serve() -> None:
        while not over.is_set():
            guard.look()

    guard.listen(str(path))
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        guard.close()


def test_a_whole_board_without_and_with_a_car(
    tmp_path: Path, under_hooks: Silicon, capsys: pytest.CaptureFixture[str]
) -> None:
    pi = model(tmp_path, "Raspberry Pi 4 Model B")
    keeps = "sys__module__pinctrl_bcm2835__parameters__persist_gpio_outputs"
    machine(tmp_path, usr__bin__pigpiod="", **{keeps: "N\n"}, proc__net__tcp="")
    with Pigpiod("--registers", str(under_hooks.path)) as daemon, guarding(tmp_path / "guard"):
        board = f'kind = "pi"\npigpio_port = {daemon.port}\nguard = "{tmp_path / "guard"}"\n'
        file = configuration(tmp_path, board)
        plan = guard_plan(Wiring(guard=str(tmp_path / "guard"), pigpio_port=daemon.port))
        (tmp_path / "guard.json").write_text(json.dumps(plan))
        file.write_text(file.read_text().replace(ABSENT, "/dev/spidev0.1"))
        (tmp_path / "proc/net/tcp").write_text(Path("/proc/net/tcp").read_text())
        with closing(Client(daemon.port)) as client:
            client.hardware_pwm(12, 1_000, 1_000_000)
            assert run(file, pi) == 0
            empty = capsys.readouterr().out
            under_hooks.car(plugged=True)
            client.hardware_pwm(12, 1_000, 266_600)
            assert run(file, pi) == 0
    plugged = capsys.readouterr().out
    assert not [line for line in (empty + plugged).splitlines() if line.startswith("wrong")]
    assert "V: no car\n" in empty
    assert "pulses: 9 V: a car\n" in plugged
    assert "ok         guard: holds the lines, process " in plugged
    assert "ok         guard: holds the lines that the configuration names\n" in plugged
    assert "high for 26.66 % of the time" in plugged


def test_every_step_of_a_board_with_the_kernels_pwm_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_tree(tmp_path / "pwm")
    board = (
        f'kind = "pi"\ndriver = "kernel"\nguard = "{tmp_path / "guard"}"\n[board.pwm]\nbase = "{tmp_path / "pwm"}"\n'
    )
    assert run(configuration(tmp_path, board), model(tmp_path, "Raspberry Pi 5 Model B")) == 1
    out = capsys.readouterr().out
    assert "ok         Raspberry Pi: Raspberry Pi 5 Model B, pilot driven by the kernel" in out
    assert "nobody uses its pwm0 yet" in out
    assert 'ok         pigpiod: does not run, as it should be with driver = "kernel"\n' in out


def test_a_simulated_board_has_no_hardware_to_look_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(configuration(tmp_path, 'kind = "simulation"'), Machine(tmp_path))
    out = capsys.readouterr().out
    assert "a simulated board; there is no hardware to look at" in out
    assert "guard" not in subjects(out)


def test_no_board_yet_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(configuration(tmp_path, ""), Machine(tmp_path))
    out = capsys.readouterr().out
    assert 'names no board yet: evsed runs, and drives nothing\n           -> write kind = "pi" into [board]' in out


def test_a_configuration_that_cannot_be_read_is_said_and_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text("[board.pins]\npilot = 22\n")
    assert cli.main(["doctor", "--config", str(file)]) == os.EX_CONFIG
    assert "wrong      configuration: " + str(file) + ": board.pins.pilot: GPIO 22" in capsys.readouterr().out


def test_a_configuration_that_this_user_may_not_read_is_one_for_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "evsed.toml"
    file.touch()
    monkeypatch.setattr(Path, "read_text", refused)
    assert cli.main(["doctor", "--config", str(file)]) == os.EX_CONFIG
    assert "cannot be read: Permission denied\n           -> try it with sudo\n" in capsys.readouterr().out
    assert cli.main(["doctor", "bus", "--config", str(file)]) == os.EX_CONFIG
    assert capsys.readouterr().err.endswith("Permission denied; try it with sudo\n")


def test_the_command_line_asks_for_the_installation_or_for_the_bus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(configuration(tmp_path, 'kind = "simulation"'))
    for words in (["--config", file, "bus"], ["bus", "--config", file]):
        assert cli.main(["doctor", *words, "--from", "7", "--to", "7", "--device", str(tmp_path / "none")]) == 1
        assert "serial port" not in capsys.readouterr().out
    assert cli.main(["doctor", "--config", file]) in {0, 1}
    assert "serial port" in subjects(capsys.readouterr().out)


# ---- what is printed, and the status ----


def given(monkeypatch: pytest.MonkeyPatch, *found: Step) -> None:
    """These are all the steps there are."""
    monkeypatch.setattr(installation, "steps", lambda *_: list(found))


@pytest.mark.parametrize(
    ("findings", "status", "summary"),
    [
        ([ok("a"), ok("b")], 0, "all is well"),
        ([ok("a"), attention("b", "do")], 0, "0 wrong, 1 for attention, 1 ok"),
        ([wrong("a", "do"), attention("b", "do")], 1, "1 wrong, 1 for attention, 0 ok"),
    ],
)
def test_the_status_is_0_when_nothing_is_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    findings: list[Finding],
    status: int,
    summary: str,
) -> None:
    given(monkeypatch, Step("x", lambda: findings))
    assert run(configuration(tmp_path, ""), Machine(tmp_path)) == status
    assert capsys.readouterr().out.splitlines()[-1] == summary


def test_a_step_that_hangs_does_not_hold_up_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = threading.Event()

    def hangs() -> Iterator[Finding]:
        held.wait()
        yield ok("at last")

    given(monkeypatch, Step("first", hangs), Step("second", lambda: [ok("fine")]))
    assert run(configuration(tmp_path, ""), Machine(tmp_path), patience_s=0.1) == 1
    held.set()
    out = capsys.readouterr().out
    assert "wrong      first: could not be checked: no answer within 0.1 s" in out
    assert "ok         second: fine" in out


def test_it_can_be_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> list[Finding]:
        raise KeyboardInterrupt

    given(monkeypatch, Step("x", list))
    monkeypatch.setattr(installation, "take", interrupted)
    assert run(configuration(tmp_path, ""), Machine(tmp_path)) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_running_evsed_is_noticed(tmp_path: Path) -> None:
    process = tmp_path / "proc/99"
    process.mkdir(parents=True)
    (process / "cmdline").write_text("python3\0/usr/bin/evsed\0run\0")
    file = configuration(tmp_path, 'kind = "pi"')
    first = steps(file, load(file), Machine(tmp_path))[0]
    assert only(first.probe()).what.startswith("evsed runs, process 99;")


# ---- clock and groups ----


def at(unix_s: int, *, synchronised: bool = False, hardware: bool = False) -> Finding:
    return only(clock(Clock(lambda: unix_s, lambda: synchronised, lambda _unix_s: hardware)))


def test_a_clock_is_believed_when_somebody_keeps_it() -> None:
    assert at(NOON_S, synchronised=True).verdict is Verdict.OK
    assert "from the hardware clock" in at(NOON_S, hardware=True).what
    assert at(NOON_S).verdict is Verdict.ATTENTION
    assert at(0, synchronised=True).verdict is Verdict.WRONG


def test_the_groups_follow_from_what_is_wired(tmp_path: Path) -> None:
    assert groups(Installation()) == ["dialout"]
    file = tmp_path / "evsed.toml"
    file.write_text('[board]\nkind = "pi"\n[bus]\ndevice = "tcp://gateway:8899"\n')
    assert groups(load(file)) == ["gpio", "spi"]
    file.write_text('[board]\nkind = "pi"\nrfid = { reader = "keyboard", device = "/dev/input/by-id/x" }\n')
    assert groups(load(file)) == ["gpio", "spi", "dialout", "input"]
    file.write_text(
        '[board]\nkind = "pi"\nrfid = { reader = "pn532", device = "/dev/spidev0.2" }\n[bus]\ndevice = "tcp://gateway:1"\n'
    )
    assert groups(load(file)) == ["gpio", "spi"]
    file.write_text(file.read_text().replace("spidev0.2", "ttyUSB9"))
    assert groups(load(file)) == ["gpio", "spi", "dialout"]
    assert "card reader" in [step.subject for step in steps(file, load(file), Machine(tmp_path))]
