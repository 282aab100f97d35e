"""The kernel's /dev/gpiochip0, version 2 of its interface, byte for byte. Pure: holders are numbers, bytes in and out.

Owns what linux/gpio.h and drivers/gpio/gpiolib-cdev.c say of structs, flags and errors; no edges, no watches.
What becomes of a line whose holder has died is the pin controller's choice: ``persist``.
"""

import errno
import struct
from dataclasses import dataclass
from typing import NoReturn

from tests.silicon.registers import GPIOS, PinsInMemory

GET_CHIPINFO = 0x8044_B401
GET_LINEINFO = 0xC100_B405
GET_LINE = 0xC250_B407
SET_CONFIG = 0xC110_B40D
GET_VALUES = 0xC010_B40E
SET_VALUES = 0xC010_B40F
FD_AT = 588
"""Where the new descriptor stands in the struct of GET_LINE."""

LABEL = "pinctrl-bcm2711"
_USED, _ACTIVE_LOW, _INPUT, _OUTPUT, _RISING, _FALLING, _DRAIN, _SOURCE = (1 << bit for bit in range(8))
_PULL_UP, _PULL_DOWN, _NO_PULL, _REALTIME, _HTE = (1 << bit for bit in range(8, 13))
_EDGES, _DRIVES, _BIASES = _RISING | _FALLING, _DRAIN | _SOURCE, _PULL_UP | _PULL_DOWN | _NO_PULL
_SETTABLE = _ACTIVE_LOW | _INPUT | _OUTPUT | _EDGES | _DRIVES | _BIASES | _REALTIME | _HTE
_PULLS = {_PULL_UP: "up", _PULL_DOWN: "down", _NO_PULL: "none"}
_FLAGS_ATTR, _VALUES_ATTR, _DEBOUNCE_ATTR = 1, 2, 3
_REQUEST = struct.Struct("=256s32s272sII20si")
_CONFIG = struct.Struct("=QI20s240s")
_ATTR = struct.Struct("=IIQQ")
_VALUES = struct.Struct("=QQ")
_INFO = struct.Struct("=32s32sIIQ")
_INFO_SIZE = 256


@dataclass(frozen=True, slots=True)
class Held:
    """What one holder asked for: offsets with their flags, and the name it gave."""

    offsets: tuple[int, ...]
    flags: tuple[int, ...]
    consumer: str


def _fail(number: int) -> NoReturn:
    raise OSError(number, errno.errorcode[number])


