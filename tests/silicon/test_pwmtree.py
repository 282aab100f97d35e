"""The kernel's PWM as files."""

from pathlib import Path

import pytest

from tests.silicon.pwmtree import PwmTree, make_tree
from tests.silicon.registers import PinsInMemory


def export(tree: PwmTree, directory: Path, channel: int) -> Path:
    (directory / "export").write_text(str(channel))
    tree.look()
    return directory / f"pwm{channel}"


def test_what_is_written_reaches_the_pin(tmp_path: Path) -> None:
    pins, directory = PinsInMemory(), make_tree(tmp_path / "pwm", channels=2)
    tree = PwmTree(directory, pins)
    home = export(tree, directory, 0)
    assert (home / "duty_cycle").read_text() == "0\n"
    (home / "period").write_text("1000000\n")
    (home / "duty_cycle").write_text("530000\n")
    tree.look()
    assert (pins.function(12), pins.duty(12)) == ("pwm", 0), "not switched on"
    (home / "enable").write_text("1\n")
    tree.look()
    assert pins.duty(12) == 530_000
    (home / "duty_cycle").write_text("1000000\n")
    tree.look()
    assert pins.duty(12) == 1_000_000
    assert tree.complaints == []


@pytest.mark.parametrize(("name", "word"), [("duty_cycle", "1000001"), ("period", "-1"), ("polarity", "upside down")])
def test_what_the_kernel_would_refuse_is_told(name: str, word: str, tmp_path: Path) -> None:
    pins, directory = PinsInMemory(), make_tree(tmp_path / "pwm")
    tree = PwmTree(directory, pins)
    home = export(tree, directory, 0)
    (home / "period").write_text("1000000\n")
    tree.look()
    (home / name).write_text(word)
    tree.look()
    assert len(tree.complaints) == 1


def test_a_pi_5_is_known_by_its_device(tmp_path: Path) -> None:
    directory = make_tree(tmp_path / "pwm", "pwmchip7")
    assert (directory / "device").resolve().name == "1f00098000.pwm"
