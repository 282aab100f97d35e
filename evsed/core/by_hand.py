"""The pilot driven by hand, for modem experiments: a duty that replaces the charger's own while nothing charges.

Owns that duty and its end. It only ever replaces a pilot that rests with open contactors: while it is in force nothing
charges, and safety.py judges its pulses like all others.
"""

from evsed.core.actions import PILOT_HIGH, PILOT_OFF, Pilot, PilotDrive
from evsed.core.duty import CONSTANT
from evsed.core.states import State
from evsed.core.units import DutyBp, Millis

LONGEST_MS = 300_000
_RESTING = frozenset({State.A, State.B1})


class ByHand:
    """The duty that somebody has asked for, until it is taken back, the plug is pulled, or the time is over."""

    def __init__(self) -> None:
        self._duty: DutyBp | None = None
        self.until: Millis = 0
        self._was = False

    def drive_with(self, duty: DutyBp | None, now: Millis) -> None:
        """From now on ``duty`` (0..10000; 0 disconnects the pilot); None ends it."""
        self._duty, self.until = duty, now + LONGEST_MS

    def end(self) -> None:
        """The charger drives its pilot itself again."""
        self._duty = None

    def duty(self, now: Millis) -> DutyBp | None:
        """The duty in force; None while there is none."""
        return self._duty if now < self.until else None

    def ended(self, now: Millis) -> bool:
        """Whether it is over since the last question."""
        was, self._was = self._was, self.duty(now) is not None
        return was and not self._was

    def drive(self, own: PilotDrive, state: State, now: Millis) -> PilotDrive:
        """What drives the pilot: the hand while the charger rests in ``state``, else ``own``."""
        duty = self.duty(now)
        if duty is None or state not in _RESTING:
            return own
        if duty == 0:
            return PILOT_OFF
        return PILOT_HIGH if duty == CONSTANT else PilotDrive(Pilot.PWM, duty)
