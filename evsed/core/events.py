"""What can happen to the core: measurements, inputs, the clock, and the commands of people and programs."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from evsed.core.cards import Card
from evsed.core.model import MeterHealth, MeterRole, ModeChoice, PhaseCurrents
from evsed.core.setting import Offers, Value
from evsed.core.units import Celsius, Deciamps, DutyBp, Millis, Millivolts, Ohms, WattHours, Watts
from evsed.core.wire import WireEvent


class Button(Enum):
    """The three buttons under the LCD."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Inputs:
    """One look at the board.

    ``pilot_mv`` is empty when it could not be looked at; then nothing else counts either, except ``rcm_tripped``: a
    residual current that was seen is one.
    """

    pilot_mv: tuple[Millivolts, ...]
    proximity_ohms: Ohms | None = None  # None: nothing connected
    temperature_c: Celsius | None = None  # None: no sensor, or it did not answer
    rcm_tripped: bool = False
    buttons: frozenset[Button] | None = frozenset()  # those that are down; None: nobody can read them now
    switch_closed: bool | None = False  # external switch, input SW; None: nobody can read it now
    closed1: bool | None = None  # mirror contact of contactor 1: True while it is closed; None: not fitted
    closed2: bool | None = None
    locked: bool | None = None  # feedback of the cable lock; None: not fitted


@dataclass(frozen=True, slots=True)
class Sampled:
    """The board was looked at; comes with every control cycle."""

    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed and nothing else happened."""


@dataclass(frozen=True, slots=True)
class MeterRead:
    """A meter answered with its currents and, where asked for, the slower values."""

    role: MeterRole
    currents: PhaseCurrents | None = None
    power_w: Watts | None = None
    import_wh: WattHours | None = None
    export_wh: WattHours | None = None
    source: tuple[int, int] | None = None  # type and address of the meter that was read; None: not from a bus


@dataclass(frozen=True, slots=True)
class MeterHealthChanged:
    """The bus's word on how a meter answers."""

    role: MeterRole
    health: MeterHealth


@dataclass(frozen=True, slots=True)
class WallClock:
    """The time of day now: Unix seconds."""

    unix_s: int


@dataclass(frozen=True, slots=True)
class MetersFound:
    """The networked meters that are found on the LAN now, by address or host name; none of them is read for that."""

    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SensorboxOffers:
    """What the Sensorbox that answers has; nothing when none does."""

    offers: Offers


@dataclass(frozen=True, slots=True)
class CredentialsSet:
    """Which secrets open the charger: whether the installer has a PIN, and whether ``anybody`` can log in.

    ``by_pin_alone``: that PIN is the only way in.
    What they are is nobody's knowledge here.
    """

    installer_pin: bool
    anybody: bool
    by_pin_alone: bool = False


@dataclass(frozen=True, slots=True)
class Leaving:
    """The daemon is about to stop: charging ends in order, access stays as it is."""


Event: TypeAlias = (
    Sampled
    | Tick
    | MeterRead
    | MeterHealthChanged
    | MetersFound
    | SensorboxOffers
    | CredentialsSet
    | WallClock
    | Leaving
    | WireEvent
)


@dataclass(frozen=True, slots=True)
class ChooseMode:
    """Mode and access in one, as every client picks it."""

    choice: ModeChoice


