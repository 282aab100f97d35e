"""The one read model: everything that anybody outside the control thread may know, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from evsed.core.actions import Outputs
from evsed.core.cards import Card, name_of
from evsed.core.faults import Fault
from evsed.core.lent import Lent
from evsed.core.model import (
    Access,
    MeterHealth,
    MeterRole,
    MeterValues,
    Mode,
    ModeChoice,
    PhaseCurrents,
    Phases3,
    choice_of,
)
from evsed.core.panel_view import NO_PANEL, PanelView
from evsed.core.reasons import Reason
from evsed.core.record import NOTHING_KEPT, Kept
from evsed.core.schedule import NO_TIMER, Timer
from evsed.core.setting import NOTHING_OFFERED, Offers
from evsed.core.setting_up import Step
from evsed.core.settings import Settings
from evsed.core.states import RESTING, State
from evsed.core.units import Celsius, Deciamps, DutyBp, Millis, Millivolts, WattHours
from evsed.core.wire import Orders


@dataclass(frozen=True, slots=True)
class Saved:
    """What is kept over a restart, a crash and a power cut."""

    settings: Settings = field(default_factory=Settings)
    access: Access = Access.ALLOW
    session_open: bool = False
    session_start_wh: WattHours | None = None
    charged_wh: WattHours | None = None
    latched: tuple[Fault, ...] = ()
    timer: Timer = NO_TIMER
    kept: Kept = NOTHING_KEPT
    cards: tuple[Card, ...] = ()
    granted: bool = False  # with a card reader: somebody let the car charge that is plugged in
    holder: str = ""  # the card that did; empty: it was no card


@dataclass(frozen=True, slots=True)
class MeterView:
    """One meter as shown: None anywhere is "unknown"."""

    values: MeterValues
    fresh: bool  # false: the currents are too old to be shown as what flows now
    heard: bool  # false: so is everything else it measures
    health: MeterHealth | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What regulation has seen of the mains meter and of the car; None is "not yet"."""

    meter_period_ms: Millis | None  # between two measurements of the mains
    car_lag_ms: Millis | None  # within which the car follows a new offer
    car_uses: Phases3  # the phases that it draws from, of those that reach it
    car_most: Deciamps | None  # that it takes on a phase, if it was offered more


@dataclass(frozen=True, slots=True)
class ChargerView:
    """One charger of a group, as its master sees it."""

    index: int  # 0 is the master
    state: int
    offer: Deciamps
    draws: bool  # it has a place among those that share
    waits_for: Fault | None
    missed_polls: int
    refused_inputs: int


_DRAWS: Deciamps = 10


def drawing(ev: MeterView, phases: int) -> tuple[bool, bool, bool]:
    """The phases that the car draws from: by its meter, or else the ``phases`` (0, 1 or 3) that reach it."""
    if phases and ev.fresh and ev.values.currents is not None:
        l1, l2, l3 = (current >= _DRAWS for current in ev.values.currents.each())
        return (l1, l2, l3)
    return (phases > 0, phases == 3, phases == 3)


NOT_SET_UP: Final = "Not set up"
"""The state's text of a charger that rests until somebody has set it up."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The charger at one moment."""

    now: Millis
    unix_s: int | None  # the time of day at ``now``; None until it was told
    uptime_s: int
    state: State
    reason: Reason | None  # why the car is not charging; None while it is
    faults: tuple[Fault, ...]
    error_bits: int
    access: Access
    settings: Settings
    connected: bool
    offer: Deciamps  # what is offered now; 0 when nothing is
    limited_by: str
    override: Deciamps
    lent: Lent | None  # the limit of a program outside; None: there is none
    cable: Deciamps
    outputs: Outputs
    phases: int
    pilot_high_mv: Millivolts | None
    pilot_low_mv: Millivolts | None
    temperature_c: Celsius | None
    locked: bool | None  # the cable; None: no lock, or not known
    mains: PhaseCurrents | None  # as regulation sees it: after the home battery; None: unknown
    meters: Mapping[MeterRole, MeterView]
    drawing: tuple[bool, bool, bool]
    learned: Learned
    battery: Deciamps
    battery_at: Millis | None
    charged_wh: WattHours | None
    custom_button: bool
    pilot_override: DutyBp | None  # the pilot is driven by hand with this duty; None: it is not
    rfid_last: str  # the card last read, in hexadecimal; empty: none yet
    rfid_text: str  # what the card reader says
    backlight_s: int  # how long the LCD's light stays on; 0: it is off
    solar_stop_s: int
    closings: int
    orders: Orders | None  # for the nodes of a master; None on every other charger
    chargers: tuple[ChargerView, ...]  # that share power, on their master; empty on every other charger
    saved: Saved
    into_second_ms: Millis = 0  # how much of the second ``unix_s`` has passed at ``now``
    capacity_stop_s: int = 0  # until SUMMAINS stops charging (CAP STOP); 0: that timer rests
    residual_signal: bool = False  # the residual current monitor signals now
    panel: PanelView = NO_PANEL
    offers: Offers = NOTHING_OFFERED  # what a found Sensorbox offers
    hosts: tuple[str, ...] = ()  # networked meters that were found on the LAN
    left_to_do: tuple[Step, ...] = ()  # before this charger may charge; empty: it is set up
    described: bool = True  # false: no board is, and so nobody knows of pilot, car and contactors
    installer_pin_set: bool = False  # which it is, is nobody's knowledge here
    sessions: Kept = NOTHING_KEPT  # the open one as it is now, the last one, and what is counted for good
    charged_with: int | None = None  # the phases of this car's last charge, or of the one it is in; None: none yet

    @property
    def timer(self) -> Timer:
        """Delayed charging: what comes next, and when."""
        return self.saved.timer

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards that are known."""
        return self.saved.cards

    @property
    def holder(self) -> str:
        """The number of the card that lets this car charge; empty: no card does."""
        return self.saved.holder

    @property
    def holder_name(self) -> str | None:
        """What that card is called, perhaps nothing; None: no card does, or it is not known any more."""
        return name_of(self.cards, self.holder)

    @property
    def mode(self) -> Mode:
        """The charging mode, whatever the access."""
        return Mode(self.settings.mode)

    @property
    def choice(self) -> ModeChoice:
        """Mode and access in one."""
        return choice_of(self.mode, self.access)

    @property
    def state_text(self) -> str:
        """The state for clients; while waiting for power or sun with what is waited for."""
        if self.left_to_do and self.state in RESTING:
            return NOT_SET_UP
        waiting = [fault.value.text for fault in self.faults if fault.value.waiting]
        return f"{self.state.text} - {waiting[-1]}" if waiting else self.state.text

    @property
    def error(self) -> Fault | None:
        """The most severe fault that is an error and not a wait."""
        errors = [fault for fault in self.faults if not fault.value.waiting]
        return errors[-1] if errors else None

    def unix_at(self, when: Millis | None) -> int | None:
        """The time of day at the monotonic ``when``; None when either is not known."""
        if when is None or self.unix_s is None:
            return None
        return self.unix_s + (self.into_second_ms + when - self.now) // 1000
