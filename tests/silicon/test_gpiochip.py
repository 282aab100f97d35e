"""The fake /dev/gpiochip0 takes the kernel's bytes, refuses what it refuses, and lets lines go as it does."""

import errno
import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from tests.silicon import gpiochip
from tests.silicon.gpiochip import GpioChip
from tests.silicon.link import Silicon
from tests.silicon.registers import PinsInMemory

ACTIVE_LOW, INPUT, OUTPUT, PULL_UP = 2, 4, 8, 256


def request(
    offsets: Sequence[int], flags: int, *, values: int = 0, padding: int = 0, attributes: int = 1, count: int = -1
) -> bytes:
    """The bytes of GET_LINE; ``values``: what outputs begin with."""
    attribute = struct.pack("=IIQQ", 2, 0, values, (1 << len(offsets)) - 1)
    config = struct.pack("=QI5I", flags, attributes, 0, 0, 0, 0, padding) + attribute.ljust(240, b"\0")
    raw = struct.pack(f"={len(offsets)}I", *offsets).ljust(256, b"\0") + b"a test".ljust(32, b"\0")
    return raw + config + struct.pack("=II5Ii", len(offsets) if count < 0 else count, 0, 0, 0, 0, 0, 0, 0)


def refusal(chip: GpioChip, holder: int, number: int, data: bytes) -> int | None:
    with pytest.raises(OSError, match="E") as refused:
        chip.control(holder, number, data)
    return refused.value.errno


@pytest.fixture
def pins() -> PinsInMemory:
    return PinsInMemory()


@pytest.fixture
def chip(pins: PinsInMemory) -> GpioChip:
    return GpioChip(pins, persist=False)


def test_outputs_begin_with_the_level_that_was_asked_for(chip: GpioChip, pins: PinsInMemory) -> None:
    chip.control(1, gpiochip.GET_LINE, request([22, 23], OUTPUT, values=0b10))
    assert [pins.read(22), pins.read(23)] == [0, 1]
    chip.control(2, gpiochip.GET_LINE, request([24, 25], OUTPUT | ACTIVE_LOW))
    assert [pins.read(24), pins.read(25)] == [1, 1], "off is high"
    chip.control(1, gpiochip.SET_VALUES, struct.pack("=QQ", 0b01, 0b01))
    assert [pins.read(22), pins.read(23)] == [1, 1], "only what the mask names"
    answer = chip.control(1, gpiochip.GET_VALUES, struct.pack("=QQ", 0, 0b11))
    assert struct.unpack("=QQ", answer) == (0b11, 0b11)


def test_inputs_have_their_resistor_and_polarity(chip: GpioChip, pins: PinsInMemory) -> None:
    chip.control(1, gpiochip.GET_LINE, request([21, 20], INPUT | PULL_UP | ACTIVE_LOW))
    asked = struct.pack("=QQ", 0, 0b11)
    assert struct.unpack("=QQ", chip.control(1, gpiochip.GET_VALUES, asked))[0] == 0
    pins.pins[20].driven = 0
    assert struct.unpack("=QQ", chip.control(1, gpiochip.GET_VALUES, asked))[0] == 0b10


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (request([22], INPUT | OUTPUT), errno.EINVAL),
        (request([22], PULL_UP), errno.EINVAL),
        (request([22], OUTPUT | 1), errno.EINVAL),
        (request([22], OUTPUT | 16), errno.EINVAL),
        (request([22], INPUT | 64), errno.EINVAL),
        (request([22], OUTPUT, padding=1), errno.EINVAL),
        (request([22], OUTPUT, attributes=11), errno.EINVAL),
        (request([22], OUTPUT, attributes=0), errno.EINVAL),
        (request([22], OUTPUT, count=0), errno.EINVAL),
        (request([22], OUTPUT, count=65), errno.EINVAL),
        (request([28], OUTPUT), errno.EINVAL),
        (request([22, 22], OUTPUT), errno.EBUSY),
        (request([25], OUTPUT), errno.EBUSY),
    ],
)
def test_what_a_request_must_not_say(chip: GpioChip, pins: PinsInMemory, data: bytes, number: int) -> None:
    chip.control(1, gpiochip.GET_LINE, request([25], OUTPUT))
    assert refusal(chip, 2, gpiochip.GET_LINE, data) == number
    assert pins.function(22) == "in"


