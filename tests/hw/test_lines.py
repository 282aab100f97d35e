"""The input lines over a fake of the kernel's gpiochip: its ioctls' bytes, its refusals."""

import errno
import fcntl
import os
import struct
from dataclasses import dataclass, field, replace

import pytest

from evsed.core.ports import BoardLostError
from evsed.hw.lines import InputLines, LineLook
from evsed.wiring import Line, Pins, Pull, Wiring

_REQUEST = struct.Struct("=64I32sQI20x240sII20xi")  # struct gpio_v2_line_request
_ATTRIBUTE = struct.Struct("=I4xQQ")
_VALUES = struct.Struct("=QQ")
_GET_LINE, _GET_VALUES = 0xC250B407, 0xC010B40E
_ACTIVE_LOW, _INPUT = 2, 4


@dataclass
class Chip:
    """Pins with a level each; takes one request at a time, as linux/gpio.h has it."""

    levels: dict[int, int] = field(default_factory=dict)
    refuses: int = 0
    flags: dict[int, int] = field(default_factory=dict)
    asked: int = 0
    fd: int = -1

    def ioctl(self, fd: int, number: int, argument: bytearray) -> int:
        if self.refuses:
            raise OSError(self.refuses, os.strerror(self.refuses))
        if number == _GET_LINE:
            return self._request(argument)
        assert number == _GET_VALUES
        assert fd == self.fd
        self.asked += 1
        _, mask = _VALUES.unpack(argument)
        assert mask == (1 << len(self.flags)) - 1
        bits = 0
        for place, (gpio, flags) in enumerate(self.flags.items()):
            low = bool(flags & _ACTIVE_LOW)
            bits |= (bool(self.levels.get(gpio, 0)) is not low) << place
        _VALUES.pack_into(argument, 0, bits, mask)
        return 0

    def _request(self, argument: bytearray) -> int:
        *offsets, consumer, default, attributes, raw, lines, _, _ = _REQUEST.unpack(argument)
        assert consumer.rstrip(b"\0") == b"evsed"
        flags = [default] * lines
        for at in range(attributes):
            kind, value, mask = _ATTRIBUTE.unpack_from(raw, at * _ATTRIBUTE.size)
            assert kind == 1  # flags; no levels are set on inputs
            flags = [value if mask >> place & 1 else before for place, before in enumerate(flags)]
        assert all(flag & _INPUT for flag in flags)
        self.flags = dict(zip(offsets[:lines], flags, strict=True))
        self.fd = os.open(os.devnull, os.O_RDONLY)
        argument[-4:] = struct.pack("=i", self.fd)
        return 0


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    chip = Chip()
    monkeypatch.setattr(fcntl, "ioctl", chip.ioctl)
    return chip


PINS = Pins(
    rcm=Line(24),
    lock_feedback=Line(20, active_low=True, pull=Pull.UP),
    mirror1=Line(5, pull=Pull.DOWN),
    mirror2=Line(6),
)


def wired(pins: Pins = PINS) -> Wiring:
    return Wiring(chip=os.devnull, pins=pins)


def test_each_line_says_what_it_means_with_one_ioctl_a_look(chip: Chip) -> None:
    chip.levels = {24: 0, 20: 1, 5: 1, 6: 0}
    lines = InputLines(wired())
    assert lines.look() == LineLook(rcm=False, locked=False, closed1=False, closed2=True)
    chip.levels = {24: 1, 20: 0, 5: 0, 6: 1}
    assert lines.look() == LineLook(rcm=True, locked=True, closed1=True, closed2=False)
    assert chip.asked == 2
    lines.close()


def test_the_kernel_is_asked_for_inputs_with_the_pulls_of_the_board(chip: Chip) -> None:
    InputLines(wired()).close()
    up, down, none = 1 << 8, 1 << 9, 1 << 10
    assert chip.flags == {24: _INPUT | none, 20: _INPUT | _ACTIVE_LOW | up, 5: _INPUT | down, 6: _INPUT | none}


def test_what_is_not_fitted_is_not_known(chip: Chip) -> None:
    chip.levels = {20: 1}
    lines = InputLines(wired(Pins(rcm=None, lock_feedback=Line(20))))
    assert lines.look() == LineLook(rcm=False, locked=True)
    lines.close()
    bare = InputLines(wired(Pins(rcm=None, lock_feedback=None)))
    assert bare.look() == LineLook()
    bare.close()
    bare.close()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EBUSY, "another program holds one of them"),
        (errno.EACCES, "the user evsed has to be in the group gpio"),
        (errno.ENOENT, "there is no such chip"),
        (errno.EINVAL, "look at the pins in evsed.toml"),
        (errno.ENODEV, "No such device"),
    ],
)
def test_what_the_kernel_refuses_is_told_with_chip_and_pins(chip: Chip, number: int, says: str) -> None:
    chip.refuses = number
    with pytest.raises(BoardLostError, match=rf"{os.devnull}: GPIO 24 \(rcm\), GPIO 20 .* as inputs: .*{says}"):
        InputLines(wired())


def test_a_chip_that_goes_away_is_told(chip: Chip) -> None:
    lines = InputLines(wired(replace(PINS, mirror1=None, mirror2=None)))
    chip.refuses = errno.ENODEV
    with pytest.raises(BoardLostError, match=r"GPIO 20 \(lock_feedback\) cannot be read any more: No such device"):
        lines.look()
    lines.close()
    lines.close()
