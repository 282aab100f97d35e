"""What was recorded of the real pigpiod holds in the fake, a fact a test; and pigpio's own library understands it."""

import importlib
import itertools
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.silicon.link import Silicon
from tests.silicon.pigpio_errors import Error, RefusedError
from tests.silicon.pigpio_gpio import Gpio
from tests.silicon.pigpio_script import HALTED, INITIALISING, RUNNING, parse
from tests.silicon.pigpiod import (
    FRAME,
    GDC,
    HP,
    MODEG,
    NB,
    NOIB,
    PIGPV,
    PROC,
    PROCD,
    PROCP,
    PROCR,
    PROCS,
    PROCU,
    READ,
    WRITE,
)
from tests.silicon.pigpiod_process import Pigpiod
from tests.silicon.registers import PinsInMemory

pytestmark = pytest.mark.daemon

DEAD_MAN = b"tag 1 mils 10 dcr p0 jz 2 jm 2 jmp 1 tag 2 w p1 0 hp 18 1000 p2 ld p0 0 jmp 1"
"""The script that was measured."""


@pytest.fixture
def daemon() -> Iterator[Pigpiod]:
    with Pigpiod() as running:
        yield running


@pytest.fixture
def silicon(tmp_path: Path) -> Iterator[Silicon]:
    with Silicon(tmp_path) as chips:
        yield chips


def words(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}i", *numbers)


