"""Finds out what answers on a line: asks each address cheap questions, and compares the answers with what we know.

Owns the questions and the guess; words for people are report.py's, the line itself is rs485.py's.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Protocol

from evsed.core.model import MeterRole, MeterType
from evsed.core.settings import METER_NAMES, Settings
from evsed.core.states import State
from evsed.hw.meters import ROWS, ImplausibleError, Meter, Read, Values, meter_for
from evsed.hw.rs485 import BusError, Request

EVERYBODY: Final = 9
"""Nobody answers here: it is the chargers' broadcast."""

SENSORBOX_ADDRESS: Final = 10
TIMES: Final = 20
"""How often a device is asked for its figures."""

_REFUSED: Final = "refused"  # how the line's text begins when the device answered with an exception
_MAINS_VOLTS: Final = (80.0, 300.0)
_CHARGER: Final = Read(4, 0x0000, 12)
_CHARGER_SETTINGS: Final = Read(4, 0x0100, 10)
_SENSORBOX: Final = Read(4, 0x0000, 20)
_SENSORBOX_VERSIONS: Final = range(0x14, 0x18)
_PRESENCE: Final = (Read(4, 0x0000, 2), Read(3, 0x0000, 2))


class Wire(Protocol):
    """What is needed of a line."""

    def ask(self, request: Request) -> Sequence[int]:
        """The words that were read. Raises BusError and LineError."""


@dataclass(slots=True)
class Device:
    """An address and how it has answered so far."""

    address: int
    times_s: list[float] = field(default_factory=list)
    spent_s: float = 0.0  # also on what brought no answer
    asked: int = 0
    answered: int = 0
    wrong: str = ""  # what came the last time that no words came

    @property
    def median_ms(self) -> int | None:
        """None before it has answered."""
        return round(median(self.times_s) * 1000) if self.times_s else None

    @property
    def slowest_ms(self) -> int | None:
        """None before it has answered."""
        return round(max(self.times_s) * 1000) if self.times_s else None

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.spent_s if self.spent_s else 0.0

    @property
    def there(self) -> bool:
        """Whether anything at all came back; also a refusal, also garbage."""
        return self.answered > 0 or (self.asked > 0 and self.wrong != "no answer")

    def ask(self, wire: Wire, read: Read) -> Sequence[int] | None:
        """The words, or None when none came. Raises LineError."""
        begun = time.monotonic()
        self.asked += 1
        try:
            words = wire.ask(Request(self.address, read.function, read.first, read.count))
        except BusError as error:
            self.wrong = str(error)
            return None
        finally:
            took_s = time.monotonic() - begun
            self.spent_s += took_s
        self.answered += 1
        self.times_s.append(took_s)
        return words


@dataclass(frozen=True, slots=True)
class Found:
    """A device, what it is taken for, and what it says of itself. ``device`` counts the ``TIMES`` questions."""

    name: str
    detail: str
    device: Device


# ---- who is there ----


def present(wire: Wire, addresses: Iterable[int], tell: Callable[[int], None]) -> list[int]:
    """The ``addresses`` at which something answers, be it with a refusal. ``tell`` hears of every address tried.

    The silent ones are asked a second time, with the other function: some meters ignore the one that they do not know.
    """
    silent, there = [address for address in addresses if address != EVERYBODY], []
    for read in _PRESENCE:
        for address in list(silent):
            tell(address)
            device = Device(address)
            device.ask(wire, read)
            if device.there:
                silent.remove(address)
                there.append(address)
    return sorted(there)


def identify(wire: Wire, address: int, settings: Settings) -> Found:
    """What answers at ``address``, best guess first; and its answer times over ``TIMES`` questions."""
    device = Device(address)
    for look in (_as_charger, _as_sensorbox, _as_meter):
        found = look(wire, device, settings)
        if found is not None:
            name, detail, read = found
            return Found(name, detail, measured(wire, address, read))
    return Found("unknown device", f"last it said: {device.wrong}" if device.wrong else "", device)


def measured(wire: Wire, address: int, read: Read) -> Device:
    """The answers to ``TIMES`` times the same question."""
    device = Device(address)
    for _ in range(TIMES):
        device.ask(wire, read)
    return device


Look = tuple[str, str, Read]


def _as_charger(wire: Wire, device: Device, _settings: Settings) -> Look | None:
    status, own = device.ask(wire, _CHARGER), device.ask(wire, _CHARGER_SETTINGS)
    if status is None or own is None:
        return None
    state, error, current, mode, _timer, access, changed, most, phases = status[:9]
    within = state <= 14 and error <= 0xFF and current <= 800 and mode <= 2 and access <= 2
    if not (within and changed <= 1 and most <= 80 and phases <= 3):
        return None
    lowest, highest, share = own[2:5]
    if not (6 <= lowest <= 16 and 6 <= highest <= 80 and share <= 8):
        return None
    kind = {0: "charger", 1: "charger (master)"}.get(share, f"charger (node {share - 1})")
    return kind, f"{_state_text(state)}, offers {current / 10:.1f} A, error bits {error:#04x}", _CHARGER


