"""pigpiod as the doctor sees it: sockets from files of the test, the conversation with the fake daemon."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.doctor import pigpiod
from evsed.doctor.findings import Finding, Verdict
from evsed.doctor.machine import Machine
from evsed.doctor.pigpiod import absent, command, known_duty, listeners, permitted, pulses, reachable, script, version
from evsed.hw.pigpio.client import Client, PigpioLostError, PigpioRefusedError
from evsed.hw.pigpio.script import lease_script
from evsed.wiring import Line, Pins, Wiring
from tests.doctor.test_machine import machine, only
from tests.silicon.pigpiod_process import Pigpiod

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {}:22B8 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
LOCAL, LOCAL_6 = "0100007F", "00000000000000000000000001000000"
ANY, ANY_6 = "00000000", "00000000000000000000000000000000"


def sockets(root: Path, tcp: str = "", tcp6: str = "") -> Machine:
    """A machine on which somebody listens to 8888 at these addresses."""
    tables = {"proc__net__tcp": HEAD + "".join(ROW.format(address, "0A") for address in tcp.split())}
    tables["proc__net__tcp6"] = HEAD + "".join(ROW.format(address, "0A") for address in tcp6.split())
    return machine(root, **tables)


@pytest.fixture
def daemon() -> Iterator[Pigpiod]:
    """The fake daemon."""
    with Pigpiod() as running:
        yield running


def wiring(daemon: Pigpiod) -> Wiring:
    return Wiring(pigpio_port=daemon.port)


def test_a_pigpiod_for_this_machine_only_is_right(tmp_path: Path) -> None:
    found = only(reachable(sockets(tmp_path, LOCAL, LOCAL_6), Wiring()))
    assert (found.verdict, found.what) == (Verdict.OK, "listens on port 8888 of 127.0.0.1, ::1: this machine only")


@pytest.mark.parametrize(
    ("tcp", "tcp6", "address"),
    [(ANY, "", "0.0.0.0"), ("", ANY_6, "::"), (f"{LOCAL} 0A01A8C0", "", "192.168.1.10"), (LOCAL, ANY_6, "::")],  # noqa: S104
)
def test_a_pigpiod_that_the_network_reaches_is_wrong(tmp_path: Path, tcp: str, tcp6: str, address: str) -> None:
    found = only(reachable(sockets(tmp_path, tcp, tcp6), Wiring()))
    assert found.verdict is Verdict.WRONG
    assert f"port 8888 of {address}: whoever is on the network can close the contactors" in found.what
    assert command(Wiring()) in found.advice


def test_a_pigpiod_where_evsed_does_not_look_is_wrong(tmp_path: Path) -> None:
    _, found = reachable(sockets(tmp_path, "", LOCAL_6), Wiring())
    assert (found.verdict, found.what) == (Verdict.WRONG, "does not listen on 127.0.0.1, where evsed looks for it")


def started(root: Path, *arguments: str, pid: int = 77) -> Machine:
    """A machine on which pigpiod was started so."""
    return machine(root, **{f"proc__{pid}__cmdline": "\0".join(["/usr/bin/pigpiod", *arguments]) + "\0"})


@pytest.mark.parametrize("mask", ["0xfff307e", "268_382_334".replace("_", ""), "01777630176", "-1"])
@pytest.mark.parametrize("before", [("-l", "-n", "127.0.0.1", "-f", "-c", "256"), ("-lf", "-x1"), ()])
def test_a_pigpiod_that_may_touch_the_boards_pins_is_right(tmp_path: Path, before: tuple[str, ...], mask: str) -> None:
    found = only(permitted(started(tmp_path, *before, "-x", mask), Wiring()))
    assert (found.verdict, found.what) == (Verdict.OK, "may touch every pin of the board")


def test_a_pigpiod_as_it_is_packaged_may_not_touch_gpio_1(tmp_path: Path) -> None:
    found = only(permitted(started(tmp_path, "-l"), Wiring()))
    assert (found.verdict, found.what) == (Verdict.ATTENTION, "may not touch GPIO 1 (led_blue)")
    assert found.advice == (
        f"sudo systemctl edit pigpiod, with three lines: [Service], ExecStart= and ExecStart={command(Wiring())}; "
        "then sudo systemctl restart pigpiod evsed"
    )


def test_a_pigpiod_that_may_not_touch_what_switches_is_wrong(tmp_path: Path) -> None:
    found = only(permitted(started(tmp_path, "-x", hex(0xFFF_307E & ~(1 << 12 | 1 << 22))), Wiring()))
    assert (found.verdict, found.what) == (Verdict.WRONG, "may not touch GPIO 12 (pilot), GPIO 22 (contactor1)")


@pytest.mark.parametrize("arguments", [["-x", "pins"], ["-q"], ["-x"]])
def test_what_pigpiod_may_touch_is_not_guessed(tmp_path: Path, arguments: list[str]) -> None:
    told = "which pins it may touch cannot be seen from its command line"
    found = only(permitted(started(tmp_path / "odd", *arguments), Wiring()))
    assert (found.verdict, found.what) == (Verdict.ATTENTION, told)
    assert only(permitted(Machine(tmp_path / "hidden"), Wiring())).what == told
    started(tmp_path / "two", "-l")
    assert only(permitted(started(tmp_path / "two", "-l", "-p", "8889", pid=78), Wiring())).what == told


def test_beside_the_kernels_driver_a_pigpiod_is_wrong(tmp_path: Path) -> None:
    assert only(absent(Machine(tmp_path), Wiring())).verdict is Verdict.OK
    found = only(absent(sockets(tmp_path, LOCAL), Wiring()))
    assert (found.verdict, found.advice) == (Verdict.WRONG, "sudo systemctl disable --now pigpiod")


def test_no_pigpiod_is_wrong(tmp_path: Path) -> None:
    connected = machine(tmp_path, proc__net__tcp=HEAD + ROW.format(LOCAL, "01") + "odd\n")
    found = only(reachable(connected, Wiring()))
    assert (found.verdict, found.what) == (Verdict.WRONG, "nobody listens on port 8888")
    assert only(reachable(Machine(tmp_path / "none"), Wiring())).verdict is Verdict.WRONG


def test_this_machine_s_sockets_are_understood() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        assert listeners(Machine(), door.getsockname()[1]) == ["127.0.0.1"]
    with socket.create_server(("::", 0), family=socket.AF_INET6) as door:
        assert listeners(Machine(), door.getsockname()[1]) == ["::"]


def test_the_measured_version_is_right_and_another_deserves_attention(
    daemon: Pigpiod, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert only(version(wiring(daemon))) == Finding(Verdict.OK, "answers, version 79")
    monkeypatch.setattr(pigpiod, "VERSION", 80)
    assert only(version(wiring(daemon))).verdict is Verdict.ATTENTION


def test_nothing_more_is_asked_where_nobody_listens(tmp_path: Path) -> None:
    assert len(list(pigpiod.look(Machine(tmp_path), Wiring(pigpio_port=1), serving=False))) == 1


def test_a_daemon_that_hangs_is_told_by_its_client(daemon: Pigpiod) -> None:
    daemon.freeze()
    with pytest.raises(PigpioLostError, match="did not answer PIGPV within 100 ms"):
        list(version(wiring(daemon)))
    assert known_duty(wiring(daemon)) is None
    daemon.thaw()


def test_the_lease_is_looked_for_and_left_alone(daemon: Pigpiod) -> None:
    board = wiring(daemon)
    assert only(script(board, serving=False)).what == "evsed does not run, and has left no script"
    assert only(script(board, serving=True)).verdict is Verdict.WRONG
    client = Client(daemon.port)
    number = client.store_script(lease_script(Pins()))
    left = only(script(board, serving=False))
    assert (left.verdict, "has left 1 of 32 scripts" in left.what) == (Verdict.OK, True)
    while client.script_status(number).state == 0:
        pass
    run(client, number)
    found = only(script(board, serving=True))
    assert found.verdict is Verdict.OK
    assert found.what.startswith(f"the pilot's lease runs: script {number}, ")
    assert client.script_status(number).state == 2
    client.close()


def run(client: Client, number: int) -> None:
    """Starts a script, which is refused now and then right after it was stored."""
    while client.script_status(number).state != 2:
        with contextlib.suppress(PigpioRefusedError):
            client.run_script(number, [3_000])


def test_pulses_are_read_back(daemon: Pigpiod) -> None:
    board = wiring(daemon)
    assert only(pulses(board, serving=False)).verdict is Verdict.OK
    assert only(pulses(board, serving=True)).verdict is Verdict.WRONG
    client = Client(daemon.port)
    client.hardware_pwm(12, 1_000, 266_600)
    assert only(pulses(board, serving=True)).what == "GPIO 12 has the hardware's PWM, high for 26.66 % of the time"
    inverted = replace(board, pins=Pins(pilot=Line(12, active_low=True)))
    assert known_duty(inverted) == 7_334
    client.write(12, 1)
    assert known_duty(board) is None
    client.close()
