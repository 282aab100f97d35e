"""The doctor on systemd: what runs, what has failed, what pigpiod was started with, and the hardware watchdog."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from evsed.doctor.findings import Finding, Verdict
from evsed.doctor.machine import Machine
from evsed.doctor.services import Ask, look, watchdog
from evsed.wiring import Driver
from tests.doctor.test_machine import machine, only

RUNS = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "Result": "success",
    "NRestarts": "0",
}
PIGPIOD = ["/usr/bin/pigpiod", "-g", "-l", "-n", "127.0.0.1", "-x", "0xfff307e"]
DROPPED_IN = {
    "DropInPaths": "/usr/lib/systemd/system/pigpiod.service.d/evsed.conf",
    "NeedDaemonReload": "no",
    "ExecStart": f"{{ path=/usr/bin/pigpiod ; argv[]={' '.join(PIGPIOD)} ; ignore_errors=no ; pid=7 }}",
}


def systemd(**units: dict[str, str]) -> Ask:
    """A systemctl that tells this of ``units``, and that every other one runs."""

    def ask(words: Sequence[str]) -> str:
        assert words[:2] == ["systemctl", "show"]
        asked = [word.removesuffix(".service") for word in words[3:]]
        each = [{"Id": f"{name}.service"} | RUNS | units.get(name.replace("-", "_"), {}) for name in asked]
        return "\n".join("".join(f"{key}={value}\n" for key, value in said.items()) for said in each)

    return ask


def nobody(_: Sequence[str]) -> str:
    raise subprocess.CalledProcessError(1, "systemctl")


def processes(root: Path, *words: str) -> Machine:
    return machine(root, proc__7__cmdline="\0".join(words) + "\0")


def told(root: Path, driver: Driver | None = None, **units: dict[str, str]) -> list[Finding]:
    return list(look(processes(root, *PIGPIOD), driver, systemd(**units)))


def test_what_runs_is_fine(tmp_path: Path) -> None:
    found = told(tmp_path, Driver.PIGPIO, pigpiod=DROPPED_IN)
    assert {each.verdict for each in found} == {Verdict.OK}
    assert [each.what for each in found] == [
        "evsed-guard runs (running)",
        "evsed runs (running)",
        "pigpiod runs (running)",
        "pigpiod runs as evsed's drop-in says",
    ]


def test_a_half_installed_package_is_told_with_what_mends_it(tmp_path: Path) -> None:
    (tmp_path / "var/lib").mkdir(parents=True)
    (tmp_path / "var/lib/evsed-unpacked").touch()
    first = told(tmp_path, evsed={"ActiveState": "inactive", "SubState": "dead"})[0]
    assert first.verdict is Verdict.WRONG
    assert first.advice.startswith("sudo dpkg --configure -a")


def test_without_a_board_pigpiod_is_not_asked_for(tmp_path: Path) -> None:
    assert not [each for each in told(tmp_path) if "pigpiod" in each.what]


FAILS = {"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code", "NRestarts": "75"}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (FAILS, "is activating (auto-restart), and starts with the Pi"),
        (FAILS | {"UnitFileState": "disabled"}, "is activating (auto-restart)"),
        ({"ActiveState": "inactive", "SubState": "dead"}, "is inactive (dead), and starts with the Pi"),
    ],
)
def test_a_pigpiod_beside_the_kernels_pwm_is_told(tmp_path: Path, said: dict[str, str], what: str) -> None:
    found = told(tmp_path, Driver.KERNEL, pigpiod=said)[2:]
    assert [(each.verdict, each.what) for each in found] == [
        (Verdict.ATTENTION, f'pigpiod {what}, although driver = "kernel"')
    ]
    assert found[0].advice == "sudo systemctl disable --now pigpiod"


@pytest.mark.parametrize("said", [{"LoadState": "not-found"}, {"ActiveState": "inactive", "UnitFileState": "disabled"}])
def test_with_the_kernels_pwm_no_pigpiod_is_missed(tmp_path: Path, said: dict[str, str]) -> None:
    assert len(told(tmp_path, Driver.KERNEL, pigpiod=said)) == 2


@pytest.mark.parametrize(
    ("said", "verdict", "what", "advice"),
    [
        ({"ActiveState": "inactive"}, Verdict.ATTENTION, "evsed is stopped", "sudo systemctl start evsed"),
        (
            {"ActiveState": "failed", "SubState": "failed", "Result": "watchdog"},
            Verdict.WRONG,
            "evsed has failed (watchdog), and is failed",
            "journalctl -u evsed says why",
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code"},
            Verdict.WRONG,
            "evsed has failed (exit-code); systemd starts it again",
            "journalctl -u evsed says why",
        ),
        (
            {"ActiveState": "activating", "SubState": "start"},
            Verdict.ATTENTION,
            "evsed is activating (start)",
            "look again in a minute",
        ),
        ({"UnitFileState": "disabled"}, Verdict.ATTENTION, "does not start with the Pi", "sudo systemctl enable evsed"),
        ({"LoadState": "not-found"}, Verdict.ATTENTION, "there is no service evsed (not-found)", "evsed's package"),
    ],
)
def test_what_does_not_run_as_it_should_is_told(
    tmp_path: Path, said: dict[str, str], verdict: Verdict, what: str, advice: str
) -> None:
    found = told(tmp_path, evsed=said)[1]
    assert (found.verdict, what in found.what, advice in found.advice) == (verdict, True, True)


@pytest.mark.parametrize(("restarts", "often"), [("1", "once"), ("3", "3 times")])
def test_that_systemd_had_to_help_is_told(tmp_path: Path, restarts: str, often: str) -> None:
    found = told(tmp_path, evsed_guard={"NRestarts": restarts})[1]
    assert found.what == f"systemd has started evsed-guard again by itself, {often}"
    assert found.advice == "see journalctl -u evsed-guard for what ended it"


def test_without_systemd_nothing_starts_it_again(tmp_path: Path) -> None:
    found = only(look(Machine(tmp_path), None, nobody))
    assert (found.verdict, "systemd does not answer" in found.what) == (Verdict.ATTENTION, True)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"DropInPaths": ""}, "as its own package says"),
        ({"DropInPaths": "/etc/systemd/system/pigpiod.service.d/other.conf"}, "as its own package says"),
        ({"NeedDaemonReload": "yes"}, "has not read evsed's drop-in"),
    ],
)
def test_a_pigpiod_without_the_drop_in_is_told(tmp_path: Path, said: dict[str, str], what: str) -> None:
    found = told(tmp_path, Driver.PIGPIO, pigpiod=DROPPED_IN | said)[-1]
    assert (found.verdict, what in found.what) == (Verdict.ATTENTION, True)
    assert "sudo systemctl restart pigpiod" in found.advice


def test_a_pigpiod_that_was_started_before_the_drop_in_is_told(tmp_path: Path) -> None:
    old = processes(tmp_path, "/usr/bin/pigpiod", "-l")
    found = list(look(old, Driver.PIGPIO, systemd(pigpiod=DROPPED_IN)))[-1]
    assert (found.verdict, "started before evsed's drop-in" in found.what) == (Verdict.ATTENTION, True)


def test_of_a_pigpiod_that_is_not_installed_only_that_is_told(tmp_path: Path) -> None:
    found = told(tmp_path, Driver.PIGPIO, pigpiod={"LoadState": "not-found"})
    assert len(found) == 3
    assert found[-1].advice == "sudo apt install pigpio"


# ---- the hardware watchdog ----


def test_a_watchdog_that_is_armed_is_fine(tmp_path: Path) -> None:
    armed = machine(tmp_path, sys__class__watchdog__watchdog0__state="active\n")
    assert only(watchdog(armed, nobody)).what == "watchdog0 resets a Pi that stands still"
    machine(tmp_path, sys__class__watchdog__watchdog0__timeout="14\n")
    assert only(watchdog(armed, nobody)).what == "watchdog0 resets a Pi that stands still for 14 s"


@pytest.mark.parametrize(
    ("told", "verdict"), [("14s", Verdict.OK), ("0", Verdict.ATTENTION), ("infinity", Verdict.ATTENTION)]
)
def test_where_the_kernel_does_not_say_systemd_is_asked(tmp_path: Path, told: str, verdict: Verdict) -> None:
    silent = machine(tmp_path, sys__class__watchdog__watchdog0__uevent="")
    assert only(watchdog(silent, lambda _: f"{told}\n")).verdict is verdict
    assert only(watchdog(silent, nobody)).verdict is Verdict.ATTENTION


def test_a_machine_without_a_watchdog_is_told(tmp_path: Path) -> None:
    assert "there is no hardware watchdog" in only(watchdog(Machine(tmp_path), nobody)).what
