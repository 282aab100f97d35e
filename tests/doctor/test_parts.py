"""Guard, kernel PWM and serial ports, as the doctor sees them."""

import errno
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.config import Bus
from evsed.doctor.findings import Verdict
from evsed.doctor.parts import guard, plan, port, pulses, read_duty, reader
from evsed.hw.guardlink import Status
from evsed.hw.guardplan import guard_plan, plan_path
from evsed.hw.rs485 import Line
from evsed.wiring import Driver, Pwm, Rfid, Wiring
from evsed.wiring import Line as Pin
from tests.doctor.test_machine import only
from tests.silicon.pwmtree import make_tree

# ---- the guard ----


def says(**told: int | bool | None) -> Callable[[str], Status]:
    """A guard that says this."""
    plain = Status(pid=77, contactor1=False, contactor2=False, expiries=0, fed_ms=None)
    return lambda _path: replace(plain, **told)  # type: ignore[arg-type]


def raises(number: int) -> Callable[[str], Status]:
    def ask(_path: str) -> Status:
        raise OSError(number, os.strerror(number))

    return ask


def test_a_guard_at_rest_is_right_while_evsed_is_stopped() -> None:
    found = only(guard(Wiring(), serving=False, ask=says()))
    assert (found.verdict, found.what) == (
        Verdict.OK,
        "holds the lines, process 77; contactors open, never fed",
    )


def test_a_guard_that_is_fed_is_right_and_one_that_is_not_is_wrong() -> None:
    found = only(guard(Wiring(), serving=True, ask=says(contactor1=True, contactor2=True, fed_ms=40)))
    assert found.verdict is Verdict.OK
    assert "contactor 1 and contactor 2 closed, fed 40 ms ago" in found.what
    for fed_ms in (None, 500):
        starving = only(guard(Wiring(), serving=True, ask=says(fed_ms=fed_ms)))
        assert (starving.verdict, "although evsed runs" in starving.what) == (Verdict.WRONG, True)


def test_leases_that_ran_out_deserve_attention() -> None:
    _, found = guard(Wiring(), serving=True, ask=says(fed_ms=40, expiries=3))
    assert (found.verdict, "has run out 3 times" in found.what) == (Verdict.ATTENTION, True)


def test_a_guard_that_is_not_there_or_hangs_is_wrong(tmp_path: Path) -> None:
    gone = only(guard(Wiring(guard=str(tmp_path / "guard")), serving=False))
    assert (gone.verdict, "No such file" in gone.what) == (Verdict.WRONG, True)
    assert only(guard(Wiring(), serving=False, ask=raises(errno.ECONNREFUSED))).verdict is Verdict.WRONG
    assert "it hangs" in only(guard(Wiring(), serving=False, ask=lambda _path: None)).what


def test_a_guard_that_may_not_be_asked_deserves_attention() -> None:
    found = only(guard(Wiring(), serving=False, ask=raises(errno.EACCES)))
    assert (found.verdict, found.advice) == (Verdict.ATTENTION, "try it with sudo")


def test_a_guard_with_another_board_is_wrong(tmp_path: Path) -> None:
    wiring = Wiring(guard=str(tmp_path / "guard"))
    assert only(plan(wiring)).verdict is Verdict.ATTENTION
    plan_path(wiring).write_text(json.dumps(guard_plan(wiring)))
    assert only(plan(wiring)).verdict is Verdict.OK
    moved = replace(wiring, pins=replace(wiring.pins, contactor2=None))
    assert "as it was wired before" in only(plan(moved)).what


def test_a_guard_that_finds_no_pwm_cannot_start(tmp_path: Path) -> None:
    wiring = Wiring(driver=Driver.KERNEL, guard=str(tmp_path / "guard"), pwm=Pwm(base=str(tmp_path)))
    plan_path(wiring).write_text("{}")
    assert only(plan(wiring)).what.startswith("the guard cannot start: board.pwm: no PWM for GPIO 12")


# ---- the kernel's PWM ----


def exported(
    base: Path, duty: int = 266_600, period: int = 1_000_000, enable: int = 1, polarity: str = "normal"
) -> Wiring:
    """A Pi whose channel 0 is in use."""
    home = make_tree(base) / "pwm0"
    home.mkdir()
    files = {"duty_cycle": duty, "period": period, "enable": enable, "polarity": polarity}
    for name, value in files.items():
        (home / name).write_text(f"{value}\n")
    return Wiring(driver=Driver.KERNEL, pwm=Pwm(base=str(base)))


