"""The stored script that is the pilot's lease: what pigpiod does by itself when nobody renews it.

Owns the script's text. Who stores and renews it is pilot.py. Its language: pigpio's "Scripts" documentation.
"""

from evsed.wiring import Line, Pins

HZ = 1_000
"""The pilot's frequency; IEC 61851-1 wants 1 kHz."""

FULL = 1_000_000
"""pigpio's duty of a constant high level."""

RENEW_MS = 50
"""So often it is renewed."""

LEASE_MS = 600
"""So long after the last renewal it expires.

Longer than the guard's 500 ms and a renewal together: were it shorter, a control loop that is late by just less than
500 ms would find its contactors opened here and closed again by the guard, which knows nothing of it.
"""

TICK_MS = 10
TICKS = LEASE_MS // TICK_MS
"""Parameter 0 of a renewed script."""


def level(line: Line, *, on: bool) -> int:
    """The level on the pin, 0 or 1, that switches what hangs on it."""
    return int(on is not line.active_low)


def duty_ppm(line: Line, high_bp: int) -> int:
    """pigpio's duty of the pin for pulses that are at +12 V for ``high_bp`` ten-thousandths of the time.

    pigpio cuts a duty down to its steps of 4 or 2.7 parts in a million; the second only is coarser than what we ask.
    """
    ppm = high_bp * (FULL // 10_000)
    return FULL - ppm if line.active_low else ppm


def contactors(pins: Pins) -> tuple[Line, ...]:
    """The lines that are written off."""
    return (pins.contactor1,) if pins.contactor2 is None else (pins.contactor1, pins.contactor2)


def lease_script(pins: Pins) -> str:
    """Counts parameter 0 down, a tick at a time. From zero on it switches off, again at every tick, until renewed.

    Off: the contactors' lines at their off level, the pilot constant at +12 V. It never does anything else. A renewal
    can be lost between ``jmp`` and ``ld``: then it switches off although it should not, never the other way round.
    """
    off = " ".join(f"w {line.gpio} {level(line, on=False)}" for line in contactors(pins))
    pilot = f"hp {pins.pilot.gpio} {HZ} {duty_ppm(pins.pilot, 10_000)}"
    return f"tag 1 mils {TICK_MS} dcr p0 jz 2 jm 2 jmp 1 tag 2 {off} {pilot} ld p0 0 jmp 1"
