"""The board on a Raspberry Pi, put together of its parts: guard, pilot, ADC, input lines, panel.

Owns the order in which they are told, and what happens when one of them is lost. Each part knows its own device only.
"""

import contextlib
import json
import logging
import socket
from pathlib import Path
from typing import Any, Protocol

from evsed.config import ConfigError
from evsed.core.actions import PILOT_HIGH, PILOT_LOW, PILOT_OFF, SAFE, Outputs, Pilot, PilotDrive
from evsed.core.events import Button, Inputs
from evsed.core.model import Equipment
from evsed.core.ports import BoardLostError
from evsed.hw.absent import PilotByGuard
from evsed.hw.adc import Look, Sampler
from evsed.hw.guard import monotonic_ms
from evsed.hw.guardlink import GuardLink
from evsed.hw.guardplan import guard_plan, plan_path
from evsed.hw.lines import InputLines, LineLook
from evsed.hw.safe import make_safe
from evsed.wiring import Driver, Pins, Wiring

log = logging.getLogger(__name__)

_LATE_MS = 250
"""An ``apply`` that took this long until the guard had heard was held up: its pulses are of the past."""

_TOLD_MS = 60_000
_ABANDONED = Outputs(pilot=PILOT_OFF)


class PilotDriver(Protocol):
    """Who makes the pilot's pulses. Everything raises BoardLostError when the driver is gone."""

    def drive(self, drive: PilotDrive) -> None:
        """Every cycle: what is wanted. Disconnecting is the guard's; meanwhile the pulses are constant high."""

    def keep(self) -> None:
        """Every cycle: renews the driver's own lease, and notices its loss."""

    def forget(self) -> None:
        """What was written may not stand any more."""

    def open_contactors(self) -> None:
        """The way to the contactors that needs no guard, where there is one."""

    def close(self) -> None:
        """Constant high."""


class PilotSampler(Protocol):
    """The analogue inputs; see adc.Sampler."""

    @property
    def trouble(self) -> str:
        """Why the last look was empty."""

    def look(self) -> Look:
        """One burst."""

    def close(self) -> None:
        """Lets go of the device."""


class DigitalInputs(Protocol):
    """The inputs that the control thread reads itself; see lines.InputLines."""

    def look(self) -> LineLook:
        """One look."""

    def close(self) -> None:
        """Lets go of the lines."""


class Touch(Protocol):
    """What people touch; see panel.Panel. Answers at once."""

    def buttons(self) -> frozenset[Button] | None:
        """The buttons that are down; None while nobody can read them."""

    def switch_closed(self) -> bool | None:
        """The external switch; None while nobody can read it."""