def test_the_kernels_pulses_are_read_back(tmp_path: Path) -> None:
    wiring = exported(tmp_path / "pwm")
    found = only(pulses(wiring, serving=True))
    assert found.verdict is Verdict.OK
    assert found.what.endswith("pwmchip0/pwm0: 1 kHz, high for 26.66 % of the time")
    inverted = replace(wiring, pins=replace(wiring.pins, pilot=Pin(12, active_low=True)))
    assert read_duty(inverted) == 7_334


def test_the_kernels_own_inversion_counts(tmp_path: Path) -> None:
    wiring = exported(tmp_path / "pwm", polarity="inversed")
    assert read_duty(wiring) == 7_334
    assert read_duty(replace(wiring, pins=replace(wiring.pins, pilot=Pin(12, active_low=True)))) == 2_666


@pytest.mark.parametrize("files", [{"enable": 0}, {"period": 0, "duty": 0}, {"period": 2_000_000}])
def test_pulses_that_are_off_or_of_another_length(tmp_path: Path, files: dict[str, int]) -> None:
    wiring = exported(tmp_path / "pwm", **files)  # type: ignore[arg-type]
    assert only(pulses(wiring, serving=True)).verdict is Verdict.WRONG
    assert only(pulses(wiring, serving=False)).verdict is Verdict.OK


def test_a_channel_that_nobody_uses(tmp_path: Path) -> None:
    make_tree(tmp_path / "pwm")
    wiring = Wiring(driver=Driver.KERNEL, pwm=Pwm(base=str(tmp_path / "pwm")))
    assert only(pulses(wiring, serving=False)).verdict is Verdict.OK
    assert only(pulses(wiring, serving=True)).verdict is Verdict.WRONG
    assert read_duty(wiring) is None


def test_no_pwm_says_which_line_config_txt_needs(tmp_path: Path) -> None:
    wiring = Wiring(driver=Driver.KERNEL, pwm=Pwm(base=str(tmp_path)))
    found = only(pulses(wiring, serving=False))
    assert (found.verdict, "dtoverlay=pwm,pin=12,func=4" in found.advice) == (Verdict.WRONG, True)
    assert read_duty(wiring) is None


# ---- serial ports ----


@pytest.fixture
def terminal() -> str:
    """A pseudo-terminal's name; it ends with the test's process."""
    _, slave = os.openpty()
    return os.ttyname(slave)


def test_a_port_that_can_be_used_is_right(terminal: str) -> None:
    assert only(port(Bus("bus 1", terminal), serving=False)).verdict is Verdict.OK


def test_a_port_in_use_is_right_while_evsed_runs(terminal: str) -> None:
    assert only(port(Bus("bus 1", terminal), serving=True)).verdict is Verdict.ATTENTION
    holder = Line(terminal, 9_600)
    assert only(port(Bus("bus 1", terminal), serving=True)).verdict is Verdict.OK
    found = only(port(Bus("bus 1", terminal), serving=False))
    assert (found.verdict, "is in use by another program" in found.what) == (Verdict.WRONG, True)
    holder.close()


def test_a_gateway_is_left_alone_while_evsed_uses_it() -> None:
    """Many a gateway ends the old connection when a new one comes, and evsed would lose its meters."""
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        bus = Bus("bus 1", f"tcp://127.0.0.1:{gateway.getsockname()[1]}")
        found = only(port(bus, serving=True))
        assert (found.verdict, "not tried" in found.what) == (Verdict.OK, True)
        gateway.setblocking(False)
        with pytest.raises(BlockingIOError):
            gateway.accept()
        assert "can be used" in only(port(bus, serving=False)).what
        gateway.accept()[0].close()


def test_a_port_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    found = only(port(Bus("bus 1", str(tmp_path / "ttyUSB0")), serving=False))
    assert (found.verdict, "does not exist: is the adapter plugged in?" in found.what) == (Verdict.WRONG, True)


# ---- card reader ----


def test_a_card_reader_is_there_or_not(tmp_path: Path, terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(reader(Rfid("pn532", terminal))).what == f"pn532 at {terminal} is there"
    gone = only(reader(Rfid("keyboard", str(tmp_path / "kbd"))))
    assert (gone.verdict, "is it plugged in?" in gone.advice) == (Verdict.WRONG, True)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert only(reader(Rfid("pn532", terminal))).verdict is Verdict.ATTENTION
