"""Polls the meters of one line, back to back, and tells the control loop what they say and how they answer.

Owns the round: currents of every meter first, one slower value in between. A thread of its own; a meter that is silent
costs one timeout a round, a port that is gone is opened again until it works.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evsed.core.events import Event, MeterHealthChanged, MeterRead
from evsed.core.model import MeterHealth, MeterRole, MeterType
from evsed.core.setting import Value
from evsed.core.settings import Settings
from evsed.hw.meters import ImplausibleError, Meter, Read, meter_for, needs
from evsed.hw.rs485 import BusError, Line, LineError

log = logging.getLogger(__name__)

SLOW_S = 5.0
"""Power and energies are asked for this often."""

_REOPEN_S = 1.0
_IDLE_S = 0.2
_HEALTH_EVERY_S = 5.0


@dataclass(slots=True)
class Polled:
    """A meter as the owner configured it, and how it has answered."""

    role: MeterRole
    dialog: Meter
    made_from: tuple[Value, ...]
    address: int
    answers: int = 0
    errors: int = 0
    last_error: str = ""
    failing: bool = False
    slow_at: float = field(default=float("-inf"))
    told_at: float = field(default=float("-inf"))
    slow: Iterator[Read] = field(default_factory=lambda: iter(()))


class Poller:
    """The owner of one serial line."""

    def __init__(
        self, name: str, device: str, baud: int, settings: Callable[[], Settings], post: Callable[[Event], None]
    ) -> None:
        """``settings`` gives the owner settings in force; ``post`` hands an event to the control loop."""
        self._name = name
        self._device = device
        self._baud = baud
        self._settings = settings
        self._post = post
        self._meters: dict[MeterRole, Polled] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"bus {name}", daemon=True)

    def start(self) -> None:
        """Starts polling."""
        self._thread.start()

    def close(self) -> None:
        """Stops polling; waits for the request that is under way."""
        self._stop.set()
        self._thread.join(0.3)

    def _run(self) -> None:
        complained = False
        while not self._stop.is_set():
            try:
                line = Line(self._device, self._baud)
                try:
                    if complained:
                        log.info("bus %s: %s works again", self._name, self._device)
                    complained = False
                    while not self._stop.is_set():
                        self._round(line)
                finally:
                    line.close()
            except LineError as error:
                if not complained:
                    log.error("bus %s: %s; trying again until it works", self._name, error)  # noqa: TRY400
                complained = True
                self._stop.wait(_REOPEN_S)

    def _round(self, line: Line) -> None:
        self._configure()
        if not self._meters:
            self._stop.wait(_IDLE_S)
        for meter in self._meters.values():
            self._poll(line, meter)

    def _configure(self) -> None:
        settings = self._settings()
        wanted = {
            MeterRole.MAINS: (settings.mains_meter, settings.mains_meter_address),
            MeterRole.EV: (settings.ev_meter, settings.ev_meter_address),
            MeterRole.CIRCUIT: (settings.circuit_meter, settings.circuit_meter_address),
        }
        for role, (number, address) in wanted.items():
            made_from = (*needs(MeterType(number), settings), address)
            known = self._meters.get(role)
            if known is not None and known.made_from == made_from:
                continue
            dialog = meter_for(MeterType(number), settings)
            if dialog is None:
                self._meters.pop(role, None)
            else:
                self._meters[role] = Polled(role, dialog, made_from, dialog.fixed_address or address)

    # ---- one meter ----

    def _poll(self, line: Line, meter: Polled) -> None:
        if not self._ask(line, meter, meter.dialog.fast):
            return
        self._answered(meter)
        now = time.monotonic()
        read = next(meter.slow, None)  # one a round, so that currents never wait for all of them
        if read is None and meter.dialog.slow and now - meter.slow_at >= SLOW_S:
            meter.slow_at, meter.slow = now, iter(meter.dialog.slow)
            read = next(meter.slow)
        if read is not None:
            self._ask(line, meter, read)

    def _ask(self, line: Line, meter: Polled, read: Read) -> bool:
        """Asks and tells the control loop; whether that worked."""
        try:
            values = meter.dialog.take(read, line.read_registers(meter.address, read))
        except BusError as error:
            self._failed(meter, f"{error} to a read of register {read.first:#06x}")
            return False
        except ImplausibleError as error:
            self._failed(meter, str(error))
            return False
        told = (values.currents, values.power_w, values.import_wh, values.export_wh)
        if any(value is not None for value in told):
            self._post(MeterRead(meter.role, *told))
        return True

    # ---- health ----

    def _where(self, meter: Polled) -> str:
        return f"{meter.dialog.name} on {self._name} ({self._device}), address {meter.address}"

    def _answered(self, meter: Polled) -> None:
        meter.answers += 1
        if meter.failing:
            meter.failing = False
            log.info("%s meter %s: answers again", meter.role, self._where(meter))
            self._tell(meter)
        elif time.monotonic() - meter.told_at > _HEALTH_EVERY_S:
            self._tell(meter)

    def _failed(self, meter: Polled, what: str) -> None:
        meter.errors += 1
        meter.last_error = what
        if not meter.failing:
            meter.failing = True
            log.warning("%s meter %s: %s", meter.role, self._where(meter), meter.last_error)
            self._tell(meter)

    def _tell(self, meter: Polled) -> None:
        meter.told_at = time.monotonic()
        health = MeterHealth(self._where(meter), not meter.failing, meter.answers, meter.errors, meter.last_error)
        self._post(MeterHealthChanged(meter.role, health))
