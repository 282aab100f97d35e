"""Pilot duty and the current that it announces. IEC 61851-1 Table A.8; duty in hundredths of a percent.

Aims at most at the wanted current, never above, and never below 10 % while current is offered.
"""

from evsed.core.units import Deciamps, DutyBp

CONSTANT: DutyBp = 10_000
LOWEST_OFFER: Deciamps = 60
HIGHEST_OFFER: Deciamps = 800
_LOWEST_DUTY: DutyBp = 1_000
_KNEE_DUTY: DutyBp = 8_500
_KNEE: Deciamps = 510
_UPPER_START: Deciamps = 525
_HIGHEST_DUTY: DutyBp = 9_600


def duty_for(offer: Deciamps) -> DutyBp:
    """Duty that announces ``offer`` (60..800 dA); 51.0 to 52.5 A has no code and becomes 51 A.

    Raises ValueError outside the range: below 6 A no pulses may run.
    """
    if not LOWEST_OFFER <= offer <= HIGHEST_OFFER:
        raise ValueError(f"a pilot can offer 6.0 to 80.0 A, not {offer / 10:.1f} A")
    if offer <= _KNEE:
        return offer * 100 // 6
    if offer <= _UPPER_START:
        return _KNEE_DUTY
    return offer * 4 + 6_400


def current_for(duty: DutyBp) -> Deciamps:
    """What a car reads from ``duty``: 0 outside 8..97 % and in the digital band."""
    if duty < 800 or duty > 9_700:
        return 0
    if duty < _LOWEST_DUTY:
        return LOWEST_OFFER
    if duty <= _KNEE_DUTY:
        return round(duty * 6 / 100)
    if duty <= _HIGHEST_DUTY:
        return round((duty - 6_400) / 4)
    return HIGHEST_OFFER


def duty_1024(duty: DutyBp) -> int:
    """``duty`` on the 0..1024 scale that clients see: 6 A is 102, 16 A is 273, constant is 1024."""
    return round(duty * 1024 / CONSTANT)
