"""Watches the causes of faults and says which are there.

Owns the timeouts of the meters, the temperature's hysteresis, the latches of residual current and welded contactors,
and when the other faults begin and end. Keeping the book of faults is faults.py's, acting on them charger.py's and
safety.py's.
"""

from dataclasses import dataclass
from typing import assert_never

from evsed.core.backoff import Backoff
from evsed.core.faults import Fault, Faults
from evsed.core.hardware import Hardware
from evsed.core.limits import Cap
from evsed.core.model import MeterRole, MeterType, Mode
from evsed.core.pilot import FAULTY
from evsed.core.pilot_watch import PilotWatch
from evsed.core.rcm import Test
from evsed.core.settings import Settings
from evsed.core.states import CLOSED, State
from evsed.core.units import Millis

MAINS_LOST_MS = 11_000
EV_LOST_MS = 64_000
CIRCUIT_LOST_MS = 20_000
STOPPING_TIME_MS = 2_000
"""A polled mains meter counts as lost this much before the 11 s, so that after 11 s the car has stopped."""

SILENT_MS = 5_000
"""A mains meter that is silent for this long lowers the offer to MIN; one whose values are posted, for three times as
long as it usually takes to the next, if that is more."""

COOLER_BY = 10

PILOT_TOLD_MS = 10_000
"""While nothing is energised a faulty pilot only keeps the car from charging; for this long, until it is an error."""

HELD_UP_MS = 5_000
"""The wait after a stop for which nothing outside is to blame: the pilot was not looked at."""

_BLAMED_AFTER_MS = 1_000  # a wrong level that is seen so long after that stop is the car's or the cable's after all

FORGIVEN_AFTER_MS = 600_000
"""A charge that went well for this long makes earlier faults of pilot, contactor and car forgotten."""

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
    lapsed: bool  # the last permit expired before this cycle: the outputs went safe by themselves
    pilot: PilotWatch
    hardware: Hardware
    mains_at: Millis | None
    ev_at: Millis | None
    circuit_at: Millis | None
    master_lost: bool = False  # a node has not heard its master


