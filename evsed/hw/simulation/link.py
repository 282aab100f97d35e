"""The link between a daemon and its simulated board: looks at the inputs, beside the feeds of the lease."""

import struct

from evsed.core.events import Button, Inputs

LOOK = b"EVS2"
_HEAD = struct.Struct("<4sBBHhH")
_MAGIC = b"EVI2"
_BUTTONS = (Button.LEFT, Button.MIDDLE, Button.RIGHT)
_RCM = 8
_SWITCH = 16
_ALL_BITS = 31
_CONTACTS = (None, False, True)  # not fitted, open, closed
_NO_OHMS = 0xFFFF
_NO_TEMPERATURE = -0x8000
_LONGEST_BURST = 511


def pack_inputs(inputs: Inputs) -> bytes:
    """The bytes of the plant's answer to ``LOOK``; its buttons can always be read."""
    down = inputs.buttons or frozenset()
    bits = sum(1 << index for index, button in enumerate(_BUTTONS) if button in down)
    bits |= _RCM * inputs.rcm_tripped | _SWITCH * bool(inputs.switch_closed)
    contacts = 0
    for contact in (inputs.closed1, inputs.closed2, inputs.locked):
        contacts = contacts * len(_CONTACTS) + _CONTACTS.index(contact)
    ohms = _NO_OHMS if inputs.proximity_ohms is None else inputs.proximity_ohms
    temperature = _NO_TEMPERATURE if inputs.temperature_c is None else inputs.temperature_c
    count = len(inputs.pilot_mv)
    return _HEAD.pack(_MAGIC, bits, contacts, ohms, temperature, count) + struct.pack(f"<{count}h", *inputs.pilot_mv)


def unpack_inputs(data: bytes) -> Inputs | None:
    """The inputs in an answer; None when it is not a valid one."""
    if len(data) < _HEAD.size:
        return None
    magic, bits, contacts, ohms, temperature, count = _HEAD.unpack_from(data)
    if magic != _MAGIC or count > _LONGEST_BURST or len(data) != _HEAD.size + 2 * count:
        return None
    if bits & ~_ALL_BITS or contacts >= len(_CONTACTS) ** 3:
        return None
    rest, locked = divmod(contacts, len(_CONTACTS))
    closed1, closed2 = divmod(rest, len(_CONTACTS))
    return Inputs(
        pilot_mv=struct.unpack_from(f"<{count}h", data, _HEAD.size),
        proximity_ohms=None if ohms == _NO_OHMS else ohms,
        temperature_c=None if temperature == _NO_TEMPERATURE else temperature,
        rcm_tripped=bool(bits & _RCM),
        buttons=frozenset(button for index, button in enumerate(_BUTTONS) if bits & 1 << index),
        switch_closed=bool(bits & _SWITCH),
        closed1=_CONTACTS[closed1],
        closed2=_CONTACTS[closed2],
        locked=_CONTACTS[locked],
    )
