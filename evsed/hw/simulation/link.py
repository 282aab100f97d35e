"""The link between a daemon and its simulated board: looks at the inputs, beside the feeds of the lease."""

import struct
from dataclasses import dataclass

from evsed.core.events import Button, Inputs
from evsed.core.units import Millivolts

LOOK = b"EVS1"
_HEAD = struct.Struct("<4sBBHhH")
_MAGIC = b"EVI1"
_BUTTONS = (Button.LEFT, Button.MIDDLE, Button.RIGHT)
_RCM = 8
_NONE_OHMS = 0xFFFF
_LONGEST_BURST = 511


@dataclass(frozen=True, slots=True)
class Look:
    """What the plant answers to ``LOOK``."""

    pilot_mv: list[Millivolts]
    proximity_ohms: int | None
    temperature_c: int
    rcm: bool
    buttons: frozenset[Button]


def pack_look(look: Look) -> bytes:
    """The bytes of an answer."""
    bits = sum(1 << index for index, button in enumerate(_BUTTONS) if button in look.buttons) | _RCM * look.rcm
    ohms = _NONE_OHMS if look.proximity_ohms is None else look.proximity_ohms
    head = _HEAD.pack(_MAGIC, bits, 0, ohms, look.temperature_c, len(look.pilot_mv))
    return head + struct.pack(f"<{len(look.pilot_mv)}h", *look.pilot_mv)


def unpack_inputs(data: bytes) -> Inputs | None:
    """The inputs in an answer; None when it is not a valid one."""
    if len(data) < _HEAD.size:
        return None
    magic, bits, _reserved, ohms, temperature, count = _HEAD.unpack_from(data)
    if magic != _MAGIC or count > _LONGEST_BURST or len(data) != _HEAD.size + 2 * count:
        return None
    return Inputs(
        pilot_mv=struct.unpack_from(f"<{count}h", data, _HEAD.size),
        proximity_ohms=None if ohms == _NONE_OHMS else ohms,
        temperature_c=temperature,
        rcm_tripped=bool(bits & _RCM),
        buttons=frozenset(button for index, button in enumerate(_BUTTONS) if bits & 1 << index),
    )
