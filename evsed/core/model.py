"""The words of the field as types: modes, access, meters, currents per phase. No behaviour beyond arithmetic."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

from evsed.core.units import Deciamps, Millis, WattHours, Watts


class Mode(IntEnum):
    """How the current is chosen; the numbers are those of ``evse.mode`` and of register 0x0200."""

    NORMAL = 0
    SMART = 1
    SOLAR = 2


class Access(IntEnum):
    """Whether the owner lets the car charge; the numbers are those of the newer ``evse.access``."""

    DENY = 0
    ALLOW = 1
    PAUSE = 2


class ModeChoice(IntEnum):
    """What a client picks: mode and access in one; the numbers are those of ``mode_id``."""

    OFF = 0
    NORMAL = 1
    SOLAR = 2
    SMART = 3
    PAUSE = 4


_MODE_OF_CHOICE = {ModeChoice.NORMAL: Mode.NORMAL, ModeChoice.SMART: Mode.SMART, ModeChoice.SOLAR: Mode.SOLAR}
_CHOICE_OF_MODE = {mode: choice for choice, mode in _MODE_OF_CHOICE.items()}


def mode_of(choice: ModeChoice) -> Mode | None:
    """The charging mode that ``choice`` selects; None for OFF and PAUSE, which leave it as it is."""
    return _MODE_OF_CHOICE.get(choice)


def choice_of(mode: Mode, access: Access) -> ModeChoice:
    """What clients see: access off or paused wins over the charging mode."""
    if access is Access.DENY:
        return ModeChoice.OFF
    if access is Access.PAUSE:
        return ModeChoice.PAUSE
    return _CHOICE_OF_MODE[mode]


class MeterRole(StrEnum):
    """What a meter measures."""

    MAINS = "mains"
    EV = "ev"
    CIRCUIT = "circuit"


class MeterType(IntEnum):
    """Meter types; the numbers are stored and go over the wire, and are never renumbered."""

    DISABLED = 0
    SENSORBOX = 1
    PHOENIX = 2
    FINDER_7E = 3
    EASTRON3P = 4
    INV_EASTRON = 5
    ABB = 6
    SOLAREDGE = 7
    WAGO = 8
    API = 9
    EASTRON1P = 10
    FINDER_7M = 11
    SINOTIMER = 12
    HOMEWIZARD = 13
    SCHNEIDER = 14
    CHINT3P = 15
    CARLO_GAVAZZI = 16
    CHINT1P = 17
    CUSTOM = 19


class Contactor2(IntEnum):
    """CONTACT 2: what the second contactor, which switches L2 and L3, is for."""

    NOT_PRESENT = 0
    ALWAYS_OFF = 1
    SOLAR_OFF = 2
    ALWAYS_ON = 3
    AUTO = 4


@dataclass(frozen=True, slots=True)
class PhaseCurrents:
    """Current of each phase in deci-ampere; positive is import."""

    l1: Deciamps
    l2: Deciamps
    l3: Deciamps

    @property
    def total(self) -> Deciamps:
        """Sum of the phases."""
        return self.l1 + self.l2 + self.l3

    def each(self) -> tuple[Deciamps, Deciamps, Deciamps]:
        """The phases in order."""
        return (self.l1, self.l2, self.l3)

    def minus(self, other: "PhaseCurrents") -> "PhaseCurrents":
        """Phase by phase difference."""
        return PhaseCurrents(self.l1 - other.l1, self.l2 - other.l2, self.l3 - other.l3)

    def plus(self, other: "PhaseCurrents") -> "PhaseCurrents":
        """Phase by phase sum."""
        return PhaseCurrents(self.l1 + other.l1, self.l2 + other.l2, self.l3 + other.l3)

    def higher(self, other: "PhaseCurrents") -> "PhaseCurrents":
        """Phase by phase the larger of the two."""
        return PhaseCurrents(max(self.l1, other.l1), max(self.l2, other.l2), max(self.l3, other.l3))


NO_CURRENT = PhaseCurrents(0, 0, 0)

Phases3: TypeAlias = tuple[bool, bool, bool]
"""Which of L1, L2 and L3."""

ALL_PHASES: Phases3 = (True, True, True)
ONLY_L1: Phases3 = (True, False, False)


@dataclass(frozen=True, slots=True)
class Equipment:
    """What the board has beyond the least a charger needs. Inputs that may be missing are None in ``Inputs``."""

    rcm_test: bool = False  # an output that makes the residual current monitor trip, for its self-test
    rcm: bool = True  # the monitor's trip signal
    lock: bool = True  # the outputs of a cable lock
    contactor2: bool = True  # the output of a second contactor
    needs_set_up: bool = False  # it drives a real car: nothing charges before an installer has set SET UP to Done
    described: bool = True  # false: nobody has said which board this is; nothing of it is seen or driven


BARE = Equipment()


@dataclass(frozen=True, slots=True)
class MeterHealth:
    """What the bus says of one meter, for people: where it is and how it answers."""

    where: str
    answering: bool
    answers: int = 0
    errors: int = 0
    last_error: str = ""
    answered_at: Millis | None = None  # its last answer; None: there was none yet


@dataclass(frozen=True, slots=True)
class MeterValues:
    """What a meter has told; None is "not known", which is never shown as 0."""

    currents: PhaseCurrents | None = None
    currents_at: Millis | None = None
    power_w: Watts | None = None
    import_wh: WattHours | None = None
    import_at: Millis | None = None
    export_wh: WattHours | None = None
    heard_at: Millis | None = None  # of any of these
