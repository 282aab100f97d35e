"""One simulated charger: its outputs under the lease, what they drive, and the car that hangs on it. Pure."""

from collections.abc import Iterable

from evsed.core.actions import SAFE, Outputs, Pilot
from evsed.core.events import Button, Inputs
from evsed.core.units import Millis, Millivolts
from evsed.hw.guard import Lease
from evsed.hw.lease import Feed, levels_of, outputs_of
from evsed.hw.simulation.car import Car
from evsed.hw.simulation.circuit import PROXIMITY_OHMS, SOURCE_MV, Noise, Wiring, burst
from evsed.hw.simulation.lock import Lock
from evsed.hw.simulation.residual import ResidualMonitor

_MOVES_IN_MS = 20
VOLTS = 230.0


class Contactor:
    """Follows its coil after 20 ms; may be welded or stuck open."""

    def __init__(self) -> None:
        self.closed = False
        self.fault: str | None = None
        self.cycles = 0
        self._coil = False
        self._since: Millis = 0

    def advance(self, coil: bool, now: Millis) -> None:
        """Lets the contactor see its coil at ``now``."""
        if coil != self._coil:
            self._coil, self._since = coil, now
        wanted = self._coil if now - self._since >= _MOVES_IN_MS else self.closed
        if self.fault is not None:
            wanted = self.fault == "welded"
        if wanted and not self.closed:
            self.cycles += 1
        self.closed = wanted


class Unit:
    """A charger's hardware. ``advance`` in steps of at most 10 ms."""

    def __init__(self, seed: int) -> None:
        self.car = Car()
        self.contactor1 = Contactor()
        self.contactor2 = Contactor()
        self.lock = Lock()
        self.monitor = ResidualMonitor()
        self.rcm = False  # a residual current flows
        self.pilot_fault: str | None = None
        self.temperature = 25
        self.energy_wh = 0.0
        self.current = (0.0, 0.0, 0.0)
        self.lease = Lease()
        self._outputs: Outputs = SAFE
        self._single = True
        self._pressed: dict[Button, Millis] = {}
        self._noise = Noise(seed)

    # ---- what the daemon does ----

    def feed(self, feed: Feed, now: Millis) -> None:
        """Takes a valid feed: the outputs follow and the lease is renewed."""
        self.lease.renew(levels_of(feed.outputs, single=feed.single), now)
        self._outputs, self._single = outputs_of(self.lease.levels), feed.single

    def abandon(self) -> None:
        """Whoever fed has hung up: the outputs are safe at once."""
        self.lease.end()
        self._outputs = SAFE

    def lease_age(self, now: Millis) -> Millis | None:
        """How long ago the last feed came; None when there never was one."""
        return None if self.lease.fed_at is None else now - self.lease.fed_at

    def sample(self) -> list[Millivolts]:
        """A burst of pilot samples."""
        return burst(self.wiring, self._outputs.pilot, self._noise)

    # ---- what the daemon sees ----

    def inputs(self, now: Millis) -> Inputs:
        """One look at every input of the board."""
        return Inputs(
            pilot_mv=tuple(self.sample()),
            proximity_ohms=self.proximity_ohms,
            temperature_c=self.temperature,
            rcm_tripped=self.rcm_signal,
            buttons=frozenset(self.buttons(now)),
            closed1=self.closed1,
            closed2=self.closed2,
            locked=self.locked,
        )

    @property
    def closed1(self) -> bool:
        """The mirror contact of contactor 1: what the contact does, whatever the coil."""
        return self.contactor1.closed

    @property
    def closed2(self) -> bool | None:
        """The mirror contact of contactor 2; None when none is fitted."""
        return None if self._single else self.contactor2.closed

    @property
    def locked(self) -> bool:
        """The feedback of the cable lock, which tells where it stands."""
        return self.lock.locked

    @property
    def rcm_signal(self) -> bool:
        """The trip signal of the residual current monitor: a residual current, or its self-test."""
        return self.rcm or self.monitor.tripped

    # ---- what a person does ----

    def press(self, button: Button, hold_ms: int, now: Millis) -> None:
        """Holds ``button`` down for ``hold_ms``."""
        self._pressed[button] = now + hold_ms

    def buttons(self, now: Millis) -> Iterable[Button]:
        """The buttons that are down."""
        return [button for button, until in self._pressed.items() if now < until]

    # ---- physics ----

    def advance(self, now: Millis, step_ms: int) -> None:
        """Lets ``step_ms`` pass, up to ``now``."""
        if not self.lease.look(now):
            self._outputs = SAFE
        self.contactor1.advance(self._outputs.contactor1, now)
        self.contactor2.advance(self._outputs.contactor2, now)
        self.lock.advance(self._outputs.lock, now)
        self.monitor.advance(self._outputs.rcm_test, now)
        pilot = self._outputs.pilot
        blind = pilot.kind in {Pilot.OFF, Pilot.LOW} or self.pilot_fault in {"short", "open"}
        self.car.advance(0 if blind else pilot.duty, self.contactor1.closed, now)
        self.current = self.car.draw(self._poles, now)
        self.energy_wh += sum(self.current) * VOLTS * step_ms / 3_600_000

    @property
    def _poles(self) -> int:
        if not self.contactor1.closed:
            return 0
        return 3 if self._single or self.contactor2.closed else 1

    @property
    def wiring(self) -> Wiring:
        """What hangs on the pilot wire now."""
        car = self.car
        return Wiring(car.plugged, car.s2_closed, car.diode, self.pilot_fault)

    @property
    def duty_percent(self) -> float:
        """The pilot's duty, 0..100; 0 also while it is disconnected."""
        pilot = self._outputs.pilot
        return 0.0 if pilot.kind is Pilot.OFF else pilot.duty / 100

    def plateaus(self) -> tuple[Millivolts, Millivolts]:
        """The pilot's high and low plateau without noise; the same twice when no pulses run."""
        pilot = self._outputs.pilot
        if pilot.kind is Pilot.OFF:
            return (0, 0)
        high, low = self.wiring.plateau(SOURCE_MV), self.wiring.plateau(-SOURCE_MV)
        if pilot.kind is Pilot.PWM:
            return (high, low)
        return (low, low) if pilot.kind is Pilot.LOW else (high, high)

    @property
    def proximity_ohms(self) -> int | None:
        """The cable's resistor; None when no cable is in the socket."""
        return PROXIMITY_OHMS.get(self.car.cable) if self.car.plugged else None