def _state_text(number: int) -> str:
    try:
        return State(number).text
    except ValueError:
        return f"state {number}"


def _as_sensorbox(wire: Wire, device: Device, _settings: Settings) -> Look | None:
    if device.address != SENSORBOX_ADDRESS:
        return None
    words = device.ask(wire, _SENSORBOX)
    if words is None or words[0] & 0xFF not in _SENSORBOX_VERSIONS:
        return None
    return METER_NAMES[MeterType.SENSORBOX], f"version {words[0] >> 8}.{words[0] & 0xFF:#04x}", _SENSORBOX


def _as_meter(wire: Wire, device: Device, settings: Settings) -> Look | None:
    """The types of meter whose registers hold voltages and currents that can be, the configured one first."""
    configured = {kind for kind, address in _configured_types(settings) if address == device.address}
    fitting: list[tuple[MeterType, Meter, tuple[float, float, float]]] = []
    for kind in sorted({*ROWS, *configured}, key=lambda kind: (kind not in configured, kind)):
        meter = meter_for(kind, settings)
        volts = None if meter is None else _plausible_volts(wire, device, meter)
        if meter is not None and volts is not None:
            fitting.append((kind, meter, volts))
    if not fitting:
        return None
    live = [item for item in fitting if all(item[2])]  # a meter of one phase fits as well, with a part of the registers
    if not live:
        live = sorted(fitting, key=lambda item: (item[0] not in configured, item[1].extra[0].count))
    names = [METER_NAMES[kind] for kind, _, _ in live]
    detail = ", ".join(f"L{phase} {volt:.1f} V" for phase, volt in enumerate(live[0][2], 1) if volt)
    return " or ".join(names), detail, live[0][1].fast


def _configured_types(settings: Settings) -> list[tuple[MeterType, int]]:
    return [
        (MeterType(settings.mains_meter), settings.mains_meter_address),
        (MeterType(settings.ev_meter), settings.ev_meter_address),
        (MeterType(settings.circuit_meter), settings.circuit_meter_address),
    ]


def _plausible_volts(wire: Wire, device: Device, meter: Meter) -> tuple[float, float, float] | None:
    """The voltages if ``meter``'s dialog makes sense of what the device says."""
    volts: tuple[float, float, float] | None = None
    for read in (*meter.extra, meter.fast):
        words = device.ask(wire, read)
        if words is None:
            return None
        try:
            volts = meter.take(read, words).volts or volts
        except ImplausibleError:
            return None
        if volts is None or not _from_a_mains(volts):
            return None
    return volts


def _from_a_mains(volts: tuple[float, float, float]) -> bool:
    low, high = _MAINS_VOLTS
    return low <= volts[0] <= high and all(volt == 0 or low <= volt <= high for volt in volts[1:])


# ---- the configured meters ----


@dataclass(frozen=True, slots=True)
class Configured:
    """A meter that the owner has configured, where it is, and what it said; ``wrong`` names what did not work."""

    role: MeterRole
    meter: str
    address: int
    answered: bool
    values: Values
    wrong: tuple[str, ...]


def configured(settings: Settings) -> list[tuple[MeterRole, Meter, int]]:
    """The meters of the owner settings that are on the bus, with their addresses."""
    found = []
    for role, (kind, address) in zip(MeterRole, _configured_types(settings), strict=True):
        meter = meter_for(kind, settings)
        if meter is not None:
            found.append((role, meter, meter.fixed_address or address))
    return found


def examine(wire: Wire, role: MeterRole, meter: Meter, address: int) -> Configured:
    """Everything that ``meter`` can tell, asked once."""
    device, values, wrong = Device(address), Values(), []
    for read in (meter.fast, *meter.slow, *meter.extra):
        words = device.ask(wire, read)
        if words is None:
            wrong.append(f"{device.wrong} to a read of register {read.first:#06x} (function {read.function})")
            continue
        try:
            values = _merged(values, meter.take(read, words))
        except ImplausibleError as error:
            wrong.append(str(error))
    return Configured(role, meter.name, address, device.answered > 0, values, tuple(wrong))


def _merged(old: Values, new: Values) -> Values:
    return Values(
        currents=old.currents if new.currents is None else new.currents,
        power_w=old.power_w if new.power_w is None else new.power_w,
        import_wh=old.import_wh if new.import_wh is None else new.import_wh,
        export_wh=old.export_wh if new.export_wh is None else new.export_wh,
        volts=old.volts if new.volts is None else new.volts,
    )