def test_what_a_held_line_refuses(chip: GpioChip) -> None:
    chip.control(1, gpiochip.GET_LINE, request([21], INPUT))
    assert refusal(chip, 1, gpiochip.SET_VALUES, struct.pack("=QQ", 1, 1)) == errno.EPERM
    assert refusal(chip, 1, gpiochip.GET_VALUES, struct.pack("=QQ", 0, 0)) == errno.EINVAL
    assert refusal(chip, 1, gpiochip.GET_LINE, request([22], INPUT)) == errno.EINVAL
    assert refusal(chip, 2, gpiochip.GET_VALUES, struct.pack("=QQ", 0, 1)) == errno.EINVAL
    assert refusal(chip, 1, gpiochip.GET_VALUES, b"") == errno.EFAULT
    chip.broken = True
    assert refusal(chip, 1, gpiochip.GET_VALUES, struct.pack("=QQ", 0, 1)) == errno.EIO


def test_what_the_chip_says_of_itself_and_its_lines(chip: GpioChip) -> None:
    name, label, lines = struct.unpack("=32s32sI", chip.control(1, gpiochip.GET_CHIPINFO, bytes(68)))
    assert (name.rstrip(b"\0"), label.rstrip(b"\0"), lines) == (b"gpiochip0", gpiochip.LABEL.encode(), 28)
    chip.control(2, gpiochip.GET_LINE, request([22], OUTPUT))
    info = chip.control(1, gpiochip.GET_LINEINFO, struct.pack("=64xI", 22).ljust(256, b"\0"))
    assert info[32:38] == b"a test"
    assert struct.unpack_from("=Q", info, 72) == (OUTPUT | 1,)


@pytest.mark.parametrize("persist", [True, False])
def test_a_dead_holders_outputs(persist: bool, pins: PinsInMemory) -> None:
    chip = GpioChip(pins, persist=persist)
    chip.control(1, gpiochip.GET_LINE, request([22], OUTPUT, values=1))
    chip.release(1)
    assert (pins.function(22), pins.read(22)) == (("out", 1) if persist else ("in", 0))
    chip.control(2, gpiochip.GET_LINE, request([22], OUTPUT))
    assert pins.read(22) == 0


def test_pigpiod_takes_a_pin_from_under_the_kernel(chip: GpioChip, pins: PinsInMemory) -> None:
    chip.control(1, gpiochip.GET_LINE, request([12], OUTPUT))
    pins.hardware_pwm(12, 1000, 530_000)
    chip.control(1, gpiochip.SET_VALUES, struct.pack("=QQ", 1, 1))
    assert (pins.function(12), pins.duty(12)) == ("pwm", 530_000), "the latch is not the function"


HOLD = """
import fcntl, os, struct, sys
chip = os.open("/dev/gpiochip0", os.O_RDWR)
raw = bytearray(bytes.fromhex(sys.argv[1]))
fcntl.ioctl(chip, 0xC250B407, raw)
fcntl.ioctl(struct.unpack_from("=i", raw, 588)[0], 0xC010B40F, struct.pack("=QQ", 1, 1))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(silicon: Silicon) -> "Iterator[subprocess.Popen[bytes]]":
    """A process that has GPIO 22 as a high output."""
    script = silicon.path.with_name("hold.py")
    script.write_text(HOLD)
    command = [sys.executable, "-m", "tests.silicon.under", str(silicon.path), "hold", request([22], OUTPUT).hex()]
    paths = os.pathsep.join((str(script.parent), str(os.getcwd())))  # noqa: PTH109 - as PYTHONPATH wants it
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


@pytest.mark.daemon
def test_a_line_lives_as_long_as_its_process(under_hooks: Silicon, holder: "subprocess.Popen[bytes]") -> None:
    assert under_hooks.state["holders"] == {"22": "a test"}
    device = os.open("/dev/gpiochip0", os.O_RDWR)
    raw = bytearray(request([22], OUTPUT))
    with pytest.raises(OSError, match="EBUSY"):
        fcntl.ioctl(device, gpiochip.GET_LINE, raw)
    assert under_hooks.ask("read", gpio=22)["value"] == 1
    holder.kill()
    holder.wait()
    fcntl.ioctl(device, gpiochip.GET_LINE, raw)
    (lines,) = struct.unpack_from("=i", raw, gpiochip.FD_AT)
    assert under_hooks.ask("read", gpio=22)["value"] == 0
    os.close(lines)
    os.close(device)