def wait_for(true: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends


def status(daemon: Pigpiod, script: int) -> tuple[int, ...]:
    """State and parameters: a PROCP on a connection of its own."""
    with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
        connection.sendall(FRAME.pack(PROCP, script, 0, 0))
        result = struct.unpack("<i", connection.recv(16, socket.MSG_WAITALL)[12:])[0]
        if result < 0:
            return (result,)
        assert result == 44
        return struct.unpack("<11i", connection.recv(44, socket.MSG_WAITALL))


def started(daemon: Pigpiod, text: bytes, *parameters: int) -> int:
    script = daemon.ask(PROC, extension=text)
    assert script >= 0
    wait_for(lambda: status(daemon, script)[0] != INITIALISING)
    assert daemon.ask(PROCR, script, extension=words(*parameters)) == 0
    wait_for(lambda: status(daemon, script)[0] == RUNNING)
    return script


def test_hardware_pwm_is_on_four_pins_and_two_channels(daemon: Pigpiod) -> None:
    able = [gpio for gpio in range(2, 28) if daemon.ask(HP, gpio, 1_000, words(250_000)) == 0]
    assert able == [12, 13, 18, 19]
    assert daemon.ask(HP, 17, 1_000, words(1)) == Error.NOT_HPWM_GPIO
    daemon.ask(HP, 12, 1_000, words(300_000))
    assert [daemon.ask(GDC, gpio) for gpio in (12, 18, 13, 19)] == [300_000, 300_000, 250_000, 250_000]


def test_all_steps_of_a_thousandth_are_exact() -> None:
    pins = PinsInMemory()
    gpio = Gpio(pins)
    for duty in range(0, 1_000_001, 1_000):
        gpio.hardware_pwm(12, 1_000, duty)
        assert pins.duty(12) == duty


@pytest.mark.parametrize(("pi4", "shown"), [(False, 533_332), (True, 533_333)])
def test_the_duty_is_cut_downwards(pi4: bool, shown: int) -> None:
    pins = PinsInMemory()
    gpio = Gpio(pins, pi4=pi4)
    gpio.hardware_pwm(12, 1_000, 533_335)
    assert pins.duty(12) == shown
    assert gpio.duty(12) == 533_335


def test_none_and_all_are_constant_levels(daemon: Pigpiod) -> None:
    for duty, level in ((0, 0), (1_000_000, 1)):
        assert daemon.ask(HP, 12, 1_000, words(duty)) == 0
        assert daemon.ask(READ, 12) == level
    assert daemon.ask(HP, 12, 1_000, words(1_000_001)) == Error.BAD_HPWM_DUTY


class Seen(PinsInMemory):
    """Keeps what the PWM was told."""

    def hardware_pwm(self, gpio: int, hz: int, duty_ppm: int) -> None:
        super().hardware_pwm(gpio, hz, duty_ppm)
        self.told = [*getattr(self, "told", []), (gpio, duty_ppm)]


def test_the_first_call_after_a_start_blanks_what_runs() -> None:
    pins = Seen()
    Gpio(pins).hardware_pwm(13, 1_000, 400_000)
    gpio = Gpio(pins)  # a new daemon
    pins.told = []
    gpio.hardware_pwm(12, 1_000, 500_000)
    assert pins.told == [(13, 0), (13, 400_000), (12, 500_000)]
    gpio.hardware_pwm(12, 1_000, 600_000)
    assert pins.told[3:] == [(12, 600_000)]


def test_a_write_takes_the_pin_out_of_pwm(daemon: Pigpiod) -> None:
    daemon.ask(HP, 12, 1_000, words(530_000))
    assert (daemon.ask(MODEG, 12), daemon.ask(GDC, 12)) == (4, 530_000)
    assert daemon.ask(WRITE, 12, 1) == 0
    assert (daemon.ask(MODEG, 12), daemon.ask(GDC, 12)) == (1, Error.NOT_PWM_GPIO)


def test_hardware_pwm_does_not_take_back_a_pin_that_somebody_else_took() -> None:
    """pigpio.c, gpioHardwarePWM: the pin is only switched over when the daemon believes that it is not."""
    pins = PinsInMemory()
    gpio = Gpio(pins)
    gpio.hardware_pwm(12, 1_000, 530_000)
    pins.write(12, 1)  # the kernel, for the guard
    gpio.hardware_pwm(12, 1_000, 400_000)
    assert (gpio.mode(12), gpio.duty(12), pins.duty(12)) == (1, 400_000, 1_000_000)
    gpio.write(12, 1)
    gpio.hardware_pwm(12, 1_000, 400_000)
    assert (gpio.mode(12), pins.duty(12)) == (4, 400_000)


def test_outputs_and_scripts_stay_when_a_client_dies(daemon: Pigpiod) -> None:
    with socket.create_connection(("127.0.0.1", daemon.port)) as client:
        for frame in ((WRITE, 22, 1, b""), (HP, 12, 1_000, words(530_000)), (PROC, 0, 0, b"tag 1 mils 1 jmp 1")):
            client.sendall(FRAME.pack(*frame[:3], len(frame[3])) + frame[3])
            assert len(client.recv(16, socket.MSG_WAITALL)) == 16
    wait_for(lambda: status(daemon, 0)[0] == HALTED)
    assert daemon.ask(PROCR, 0) == 0
    assert (daemon.ask(READ, 22), daemon.ask(GDC, 12)) == (1, 530_000)
    assert daemon.ask(MODEG, 12) == 4


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_outputs_stay_and_scripts_go_when_the_daemon_ends(silicon: Silicon, how: str) -> None:
    with Pigpiod("--registers", str(silicon.path)) as daemon:
        daemon.ask(WRITE, 22, 1)
        daemon.ask(HP, 12, 1_000, words(530_000))
        started(daemon, b"tag 1 mils 1 jmp 1")
        getattr(daemon, how)()
        assert (silicon.ask("read", gpio=22)["value"], silicon.ask("duty", gpio=12)["value"]) == (1, 530_000)
        assert silicon.ask("function", gpio=12)["value"] == "pwm"
    with Pigpiod("--registers", str(silicon.path)) as new:
        assert (new.ask(READ, 22), new.ask(MODEG, 12), new.ask(GDC, 12)) == (1, 4, Error.NOT_PWM_GPIO)
        assert [status(new, script)[0] for script in range(32)] == [Error.BAD_SCRIPT_ID] * 32


def test_the_dead_man_expires_after_fifty_ticks_and_never_closes(
    daemon: Pigpiod, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.ask(WRITE, 22, 1)
    daemon.ask(HP, 18, 1_000, words(530_000))
    script = started(daemon, DEAD_MAN, 50, 22, 1_000_000)
    renewed = time.monotonic()
    for _ in range(5):
        wait_for(lambda: status(daemon, script)[1] < 45)
        renewed = time.monotonic()
        assert daemon.ask(PROCU, script, extension=words(50)) == 0
    wait_for(lambda: daemon.ask(READ, 22) == 0)
    took = 1000 * (time.monotonic() - renewed)
    with capsys.disabled():
        sys.stdout.write(f"\nlast refresh to low: {took:.0f} ms (the real one: 494 to 507)\n")
    assert 400 < took < 5_000
    wait_for(lambda: daemon.ask(GDC, 18) == 1_000_000)
    daemon.ask(WRITE, 22, 1)  # somebody writes past it
    wait_for(lambda: daemon.ask(READ, 22) == 0)
    assert status(daemon, script)[0] == RUNNING


def test_a_refreshed_dead_man_lets_the_level_stand(daemon: Pigpiod) -> None:
    daemon.ask(WRITE, 22, 1)
    script = started(daemon, DEAD_MAN, 50, 22, 0)
    begun = renewed = time.monotonic()
    while time.monotonic() < begun + 1.2:
        last, renewed = renewed, time.monotonic()
        assert daemon.ask(PROCU, script, extension=words(50)) == 0
        level = daemon.ask(READ, 22)
        stalled = time.monotonic() - last > 0.4  # this machine: it may have expired
        assert level == 1 or stalled
        daemon.ask(WRITE, 22, 1)


def test_a_script_is_refused_to_run_while_it_initialises() -> None:
    with Pigpiod("--initialising-ms", "300") as daemon:
        script = daemon.ask(PROC, extension=DEAD_MAN)
        assert daemon.ask(PROCR, script, extension=words(50, 22)) == Error.SCRIPT_NOT_READY
        assert status(daemon, script)[0] == INITIALISING
        wait_for(lambda: status(daemon, script)[0] == HALTED)
        assert daemon.ask(PROCR, script, extension=words(50, 22)) == 0


def test_there_is_room_for_32_scripts_and_dead_clients_leak_them(daemon: Pigpiod) -> None:
    for number in range(32):
        with Another(daemon) as client:
            assert client.ask(PROC, extension=b"halt") == number
    assert daemon.ask(PROC, extension=b"halt") == Error.NO_SCRIPT_ROOM
    assert daemon.ask(PROCD, 17) == 0
    assert daemon.ask(PROCD, 17) == Error.BAD_SCRIPT_ID
    assert daemon.ask(PROC, extension=b"halt") == 17


class Another:
    """One more client, which goes without a word."""

    def __init__(self, daemon: Pigpiod) -> None:
        self._socket = socket.create_connection(("127.0.0.1", daemon.port))

    def __enter__(self) -> "Another":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, command: int, p1: int = 0, p2: int = 0, extension: bytes = b"") -> int:
        self._socket.sendall(FRAME.pack(command, p1, p2, len(extension)) + extension)
        return int(struct.unpack("<i", self._socket.recv(16, socket.MSG_WAITALL)[12:])[0])


def test_a_running_script_is_stopped_and_deleted(daemon: Pigpiod) -> None:
    script = started(daemon, b"tag 1 mils 10 jmp 1")
    assert daemon.ask(PROCS, script) == 0
    wait_for(lambda: status(daemon, script)[0] == HALTED)
    assert daemon.ask(PROCR, script) == 0
    wait_for(lambda: status(daemon, script)[0] == RUNNING)
    assert daemon.ask(PROCD, script) == 0  # without stopping it first
    assert status(daemon, script) == (Error.BAD_SCRIPT_ID,)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("fly", Error.BAD_SCRIPT_CMD),
        ("w 22", Error.BAD_SCRIPT_CMD),
        ("w 22 -1", Error.BAD_SCRIPT_CMD),
        ("dcr 5", Error.BAD_SCRIPT_CMD),
        ("dcr p10", Error.BAD_SCRIPT_CMD),
        ("jmp p0", Error.BAD_SCRIPT_CMD),
        ("jmp 3", Error.BAD_TAG),
        ("tag 1 tag 1", Error.DUP_TAG),
    ],
)
def test_a_script_that_cannot_be_understood_is_refused(text: str, error: Error) -> None:
    with pytest.raises(RefusedError) as refused:
        parse(text)
    assert refused.value.error is error


