"""The lease on energised outputs, from the control loop's side: what the core wants, as a feed of the guard's.

The format and the lease itself are guard.py's, which has to stay one file; the simulated plant speaks the same.
"""

from dataclasses import dataclass

from evsed.core.actions import LockDrive, Outputs, Pilot, PilotDrive
from evsed.hw import guard
from evsed.hw.guard import Alive, Levels

_KINDS = {Pilot.HIGH: guard.HIGH, Pilot.PWM: guard.PWM, Pilot.LOW: guard.LOW, Pilot.OFF: guard.OFF}
_LOCKS = {LockDrive.REST: guard.REST, LockDrive.LOCK: guard.LOCK, LockDrive.UNLOCK: guard.UNLOCK}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}
_LOCK_OF = {number: lock for lock, number in _LOCKS.items()}


@dataclass(frozen=True, slots=True)
class Feed:
    """One renewal. ``single``: no second contactor is fitted, the first one switches all phases."""

    sequence: int
    outputs: Outputs
    single: bool


def levels_of(outputs: Outputs, *, single: bool) -> Levels:
    """What the guard is told of ``outputs``."""
    return Levels(
        contactor1=outputs.contactor1,
        contactor2=outputs.contactor2,
        single=single,
        rcm_test=outputs.rcm_test,
        pilot=_KINDS[outputs.pilot.kind],
        lock=_LOCKS[outputs.lock],
        pulses=outputs.pilot.pulses,
    )


def outputs_of(levels: Levels) -> Outputs:
    """The core's word for ``levels``."""
    pilot = PilotDrive(_KIND_OF[levels.pilot], levels.pulses)
    return Outputs(levels.contactor1, levels.contactor2, pilot, _LOCK_OF[levels.lock], levels.rcm_test)


def pack_feed(feed: Feed) -> bytes:
    """The bytes of a feed."""
    levels = levels_of(feed.outputs, single=feed.single)
    return guard.FEED.pack(guard.FEED_MAGIC, feed.sequence % guard.MODULUS, *levels)


def unpack_feed(data: bytes) -> Feed | None:
    """The feed in ``data``; None when it is not a valid one, which renews nothing."""
    fed = guard.unpack_feed(data)
    return None if fed is None else Feed(fed[0], outputs_of(fed[1]), fed[1].single)


def unpack_alive(data: bytes) -> Alive | None:
    """The guard's answer; None when this is no such answer."""
    if len(data) != guard.ALIVE.size or data[:4] != guard.ALIVE_MAGIC or max(data[8:10]) > 1:
        return None
    return Alive(*guard.ALIVE.unpack(data)[1:])


def confirms(alive: Alive | None, sequence: int, outputs: Outputs) -> bool:
    """Whether ``alive`` says that the feed ``sequence`` of ``outputs`` was taken, and taken as it is."""
    if alive is None or alive.sequence != sequence % guard.MODULUS:
        return False
    return (alive.contactor1, alive.contactor2) == (outputs.contactor1, outputs.contactor2)
