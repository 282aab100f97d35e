"""Watches the causes of faults and says which are there.

Owns the timeouts of the meters, the temperature's hysteresis, the residual current monitor's latch, and when a pilot or
diode fault begins and ends. Keeping the book of faults is faults.py's, acting on them charger.py's and safety.py's.
"""

from dataclasses import dataclass
from typing import assert_never

from evsed.core.faults import Fault, Faults
from evsed.core.limits import Cap
from evsed.core.model import MeterRole, MeterType, Mode
from evsed.core.pilot_watch import PilotWatch
from evsed.core.settings import Settings
from evsed.core.states import State
from evsed.core.units import Celsius, Millis

MAINS_LOST_MS = 11_000
EV_LOST_MS = 64_000
CIRCUIT_LOST_MS = 20_000
STOPPING_TIME_MS = 2_000
"""A polled mains meter counts as lost this much before the 11 s, so that after 11 s the car has stopped."""

POLLED_SILENT_MS = 5_000
"""A polled mains meter that is silent for this long lowers the offer to MIN."""

COOLER_BY = 10
_FIRST_PILOT_WAIT_MS = 15_000
_LONGEST_PILOT_WAIT_MS = 300_000
_FORGIVEN_AFTER_MS = 600_000
_KEEP = 1


def limit_ms(role: MeterRole, settings: Settings) -> Millis:
    """How old the currents of ``role`` may be before they count as lost."""
    match role:
        case MeterRole.MAINS:
            posted = settings.mains_meter == MeterType.API
            return MAINS_LOST_MS if posted else MAINS_LOST_MS - STOPPING_TIME_MS
        case MeterRole.EV:
            return EV_LOST_MS
        case MeterRole.CIRCUIT:
            return CIRCUIT_LOST_MS
        case _:
            assert_never(role)


def shown_ms(role: MeterRole, settings: Settings) -> Millis:
    """How old the currents of ``role`` may be and still be shown as what flows now."""
    types = {
        MeterRole.MAINS: settings.mains_meter,
        MeterRole.EV: settings.ev_meter,
        MeterRole.CIRCUIT: settings.circuit_meter,
    }
    posted = types[role] == MeterType.API
    limit = limit_ms(role, settings)
    return limit if posted else min(limit, MAINS_LOST_MS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the watches look at."""

    settings: Settings
    faults: Faults
    state: State
    in_state_ms: Millis
    pilot: PilotWatch
    temperature: Celsius | None
    mains_at: Millis | None
    ev_at: Millis | None


class Watches:
    """Judges the causes in every control cycle."""

    def __init__(self, now: Millis) -> None:
        self.rcm_tripped = False
        self.pilot_wait_ms: Millis = 0
        self._waiting_since = dict.fromkeys(MeterRole, now)

    def meter_changed(self, role: MeterRole, now: Millis) -> None:
        """Another meter was configured: it has its full time to answer."""
        self._waiting_since[role] = now

    def unplugged(self) -> None:
        """The next car starts with a clean record."""
        self.pilot_wait_ms = 0

    def judge(self, seen: Seen, now: Millis) -> dict[Fault, bool]:
        """Which faults are there and which are not."""
        return {
            Fault.METER_LOST: self._mains_lost(seen, now),
            Fault.EV_METER_LOST: self._ev_lost(seen, now),
            Fault.TEMPERATURE: self._too_hot(seen),
            Fault.RCM: self._residual_current(seen),
            Fault.PILOT: self._pilot_faulty(seen, now),
            Fault.DIODE: self._diode_missing(seen, now),
        }

    def _silent_ms(self, role: MeterRole, at: Millis | None, now: Millis) -> Millis:
        return now - (self._waiting_since[role] if at is None else at)

    def _mains_lost(self, seen: Seen, now: Millis) -> bool:
        settings = seen.settings
        if settings.mode == Mode.NORMAL or settings.loadbl > 1:
            return False
        if settings.mains_meter == MeterType.DISABLED:
            return True
        return self._silent_ms(MeterRole.MAINS, seen.mains_at, now) >= limit_ms(MeterRole.MAINS, settings)

    def meter_cap(self, settings: Settings, mains_at: Millis | None, now: Millis) -> Cap | None:
        """MIN while the mains meter is silent; None while it answers, or when the owner wants Normal to go on."""
        if settings.mains_meter == MeterType.DISABLED:
            return None
        if settings.mode == Mode.NORMAL and settings.normal_without_meter == _KEEP:
            return None
        posted = settings.mains_meter == MeterType.API
        allowed_ms = MAINS_LOST_MS if posted else POLLED_SILENT_MS
        if mains_at is not None and now - mains_at < allowed_ms:
            return None
        return Cap("mains meter silent", settings.current_min * 10)

    def _ev_lost(self, seen: Seen, now: Millis) -> bool:
        settings = seen.settings
        if settings.mode == Mode.NORMAL or settings.ev_meter == MeterType.DISABLED:
            return False
        return self._silent_ms(MeterRole.EV, seen.ev_at, now) >= EV_LOST_MS

    @staticmethod
    def _too_hot(seen: Seen) -> bool:
        if seen.temperature is None:
            return Fault.TEMPERATURE in seen.faults
        limit = seen.settings.temp_max
        if Fault.TEMPERATURE in seen.faults:
            return seen.temperature > limit - COOLER_BY
        return seen.temperature > limit

    def _residual_current(self, seen: Seen) -> bool:
        watched = bool(seen.settings.rcmon) and self.rcm_tripped
        return watched or Fault.RCM in seen.faults  # latched: a button resets it

    def _pilot_faulty(self, seen: Seen, now: Millis) -> bool:
        if Fault.PILOT in seen.faults:
            return not seen.pilot.recovered(now)
        if seen.state is State.C and seen.in_state_ms >= _FORGIVEN_AFTER_MS:
            self.pilot_wait_ms = 0
        faulty = seen.state in {State.C, State.C1} and seen.pilot.faulty(now)
        if faulty:
            self.pilot_wait_ms = min(max(2 * self.pilot_wait_ms, _FIRST_PILOT_WAIT_MS), _LONGEST_PILOT_WAIT_MS)
        return faulty

    @staticmethod
    def _diode_missing(seen: Seen, now: Millis) -> bool:
        if Fault.DIODE in seen.faults:
            return seen.state is not State.A  # ends when the car is unplugged
        return seen.pilot.diode_missing(now)