class PiBoard:
    """Implements Board. The guard hears everything first: it opens what has to be opened."""

    def __init__(
        self,
        pins: Pins,
        plan: dict[str, Any],
        link: GuardLink,
        pilot: PilotDriver,
        sampler: PilotSampler,
        lines: DigitalInputs,
        touch: Touch,
    ) -> None:
        """``plan``: what the guard drives, for the day it is lost. All parts are open and the outputs safe."""
        self._pins = pins
        self._plan = plan
        self._link = link
        self._pilot = pilot
        self._sampler = sampler
        self._lines = lines
        self._touch = touch
        self._confirmed = False
        self.acknowledged_at: int | None = None
        self._pilot_lost = False
        self._expiries = link.expiries
        self._told: dict[str, int] = {}
        self.apply(SAFE)

    @property
    def equipment(self) -> Equipment:
        """See Board."""
        pins = self._pins
        return Equipment(
            rcm_test=pins.rcm_test is not None,
            rcm=pins.rcm is not None,
            lock=pins.lock is not None,
            contactor2=pins.contactor2 is not None,
            needs_set_up=True,
        )

    @property
    def expiries(self) -> int:
        """See Leased."""
        return self._link.expiries

    def sample(self) -> Inputs:
        """See Board. While the guard does not confirm the outputs nothing counts as seen, and so the core opens."""
        look = self._sampler.look()
        line = self._lines.look()
        if not look.pilot_mv:
            self._tell(self._sampler.trouble)
        if not self._confirmed:
            return Inputs(pilot_mv=(), rcm_tripped=line.rcm)  # a residual current is one, whatever else is not known
        return Inputs(
            pilot_mv=look.pilot_mv,
            proximity_ohms=look.proximity_ohms,
            temperature_c=look.temperature_c,
            rcm_tripped=line.rcm,
            buttons=self._touch.buttons(),
            switch_closed=self._touch.switch_closed(),
            closed1=line.closed1,
            closed2=line.closed2,
            locked=line.locked,
        )

    def apply(self, outputs: Outputs) -> None:
        """See Board."""
        begun = monotonic_ms()
        wanted = _ABANDONED if self._pilot_lost else self._wired(outputs)
        self._feed(wanted)
        self.acknowledged_at = begun if self._confirmed else self.acknowledged_at
        late = monotonic_ms() - begun >= _LATE_MS
        if self._pilot_lost:
            return
        try:
            if self._link.expiries != self._expiries:
                self._expiries = self._link.expiries
                self._pilot.forget()
            self._pilot.drive(PILOT_HIGH if late else wanted.pilot)
            self._pilot.keep()
        except BoardLostError:
            self._pilot_lost = True
            self._feed(_ABANDONED)  # pulses that nobody leads must not reach the car
            raise

    def _tell(self, trouble: str) -> None:
        """Says why the pilot is not seen: each reason once in a while, however it flaps."""
        now = monotonic_ms()
        if now - self._told.get(trouble, -_TOLD_MS) >= _TOLD_MS:
            self._told[trouble] = now
            log.error("%s: the pilot is not seen, and nothing charges meanwhile. evsed doctor says more", trouble)

    def _wired(self, outputs: Outputs) -> Outputs:
        """A board that cannot disconnect the pilot holds it at -12 V instead: state F for state E."""
        if outputs.pilot.kind is not Pilot.OFF or self._pins.pilot_off is not None:
            return outputs
        return Outputs(outputs.contactor1, outputs.contactor2, PILOT_LOW, outputs.lock, outputs.rcm_test)

    def _feed(self, outputs: Outputs) -> None:
        try:
            self._confirmed = self._link.feed(outputs)
        except BoardLostError:
            self._confirmed = False
            self._open_without_guard()
            raise

    def _open_without_guard(self) -> None:
        """The second path. Whoever is there takes the lines low; takes 250 ms at most, and there is no next cycle."""
        with contextlib.suppress(BoardLostError):
            self._pilot.open_contactors()
        for trouble in make_safe(self._plan):
            log.critical("NOT SAFE: %s. Switch the supply off if a contactor is closed", trouble)

    def close(self) -> None:
        """See Board."""
        for close in (self._pilot.close, self._link.close, self._sampler.close, self._lines.close):
            with contextlib.suppress(BoardLostError):
                close()


def open_board(wiring: Wiring, touch: Touch) -> PiBoard:
    """The board as it is wired, its outputs safe before anything else is opened. Raises ConfigError, BoardLostError."""
    with contextlib.ExitStack() as opened:
        link = GuardLink(wiring.guard)
        opened.callback(link.close)
        plan = guard_plan(wiring)
        _compare(plan_path(wiring), plan)
        pilot = _pilot(wiring)
        opened.callback(pilot.close)
        sampler = Sampler(wiring.adc)
        opened.callback(sampler.close)
        board = PiBoard(wiring.pins, plan, link, pilot, sampler, InputLines(wiring), touch)
        opened.pop_all()
    return board


def _pilot(wiring: Wiring) -> PilotDriver:
    if wiring.driver is Driver.KERNEL:
        _refuse_pigpiod(wiring.pigpio_port)
        return PilotByGuard()
    from evsed.hw.pigpio.pilot import PigpioPilot  # noqa: PLC0415 - the other driver needs none of it

    return PigpioPilot(wiring)


def _refuse_pigpiod(port: int) -> None:
    """A pigpiod that runs beside the kernel's driver may still hold a script of ours, which writes to the same pins."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
    except OSError:
        return
    raise ConfigError(
        f'board.driver is "kernel", but pigpiod answers on port {port}: two would drive the same pins. Stop it '
        '(sudo systemctl disable --now pigpiod), or write driver = "pigpio"'
    )


def _compare(path: Path, plan: dict[str, Any]) -> None:
    """Whether the running guard holds the same lines as the configuration says now. Raises ConfigError."""
    try:
        guarded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}, which evsed-guard writes when it starts, cannot be read: {error}") from None
    if guarded != json.loads(json.dumps(plan)):
        raise ConfigError(
            "evsed-guard still runs with the board as it was wired before: sudo systemctl restart evsed-guard evsed"
        )
