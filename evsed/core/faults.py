"""Faults: what each is called, what it does to charging, and when it ends.

Owns the error table of the charger bus and of the clients. When a fault is raised or cleared is decided by whoever
watches its cause (metering, pilot, temperature); this module only keeps the book.
"""

from dataclasses import dataclass
from enum import Enum

from evsed.core.units import Millis


class Stop(Enum):
    """How a fault ends charging."""

    ORDERLY = "C to C1, others to B1"
    AT_ONCE = "contactor opens at once"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One row of the error table. ``bit`` goes over the charger bus, ``error_id`` to clients."""

    code: str
    text: str
    bit: int
    error_id: int
    stop: Stop
    waiting: bool = False  # a state of waiting, shown behind the state's text and not as an error


class Fault(Enum):
    """The error table; most severe last. Bits beyond the firmware's travel as RCM_TRIPPED."""

    NO_POWER = FaultKind("no_power", "No Power Available", 1, 1, Stop.ORDERLY, waiting=True)
    NO_SUN = FaultKind("no_sun", "Waiting for Solar", 1, 6, Stop.ORDERLY, waiting=True)
    METER_LOST = FaultKind("meter_lost", "Communication Error", 2, 2, Stop.ORDERLY)
    CIRCUIT_METER_LOST = FaultKind("circuit_meter_lost", "Circuit Meter Comm Error", 64, 7, Stop.ORDERLY)
    TEMPERATURE = FaultKind("temperature", "Temperature High", 4, 3, Stop.ORDERLY)
    EV_METER_LOST = FaultKind("ev_meter_lost", "EV Meter Comm Error", 8, 4, Stop.ORDERLY)
    OVERDRAW = FaultKind("overdraw", "Overdraw", 16, 13, Stop.ORDERLY)
    LOCK_FAILED = FaultKind("lock_failed", "Lock Failed", 16, 14, Stop.ORDERLY)
    CONTACTOR_FAILED = FaultKind("contactor_failed", "Contactor Failed", 16, 10, Stop.AT_ONCE)
    PILOT = FaultKind("pilot", "Pilot Fault", 16, 11, Stop.AT_ONCE)
    DIODE = FaultKind("diode", "Diode Missing", 16, 12, Stop.AT_ONCE)
    RCM = FaultKind("rcm", "RCM Tripped", 16, 5, Stop.AT_ONCE)
    WELDED = FaultKind("welded", "Contactor Welded", 16, 9, Stop.AT_ONCE)

    __hash__ = object.__hash__  # there is one of each: Enum's own hashes the name, and is called 50 times a cycle


LATCHED = frozenset({Fault.RCM, Fault.WELDED})
"""Faults that outlive a restart until somebody resets them."""

_SEVERITY = {fault: rank for rank, fault in enumerate(Fault)}


class Faults:
    """The faults that are there now, each with the time it came."""

    def __init__(self) -> None:
        self._since: dict[Fault, Millis] = {}

    def __contains__(self, fault: Fault) -> bool:
        return fault in self._since

    def set(self, fault: Fault, *, present: bool, now: Millis) -> bool:
        """Raises or clears ``fault``; True when that changed anything."""
        if present == (fault in self._since):
            return False
        if present:
            self._since[fault] = now
        else:
            del self._since[fault]
        return True

    @property
    def worst(self) -> Fault | None:
        """The most severe fault that is there."""
        return max(self._since, key=_SEVERITY.__getitem__) if self._since else None

    @property
    def all(self) -> tuple[Fault, ...]:
        """Every fault that is there, most severe last."""
        return tuple(sorted(self._since, key=_SEVERITY.__getitem__)) if self._since else ()

    @property
    def bits(self) -> int:
        """The error word of the charger bus."""
        word = 0
        for fault in self._since:
            word |= fault.value.bit
        return word

    @property
    def opens_at_once(self) -> bool:
        """Whether a fault is there that does not wait for the car."""
        return bool(self._since) and any(fault.value.stop is Stop.AT_ONCE for fault in self._since)
