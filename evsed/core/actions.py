"""What the core wants done: the level of every output, and the few one-off deeds beside it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from evsed.core.duty import CONSTANT, duty_1024, duty_for
from evsed.core.record import Kept, SessionRecord
from evsed.core.units import Deciamps, DutyBp


class Pilot(Enum):
    """How the pilot is driven."""

    HIGH = "constant +12 V"  # IEC 61851-1 state x1: not ready
    PWM = "pulses"  # state x2: current is offered
    LOW = "constant -12 V"  # state F
    OFF = "disconnected"  # state E


@dataclass(frozen=True, slots=True)
class PilotDrive:
    """The pilot's output: its kind, and the duty of the pulses (1000..9600) when there are any."""

    kind: Pilot
    pulses: DutyBp = 0

    @property
    def duty(self) -> DutyBp:
        """The share of time at +12 V, 0..10000; a disconnected pilot counts as constant."""
        if self.kind is Pilot.PWM:
            return self.pulses
        return 0 if self.kind is Pilot.LOW else CONSTANT

    @property
    def duty_1024(self) -> int:
        """The duty as clients see it."""
        return duty_1024(self.duty)


PILOT_HIGH = PilotDrive(Pilot.HIGH)
PILOT_LOW = PilotDrive(Pilot.LOW)
PILOT_OFF = PilotDrive(Pilot.OFF)


def pilot_offering(offer: Deciamps) -> PilotDrive:
    """Pulses that announce ``offer`` (60..800 dA)."""
    return PilotDrive(Pilot.PWM, duty_for(offer))


class LockDrive(Enum):
    """How the cable lock's actuator is driven; which wire that is, is the board's."""

    REST = "not driven"
    LOCK = "towards locked"
    UNLOCK = "towards unlocked"


@dataclass(frozen=True, slots=True)
class Outputs:
    """The level of every output of the board. What is not true here is off."""

    contactor1: bool = False
    contactor2: bool = False
    pilot: PilotDrive = PILOT_HIGH
    lock: LockDrive = LockDrive.REST
    rcm_test: bool = False  # drives the test input of the residual current monitor


SAFE = Outputs()


@dataclass(frozen=True, slots=True)
class OpenContactors:
    """Contactor 1 (and with it 2) has to open now."""


@dataclass(frozen=True, slots=True)
class CloseContactors:
    """Contactor 1 has to close, and contactor 2 too if ``second``."""

    second: bool


@dataclass(frozen=True, slots=True)
class DrivePilot:
    """The pilot has to be driven as ``drive`` says."""

    drive: PilotDrive


@dataclass(frozen=True, slots=True)
class Persist:
    """What is kept over a restart has changed; ``at_once`` when the owner would miss it after a power cut."""

    at_once: bool


@dataclass(frozen=True, slots=True)
class KeepInstallerPin:
    """Somebody at the unit, or the installer, chose another PIN for the installer: 1 to 99999999; 0: none."""

    pin: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogSession:
    """What is kept of sessions has changed: the open one and the last one are to be logged, together.

    ``amended`` are older ones of which more is known now.
    """

    kept: Kept
    amended: tuple[SessionRecord, ...] = ()


class Severity(Enum):
    """How loud a note is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the owner's log."""

    severity: Severity
    text: str


Action: TypeAlias = OpenContactors | CloseContactors | DrivePilot | Persist | KeepInstallerPin | LogSession | Note


def changes(before: Outputs, after: Outputs) -> list[Action]:
    """The deeds that turn ``before`` into ``after``; opening comes first."""
    deeds: list[Action] = []
    if before.contactor1 and not after.contactor1:
        deeds.append(OpenContactors())
    if before.pilot != after.pilot:
        deeds.append(DrivePilot(after.pilot))
    closing = after.contactor1 and not before.contactor1
    if closing or (after.contactor1 and before.contactor2 != after.contactor2):
        deeds.append(CloseContactors(second=after.contactor2))
    return deeds
