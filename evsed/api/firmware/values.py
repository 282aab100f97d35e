"""What a posted value means: numbers, switches, local times, the pilot's duty. Pure but for the system's time zone.

Each reader raises NotTakenError with what the parameter takes, in words for the owner.
"""

from typing import Final

from evsed.api.firmware.parameters import Parameters
from evsed.api.local_time import unix_of
from evsed.core.events import OverridePilot

HIGHEST_PWM: Final = 1_000
TWICE: Final = "sent twice, with different values"
_SWITCHED: Final = {"0": False, "1": True}


class NotTakenError(ValueError):
    """A value that a parameter does not take; the text says what it takes."""


def whole(given: Parameters, name: str, low: int, high: int) -> int:
    """The whole number from ``low`` to ``high`` that ``name`` is."""
    number = given.whole(name)
    if number is None or not low <= number <= high:
        raise NotTakenError(f"{name} takes a whole number from {low} to {high}")
    return number


def switched(given: Parameters, name: str) -> bool:
    """Whether ``name`` is 1, and not 0."""
    on = _SWITCHED.get(given.text(name).strip())
    if on is None:
        raise NotTakenError(f"{name} takes 0 or 1")
    return on


def pilot(given: Parameters, name: str) -> OverridePilot:
    """The pilot's override: ten times the duty in per cent, 0..1000; a negative value ends it."""
    pwm = given.whole(name)
    if pwm is None or pwm > HIGHEST_PWM:
        raise NotTakenError(f"{name} takes 0 to {HIGHEST_PWM} (ten times the duty in %), or -1 to end it")
    return OverridePilot(None if pwm < 0 else pwm * 10)


def local_time(given: Parameters, name: str) -> int:
    """The Unix second at which the local time ``YYYY-MM-DDTHH:MM`` begins, in the system's time zone.

    A time that the clock shows twice, where summer time ends, is the first of the two; one that it jumps over, where
    summer time begins, is as much later as the clock jumps.
    """
    unix_s = unix_of(given.text(name).strip())
    if unix_s is None:
        raise NotTakenError(f"{name} takes a local time such as 2030-04-14T23:31")
    return unix_s
