"""The pins' chip in the kernel, as the doctor looks at it: is it the header's, and has another driver taken a pin.

Owns the two questions to /dev/gpiochipN that claim nothing (linux/gpio.h, GPIO_GET_CHIPINFO and GPIO_V2_GET_LINEINFO).
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from evsed.doctor.findings import Finding, ok, wrong
from evsed.wiring import Driver, Wiring
from evsed.wiring_rules import fitted

CHIP_INFO, LINE_INFO = 0x8044_B401, 0xC100_B405
_CHIP = struct.Struct("=32s32sI")  # name, label, lines
_LINE = struct.Struct("=32s32sIIQ208x")  # name, consumer, offset, attributes, flags
_USED = 1

# unconfirmed: what the header's chip is called on models to come, and on the Pi 5
HEADERS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
OURS = frozenset({"evsed", "lg"})
"""Who holds a line when evsed does: the guard and the input lines, and lgpio for buttons and LED."""


def look(wiring: Wiring, chips: Path = Path("/dev")) -> Iterator[Finding]:
    """Whether ``wiring.chip`` is the header's, and its lines nobody else's. ``chips``: where others are looked for."""
    try:
        label = chip_label(wiring.chip)
    except FileNotFoundError:
        label = "not there"
    if label not in HEADERS:
        header = [str(path) for path in sorted(chips.glob("gpiochip*")) if _is_header(str(path))]
        name = f'write chip = "{header[0]}" into [board]' if header else "is this a Raspberry Pi?"
        yield wrong(f"{wiring.chip} is {label}; the header's chip has another name", name)
        return
    taken = {name: holder for name, holder in holders(wiring).items() if holder not in OURS}
    if wiring.driver is Driver.KERNEL:
        taken.pop("pilot", None)  # where the kernel's PWM has the pin, a strict pinctrl calls it used
    for name, holder in taken.items():
        gpio = fitted(wiring.pins)[name].gpio
        yield wrong(
            f"GPIO {gpio} ({name}) is held by {holder or 'the kernel'}",
            "take that overlay out of config.txt, end that program, or wire and describe another pin",
        )
    if not taken:
        yield ok(f"{wiring.chip} is the header's ({label}), and none of the board's pins is another driver's")


def _is_header(path: str) -> bool:
    try:
        return chip_label(path) in HEADERS
    except OSError:
        return False


def chip_label(path: str) -> str:
    """What the chip's driver calls itself. Raises OSError."""
    opened = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        answer = bytearray(_CHIP.size)
        fcntl.ioctl(opened, CHIP_INFO, answer)
    finally:
        os.close(opened)
    return _text(_CHIP.unpack(answer)[1])


def holders(wiring: Wiring) -> dict[str, str]:
    """Who holds each line of the board that somebody holds. Raises OSError."""
    found = {}
    opened = os.open(wiring.chip, os.O_RDWR | os.O_CLOEXEC)
    try:
        for name, line in fitted(wiring.pins).items():
            answer = bytearray(_LINE.pack(b"", b"", line.gpio, 0, 0))
            fcntl.ioctl(opened, LINE_INFO, answer)
            _, consumer, _, _, flags = _LINE.unpack(answer)
            if flags & _USED:
                found[name] = _text(consumer)
    finally:
        os.close(opened)
    return found


def _text(padded: bytes) -> str:
    return padded.split(b"\0")[0].decode(errors="replace")
