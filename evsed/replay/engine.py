"""Runs the whole core against the plant, in virtual time and as fast as it goes.

The daemon looks at the board every 10 ms. So does the replay whenever something has just changed; in between, where
every look would show the same, it goes from one moment of moments.py to the next.
"""

from dataclasses import dataclass, field
from functools import cache

from evsed.core.actions import Outputs, Pilot, PilotDrive
from evsed.core.controller import Controller
from evsed.core.events import Inputs, PostEvMeter, PostMains, Sampled
from evsed.core.model import MeterType
from evsed.core.safety import LEASE_MS, Permit
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from evsed.replay.measures import Measures
from evsed.replay.moments import MEASURED_AT_MS, Moments
from evsed.replay.plant import Car, Plant
from evsed.replay.trace import Trace, TraceError

_SAMPLES, _PERIODS = 100, 3  # of the pulses, as a burst on the board meets them
_CABLE_32A_OHMS = 220
_ROOM_C = 25


@dataclass(frozen=True, slots=True)
class Options:
    """How a trace is replayed."""

    settings: Settings
    car: Car = field(default_factory=Car)
    meter_period_ms: Millis = 1_000
    """100 to 60 000, a multiple of 10."""
    every_cycle: bool = False
    """Nothing is skipped, for comparison."""


@dataclass(frozen=True, slots=True)
class Row:
    """One second of the series, as it was at its end. Currents in dA."""

    t: int
    state: int
    offer: Deciamps
    duty_1024: int
    c1: int
    c2: int
    car: tuple[Deciamps, ...]
    mains: tuple[Deciamps, ...]


@cache
def look(volts: int, drive: PilotDrive) -> Inputs:
    """What the board shows of a pilot whose high half a car pulls to ``volts``."""
    high = volts * 1_000
    match drive.kind:
        case Pilot.PWM:
            phases = (at * _PERIODS * 10_000 // _SAMPLES % 10_000 for at in range(_SAMPLES))
            samples = tuple(high if phase < drive.pulses else -12_000 for phase in phases)
        case Pilot.HIGH:
            samples = (high,) * _SAMPLES
        case Pilot.LOW:
            samples = (-12_000,) * _SAMPLES
        case _:
            samples = (0,) * _SAMPLES
    return Inputs(samples, _CABLE_32A_OHMS if volts < 12 else None, _ROOM_C)


class Replay:
    """One trace on one charger."""

    def __init__(self, trace: Trace, options: Options) -> None:
        settings = options.settings
        self.rows: list[Row] = []
        self.measures = Measures(settings.current_main * 10)
        self.core = Controller(Saved(settings=settings), 0)
        self._trace = trace
        self._options = options
        self._plant = Plant(options.car, single=settings.enable_C2 == 0)
        self._ev_metered = settings.ev_meter == MeterType.API
        self._now: Millis = 0
        self._moments = Moments(self.core, self._plant, options.meter_period_ms, every_cycle=options.every_cycle)
        self._measure_at: Millis = MEASURED_AT_MS
        self._outputs: Outputs = self.core.outputs
        self._state = State.A
        self._offer: Deciamps = 0
        self._volts = self._plant.volts

    def run(self) -> None:
        """Replays the trace to its end."""
        plant = self._plant
        for second in range(self._trace.seconds):
            plant.house, plant.sun = self._trace.house[second], self._trace.sun[second]
            end = (second + 1) * 1_000
            while self._now < end:
                to = self._moments.after(self._now)
                self._pass(min(to, end))
                if to <= end:
                    self._cycle()
            self._note(second)

    # ---- time ----

    def _pass(self, to: Millis) -> None:
        plant = self._plant
        self.measures.flowed(plant.mains, plant.drawn, to - self._now)
        self._now = to
        plant.advance(to)
        if plant.volts != self._volts:
            self._volts = plant.volts
            self._moments.restless(to)

    # ---- the daemon ----

    def _cycle(self) -> None:
        core, now = self.core, self._now
        if now >= self._measure_at:
            self._measure_at += self._options.meter_period_ms
            self._measure()
        if not self._options.every_cycle:  # meanwhile the daemon looked every 10 ms, and the same was permitted again
            core.permit = Permit(core.permit.outputs, now + LEASE_MS)
        core.handle(Sampled(look(self._volts, self._outputs.pilot)), now)
        if core.outputs != self._outputs:
            self._drive(core.outputs)
        if core.charger.state is not self._state:
            self._moved(core.charger.state)

    def _measure(self) -> None:
        mains, car = self._plant.measured()
        if self._ev_metered:
            self.core.command(PostEvMeter(car, None, None, None), self._now)
        verdict = self.core.command(PostMains(mains), self._now)
        if not verdict.accepted:
            raise TraceError(f"second {self._now // 1_000}: the mains meter was refused: {verdict.refused}")

    def _drive(self, outputs: Outputs) -> None:
        before, self._outputs = self._outputs, outputs
        self._plant.drive(outputs)
        if outputs.contactor1 and not before.contactor1:
            self.measures.closings += 1
            self._moments.closed(self._now)
        self.measures.closings_c2 += outputs.contactor2 and not before.contactor2
        if outputs.pilot.kind is not before.pilot.kind:
            self._moments.restless(self._now)
        offer = self.core.regulation.regulator.offer if outputs.pilot.kind is Pilot.PWM else 0
        self.measures.offer_changes += offer != self._offer
        self._offer = offer

    def _moved(self, state: State) -> None:
        before, self._state = self._state, state
        self._moments.moved(self._now)
        if before is State.C:
            reason = self.core.snapshot(self._now).reason
            self.measures.stops["unknown" if reason is None else reason.code] += 1

    def _note(self, second: int) -> None:
        outputs, plant = self._outputs, self._plant
        self.rows.append(
            Row(
                second,
                int(self._state),
                self._offer,
                outputs.pilot.duty_1024,
                int(outputs.contactor1),
                int(outputs.contactor2),
                plant.drawn,
                plant.mains,
            )
        )
