"""What the meters said, how old it is, and what the house draws without the car.

Owns the last measurements and their ages; not what is done about them (limits.py, smart.py, solar.py).
"""

from collections import deque
from dataclasses import dataclass, field, replace
from statistics import median

from evsed.core.events import MeterRead
from evsed.core.model import NO_CURRENT, MeterRole, MeterValues, Mode, PhaseCurrents, Phases3
from evsed.core.units import Deciamps, Millis

BATTERY_STALE_MS = 60_000
_PAIRING_MS = 300  # a mains sample waits this long for the EV sample that belongs to it
_PAIRING_ALL_MS = 1_000  # with many EV meters a round takes longer
_EV_FRESH_MS = 2_000
_INTERVALS = 5
_ONE_PHASE_AFTER = 5
_NOTHING: Deciamps = 1


@dataclass(frozen=True, slots=True)
class Balance:
    """One fresh look at the mains: its currents, and the part of them that the car draws."""

    mains: PhaseCurrents
    car: PhaseCurrents
    at: Millis
    base: PhaseCurrents = field(init=False)  # what the house draws without the car

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", self.mains.minus(self.car))  # asked for several times a measurement

    def bounded(self, most: Deciamps) -> "Balance":
        """The same look, in which the car is believed to draw at most ``most`` on each phase."""
        if max(self.car.each()) <= most:
            return self
        l1, l2, l3 = (min(current, most) for current in self.car.each())
        return Balance(self.mains, PhaseCurrents(l1, l2, l3), self.at)

    def drawing(self, current: Deciamps, uses: Phases3) -> "Balance":
        """The same look, in which the car draws ``current`` on each of the phases that it ``uses``."""
        l1, l2, l3 = (current if used else 0 for used in uses)
        return Balance(self.mains, PhaseCurrents(l1, l2, l3), self.at)

    def with_mains(self, mains: PhaseCurrents) -> "Balance":
        """The same look with corrected mains currents."""
        return Balance(mains, self.car, self.at)


class Metering:
    """Keeps the meters' last words. A mains sample is paired with the EV samples around it, because the two meters are
    read one after the other and a car that just changed would else be taken for the house.
    """

    def __init__(self) -> None:
        self._values = dict.fromkeys(MeterRole, MeterValues())
        self._pending: Millis | None = None
        self._waiting_since: Millis = 0
        self._ev_before: PhaseCurrents = NO_CURRENT
        self._battery: Deciamps = 0
        self._battery_at: Millis | None = None
        self.period_ms: Millis | None = None  # between two measurements of the mains, by the last five
        self._intervals: deque[Millis] = deque(maxlen=_INTERVALS)
        self._on_l1_only = 0

    def values(self, role: MeterRole) -> MeterValues:
        """The last values of ``role``, however old."""
        return self._values[role]

    def forget(self, role: MeterRole) -> None:
        """The meter was exchanged: nothing is known of the new one yet."""
        self._values[role] = MeterValues()
        if role is MeterRole.MAINS:
            self._pending = None
            self.period_ms = None
            self._intervals.clear()
            self._on_l1_only = 0

    def take(self, read: MeterRead, now: Millis) -> None:
        """Stores what a meter answered; values it did not give stay as they were."""
        old = self._values[read.role]
        self._values[read.role] = replace(
            old,
            currents=old.currents if read.currents is None else read.currents,
            currents_at=old.currents_at if read.currents is None else now,
            heard_at=now,
            power_w=old.power_w if read.power_w is None else read.power_w,
            import_wh=old.import_wh if read.import_wh is None else read.import_wh,
            import_at=old.import_at if read.import_wh is None else now,
            export_wh=old.export_wh if read.export_wh is None else read.export_wh,
        )
        if read.currents is None:
            return
        if read.role is MeterRole.MAINS:
            self._learn(old.currents_at, read.currents, now)
            self._waiting_since = now if self._pending is None else self._waiting_since
            self._pending = now
        elif read.role is MeterRole.EV:
            self._ev_before = old.currents or NO_CURRENT

    def _learn(self, before: Millis | None, currents: PhaseCurrents, now: Millis) -> None:
        if before is not None:
            self._intervals.append(now - before)
            self.period_ms = round(median(self._intervals))
        if self._on_l1_only >= 0 and max(abs(currents.l2), abs(currents.l3)) <= _NOTHING:
            self._on_l1_only += 1
        else:
            self._on_l1_only = -1

    @property
    def one_phase_house(self) -> bool:
        """Whether the mains meter has never shown anything on L2 and L3."""
        return self._on_l1_only >= _ONE_PHASE_AFTER

    def age(self, role: MeterRole, now: Millis) -> Millis | None:
        """How long ago ``role`` gave its currents; None when it never did."""
        at = self._values[role].currents_at
        return None if at is None else now - at

    def fresh_ev(self, now: Millis) -> bool:
        """Whether the EV meter's currents are recent enough to be taken off the mains."""
        age = self.age(MeterRole.EV, now)
        return age is not None and age <= _EV_FRESH_MS

    def set_battery(self, current: Deciamps, now: Millis) -> None:
        """The home battery's current; positive while it charges."""
        self._battery, self._battery_at = current, now

    def battery(self, now: Millis) -> Deciamps:
        """The home battery's current; 0 when the last word is older than 60 s."""
        if self._battery_at is None or now - self._battery_at > BATTERY_STALE_MS:
            return 0
        return self._battery

    @property
    def battery_at(self) -> Millis | None:
        """When the battery's current was last told."""
        return self._battery_at

    def corrected(self, mains: PhaseCurrents, mode: Mode, now: Millis, *, one_phase: bool) -> PhaseCurrents:
        """``mains`` as regulation sees it: in Solar the home battery's charging counts as surplus."""
        if mode is not Mode.SOLAR:
            return mains
        battery = self.battery(now)
        if one_phase:
            return mains.minus(PhaseCurrents(battery, 0, 0))
        third = int(battery / 3)
        return mains.minus(PhaseCurrents(third, third, third))

    @property
    def unseen(self) -> PhaseCurrents | None:
        """The newest mains sample while regulation has not seen it yet."""
        return None if self._pending is None else self._values[MeterRole.MAINS].currents

    def drawn(self, sample_at: Millis, now: Millis) -> PhaseCurrents | None:
        """What the EV meter says of another meter's sample; None while the word that belongs to it may yet come."""
        own = self._values[MeterRole.EV]
        late = own.currents_at is None or own.currents_at < sample_at
        if own.currents is None or (late and now - sample_at < _PAIRING_MS):
            return None
        return own.currents.higher(self._ev_before)

    def balance(
        self, now: Millis, estimate: PhaseCurrents, *, ev_metered: bool, others_at: Millis | None = None
    ) -> Balance | None:
        """The newest mains sample that regulation has not seen yet, or None; each sample is given once.

        ``estimate`` is what the car draws by our own knowledge, for when no EV meter says (``ev_metered`` false), or
        what several cars draw by their meters, the oldest of which was read at ``others_at``.
        """
        mains = self._values[MeterRole.MAINS].currents
        if self._pending is None or mains is None:
            return None
        ev_at = self._values[MeterRole.EV].currents_at
        waited_ms = now - self._waiting_since
        if others_at is not None and others_at < self._waiting_since and waited_ms < _PAIRING_ALL_MS:
            return None
        if not ev_metered or ev_at is None:
            car = estimate
        elif ev_at < self._pending and waited_ms < _PAIRING_MS:
            return None
        else:
            car = (self._values[MeterRole.EV].currents or NO_CURRENT).higher(self._ev_before)
        at, self._pending = self._pending, None
        return Balance(mains, car, at)