def test_a_script_counts_and_calculates(daemon: Pigpiod) -> None:
    text = b"ld v0 3 lda 0 tag 1 add p1 dcr v0 jnz 1 sta p2 inr p2 cmp 12 jz 2 ld p3 99 tag 2 w p4 1 r p4 sta p5 halt"
    script = daemon.ask(PROC, extension=text)
    wait_for(lambda: status(daemon, script)[0] == HALTED)
    assert daemon.ask(PROCR, script, extension=words(0, 4, 0, 0, 22)) == 0
    wait_for(lambda: status(daemon, script)[6] == 1)
    wait_for(lambda: status(daemon, script)[0] == HALTED)
    assert status(daemon, script) == (HALTED, 0, 4, 13, 0, 22, 1, 0, 0, 0, 0)


def test_pins_outside_the_mask_are_not_written() -> None:
    with Pigpiod("-x", hex(1 << 22)) as daemon:
        assert daemon.ask(WRITE, 22, 1) == 0
        assert daemon.ask(WRITE, 23, 1) == Error.NOT_PERMITTED
        assert daemon.ask(HP, 12, 1_000, words(0)) == Error.NOT_PERMITTED


def test_it_listens_on_loopback_alone_unless_told_otherwise(daemon: Pigpiod) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", daemon.port))
    with Pigpiod("--any") as open_one, socket.create_connection(("127.0.0.2", open_one.port)):
        pass


