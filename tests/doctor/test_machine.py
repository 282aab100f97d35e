"""The Pi and its system, from files in a directory of the test."""

from pathlib import Path

import pytest

from evsed.doctor.findings import Finding, Verdict
from evsed.doctor.machine import (
    Machine,
    User,
    audio,
    evsed_user,
    permissions,
    persistence,
    pi,
    running_daemon,
)
from evsed.wiring import Driver, Wiring

PIGPIO, KERNEL = Wiring(), Wiring(driver=Driver.KERNEL)


def machine(root: Path, **files: str) -> Machine:
    """A machine with these files; a double underscore stands for the slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Machine(root)


def only(findings: object) -> Finding:
    """The one finding."""
    (finding,) = list(findings)  # type: ignore[call-overload]
    assert isinstance(finding, Finding)
    return finding


def model(root: Path, name: str) -> Machine:
    directory = root / "proc/device-tree"
    directory.mkdir(parents=True)
    (directory / "model").write_text(name + "\0")
    return Machine(root)


@pytest.mark.parametrize(
    "name", ["Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi Compute Module 5", "Raspberry Pi 500"]
)
def test_pigpio_is_wrong_on_a_pi_5(tmp_path: Path, name: str) -> None:
    pi_5 = model(tmp_path, name)
    found = only(pi(pi_5, PIGPIO))
    assert found.verdict is Verdict.WRONG
    assert "pigpio does not run on it" in found.what
    assert 'driver = "kernel"' in found.advice
    assert only(pi(pi_5, KERNEL)).verdict is Verdict.OK
    assert only(audio(pi_5)).verdict is Verdict.OK


def test_pigpiod_has_to_be_installed(tmp_path: Path) -> None:
    pi_4 = model(tmp_path, "Raspberry Pi 4 Model B Rev 1.5")
    fine, missing = pi(pi_4, PIGPIO)
    assert fine.what == "Raspberry Pi 4 Model B Rev 1.5, pilot driven by pigpio"
    assert missing.advice == "sudo apt install pigpio"
    machine(tmp_path, **{"etc__os-release": "VERSION_CODENAME=trixie\n"})
    _, missing = pi(pi_4, PIGPIO)
    assert "trixie has no package" in missing.what
    assert "build pigpio 79" in missing.advice
    machine(tmp_path, usr__local__bin__pigpiod="")
    assert [found.verdict for found in pi(pi_4, PIGPIO)] == [Verdict.OK]


def test_another_computer_is_no_pi(tmp_path: Path) -> None:
    assert only(pi(Machine(tmp_path), PIGPIO)).what == "this is no Raspberry Pi (no device tree)"
    assert "(Rock 5)" in only(pi(model(tmp_path, "Rock 5"), PIGPIO)).what


@pytest.mark.parametrize(
    ("module", "value", "verdict"),
    [
        ("pinctrl_bcm2835", "Y\n", Verdict.ATTENTION),
        ("pinctrl_bcm2835", "N\n", Verdict.OK),
        ("pinctrl_rp1", "Y\n", Verdict.ATTENTION),
        ("pinctrl_rp1", "N\n", Verdict.OK),
        ("pinctrl_other", "N\n", Verdict.ATTENTION),
    ],
)
def test_lines_that_keep_their_level_deserve_attention(
    tmp_path: Path, module: str, value: str, verdict: Verdict
) -> None:
    pi_4 = machine(tmp_path, **{f"sys__module__{module}__parameters__persist_gpio_outputs": value})
    found = only(persistence(pi_4))
    assert found.verdict is verdict
    assert verdict is Verdict.OK or "dtparam=strict_gpiod" in found.advice


def test_analogue_audio_is_wrong(tmp_path: Path) -> None:
    assert only(audio(Machine(tmp_path))).verdict is Verdict.OK
    hdmi = " 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n"
    assert only(audio(machine(tmp_path, proc__asound__cards=hdmi))).verdict is Verdict.OK
    jack = (
        hdmi + " 1 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n                      bcm2835 Headphones\n"
    )
    found = only(audio(machine(tmp_path, proc__asound__cards=jack)))
    assert found.verdict is Verdict.WRONG
    assert "dtparam=audio=off" in found.advice


def test_groups_that_are_missing_are_named_with_the_command() -> None:
    wanted = ("gpio", "spi", "dialout")
    found = only(permissions(lambda: User("evsed", frozenset({"gpio", "evsed"})), wanted))
    assert found.what.startswith("evsed is not in spi and dialout")
    assert "sudo usermod -aG spi,dialout evsed" in found.advice
    assert only(permissions(lambda: User("evsed", frozenset(wanted)), wanted)).verdict is Verdict.OK
    assert only(permissions(lambda: User("root", frozenset()), wanted)).verdict is Verdict.ATTENTION


def test_this_machine_has_a_user() -> None:
    assert evsed_user().name
    assert evsed_user().groups


def test_the_daemon_is_found_by_its_command_line(tmp_path: Path) -> None:
    assert running_daemon(Machine(tmp_path)) is None
    commands = {
        "12": "/usr/bin/python3\0/usr/bin/evsed\0doctor\0",
        "13": "vi\0/etc/evsed/evsed.toml\0",
        "14": "/usr/bin/python3\0-m\0evsed\0run\0",
    }
    for number, words in commands.items():
        (tmp_path / "proc" / number).mkdir(parents=True)
        (tmp_path / "proc" / number / "cmdline").write_text(words)
    (tmp_path / "proc/11").mkdir()
    assert running_daemon(Machine(tmp_path)) == 14
