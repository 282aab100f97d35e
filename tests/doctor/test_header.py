"""The header's chip and its lines, asked of the fake chips in the kernel's bytes."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.doctor import header
from evsed.doctor.findings import Verdict
from evsed.doctor.header import chip_label, holders, look
from evsed.hw.guard import Lines
from evsed.wiring import Driver, Wiring
from tests.doctor.test_machine import only


@pytest.mark.usefixtures("under_hooks")
def test_the_header_with_free_lines_is_right() -> None:
    found = only(look(Wiring()))
    assert (found.verdict, "/dev/gpiochip0 is the header's (pinctrl-bcm2711)" in found.what) == (Verdict.OK, True)
    assert holders(Wiring()) == {}


@pytest.mark.usefixtures("under_hooks")
def test_our_own_lines_are_no_others() -> None:
    lines = Lines.outputs("/dev/gpiochip0", [(22, False), (23, False)])
    assert holders(Wiring()) == {"contactor1": "evsed", "contactor2": "evsed"}
    assert only(look(Wiring())).verdict is Verdict.OK
    lines.close()


@pytest.mark.usefixtures("under_hooks")
def test_a_line_that_another_driver_has_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "OURS", frozenset({"lg"}))
    lines = Lines.outputs("/dev/gpiochip0", [(4, True)])
    found = only(look(Wiring()))
    assert (found.verdict, found.what) == (Verdict.WRONG, "GPIO 4 (button_right) is held by evsed")
    lines.close()


@pytest.mark.usefixtures("under_hooks")
def test_the_pilot_s_pin_may_be_the_kernel_s_pwm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "OURS", frozenset({"lg"}))
    lines = Lines.outputs("/dev/gpiochip0", [(12, False)])
    assert only(look(Wiring(driver=Driver.KERNEL))).verdict is Verdict.OK
    assert only(look(Wiring())).verdict is Verdict.WRONG
    lines.close()


@pytest.mark.usefixtures("under_hooks")
def test_another_chip_is_wrong_and_the_right_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = chip_label("/dev/gpiochip0")
    labels = {"/dev/gpiochip0": "gpio-brcmstb@107d508500", str(tmp_path / "gpiochip4"): real}

    def label(path: str) -> str:
        if path not in labels:
            raise OSError(errno.ENODEV, "gone")
        return labels[path]

    monkeypatch.setattr(header, "chip_label", label)
    for name in ("gpiochip3", "gpiochip4"):
        (tmp_path / name).touch()
    found = only(look(Wiring(), tmp_path))
    assert "is gpio-brcmstb@107d508500; the header's chip has another name" in found.what
    assert found.advice == f'write chip = "{tmp_path / "gpiochip4"}" into [board]'
    assert only(look(Wiring(), tmp_path / "none")).advice == "is this a Raspberry Pi?"


@pytest.mark.usefixtures("under_hooks")
def test_a_chip_that_may_not_be_opened_is_the_doctor_s_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_path: str) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(header, "chip_label", refused)
    with pytest.raises(PermissionError):
        list(look(Wiring()))


def test_a_chip_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    found = only(look(replace(Wiring(), chip="/dev/gpiochip987"), tmp_path))
    assert found.verdict is Verdict.WRONG
    assert found.what.startswith("/dev/gpiochip987 is not there; ")
