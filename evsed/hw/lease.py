"""The lease on energised outputs: the wire format between the control loop and the process that holds the outputs.

A feed carries the wanted level of every output and renews the lease; without a valid feed for 500 ms the holder makes
the outputs safe by itself. Standard library only: the holder has to stay one small process.
"""

import struct
from dataclasses import dataclass

from evsed.core.actions import LockDrive, Outputs, Pilot, PilotDrive

_FEED = struct.Struct("<4sIBBHB")
_FEED_MAGIC = b"EVF2"
_ALIVE = struct.Struct("<4sI")
_ALIVE_MAGIC = b"EVA1"
_KINDS = (Pilot.HIGH, Pilot.PWM, Pilot.LOW, Pilot.OFF)
_LOCKS = (LockDrive.REST, LockDrive.LOCK, LockDrive.UNLOCK)
_CONTACTOR1 = 1
_CONTACTOR2 = 2
_SINGLE = 4
_RCM_TEST = 8
_ALL_BITS = _CONTACTOR1 | _CONTACTOR2 | _SINGLE | _RCM_TEST


@dataclass(frozen=True, slots=True)
class Feed:
    """One renewal. ``single``: no second contactor is fitted, the first one switches all phases."""

    sequence: int
    outputs: Outputs
    single: bool


def pack_feed(feed: Feed) -> bytes:
    """The bytes of a feed."""
    outputs = feed.outputs
    bits = _CONTACTOR1 * outputs.contactor1 | _CONTACTOR2 * outputs.contactor2 | _SINGLE * feed.single
    bits |= _RCM_TEST * outputs.rcm_test
    kind, lock = _KINDS.index(outputs.pilot.kind), _LOCKS.index(outputs.lock)
    return _FEED.pack(_FEED_MAGIC, feed.sequence & 0xFFFF_FFFF, bits, kind, outputs.pilot.pulses, lock)


def unpack_feed(data: bytes) -> Feed | None:
    """The feed in ``data``; None when it is not a valid one, which renews nothing."""
    if len(data) != _FEED.size:
        return None
    magic, sequence, bits, kind, pulses, lock = _FEED.unpack(data)
    if magic != _FEED_MAGIC or bits & ~_ALL_BITS or kind >= len(_KINDS) or pulses > 10_000 or lock >= len(_LOCKS):
        return None
    outputs = Outputs(
        contactor1=bool(bits & _CONTACTOR1),
        contactor2=bool(bits & _CONTACTOR2),
        pilot=PilotDrive(_KINDS[kind], pulses),
        lock=_LOCKS[lock],
        rcm_test=bool(bits & _RCM_TEST),
    )
    return Feed(sequence, outputs, bool(bits & _SINGLE))


def pack_alive(sequence: int) -> bytes:
    """The holder's answer to the feed with ``sequence``."""
    return _ALIVE.pack(_ALIVE_MAGIC, sequence & 0xFFFF_FFFF)


def unpack_alive(data: bytes) -> int | None:
    """The sequence number that was answered; None when this is no such answer."""
    if len(data) != _ALIVE.size:
        return None
    magic, sequence = _ALIVE.unpack(data)
    return int(sequence) if magic == _ALIVE_MAGIC else None
