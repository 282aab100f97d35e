"""Watches the pilot over time: the level that counts, the diode, and whether it was sampled at all.

pilot.py judges one burst; this keeps what follows from a row of them.
"""

from evsed.core.actions import Pilot, PilotDrive
from evsed.core.pilot import CONNECTED, FAULTY, Level, Reading, SteadyLevel, judge
from evsed.core.safety import SAMPLE_MAX_AGE_MS
from evsed.core.units import Millis, Millivolts

DIODE_LOST_MS = 2_900  # the contactor is open within 3 s of the last negative half
_DIODE_BURSTS = 3
_RECOVERED_MS = 1_000


class PilotWatch:
    """What is known of the pilot. Nothing is, while it is disconnected or held at -12 V."""

    def __init__(self, now: Millis) -> None:
        self.reading: Reading | None = None
        self._steady = SteadyLevel()
        self._sampled_at: Millis | None = None
        self._drive: PilotDrive | None = None
        self._pulses_since: Millis = 0
        self._negatives = 0
        self._negative_at: Millis = 0
        self._good_since: Millis | None = None
        self._well_at: Millis = now

    @property
    def level(self) -> Level | None:
        """The level that counts; None while it is not known."""
        return self._steady.level

    @property
    def connected(self) -> bool:
        """Whether a car hangs on the pilot, as far as is known."""
        return self.level in CONNECTED

    def feed(self, samples: tuple[Millivolts, ...], drive: PilotDrive, now: Millis) -> None:
        """Takes one burst, sampled while ``drive`` was driven; an empty one says that sampling failed."""
        self._follow(drive, now)
        if not samples:
            return
        self._sampled_at = now
        if drive.kind in {Pilot.OFF, Pilot.LOW}:
            self.reading = None
            self._steady.forget()
            self._good_since = None
            return
        self.reading = judge(samples, drive.duty, self.level or Level.INVALID)
        self._steady.feed(self.reading.level, now)
        if self.reading.negative_seen:
            self._negatives += 1
            self._negative_at = now
        if self.level is None or self.level in FAULTY:
            self._good_since = None
        elif self._good_since is None:
            self._good_since = now

    def _follow(self, drive: PilotDrive, now: Millis) -> None:
        if self._drive is None or drive.kind is not self._drive.kind:
            self._pulses_since = now
            self._negatives = 0
        self._drive = drive

    @property
    def diode_seen(self) -> bool:
        """Whether the low plateau has been at -12 V since pulses began, and was a moment ago."""
        at = self._sampled_at
        return self._negatives >= _DIODE_BURSTS and at is not None and at - self._negative_at < DIODE_LOST_MS

    def diode_missing(self, now: Millis) -> bool:
        """Whether pulses have run for long enough and the negative half was not there."""
        pulses = self._drive is not None and self._drive.kind is Pilot.PWM and now - self._pulses_since >= DIODE_LOST_MS
        return pulses and self.connected and not self.diode_seen

    def sample_age(self, now: Millis) -> Millis | None:
        """How old the last sample is; None when there never was one."""
        return None if self._sampled_at is None else now - self._sampled_at

    def faulty(self, now: Millis) -> bool:
        """Whether the pilot cannot be trusted: a short, an impossible level, or no sample for 100 ms."""
        return self.unseen(now) or self.level in FAULTY

    def unseen(self, now: Millis) -> bool:
        """Whether nobody has looked at it for 100 ms; that says nothing of the car."""
        age = self.sample_age(now)
        return age is None or age > SAMPLE_MAX_AGE_MS

    def faulty_for(self, now: Millis) -> Millis:
        """For how long the pilot has been faulty without a break; 0 when it is not."""
        if not self.faulty(now):
            self._well_at = now
        return now - self._well_at

    def recovered(self, now: Millis) -> bool:
        """Whether the level has been a proper one for a second."""
        return self._good_since is not None and now - self._good_since >= _RECOVERED_MS and not self.faulty(now)
