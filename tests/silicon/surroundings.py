"""What hangs on the Pi's pins: contactors, lock, residual current monitor, the pilot's driver and a car. Pure.

The simulation's physics, driven by pins in place of feeds, with a short history for whoever measures how fast something
was safe.
"""

import math
from collections import deque
from typing import Any

from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, LockDrive, Outputs, Pilot, PilotDrive
from evsed.core.events import Button
from evsed.core.units import Millis
from evsed.hw.guard import AT_REST
from evsed.hw.lease import Feed
from evsed.hw.simulation.circuit import EDGE_US, PERIOD_US, SOURCE_MV, Noise
from evsed.hw.simulation.unit import Unit
from evsed.wiring import Line, Wiring
from tests.silicon.registers import PinsInMemory

STEP_MS = 5
_LONGEST_GAP_MS = 10_000
_REMEMBERED = 2_000
_CODES = 4096
_KELVIN = 273.15
_BUTTONS = {"button_left": Button.LEFT, "button_middle": Button.MIDDLE, "button_right": Button.RIGHT}


class Surroundings:
    """Everything around the chips. ``advance`` before a pin is changed, so that time passed under the old level."""

    def __init__(self, wiring: Wiring, pins: PinsInMemory, seed: int, now: Millis, *, single: bool) -> None:
        self.unit = Unit(seed)
        self.switch_closed = False
        self.history: deque[tuple[Millis, str, bool]] = deque(maxlen=_REMEMBERED)
        self._wiring = wiring
        self._pins = pins
        self._single = single
        self._now = now
        self._noise = Noise(seed)
        self._seen = {"contactor1": False, "contactor2": False, "pulses": False}

    @property
    def now(self) -> Millis:
        """The time everything has been brought to."""
        return self._now

    # ---- pins ----

    def _on(self, line: Line | None) -> bool:
        """Whether what hangs on an output sees it on; an input is held off by the board's own resistor."""
        if line is None or self._pins.function(line.gpio) == "in":
            return False
        return bool(self._pins.read(line.gpio)) != line.active_low

    def _drive(self, line: Line | None, on: bool) -> None:
        if line is not None:
            self._pins.pins[line.gpio].driven = int(on != line.active_low)

    @property
    def pilot(self) -> PilotDrive:
        """What the pilot's driver makes of its two pins."""
        pins = self._wiring.pins
        if self._on(pins.pilot_off):
            return PILOT_OFF
        ppm = self._pins.duty(pins.pilot.gpio)
        ppm = 1_000_000 - ppm if pins.pilot.active_low else ppm
        if ppm in {0, 1_000_000}:
            return PILOT_HIGH if ppm else PILOT_LOW
        return PilotDrive(Pilot.PWM, round(ppm / 100))

    @property
    def outputs(self) -> Outputs:
        """The pins' levels as what they do."""
        pins = self._wiring.pins
        lock = (self._on(pins.lock), self._on(pins.unlock))
        return Outputs(
            self._on(pins.contactor1),
            self._on(pins.contactor2),
            self.pilot,
            {(True, False): LockDrive.LOCK, (False, True): LockDrive.UNLOCK}.get(lock, LockDrive.REST),
            self._on(pins.rcm_test),
        )

    # ---- time ----

    def advance(self, now: Millis) -> None:
        """Lets time pass in steps of 5 ms under the levels that the pins have now."""
        self._now = max(self._now, now - _LONGEST_GAP_MS)
        while now - self._now >= STEP_MS:
            self._now += STEP_MS
            self.unit.lease.renew(AT_REST, self._now)  # pins have no lease: what they say holds, also after a pause
            self.unit.feed(Feed(0, self.outputs, self._single), self._now)
            self.unit.advance(self._now, STEP_MS)
            self._remember(self._now)
        self._drive_inputs()

    def _remember(self, now: Millis) -> None:
        unit = self.unit
        seen = {
            "contactor1": unit.contactor1.closed,
            "contactor2": unit.contactor2.closed,
            "pulses": self.pilot.kind is Pilot.PWM,
        }
        for name, value in seen.items():
            if self._seen[name] != value:
                self.history.append((now, name, value))
        self._seen = seen

    def _drive_inputs(self) -> None:
        pins, unit = self._wiring.pins, self.unit
        self._drive(pins.mirror1, not unit.contactor1.closed)
        self._drive(pins.mirror2, not unit.contactor2.closed)
        self._drive(pins.lock_feedback, unit.locked)
        self._drive(pins.rcm, unit.rcm_signal)
        self._drive(pins.switch, self.switch_closed)
        pressed = unit.buttons(self._now)
        for name, button in _BUTTONS.items():
            self._drive(getattr(pins, name), button in pressed)

    # ---- what the ADC's channels see ----

    def begin_look(self) -> int:
        """A moment within the pilot's period at which a burst of samples begins, in microseconds."""
        return self._noise.phase()

    def code(self, channel: int, us: int) -> int:
        """What ``channel`` converts to ``us`` after the moment 0 of the pilot's pulses."""
        adc = self._wiring.adc
        if channel == adc.pilot:
            (noise,) = self._noise.on([0])
            return _scaled(self._pilot_mv(us % PERIOD_US) + noise, adc.pilot_zero_mv, adc.pilot_full_mv)
        if channel == adc.proximity:
            return _divided(self.unit.proximity_ohms, adc.proximity_pullup_ohms)
        if channel == adc.temperature:
            kelvin = self.unit.temperature + _KELVIN
            ohms = adc.ntc_ohms * math.exp(adc.ntc_beta * (1 / kelvin - 1 / (25 + _KELVIN)))
            return _divided(ohms, adc.ntc_pullup_ohms)
        return 0

    def _pilot_mv(self, us: int) -> float:
        pilot = self.pilot
        if pilot.kind is Pilot.OFF:
            return 0
        circuit = self.unit.wiring
        high, low = circuit.plateau(SOURCE_MV), circuit.plateau(-SOURCE_MV)
        if pilot.kind is not Pilot.PWM:
            return high if pilot.kind is Pilot.HIGH else low
        on_us = PERIOD_US * pilot.duty / 10_000
        if us < EDGE_US:
            return low + (high - low) * us / EDGE_US
        if on_us <= us < on_us + EDGE_US:
            return high + (low - high) * (us - on_us) / EDGE_US
        return high if us < on_us else low

    # ---- for tests ----

    @property
    def state(self) -> dict[str, Any]:
        """Everything a test may want to see."""
        unit, pilot = self.unit, self.pilot
        return {
            "now": self._now,
            "contactor1": unit.contactor1.closed,
            "contactor2": unit.contactor2.closed,
            "pilot": pilot.kind.name,
            "duty": pilot.duty,
            "pulses": pilot.kind is Pilot.PWM,
            "car_current": unit.current,
            "s2_closed": unit.car.s2_closed,
            "locked": unit.locked,
            "rcm": unit.rcm_signal,
            "cycles": unit.contactor1.cycles,
            "history": list(self.history),
        }


def _scaled(millivolts: float, zero: int, full: int) -> int:
    return max(0, min(_CODES - 1, round((millivolts - zero) * _CODES / (full - zero))))


def _divided(ohms: float | None, pullup: int) -> int:
    """A resistor to ground below a pull-up to the reference; None: nothing there."""
    return _CODES - 1 if ohms is None else min(_CODES - 1, round(_CODES * ohms / (ohms + pullup)))
