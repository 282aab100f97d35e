"""At which addresses others reach the web server, as the network is right now. Reads the interfaces; owns nothing.

What the server is bound to decides: on every address it is that of each interface which leads somewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

_SYSTEM: Final = Path("/sys/class/net")
_UP, _LOOPBACK, _POINT_TO_POINT, _MULTICAST = 0x1, 0x8, 0x10, 0x1000
_OF_CONTAINERS: Final = ("docker", "br-", "veth", "virbr", "podman", "lxc")
_LOOPBACK_ADDRESS: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. ``usable``: it is up, and devices that understand multicast may be there."""

    name: str
    addresses: tuple[str, ...]
    usable: bool


def interfaces(system: Path = _SYSTEM) -> tuple[Interface, ...]:
    """The interfaces of this machine. Raises OSError when the system does not tell."""
    import ifaddr  # noqa: PLC0415 - heavy at start-up

    found = []
    for adapter in ifaddr.get_adapters():
        addresses = tuple(item.ip if isinstance(item.ip, str) else item.ip[0] for item in adapter.ips)
        found.append(Interface(adapter.name, addresses, _usable(adapter.name, system)))
    return tuple(found)


def _usable(name: str, system: Path) -> bool:
    try:
        flags = int((system / name / "flags").read_text(), 16)
        operating = (system / name / "operstate").read_text().strip()
    except (OSError, ValueError):
        return False
    leads_out = flags & _UP and flags & _MULTICAST and not flags & (_LOOPBACK | _POINT_TO_POINT)
    return bool(leads_out) and operating != "down" and not name.startswith(_OF_CONTAINERS)


def reachable(bound: str, present: Sequence[Interface]) -> tuple[str, ...]:
    """The addresses to announce, in order, for a server that is bound to ``bound``; empty while there is none.

    A server on the loopback is reachable there and nowhere else. Link-local IPv6 addresses are left out: a browser
    cannot use them.
    """
    to = ip_address(bound)
    if to.is_loopback:
        return (_LOOPBACK_ADDRESS,) if to.version == 4 else ()
    every = [ip_address(address) for interface in present if interface.usable for address in interface.addresses]
    versions = {4} if to.version == 4 else {4, 6}  # our IPv6 sockets take both
    if not to.is_unspecified:
        return tuple(str(address) for address in every if address == to)
    good = {a for a in every if a.version in versions and not a.is_loopback and (a.version == 4 or not a.is_link_local)}
    return tuple(str(address) for address in sorted(good, key=lambda address: (address.version, int(address))))


def every_address(present: Sequence[Interface]) -> tuple[str, ...]:
    """All addresses of this machine."""
    return tuple(address for interface in present for address in interface.addresses)
