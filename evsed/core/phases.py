"""One or three phases: what CONTACT 2 asks for, and in Auto what the sun does.

Owns the choice and its timers. The contactors move only through the states (charger.py): a choice that differs from
what is in use while the car charges stops it, and the next C has the new phases.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from evsed.core.contactors import HOUR_MS
from evsed.core.metering import Balance
from evsed.core.model import Contactor2, Mode
from evsed.core.settings import Settings
from evsed.core.solar import enough_to_start, surplus
from evsed.core.units import Deciamps, Millis

LARGE_SHORTAGE_MS = 30_000
SPARE_HELD_MS = 60_000
LONGEST_HELD_MS = 3_600_000
FALLS_WITHIN_MS = 3_600_000
"""How far back the sky is looked at: each time enough for three phases fell to far too little doubles the 60 s."""

FALLEN_MS = 10_000

_CAR_MOVES_MS = 2_000  # while the car follows a new offer, single samples show sun that is not there
_KEPT_MS = 60_000  # a choice made while charging outlives the stop that it needs


def fixed_phases(settings: Settings) -> int | None:
    """The phases that CONTACT 2 and the mode ask for; None when the sun decides (Auto in Solar)."""
    solar = settings.mode == Mode.SOLAR
    match settings.enable_C2:
        case Contactor2.ALWAYS_OFF:
            return 1
        case Contactor2.SOLAR_OFF:
            return 1 if solar else 3
        case Contactor2.AUTO:
            return None if solar else 3
        case _:
            return 3


@dataclass(frozen=True, slots=True)
class Sun:
    """One look at the sun, as far as the choice needs it."""

    three_start: bool  # enough for a start on three phases
    one_starts: bool  # on one
    large_shortage: bool  # less than half of what three phases need at MIN
    spare: bool  # enough for three phases at MIN + 1 A each


def look(settings: Settings, balance: Balance, legs: int) -> Sun:
    """The sun by one fresh measurement, after the home battery; of three phases the car uses ``legs``."""
    usable = surplus(balance) + settings.solar_max_import * 10
    minimum: Deciamps = settings.current_min * 10
    return Sun(
        three_start=enough_to_start(settings, balance, legs),
        one_starts=enough_to_start(settings, balance, 1),
        large_shortage=usable < legs * minimum // 2,
        spare=usable >= legs * (minimum + 10) and enough_to_start(settings, balance, legs),
    )


class Held:
    """For how long something has been true without a break of ``forgives_ms`` or longer."""

    def __init__(self, forgives_ms: Millis = 0) -> None:
        self._forgives_ms = forgives_ms
        self._since: Millis | None = None
        self._true_at: Millis = 0

    def feed(self, now: Millis, *, true: bool) -> None:
        """Whether it is true now."""
        if true:
            self._true_at = now
            self._since = now if self._since is None else self._since
        elif now - self._true_at >= self._forgives_ms:
            self._since = None

    def for_ms(self, now: Millis) -> Millis:
        """For how long it has been; 0 when it is not."""
        return 0 if self._since is None else now - self._since


class Sky:
    """How broken it is: how often enough sun for three phases has fallen to far too little."""

    def __init__(self) -> None:
        self._falls: deque[Millis] = deque()
        self._bright = False
        self._dark = Held()

    def feed(self, now: Millis, *, bright: bool, dark: bool) -> None:
        """One look."""
        self._dark.feed(now, true=dark)
        if bright:
            self._bright = True
        elif self._bright and self._dark.for_ms(now) >= FALLEN_MS:
            self._bright = False
            self._falls.append(now)

    def broken(self, now: Millis) -> bool:
        """Whether it has fallen lately."""
        return self.held_ms(now) > SPARE_HELD_MS

    def held_ms(self, now: Millis) -> Millis:
        """For how long there has to be enough before three phases are tried."""
        while self._falls and self._falls[0] <= now - FALLS_WITHIN_MS:
            self._falls.popleft()
        return min(SPARE_HELD_MS << len(self._falls), LONGEST_HELD_MS)


class Phases:
    """``in_use`` is what reaches the car in the running or next C; ``wanted`` differs from it when a switch is due."""

    def __init__(self) -> None:
        self.in_use = 3
        self.wanted = 3
        self.switching = False  # a change is under way: decided, and not yet charging with it
        self.by_mode = False  # it is the owner's, by another mode, and has no charge delay
        self._sun: Sun | None = None
        self._spare = Held()
        self._large = Held(_CAR_MOVES_MS)
        self._sky = Sky()
        self._kept_until: Millis = 0
        self._changes: deque[Millis] = deque()
        self.charged_with: int | None = None  # the phases of this car's last charge

    @property
    def switch_due(self) -> bool:
        """Whether the phases in use are not those wanted."""
        return self.wanted != self.in_use

    def at_rest(self, settings: Settings, now: Millis, *, three_fit: bool = True) -> None:
        """The contactors are open: the choice is free. ``three_fit``: the mains has room for three phases."""
        fixed = fixed_phases(settings)
        if fixed is not None:
            self.wanted = fixed
        elif now >= self._kept_until:
            sunny = self._sun is not None and self._sun.three_start and not self._sky.broken(now)
            self.wanted = 3 if three_fit and sunny else 1
            if self.charged_with not in {None, self.wanted} and not self._may_change(settings, now):
                self.wanted = 4 - self.wanted
        self.in_use = self.wanted

    def mode_changed(self, settings: Settings) -> None:
        """Another mode was chosen: what it asks for counts at once, also while the car charges."""
        self._kept_until = 0
        self._forget_timers()
        fixed = fixed_phases(settings)
        if fixed is not None:
            self.wanted = fixed
            self.switching = self.by_mode = self.switch_due

    def began_charging(self, now: Millis) -> None:
        """State C was entered with ``in_use``."""
        if self.charged_with not in {None, self.in_use}:
            self._changes.append(now)
        self.charged_with = self.in_use
        self._kept_until = 0
        self.switching = self.by_mode = False
        self._forget_timers()

    def unplugged(self) -> None:
        """The next car starts anew."""
        self._kept_until = 0
        self.switching = self.by_mode = False
        self.charged_with = None
        self._forget_timers()

    def forget_sun(self) -> None:
        """Nothing is measured any more."""
        self._sun = None
        self._forget_timers()

    def _forget_timers(self) -> None:
        self._spare = Held()
        self._large = Held(_CAR_MOVES_MS)

    def observe(self, sun: Sun, now: Millis, *, at_top: bool) -> None:
        """One look at the sun. ``at_top``: the offer is as high as one phase may have."""
        self._sun = sun
        self._sky.feed(now, bright=sun.three_start, dark=sun.large_shortage)
        self._large.feed(now, true=sun.large_shortage)
        self._spare.feed(now, true=sun.spare and at_top)

    def large_shortage_lasts(self, settings: Settings, now: Millis) -> bool:
        """Whether Auto's 30 s on three phases with far too little sun are over."""
        auto = fixed_phases(settings) is None and self.in_use == 3
        return auto and self._large.for_ms(now) >= LARGE_SHORTAGE_MS

    def one_would_do(self, settings: Settings, now: Millis) -> bool:
        """Whether charging can go on with one phase where three have too little sun."""
        auto = fixed_phases(settings) is None and self.in_use == 3
        return auto and self._sun is not None and self._sun.one_starts and self._may_change(settings, now)

    def to_one(self, now: Millis) -> None:
        """Three phases have had too little sun for long enough."""
        self._decide(1, now)

    def look_up(self, settings: Settings, now: Millis, *, three_fit: Callable[[], bool]) -> None:
        """Back to three phases, once there has been enough for 60 s. ``three_fit``: the mains has room for them."""
        auto = fixed_phases(settings) is None and self.in_use == 1
        lasts = auto and self._spare.for_ms(now) >= self._sky.held_ms(now)
        if lasts and self._may_change(settings, now) and three_fit():
            self._decide(3, now)

    def _decide(self, phases: int, now: Millis) -> None:
        self.wanted = phases
        self.switching = True
        self.by_mode = False
        self._kept_until = now + _KEPT_MS

    def _may_change(self, settings: Settings, now: Millis) -> bool:
        while self._changes and self._changes[0] <= now - HOUR_MS:
            self._changes.popleft()
        return len(self._changes) < settings.phase_switches_per_hour
