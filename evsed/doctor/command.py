"""`evsed doctor bus`: scans an RS485 line, names what answers, and reads every configured meter once.

Owns the order of it and what is said when the port or the settings cannot be used. Reads the stored settings and never
writes them. The line must be nobody else's meanwhile: the port is opened for us alone.
"""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from evsed.config import Bus, ConfigError, Installation, load
from evsed.core.model import MeterRole
from evsed.core.settings import Settings
from evsed.doctor import probes, report
from evsed.doctor.parts import port_advice
from evsed.hw.rs485 import Line, LineError
from evsed.saved_text import DamagedError, decode

LISTENED_S = 2.5
"""A master speaks every 2 s."""

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; None: what the configuration says."""

    config: Path
    device: str | None = None
    baud: int | None = None
    first: int = 1
    last: int = 247


def run(request: Request) -> int:
    """Prints what is found. 0: every configured meter answered; 1: one did not, or the port cannot be used."""
    try:
        installation, settings = _known(request)
    except ConfigError as error:
        sudo = "; try it with sudo" if isinstance(error.__cause__, PermissionError) else ""
        _tell(f"evsed doctor: {error}{sudo}")
        return os.EX_CONFIG
    try:
        sound = [_look_at(line, request, settings) for line in _lines(installation, request)]
    except KeyboardInterrupt:
        _tell("\nevsed doctor: interrupted")
        return _INTERRUPTED
    return 0 if all(sound) else 1


def _look_at(bus: Bus, request: Request, settings: Settings) -> bool:
    """Whether every configured meter of this line answered."""
    try:
        line = Line(bus.device, bus.baud)
    except LineError as error:
        _tell(f"evsed doctor: {port_advice(bus.device, error)}")
        return False
    _say(f"{bus.name}: {bus.device}, {bus.baud} baud")
    try:
        return _examine(line, request, settings, frozenset(MeterRole(role) for role in bus.meters))
    except LineError as error:
        _tell(f"evsed doctor: {error}")
        return False
    finally:
        line.close()


def _examine(line: Line, request: Request, settings: Settings, roles: frozenset[MeterRole]) -> bool:
    _tell(f"listening for {LISTENED_S:g} s, then asking the addresses {request.first} to {request.last}")
    if line.listen(LISTENED_S):
        _say("somebody else speaks on this line (a master, another program at a second adapter): expect errors below")
    addresses = range(request.first, request.last + 1)
    there = probes.present(line, addresses, lambda address: _progress(f"asking address {address}"))
    found = []
    for address in there:
        _progress(f"looking at address {address}")
        found.append(probes.identify(line, address, settings))
    _progress("")
    _say("", *report.devices(found), "")
    meters = [item for item in probes.configured(settings) if item[0] in roles]
    if not meters:
        _say("no meter is configured on this line (MAINS MET, EV METER, CIRCT MET)", "")
    examined = [probes.examine(line, role, meter, address) for role, meter, address in meters]
    for meter in examined:
        _say(*report.configured(meter), "")
    return all(meter.answered for meter in examined)


# ---- what is configured ----


def _known(request: Request) -> tuple[Installation, Settings]:
    """Configuration and owner settings; with a device on the command line a line can be scanned without either."""
    if request.device is not None and not request.config.exists():
        _tell(f"evsed doctor: {request.config} is not there: nothing is known but what the command line says")
        return Installation(), Settings()
    installation = load(request.config)
    return installation, _stored(Path(installation.state.directory) / "settings.json")


def _lines(installation: Installation, request: Request) -> list[Bus]:
    """The lines to look at; one that the configuration does not know may have every meter on it."""
    lines = [line for line in installation.bus if request.device in {None, line.device}]
    if request.device is not None and not lines:
        lines = [Bus("line", request.device, meters=tuple(MeterRole))]
    return [line if request.baud is None else replace(line, baud=request.baud) for line in lines]


def _stored(path: Path) -> Settings:
    """The stored owner settings, or those of a new charger. Raises ConfigError."""
    previous = path.with_name(path.name + ".previous")
    for file in (path, previous):
        try:
            return decode(file.read_text(encoding="utf-8")).saved.settings
        except FileNotFoundError:
            continue
        except (DamagedError, UnicodeDecodeError) as error:
            _tell(f"evsed doctor: {file} cannot be used: {error}")
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}; try it with sudo") from None
    _tell(f"evsed doctor: no settings in {path.parent}: those of a new charger are used, which has no meters")
    return Settings()


# ---- words ----


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _progress(text: str) -> None:
    """Overwrites the last one on a terminal; in a file or a pipe it would be noise."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
