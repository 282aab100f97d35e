"""The installation: what is wired and reachable. Read once at start from a TOML file, validated, then frozen.

Owner settings are not here: they are changed while running and live in ``evsed.store``. Standard library only, because
this is read before the outputs are safe and nothing heavy may be imported until then.
"""

import re
import socket
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evsed.tables import ConfigError, build, names, one_of, refuse_unknown, shown, table_of
from evsed.wiring import Wiring
from evsed.wiring_rules import WIRING_RANGES, read_wiring, same_device

__all__ = ["ROLES", "Board", "Bus", "ConfigError", "Installation", "load"]

KINDS = ("pi", "simulation")
"""What a board can be."""

ROLES = ("mains", "ev", "circuit")
"""What a meter can measure."""


@dataclass(frozen=True, slots=True)
class Http:
    """Where REST and the web page are served; ``names`` are host names that it answers to beside its own.

    ``port`` 0: not without TLS.
    """

    host: str = "0.0.0.0"  # noqa: S104 - the owner's LAN is where the charger is operated from
    port: int = 80
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tls:
    """The same by TLS, at the host of ``[http]``. ``certificate`` and ``key`` are paths of PEM files, or both empty: a
    generated pair in the state directory.
    """

    enabled: bool = False
    port: int = 443
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """The Unix socket of root on this machine; none while ``socket`` is empty."""

    socket: str = "/run/evsed/control.sock"


@dataclass(frozen=True, slots=True)
class State:
    """Where settings are kept."""

    directory: str = "/var/lib/evsed"


@dataclass(frozen=True, slots=True)
class Bus:
    """An RS485 line: who is on it. ``device`` is a serial port, or tcp://host:port of a gateway."""

    name: str = ""  # empty: bus 1, bus 2, ...
    device: str = "/dev/serial0"
    baud: int = 9600
    meters: tuple[str, ...] = ()  # roles
    chargers: bool = False  # the line that chargers share


@dataclass(frozen=True, slots=True)
class Modbus:
    """Modbus TCP for programs outside; off while ``port`` is 0. Without ``writable`` they only read."""

    host: str = "0.0.0.0"  # noqa: S104 - as for HTTP
    port: int = 0
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Telnet:
    """The live log by telnet, read only; off while ``port`` is 0. Telnet asks nobody who he is, and hides nothing."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class Modem:
    """Modem experiments: driving the pilot by hand is locked unless the owner unlocks it here."""

    unlocked: bool = False


@dataclass(frozen=True, slots=True)
class Installer:
    """Whoever may change the installation with the remote buttons; nobody while ``pin`` is empty."""

    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The broker; none while ``host`` is empty. ``prefix`` empty: SmartEVSE-<serial>.

    ``ca``, ``certificate`` and ``key`` are paths of PEM files; without ``ca`` the system's authorities are believed.
    """

    host: str = ""
    port: int = 1883
    username: str = ""
    password: str = field(default="", repr=False)
    prefix: str = ""
    tls: bool = False
    ca: str = ""
    certificate: str = ""  # our own, where the broker wants one
    key: str = ""
    discovery_prefix: str = "homeassistant"

    @property
    def address(self) -> str:
        """For messages to people."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Mdns:
    """Whether the LAN is told where the web server is, as smartevse-<serial>.local."""

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Board:
    """Which board drives the car: a real one on a Pi, as it is wired, or the simulated one at a Unix socket.

    ``kind`` is one of KINDS; empty: nobody has said yet which, and nothing is driven. ``first_run``: the simulated one
    has to be set up before it charges, as a real one.
    """

    kind: str = ""
    socket: str = ""
    plant_port: int = 0
    charger: int = 0
    first_run: bool = False
    wiring: Wiring = field(default_factory=Wiring)


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything about this unit that is not an owner setting. ``serial`` 0: not chosen; serialnumber.py has one."""

    serial: int = 0
    http: Http = field(default_factory=Http)
    tls: Tls = field(default_factory=Tls)
    control: Control = field(default_factory=Control)
    state: State = field(default_factory=State)
    bus: tuple[Bus, ...] = (Bus("bus 1", meters=ROLES, chargers=True),)
    modbus: Modbus = field(default_factory=Modbus)
    telnet: Telnet = field(default_factory=Telnet)
    mqtt: Mqtt = field(default_factory=Mqtt)
    mdns: Mdns = field(default_factory=Mdns)
    modem: Modem = field(default_factory=Modem)
    installer: Installer = field(default_factory=Installer)
    board: Board = field(default_factory=Board)

    @property
    def own_ports(self) -> frozenset[int]:
        """The TCP ports of this machine that are the charger's own, pigpiod's among them where it drives the board."""
        ports = {self.http.port, self.modbus.port, self.telnet.port, self.board.plant_port}
        ports |= {self.tls.port} if self.tls.enabled else set()
        ports |= {self.board.wiring.pigpio_port} if self.board.kind == "pi" else set()
        return frozenset(ports - {0})

    @property
    def mqtt_prefix(self) -> str:
        """The first part of every topic."""
        return self.mqtt.prefix or f"SmartEVSE-{self.serial}"