def test_several_clients_are_served_at_once_and_a_slow_one_holds_up_nobody(daemon: Pigpiod) -> None:
    with Another(daemon) as first, Another(daemon) as second:
        started_script = first.ask(PROC, extension=b"mils 60000")
        wait_for(lambda: second.ask(PROCR, started_script) == 0)
        wait_for(lambda: status(daemon, started_script)[0] == RUNNING)
        for client in itertools.islice(itertools.cycle((first, second)), 100):
            assert client.ask(PIGPV) == 79


def test_unknown_commands_are_refused(daemon: Pigpiod) -> None:
    assert daemon.ask(4711) == Error.UNKNOWN_COMMAND


def test_reports_are_twelve_bytes(daemon: Pigpiod) -> None:
    with socket.create_connection(("127.0.0.1", daemon.port)) as ears:
        ears.sendall(FRAME.pack(NOIB, 0, 0, 0))
        handle = FRAME.unpack(ears.recv(16, socket.MSG_WAITALL))[3]
        assert daemon.ask(NB, handle, 1 << 22) == 0
        daemon.ask(WRITE, 22, 1)
        sequence, flags, _tick, levels = struct.unpack("<HHII", ears.recv(12, socket.MSG_WAITALL))
        assert (sequence, flags, levels >> 22 & 1) == (0, 0, 1)


def test_pigpios_own_library_understands_it(daemon: Pigpiod) -> None:
    pigpio = importlib.import_module("pigpio")  # no types come with it
    pi = pigpio.pi("127.0.0.1", daemon.port)
    try:
        assert pi.connected
        assert (pi.get_pigpio_version(), pi.get_hardware_revision()) == (79, 0xA02082)
        heard: list[int] = []
        pi.callback(22, pigpio.EITHER_EDGE, lambda _gpio, level, _tick: heard.append(level))
        pi.set_mode(22, pigpio.OUTPUT)
        for level in (1, 0):
            pi.write(22, level)
            wait_for(lambda level=level: bool(heard) and heard[-1] == level)  # type: ignore[misc]
        pi.set_pull_up_down(5, pigpio.PUD_DOWN)
        assert pi.read(5) == 0
        assert pi.hardware_PWM(12, 1_000, 530_000) == 0
        assert (pi.get_PWM_dutycycle(12), pi.get_mode(12)) == (530_000, pigpio.ALT0)
        with pytest.raises(pigpio.error, match="GPIO has no hardware PWM"):
            pi.hardware_PWM(22, 1_000, 530_000)
        script = pi.store_script(DEAD_MAN)
        wait_for(lambda: pi.script_status(script)[0] == pigpio.PI_SCRIPT_HALTED)
        assert pi.run_script(script, [50, 22, 1_000_000]) == 0
        wait_for(lambda: pi.script_status(script)[0] == pigpio.PI_SCRIPT_RUNNING)
        assert pi.update_script(script, [40]) == 0
        assert pi.script_status(script)[1][1:] == (22, 1_000_000, 0, 0, 0, 0, 0, 0, 0)
        assert pi.stop_script(script) == pi.delete_script(script) == 0
    finally:
        pi.stop()
