"""What is kept of a plug-in, and what is counted for good: frozen records, and which of two copies is the newer one.

Owns no arithmetic; what goes into a record is session.py's.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from evsed.core.units import Deciamps, Millis, WattHours


class Ending(Enum):
    """How a session ended."""

    UNPLUGGED = "unplugged"
    FOUND_UNPLUGGED = "found_unplugged"  # after a restart, before which the car was there


@dataclass(frozen=True, slots=True)
class Part:
    """What one card's share of a session is; ``card`` is empty for what was charged without one.

    ``name`` is what the card was called then.
    """

    card: str
    name: str = ""
    energy_wh: WattHours = 0
    solar_mwh: int = 0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One plug-in, to unplug. None anywhere is "not known"; times are Unix seconds.

    ``energy_wh`` is the sum of what the EV meter's register has advanced by, and of every part and of ``by_phases``.
    """

    number: int  # 1 is this charger's first
    revision: int = 0  # rises with every record that is handed on, whichever session it is of
    start_s: int | None = None
    end_s: int | None = None
    seen_s: int | None = None  # the last moment at which the car is known to have been there
    ending: Ending | None = None  # None: it is still there
    charging: bool = False
    start_wh: WattHours | None = None  # the EV meter's import register
    end_wh: WattHours | None = None  # the same, as it was last read
    energy_wh: WattHours | None = None
    complete: bool = True  # the register was read after the contactor opened last
    solar_mwh: int | None = None  # of ``energy_wh``, what did not come from the mains, in Wh / 1000
    by_phases: tuple[WattHours, WattHours, WattHours] = (0, 0, 0)  # drawn from one, two and three phases
    phases: tuple[int, ...] = ()  # that reached the car: 1, 3 or both, in the order in which they did
    parts: tuple[Part, ...] = ()
    modes: tuple[str, ...] = ()  # that it has charged in
    peak: Deciamps | None = None  # on any phase
    charging_ms: Millis = 0  # in state C
    closings: tuple[int, int] = (0, 0)  # of contactor 1 and contactor 2
    stops: tuple[tuple[str, int], ...] = ()  # reason codes, and how often each ended charging
    last_stop: str = ""
    exchanges: int = 0  # how often the register jumped, because the meter is another one

    @property
    def solar_wh(self) -> WattHours | None:
        """What did not come from the mains, in whole Wh; None when nobody measured it."""
        return None if self.solar_mwh is None else self.solar_mwh // 1000

    @property
    def grid_wh(self) -> WattHours | None:
        """What came from the mains: the rest of the energy."""
        return None if self.energy_wh is None or self.solar_wh is None else self.energy_wh - self.solar_wh

    @property
    def solar_percent(self) -> int | None:
        """The solar share; None when it is not known, or there is nothing to have a share of."""
        if not self.energy_wh or self.solar_wh is None:
            return None
        return (200 * self.solar_wh + self.energy_wh) // (2 * self.energy_wh)


@dataclass(frozen=True, slots=True)
class Counters:
    """What is counted for as long as this charger exists."""

    sessions: int = 0
    closings: tuple[int, int] = (0, 0)  # of contactor 1 and contactor 2
    charging_ms: Millis = 0
    energy_wh: WattHours | None = None  # None: no EV meter has ever counted
    powered_s: int = 0  # whole hours

    def most(self, other: "Counters") -> "Counters":
        """Each as the copy has it that has counted on: none of them ever falls."""
        energies = [energy for energy in (self.energy_wh, other.energy_wh) if energy is not None]
        return Counters(
            max(self.sessions, other.sessions),
            (max(self.closings[0], other.closings[0]), max(self.closings[1], other.closings[1])),
            max(self.charging_ms, other.charging_ms),
            max(energies, default=None),
            max(self.powered_s, other.powered_s),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """The session that is open now, the last one that has ended, and the counters: what a restart goes on from."""

    open: SessionRecord | None = None
    last: SessionRecord | None = None
    counters: Counters = field(default_factory=Counters)

    @property
    def revision(self) -> int:
        """That of the newest record; 0: there is none."""
        return max((record.revision for record in (self.open, self.last) if record is not None), default=0)

    @property
    def number(self) -> int:
        """The highest number that a session has; 0: there is none."""
        return max((record.number for record in (self.open, self.last) if record is not None), default=0)


NOTHING_KEPT: Final = Kept()


def newer(one: Kept, other: Kept) -> Kept:
    """Of two copies the one that was handed on later, ``one`` if they are equal, with the counters of both.

    Each copy is whole: sessions of the two are never mixed, or what the meter counted could be counted twice.
    """
    later = other if (other.number, other.revision) > (one.number, one.revision) else one
    counters = one.counters.most(other.counters)
    most = max(counters.sessions, later.number)  # a number is never given twice
    return Kept(
        later.open,
        later.last,
        Counters(most, counters.closings, counters.charging_ms, counters.energy_wh, counters.powered_s),
    )