_PORTS = {"http.port": (0, 65_535), "tls.port": (1, 65_535), "mqtt.port": (1, 65_535), "board.plant_port": (0, 65_535)}
_RANGES = {
    **_PORTS,
    "modbus.port": (0, 65_535),
    "telnet.port": (0, 65_535),
    "serial": (0, 999_999),
    "bus.baud": (1_200, 115_200),
    "board.charger": (0, 7),
    **WIRING_RANGES,
}
_TCP = re.compile(r"tcp://(?P<host>[^:/\[\]\s]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")
_PREFIX = re.compile(r"([A-Za-z0-9_.-][A-Za-z0-9_./-]{0,63})?")
_CREDENTIAL = re.compile(r"[^\x00-\x1f\x7f]{0,256}")
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,9}")
_LIKE_AN_ADDRESS = re.compile(r"([0-9]+\.)*[0-9]+")
_ZONE = re.compile(r"%[A-Za-z0-9_.-]{1,15}")  # of a link-local address: the interface
_INSTALLERS_PIN = re.compile(r"([0-9]{4,8})?")
_LONGEST_HOST = 253


def load(path: Path) -> Installation:
    """The installation in ``path``. Raises ConfigError with file, key and what is wanted."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or nothing that anybody wrote by hand
        raise ConfigError(f"{path}: {error}") from error
    try:
        lines = _lines(document.pop("bus", {}))
        board = _board(document.pop("board", {}), lines)
        installation = replace(build(Installation, document, "", _RANGES), bus=lines, board=board)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if wrong := _wrong_text(installation):
        raise ConfigError(f"{path}: {wrong}")
    if wrong := wrong_broker(installation.mqtt):
        raise ConfigError(f"{path}: mqtt.{wrong}")
    return installation


def is_host(text: str) -> bool:
    """Whether ``text`` is a host name or an address, of IPv4 or IPv6."""
    if len(text) > _LONGEST_HOST or not text.isascii():
        return False
    if ":" in text:
        address, sign, zone = text.partition("%")
        return _is_address(socket.AF_INET6, address) and (not sign or _ZONE.fullmatch(sign + zone) is not None)
    if _LIKE_AN_ADDRESS.fullmatch(text):
        return _is_address(socket.AF_INET, text)
    return _HOST_NAME.fullmatch(text) is not None


def _is_address(family: int, text: str) -> bool:
    try:
        socket.inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return True


def _wrong_text(installation: Installation) -> str:
    """Which host, directory or PIN cannot be one, beginning with the key; empty when each can."""
    for table in ("http", "modbus", "telnet"):
        if not is_host(host := getattr(installation, table).host):
            return f'{table}.host takes a host name or an address, "0.0.0.0" for every interface, not {shown(host)}'
    for name in installation.http.names:
        if not _HOST_NAME.fullmatch(name):
            return f'http.names takes host names such as "charger.example.org", not {shown(name)}'
    directory = installation.state.directory
    if not directory.startswith("/"):
        return f"state.directory takes a whole path such as {State().directory}, not {shown(directory)}"
    if wrong := _wrong_door(installation):
        return wrong
    if not _INSTALLERS_PIN.fullmatch(installation.installer.pin):
        return "installer.pin takes 4 to 8 digits in quotes, or nothing"
    return ""


def _wrong_door(installation: Installation) -> str:
    """What is wrong with TLS and the control socket, beginning with the key; empty when nothing is."""
    tls, control = installation.tls, installation.control
    for key in ("certificate", "key"):
        if (path := getattr(tls, key)) and not path.startswith("/"):
            return f"tls.{key} takes a whole path such as /etc/evsed/tls.pem, or nothing, not {shown(path)}"
    if bool(tls.certificate) != bool(tls.key):
        return "tls.certificate and tls.key go together; without both, evsed makes its own"
    if tls.enabled and tls.port == installation.http.port:
        return f"tls.port and http.port are both {tls.port}; each needs its own"
    telnet, others = installation.telnet.port, (installation.http.port, installation.modbus.port)
    if telnet and telnet in {*others, tls.port if tls.enabled else 0}:
        return f"telnet.port {telnet} is another door's already; it needs its own"
    if not installation.http.port and not tls.enabled:
        return "http.port takes 1 to 65535; 0, which is TLS alone, needs tls.enabled = true"
    if control.socket and not control.socket.startswith("/"):
        return f"control.socket takes a whole path such as {Control().socket}, or nothing, not {shown(control.socket)}"
    return ""


def wrong_broker(broker: Mqtt) -> str:
    """What is wrong with ``broker``, beginning with the key; empty when nothing is."""
    low, high = _PORTS["mqtt.port"]
    if broker.host and not is_host(broker.host):
        return "host takes a host name or an address, or nothing"
    if not low <= broker.port <= high:
        return f"port takes a whole number from {low} to {high}"
    if not _PREFIX.fullmatch(broker.prefix):
        return "prefix takes at most 64 letters, digits, and - _ . / between them"
    if not broker.discovery_prefix or not _PREFIX.fullmatch(broker.discovery_prefix):
        return "discovery_prefix takes 1 to 64 letters, digits, and - _ . / between them"
    for key in ("username", "password"):
        if not _CREDENTIAL.fullmatch(getattr(broker, key)):
            return f"{key} takes at most 256 printable characters"
    if not broker.tls and (broker.ca or broker.certificate or broker.key):
        return "ca, certificate and key need tls = true"
    if bool(broker.certificate) != bool(broker.key):
        return "certificate and key go together"
    return ""


# ---- the board ----


def _board(given: Any, lines: tuple[Bus, ...]) -> Board:
    """``[board]``: what it is, and below the same name how it is wired."""
    table = table_of(given, "board")
    wired = set(names(Wiring))
    own = [name for name in names(Board) if name != "wiring"]
    refuse_unknown(table, [*own, *names(Wiring)], "board.")
    board = build(Board, {key: value for key, value in table.items() if key not in wired}, "board.", _RANGES)
    if board.kind and board.kind not in KINDS:
        raise ConfigError(f"board.kind takes {one_of(KINDS)}, not {shown(board.kind)}")
    wiring = read_wiring({key: value for key, value in table.items() if key in wired}, [line.device for line in lines])
    return replace(board, wiring=wiring)


# ---- lines ----


def _lines(given: Any) -> tuple[Bus, ...]:
    """The lines in ``[bus]`` or several ``[[bus]]``, with every role and the chargers on exactly one of them."""
    tables: list[dict[str, Any]] = given if isinstance(given, list) else [given]
    if not tables or not all(isinstance(table, dict) for table in tables):
        raise ConfigError("bus is a table: write [bus] and its keys below it, or [[bus]] for each of several lines")
    places = [f"[{n}]" for n in range(1, len(tables) + 1)] if len(tables) > 1 else [""]
    lines = [build(Bus, table, f"bus{place}.", _RANGES, place) for table, place in zip(tables, places, strict=True)]
    lines = [line if line.name else replace(line, name=f"bus {n}") for n, line in enumerate(lines, 1)]
    for line in lines:
        _check_device(line)
    _once("name", [line.name for line in lines])
    _once("device", [same_device(line.device) for line in lines])
    if "meters" not in tables[0]:
        elsewhere = {role for line in lines[1:] for role in line.meters}
        lines[0] = replace(lines[0], meters=tuple(role for role in ROLES if role not in elsewhere))
    if not any("chargers" in table for table in tables):
        lines[0] = replace(lines[0], chargers=True)
    _check_roles(lines)
    return tuple(lines)


def _check_device(line: Bus) -> None:
    tcp = _TCP.fullmatch(line.device)
    gateway = tcp is not None and is_host(tcp["host"].strip("[]")) and 1 <= int(tcp["port"]) <= 65_535
    if not (line.device.startswith("/") or gateway):
        raise ConfigError(
            f"{line.name}: device takes a path such as /dev/ttyUSB0 or tcp://host:port, not {shown(line.device)}"
        )


def _once(key: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ConfigError(f"bus: two lines have the {key} {shown(value)}; each needs its own")


def _check_roles(lines: list[Bus]) -> None:
    for line in lines:
        for role in line.meters:
            if role not in ROLES:
                raise ConfigError(f"{line.name}: meters takes {', '.join(ROLES)}, not {shown(role)}")
    for role in ROLES:
        names = [line.name for line in lines for name in line.meters if name == role]
        if not names:
            raise ConfigError(f"bus: the {role} meter is on no line; name it in the meters of one")
        if len(names) > 1:
            raise ConfigError(f"bus: the {role} meter is named {len(names)} times ({', '.join(names)}); once is enough")
    sharing = [line.name for line in lines if line.chargers]
    if len(sharing) > 1:
        raise ConfigError(f"bus: chargers share one line, not {' and '.join(sharing)}")