class Watches:
    """Judges the causes in every control cycle."""

    def __init__(self, now: Millis) -> None:
        self.pilot_wait = Backoff(15_000, 300_000)
        self.held_up = False  # the fault of the pilot that came last: it was not looked at, and no level was wrong
        self._held_up_at = now
        self.contactor_wait = Backoff(60_000, 900_000)
        self.overdraw_wait = Backoff(60_000, 900_000)
        self._waiting_since = dict.fromkeys(MeterRole, now)

    def meter_changed(self, role: MeterRole, now: Millis) -> None:
        """Another meter was configured: it has its full time to answer."""
        self._waiting_since[role] = now

    def unplugged(self) -> None:
        """The next car starts with a clean record."""
        for wait in (self.pilot_wait, self.contactor_wait, self.overdraw_wait):
            wait.forgive()

    def judge(self, seen: Seen, now: Millis) -> dict[Fault, bool]:
        """Which faults are there and which are not."""
        if seen.state is State.C and seen.in_state_ms >= FORGIVEN_AFTER_MS:
            self.unplugged()
        return {
            Fault.CIRCUIT_METER_LOST: self._circuit_lost(seen, now),
            Fault.OVERDRAW: self._overdrawn(seen, now),
            Fault.LOCK_FAILED: seen.hardware.lock.failed,
            Fault.CONTACTOR_FAILED: self._contactor_failed(seen, now),
            Fault.WELDED: seen.hardware.contactors.welded(now) or Fault.WELDED in seen.faults,
            Fault.METER_LOST: self._mains_lost(seen, now),
            Fault.EV_METER_LOST: self._ev_lost(seen, now),
            Fault.TEMPERATURE: self._too_hot(seen),
            Fault.RCM: self._residual_current(seen),
            Fault.PILOT: seen.hardware.equipment.described and self._pilot_faulty(seen, now),
            Fault.DIODE: self._diode_missing(seen, now),
        }

    def _silent_ms(self, role: MeterRole, at: Millis | None, now: Millis) -> Millis:
        return now - (self._waiting_since[role] if at is None else at)

    def _mains_lost(self, seen: Seen, now: Millis) -> bool:
        settings = seen.settings
        if settings.loadbl > 1:
            return seen.master_lost
        if settings.mode == Mode.NORMAL:
            return False
        if settings.mains_meter == MeterType.DISABLED:
            return True
        return self._silent_ms(MeterRole.MAINS, seen.mains_at, now) >= limit_ms(MeterRole.MAINS, settings)

    def meter_cap(
        self,
        settings: Settings,
        mains_at: Millis | None,
        circuit_at: Millis | None,
        period_ms: Millis | None,
        now: Millis,
    ) -> Cap | None:
        """MIN while a meter that protects something is silent; None while all answer.

        ``period_ms``: how often the mains meter usually speaks, as far as known.
        """
        if settings.loadbl > 1:
            return None  # the master watches them
        return self._mains_cap(settings, mains_at, period_ms, now) or self._circuit_cap(settings, circuit_at, now)

    def _mains_cap(
        self, settings: Settings, mains_at: Millis | None, period_ms: Millis | None, now: Millis
    ) -> Cap | None:
        """MIN while the mains meter is silent; None while it answers, or when the owner wants Normal to go on."""
        if settings.mains_meter == MeterType.DISABLED:
            return None
        if settings.mode == Mode.NORMAL and settings.normal_without_meter == _KEEP:
            return None
        allowed_ms = SILENT_MS
        if settings.mains_meter == MeterType.API:
            allowed_ms = MAINS_LOST_MS if period_ms is None else min(max(3 * period_ms, SILENT_MS), MAINS_LOST_MS)
        if mains_at is not None and now - mains_at < allowed_ms:
            return None
        return Cap("mains meter silent", settings.current_min * 10)

    def _circuit_cap(self, settings: Settings, circuit_at: Millis | None, now: Millis) -> Cap | None:
        """MIN while a configured circuit meter is silent."""
        if settings.circuit_meter == MeterType.DISABLED:
            return None
        if circuit_at is not None and now - circuit_at < CIRCUIT_LOST_MS:
            return None
        return Cap("circuit meter silent", settings.current_min * 10)

    def until(self, fault: Fault | None) -> Millis | None:
        """When ``fault`` ends by itself; None when nobody can say."""
        waits = {Fault.CONTACTOR_FAILED: self.contactor_wait, Fault.OVERDRAW: self.overdraw_wait}
        return waits[fault].until if fault in waits else None

    def _ev_lost(self, seen: Seen, now: Millis) -> bool:
        settings = seen.settings
        if settings.mode == Mode.NORMAL or settings.ev_meter == MeterType.DISABLED:
            return False
        return self._silent_ms(MeterRole.EV, seen.ev_at, now) >= EV_LOST_MS

    def _circuit_lost(self, seen: Seen, now: Millis) -> bool:
        settings = seen.settings
        if settings.mode == Mode.NORMAL or settings.circuit_meter == MeterType.DISABLED or settings.loadbl > 1:
            return False
        return self._silent_ms(MeterRole.CIRCUIT, seen.circuit_at, now) >= CIRCUIT_LOST_MS

    @staticmethod
    def _too_hot(seen: Seen) -> bool:
        temperature, limit = seen.hardware.temperature, seen.settings.temp_max
        if temperature is None:
            return Fault.TEMPERATURE in seen.faults
        if Fault.TEMPERATURE in seen.faults:  # it ends below 55, not at 55, as owners know it
            return temperature >= limit - COOLER_BY
        return temperature > limit

    def _residual_current(self, seen: Seen) -> bool:
        rcm = seen.hardware.rcm
        watched = bool(seen.settings.rcmon) and (rcm.tripped or rcm.test is Test.FAILED)
        return watched or Fault.RCM in seen.faults  # latched: a button resets it

    @property
    def pilot_delay_ms(self) -> Millis:
        """How long the car waits once the pilot is well again."""
        return HELD_UP_MS if self.held_up else self.pilot_wait.wait_ms

    def _pilot_faulty(self, seen: Seen, now: Millis) -> bool:
        wrong = seen.pilot.level in FAULTY
        if Fault.PILOT in seen.faults:
            if self.held_up and wrong and now - self._held_up_at >= _BLAMED_AFTER_MS:
                self.held_up = False
                self.pilot_wait.failed(now)
            return not seen.pilot.recovered(now)
        if seen.state not in CLOSED:
            faulty = seen.pilot.faulty_for(now) >= PILOT_TOLD_MS
        else:
            faulty = seen.lapsed or seen.pilot.faulty(now)
            wrong = wrong and not seen.lapsed  # the pulses ended with the permit, and so they are not seen any more
            if faulty and wrong:
                self.pilot_wait.failed(now)
        self.held_up, self._held_up_at = faulty and not wrong, now
        return faulty

    def _contactor_failed(self, seen: Seen, now: Millis) -> bool:
        """Tried again after a wait that grows, or by the next car."""
        if Fault.CONTACTOR_FAILED in seen.faults:
            return seen.state is not State.A and not self.contactor_wait.over(now)
        failed = seen.hardware.contactors.failed(now)
        if failed:
            self.contactor_wait.failed(now)
        return failed

    def _overdrawn(self, seen: Seen, now: Millis) -> bool:
        """The same."""
        if Fault.OVERDRAW in seen.faults:
            return seen.state is not State.A and not self.overdraw_wait.over(now)
        found = seen.hardware.overdraw.found
        if found:
            self.overdraw_wait.failed(now)
        return found

    @staticmethod
    def _diode_missing(seen: Seen, now: Millis) -> bool:
        if Fault.DIODE in seen.faults:
            return seen.state is not State.A  # ends when the car is unplugged
        return seen.pilot.diode_missing(now)
