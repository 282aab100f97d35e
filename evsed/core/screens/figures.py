"""How numbers are written on the LCD: currents, power, energy, times. Short, and never longer than promised."""

from evsed.core.units import Deciamps, WattHours, Watts

_LONGEST_SECONDS = 100
_LARGEST = 999


def amps(current: Deciamps) -> str:
    """``16.0A``."""
    return f"{current / 10:.1f}A"


def whole_amps(current: Deciamps) -> int:
    """To the nearest ampere, as it is shown beside the grid."""
    return round(current / 10)


def phase_amps(phase: int, current: Deciamps) -> str:
    """``L1 12A``, ``L1-12A``, ``L1 120``: 6 characters, whatever is measured on ``phase`` 1..3."""
    value = whole_amps(current)
    if abs(value) < 100:
        return f"L{phase}{value:>3}A"
    return f"L{phase}{_bounded(value):>4}"


def sum_amps(current: Deciamps) -> str:
    """``-4A``: at most 5 characters."""
    return f"{_bounded(whole_amps(current))}A"


def _bounded(value: int) -> str:
    if value > _LARGEST:
        return f">{_LARGEST}"
    return f"{value}" if value >= -_LARGEST else "<-99"


def kilowatts(power: Watts) -> str:
    """``11.0kW``: at most 6 characters."""
    if power > _LARGEST * 1000:
        return f">{_LARGEST}kW"
    return f"{_thousands(power, 99_900)}kW" if power > -99_500 else "<-99kW"


def kilowatt_hours(energy: WattHours) -> str:
    """``12.3kWh``: at most 8 characters."""
    return f"{_thousands(energy, 999_900)}kWh" if energy < 9_999_500 else ">9999kWh"


def _thousands(value: int, most: int) -> str:
    """With one decimal; with none where it is more than ``most``, or less than -9.9 thousand."""
    tenths = round(value / 100)
    if value > most or tenths <= -100:
        return str(round(value / 1000))
    return f"{tenths / 10:.1f}"


def countdown(seconds: int) -> str:
    """``59``, ``4:59``, ``1h05``: at most 5 characters; empty when nothing is left."""
    if seconds <= 0:
        return ""
    if seconds < _LONGEST_SECONDS:
        return str(seconds)
    if seconds < 3_600:
        return f"{seconds // 60}:{seconds % 60:02}"
    hours, minutes = divmod(-(-seconds // 60), 60)
    return f"{hours}h{minutes:02}" if hours < 100 else ">99h"


def minutes_seconds(seconds: int) -> str:
    """``09:58``; empty when nothing is left."""
    return f"{seconds // 60:02}:{seconds % 60:02}" if 0 < seconds < 6_000 else ""


def clock(minute: int) -> str:
    """The minute of a day (0..1439) as ``23:31``."""
    return f"{minute // 60:02}:{minute % 60:02}"
