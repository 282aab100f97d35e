"""Optimise in Solar: only the surplus, plus IMPORT.

Owns the start rule, the step from surplus to offer, and the stop timer. The caps of limits.py hold above it.
"""

from evsed.core.metering import Balance
from evsed.core.settings import Settings
from evsed.core.units import Deciamps, Millis

FIRST_AT_MIN_MS = 40_000
SOON_MS = 2_000
STEADY_MS = 10_000
"""A lot more sun is used as soon as a few measurements agree, a little more when it was there all this time."""

POOR_MS = 30_000
"""Charging stops when the timer is over and START was not reached for this long."""

LONGEST_STOP_MS = 3_600_000  # the most that STOP can be set to

_DOWN_BAND: Deciamps = 5
_UP_BAND: Deciamps = 5
_A_LOT: Deciamps = 20


def surplus(balance: Balance) -> Deciamps:
    """What the house would export if the car drew nothing; sum of the phases, negative when it would import."""
    return -balance.base.total


def enough(settings: Settings, exported: Deciamps, phases: int) -> bool:
    """START is meant for one phase: each further phase in use, of one car or of several, asks for MIN on top."""
    return exported > (settings.solar_start_current + (phases - 1) * settings.current_min) * 10


def enough_to_start(settings: Settings, balance: Balance, phases: int) -> bool:
    """Whether a charge on so many phases may begin."""
    return enough(settings, surplus(balance), phases)


def startable(settings: Settings, balance: Balance, legs: int) -> frozenset[int]:
    """On 1 or 3 phases of the contactors, whether a charge may begin; of three the car uses ``legs``."""
    used = {1: 1, 3: legs}
    return frozenset(phases for phases, count in used.items() if enough_to_start(settings, balance, count))


def target(settings: Settings, balance: Balance, phases: float) -> Deciamps:
    """The current per phase that uses the surplus and IMPORT up."""
    return int((surplus(balance) + settings.solar_max_import * 10) // phases)


def step(offer: Deciamps, wanted: Deciamps, soon: Deciamps, steady: Deciamps) -> Deciamps:
    """The next offer: down to what the sun gives now, up to the least that it gave in the last moments."""
    if wanted < offer - _DOWN_BAND:
        return wanted
    if soon > offer + _A_LOT:
        return soon
    if steady > offer + _UP_BAND:
        return steady
    return offer


class StopTimer:
    """Time spent at MIN with too little sun. It runs back, instead of to 0, while the sun is enough."""

    def __init__(self) -> None:
        self._spent_ms: Millis = 0
        self._at: Millis | None = None
        self._short = False

    def run(self, *, short: bool, now: Millis, most_ms: Millis = LONGEST_STOP_MS) -> None:
        """Counts the time since the last call towards the state it was in, up to ``most_ms``."""
        if self._at is not None:
            elapsed = now - self._at
            self._spent_ms = max(0, min(self._spent_ms + (elapsed if self._short else -elapsed), most_ms))
        self._at, self._short = now, short

    def pause(self) -> None:
        """Nothing is charged: the time until the next ``run`` does not count."""
        self._at = None

    def left_ms(self, stop_minutes: int) -> Millis | None:
        """Time left to the stop; None while nothing is spent, or when STOP is 0 (never)."""
        if stop_minutes == 0 or self._spent_ms == 0:
            return None
        return max(0, stop_minutes * 60_000 - self._spent_ms)