@dataclass(frozen=True, slots=True)
class Override:
    """An owner's current for Normal and Smart; 0 ends it."""

    current: Deciamps


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit per phase (0..800 dA) that a program lends for ``seconds`` (1..86400); ``fallback`` stays after that."""

    current: Deciamps
    seconds: int
    fallback: Deciamps | None = None  # None: no such limit any more


@dataclass(frozen=True, slots=True)
class EndLimit:
    """The program takes its limit back, and a fallback with it."""


@dataclass(frozen=True, slots=True)
class ChangeSetting:
    """A new value for an owner setting."""

    key: str
    value: Value


@dataclass(frozen=True, slots=True)
class PostMains:
    """The currents of a mains meter of type API and, where it tells them, its power and energy."""

    currents: PhaseCurrents
    power_w: Watts | None = None
    import_wh: WattHours | None = None


@dataclass(frozen=True, slots=True)
class PostBattery:
    """The current of the home battery; positive while it charges."""

    current: Deciamps


@dataclass(frozen=True, slots=True)
class PostEvMeter:
    """The values of an EV meter of type API; currents, or energies and power, or both."""

    currents: PhaseCurrents | None
    import_wh: WattHours | None
    export_wh: WattHours | None
    power_w: Watts | None


@dataclass(frozen=True, slots=True)
class PostCircuit:
    """The currents of a circuit meter of type API."""

    currents: PhaseCurrents


@dataclass(frozen=True, slots=True)
class ClearFaults:
    """The owner has seen to it: latched faults whose cause has gone are forgotten."""


@dataclass(frozen=True, slots=True)
class DelayedCharging:
    """A mode with a start and, if wanted, a stop in the future (Unix seconds)."""

    choice: ModeChoice
    start_s: int
    stop_s: int | None = None
    repeat: bool = False  # both times come again every day at the same time on the clock


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """New values for several owner settings: all of them, or none.

    ``sure``: who asks was shown what he asks for, and has agreed to it, as in the LCD's menu.
    """

    changes: tuple[tuple[str, Value], ...]
    sure: bool = False


@dataclass(frozen=True, slots=True)
class EraseSettings:
    """Every owner setting becomes its default, and access goes off. Latched faults stay."""


@dataclass(frozen=True, slots=True)
class OverridePilot:
    """The pilot is driven with ``duty`` (0 disconnects it) and nothing charges meanwhile; None ends that."""

    duty: DutyBp | None


@dataclass(frozen=True, slots=True)
class PressCustomButton:
    """The custom button, which means nothing to the charger and is only told to others."""

    on: bool


@dataclass(frozen=True, slots=True)
class PressButton:
    """A button under the LCD is pressed or released from afar; a press that is not released in 10 s meant nothing.

    ``client`` tells one who presses from another: each has a button of his own. ``installer``: he gave the installer's
    PIN, and may change what belongs to the installation. ``held``: for how long it is down, as the client has it: a
    press with it is one that lasts, a release with it was no longer than that, however late it arrives.
    """

    button: Button
    pressed: bool
    client: str = ""
    installer: bool = False
    held: Millis | None = None


@dataclass(frozen=True, slots=True)
class Light:
    """The backlight of the LCD: on for its usual time, or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class SwipeCard:
    """A card as if held to the reader: its UID in hexadecimal, 6 or 7 bytes."""

    uid: str


@dataclass(frozen=True, slots=True)
class AddCards:
    """Cards for the list, each with a number of its own; one that is known becomes as said. ``anew``: forget others."""

    cards: tuple[Card, ...]
    anew: bool = False


@dataclass(frozen=True, slots=True)
class ChangeCard:
    """A card becomes as said, and is added if it was not known; None leaves a part as it is."""

    uid: str
    name: str | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class RemoveCards:
    """The cards of these numbers are forgotten, all of them, or none if one is not known."""

    uids: frozenset[str]


Command: TypeAlias = (
    ChooseMode
    | Override
    | Limit
    | EndLimit
    | ChangeSetting
    | PostMains
    | PostBattery
    | PostEvMeter
    | PostCircuit
    | ClearFaults
    | DelayedCharging
    | ChangeSettings
    | EraseSettings
    | OverridePilot
    | PressCustomButton
    | PressButton
    | Light
    | SwipeCard
    | AddCards
    | ChangeCard
    | RemoveCards
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a command: accepted, or refused with the reason for the owner."""

    refused: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the command was carried out."""
        return not self.refused


ACCEPTED = Verdict()