class GpioChip:
    """The lines of GPIO 0 to 27."""

    def __init__(self, pins: PinsInMemory, *, persist: bool) -> None:
        """``persist``: a dead holder's outputs keep their level; else they become inputs."""
        self.persist = persist
        self.broken = False
        self._pins = pins
        self._held: dict[int, Held] = {}

    @property
    def holders(self) -> dict[int, str]:
        """Who holds which GPIO."""
        return {offset: held.consumer for held in self._held.values() for offset in held.offsets}

    def control(self, holder: int, request: int, data: bytes) -> bytes:
        """An ioctl by ``holder``: what the struct holds after it. Raises OSError with the kernel's number."""
        if self.broken:
            _fail(errno.EIO)
        if len(data) != request >> 16 & 0x3FFF:
            _fail(errno.EFAULT)
        held = self._held.get(holder)
        if held is None:
            return self._of_chip(holder, request, data)
        if request == GET_VALUES:
            return self._get(held, data)
        if request == SET_VALUES:
            return self._set(held, data)
        return _fail(errno.EINVAL)

    def release(self, holder: int) -> None:
        """The holder has closed its lines, or died."""
        held = self._held.pop(holder, None)
        for offset in held.offsets if held is not None else ():
            if not (self.persist and self._pins.function(offset) == "out"):
                self._pins.make_input(offset)

    def _of_chip(self, holder: int, request: int, data: bytes) -> bytes:
        if request == GET_CHIPINFO:
            return struct.pack("=32s32sI", b"gpiochip0", LABEL.encode(), GPIOS)
        if request == GET_LINEINFO:
            return self._info(data)
        if request == GET_LINE:
            self._held[holder] = self._request(data)
            return data
        return _fail(errno.EINVAL)

    # ---- a line's request ----

    def _request(self, data: bytes) -> Held:
        raw_offsets, consumer, raw_config, count, _, padding, _ = _REQUEST.unpack(data)
        if any(padding) or not 1 <= count <= 64:
            _fail(errno.EINVAL)
        offsets = struct.unpack("=64I", raw_offsets)[:count]
        flags, values = self._config(raw_config, count)
        for index, offset in enumerate(offsets):
            if offset >= GPIOS:
                _fail(errno.EINVAL)
            if offset in self.holders or offset in offsets[:index]:
                _fail(errno.EBUSY)
        for offset, flag, value in zip(offsets, flags, values, strict=True):
            self._set_up(offset, flag, value)
        return Held(offsets, flags, consumer.split(b"\0")[0].decode())

    def _set_up(self, offset: int, flags: int, value: bool) -> None:
        if flags & _BIASES:
            self._pins.pull(offset, _PULLS[flags & _BIASES])
        if flags & _OUTPUT:
            self._pins.write(offset, int(value != bool(flags & _ACTIVE_LOW)))
        elif flags & _INPUT:
            self._pins.make_input(offset)

    def _config(self, raw: bytes, count: int) -> tuple[tuple[int, ...], tuple[bool, ...]]:
        """Flags and first values of each line. Reserved fields must be zero, also those that no kernel checks yet."""
        flags, number, padding, raw_attributes = _CONFIG.unpack(raw)
        if any(padding) or number > 10:
            _fail(errno.EINVAL)
        attributes = list(_ATTR.iter_unpack(raw_attributes))
        if any(any(attribute) for attribute in attributes[number:]) or any(gap for _, gap, _, _ in attributes):
            _fail(errno.EINVAL)
        if any(kind not in {_FLAGS_ATTR, _VALUES_ATTR, _DEBOUNCE_ATTR} for kind, *_ in attributes[:number]):
            _fail(errno.EINVAL)
        each_flags, each_value = [], []
        for line in range(count):
            own = [value for kind, _, value, mask in attributes if kind == _FLAGS_ATTR and mask >> line & 1]
            first = [value for kind, _, value, mask in attributes if kind == _VALUES_ATTR and mask >> line & 1]
            each_flags.append(_valid(own[0] if own else flags))
            each_value.append(bool(first and first[0] >> line & 1))
        return tuple(each_flags), tuple(each_value)

    # ---- a held line ----

    def _get(self, held: Held, data: bytes) -> bytes:
        _, mask = _VALUES.unpack(data)
        wanted = [index for index in range(len(held.offsets)) if mask >> index & 1]
        if not wanted:
            _fail(errno.EINVAL)
        bits = 0
        for index in wanted:
            level = self._pins.read(held.offsets[index])
            bits |= (level ^ bool(held.flags[index] & _ACTIVE_LOW)) << index
        return _VALUES.pack(bits, mask)

    def _set(self, held: Held, data: bytes) -> bytes:
        bits, mask = _VALUES.unpack(data)
        wanted = [index for index in range(len(held.offsets)) if mask >> index & 1]
        if not wanted:
            _fail(errno.EINVAL)
        if any(not held.flags[index] & _OUTPUT for index in wanted):
            _fail(errno.EPERM)
        for index in wanted:
            self._pins.latch(held.offsets[index], bits >> index & 1 ^ bool(held.flags[index] & _ACTIVE_LOW))
        return data

    def _info(self, data: bytes) -> bytes:
        _, _, offset, _, _ = _INFO.unpack_from(data)
        if any(data[_INFO.size + 160 :]) or offset >= GPIOS:
            _fail(errno.EINVAL)
        flags, consumer = _OUTPUT if self._pins.function(offset) == "out" else _INPUT, ""
        for held in self._held.values():
            if offset in held.offsets:
                flags, consumer = held.flags[held.offsets.index(offset)] | _USED, held.consumer
        return _INFO.pack(f"GPIO{offset}".encode(), consumer.encode(), offset, 0, flags).ljust(_INFO_SIZE, b"\0")


def _valid(flags: int) -> int:
    """The flags of a line, as gpio_v2_line_flags_validate takes them."""
    both = flags & _INPUT and flags & _OUTPUT
    edges_without_input = flags & _EDGES and not flags & _INPUT
    drive = flags & _DRIVES
    drive_without_output = drive and (not flags & _OUTPUT or drive == _DRIVES)
    bias = flags & _BIASES
    bias_of_nothing = bias and (not flags & (_INPUT | _OUTPUT) or bias & (bias - 1))
    clocks = flags & (_REALTIME | _HTE)
    if flags & ~_SETTABLE or both or edges_without_input or drive_without_output or bias_of_nothing:
        _fail(errno.EINVAL)
    if clocks == _REALTIME | _HTE:
        _fail(errno.EINVAL)
    return flags
