"""From the registers of a meter to numbers: width, byte and word order, divisors. Pure functions.

Owns how a number is written in registers; which register holds what is meters.py's. A register is a word of 0..65535,
as Modbus hands it over: high byte first.
"""

import math
import struct
from collections.abc import Sequence
from enum import Enum, IntEnum

from evsed.core.model import PhaseCurrents
from evsed.core.units import Deciamps, WattHours, Watts, deciamps

HIGHEST_AMPS = 1_000.0
HIGHEST_WATTS = 1_000_000.0
HIGHEST_VOLTS = 1_000.0
HIGHEST_KWH = 1e9
LOST_CURRENT_WATTS = 500.0
"""A phase of this power cannot be without current."""

_NOT_IMPLEMENTED = 0x8000  # SunSpec: what an int16 says when the meter has no such value
_STEEPEST_SCALE = 10


class ImplausibleError(ValueError):
    """What no real meter says; the text names the value and its register."""


class Form(Enum):
    """How a number is written; the value is its code in struct's language, high byte first."""

    INT16 = ">h"
    INT32 = ">i"
    INT64 = ">q"
    FLOAT32 = ">f"

    @property
    def width(self) -> int:
        """Registers that one number takes."""
        return struct.calcsize(self.value) // 2


class Order(IntEnum):
    """Which byte of a word and which word of a number comes first; the numbers are those of setting ``byte_order``."""

    LBF_LWF = 0
    LBF_HWF = 1
    HBF_LWF = 2
    HBF_HWF = 3

    @property
    def low_byte_first(self) -> bool:
        """Whether the bytes of each word are swapped against Modbus's own order."""
        return self in {Order.LBF_LWF, Order.LBF_HWF}

    @property
    def low_word_first(self) -> bool:
        """Whether the least significant word comes first."""
        return self in {Order.LBF_LWF, Order.HBF_LWF}


def numbers(words: Sequence[int], form: Form, order: Order) -> list[float]:
    """The numbers that stand one after the other in ``words``, as they are: they may be NaN or infinite."""
    return [number(words[start : start + form.width], form, order) for start in range(0, len(words), form.width)]


def number(words: Sequence[int], form: Form, order: Order) -> float:
    """The one number in ``words``, which has ``form.width`` of them."""
    ordered = reversed(words) if order.low_word_first else words
    data = b"".join(word.to_bytes(2, "little" if order.low_byte_first else "big") for word in ordered)
    return float(struct.unpack(form.value, data)[0])


def divided(value: float, exponent: int) -> float:
    """``value`` / 10^``exponent``; a negative exponent multiplies."""
    return value / 10.0**exponent if exponent >= 0 else value * 10.0**-exponent


def scale(word: int, register: int) -> int:
    """The exponent in a SunSpec scale factor register: values are to be multiplied by 10 to it.

    Raises ImplausibleError for one that is not implemented (0x8000) or not within -10..10.
    """
    exponent = word - 0x1_0000 if word >= _NOT_IMPLEMENTED else word
    if abs(exponent) > _STEEPEST_SCALE:
        raise ImplausibleError(f"the scale factor in register {place(register)} is {exponent}; it has to be -10 to 10")
    return exponent


def implemented(word: int, what: str, register: int) -> None:
    """Raises ImplausibleError when a SunSpec ``word`` says that the meter has no such value."""
    if word == _NOT_IMPLEMENTED:
        raise ImplausibleError(f"{what} in register {place(register)} is not implemented in this meter (0x8000)")


# ---- what can be, and in our units ----


def current(amps: float, phase: int, register: int) -> Deciamps:
    """The current of ``phase`` (1..3), signed as given. Raises ImplausibleError beyond +-1000 A."""
    return deciamps(_within(amps, -HIGHEST_AMPS, HIGHEST_AMPS, f"the current of L{phase}", "A", register))


def power(watts: float, register: int) -> Watts:
    """A power. Raises ImplausibleError beyond +-1 MW."""
    return round(_within(watts, -HIGHEST_WATTS, HIGHEST_WATTS, "the power", "W", register))


def energy(kwh: float, which: str, register: int) -> WattHours:
    """A counter's energy; ``which`` is "imported" or "exported". Raises ImplausibleError for a negative one."""
    return round(_within(kwh, 0.0, HIGHEST_KWH, f"the {which} energy", "kWh", register) * 1000)


def voltage(volts: float, phase: int, register: int) -> float:
    """The voltage of ``phase`` (1..3). Raises ImplausibleError beyond 0..1000 V."""
    return _within(volts, 0.0, HIGHEST_VOLTS, f"the voltage of L{phase}", "V", register)


def signed(amps: float, watts: float, phase: int, register: int) -> float:
    """A current with the sign of the same phase's power, for meters whose currents have none.

    No power at all counts as import, the careful side. Raises ImplausibleError for a power that is no number, and for a
    current of 0 A beside a power: a meter that says so has lost its currents.
    """
    _within(watts, -HIGHEST_WATTS, HIGHEST_WATTS, f"the power of L{phase}", "W", register)
    if amps == 0 and abs(watts) >= LOST_CURRENT_WATTS:
        raise ImplausibleError(
            f"the current of L{phase} is 0 A, but its power in register {place(register)} is {watts:.0f} W"
        )
    return -abs(amps) if watts < 0 else abs(amps)


def three(amps: Sequence[Deciamps]) -> PhaseCurrents:
    """The currents of a meter of one or of three phases; a meter of one phase has 0 on L2 and L3."""
    l1, l2, l3 = (*amps, 0, 0)[:3]
    return PhaseCurrents(l1, l2, l3)


def place(register: int) -> str:
    """A register's number as it stands in manuals."""
    return f"{register:#06x}"


def _within(value: float, low: float, high: float, what: str, unit: str, register: int) -> float:
    if math.isfinite(value) and low <= value <= high:
        return value
    raise ImplausibleError(f"{what} in register {place(register)} is {value:.4g} {unit}; no meter measures that")
