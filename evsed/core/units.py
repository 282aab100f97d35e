"""Names for the units that travel through the core, and how they are shown.

Currents are integers in deci-ampere (0.1 A), as on every interface of this charger; time is an integer of monotonic
milliseconds; voltages are millivolts; energy is watt-hours; duty is hundredths of a percent (0..10000).
"""

from typing import TypeAlias

Deciamps: TypeAlias = int
Millis: TypeAlias = int
Millivolts: TypeAlias = int
WattHours: TypeAlias = int
Watts: TypeAlias = int
Ohms: TypeAlias = int
Celsius: TypeAlias = int
DutyBp: TypeAlias = int
"""Pilot duty in basis points: 0.01 %."""


def deciamps(amps: float) -> Deciamps:
    """``amps`` in deci-ampere, to the nearest."""
    return round(amps * 10)


def seconds_left(until: Millis | None, now: Millis) -> int:
    """Whole seconds from ``now`` to ``until``, rounded up; 0 when it has passed or there is none."""
    if until is None or until <= now:
        return 0
    return -((now - until) // 1000)
