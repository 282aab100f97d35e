"""The fake spidev and the ADC behind it take the kernel's bytes."""

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Iterator

import pytest

from tests.silicon.adc import Mcp3208, Transfer
from tests.silicon.link import Silicon

pytestmark = pytest.mark.daemon


def message(count: int) -> int:
    """SPI_IOC_MESSAGE(count)."""
    return 1 << 30 | count * 32 << 16 | ord("k") << 8


def looked(device: int, channels: list[int], last_cs_change: int = 0) -> list[int]:
    """The codes of one message, checked for the null bit."""
    said = ctypes.create_string_buffer(b"".join(bytes([6 | ch >> 2, (ch & 3) << 6, 0]) for ch in channels))
    heard = ctypes.create_string_buffer(3 * len(channels))
    raw = bytearray()
    for index in range(len(channels)):
        cs_change = last_cs_change if index == len(channels) - 1 else 1
        at = 3 * index
        raw += struct.pack(
            "<QQIIHBBBBBB",
            ctypes.addressof(said) + at,
            ctypes.addressof(heard) + at,
            3,
            1_000_000,
            0,
            8,
            cs_change,
            0,
            0,
            0,
            0,
        )
    assert fcntl.ioctl(device, message(len(channels)), raw) == 3 * len(channels)
    frames = [heard.raw[at : at + 3] for at in range(0, 3 * len(channels), 3)]
    assert not any(frame[1] & 0x10 for frame in frames)
    return [(frame[1] & 15) << 8 | frame[2] for frame in frames]


def millivolts(code: int) -> int:
    return -16_500 + code * 33_000 // 4096


@pytest.fixture
def device(under_hooks: Silicon) -> Iterator[int]:  # noqa: ARG001 - what opens finds them
    descriptor = os.open("/dev/spidev0.1", os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def test_a_burst_sees_pilot_proximity_and_temperature(under_hooks: Silicon, device: int) -> None:
    under_hooks.ask("write", gpio=12, level=1)
    codes = looked(device, [0] * 100 + [1] * 3 + [2] * 3)
    assert all(abs(millivolts(code) - 12_000) < 200 for code in codes[:100])
    assert codes[100:103] == [4095] * 3, "no cable"
    assert all(abs(code - 2048) < 3 for code in codes[103:]), "25 degrees"
    under_hooks.car(plugged=True, cable=32)
    under_hooks.ask("hardware_pwm", gpio=12, hz=1000, duty_ppm=500_000)
    codes = looked(device, [0] * 100 + [1])
    high = [code for code in codes[:100] if abs(millivolts(code) - 9_000) < 300]
    low = [code for code in codes[:100] if abs(millivolts(code) + 12_000) < 300]
    assert 40 <= len(high) <= 60
    assert 40 <= len(low) <= 60
    assert codes[100] == round(4096 * 220 / 1220)
    assert under_hooks.state["complaints"] == []
    assert under_hooks.state["looks"] == 2


def test_a_disconnected_pilot_is_at_0_volts(under_hooks: Silicon, device: int) -> None:
    under_hooks.ask("write", gpio=16, level=1)
    assert all(abs(millivolts(code)) < 200 for code in looked(device, [0] * 20))


def test_chip_select_between_conversions_is_the_callers_business(under_hooks: Silicon, device: int) -> None:
    said = ctypes.create_string_buffer(b"\x06\x40\x00\x06\x40\x00")
    heard = ctypes.create_string_buffer(6)
    raw = bytearray()
    for at in (0, 3):
        tx, rx = ctypes.addressof(said) + at, ctypes.addressof(heard) + at
        raw += struct.pack("<QQIIHBBBBBB", tx, rx, 3, 0, 0, 0, 0, 0, 0, 0, 0)
    fcntl.ioctl(device, 1 << 30 | 4 << 16 | ord("k") << 8 | 4, struct.pack("<I", 1_000_000))
    fcntl.ioctl(device, message(2), raw)
    assert heard.raw[:3] == b"\xff\xef\xff"
    assert heard.raw[3:6] == b"\xff\xe0\x00", "the same bits backwards, then zeros"
    looked(device, [1], last_cs_change=1)
    assert any("cs_change" in complaint for complaint in under_hooks.state["complaints"])


@pytest.mark.parametrize(("fault", "byte"), [("dead", 0), ("low", 0), ("high", 255)])
def test_a_stuck_wire_reads_the_same_everywhere(fault: str, byte: int) -> None:
    chip = Mcp3208(lambda _channel, _us: 0xAAA)
    chip.fault = fault
    assert chip.exchange([Transfer(b"\x06\x00\x00", False, 1_000_000)], 0, 30) == [bytes([byte] * 3)]


def test_what_spidev_refuses(under_hooks: Silicon, device: int) -> None:
    buffer = ctypes.create_string_buffer(4100)
    tx = ctypes.addressof(buffer)
    for size, number in ((4096, None), (4097, errno.EMSGSIZE)):
        raw = bytearray(struct.pack("<QQIIHBBBBBB", tx, tx, size, 0, 0, 8, 0, 0, 0, 0, 0))
        if number is None:
            fcntl.ioctl(device, message(1), raw)
        else:
            with pytest.raises(OSError, match="more than") as refused:
                fcntl.ioctl(device, message(1), raw)
            assert refused.value.errno == number
    with pytest.raises(OSError, match="transfers"):
        fcntl.ioctl(device, 1 << 30 | 33 << 16 | ord("k") << 8, bytes(33))
    with pytest.raises(OSError, match="cannot do that"):
        fcntl.ioctl(device, 1 << 30 | 1 << 16 | ord("k") << 8 | 3, bytes([16]))  # 16 bits per word
    mode = bytearray(1)
    fcntl.ioctl(device, 2 << 30 | 1 << 16 | ord("k") << 8 | 1, mode)
    assert mode == b"\0"
    under_hooks.fault(adc_error="EIO")
    with pytest.raises(OSError, match="EIO"):
        looked(device, [0])
    under_hooks.fault(adc_error="ENODEV")
    with pytest.raises(OSError, match="ENODEV"):
        looked(device, [0])


def test_a_mode_that_the_adc_does_not_know_is_told(under_hooks: Silicon, device: int) -> None:
    fcntl.ioctl(device, 1 << 30 | 1 << 16 | ord("k") << 8 | 1, bytes([1]))
    looked(device, [0])
    assert any("mode 1" in complaint for complaint in under_hooks.state["complaints"])


def test_the_chips_are_gone(under_hooks: Silicon, device: int) -> None:
    under_hooks.process.kill()
    under_hooks.process.wait()
    with pytest.raises(OSError, match="gone"):
        looked(device, [0])
