"""How this machine is on the network, for clients that show it: Wi-Fi and Ethernet. Asks the kernel; owns nothing.

Never looked at by anything that charges. What the kernel does not say is None.
"""

import array
import fcntl
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

_INTERFACES: Final = Path("/sys/class/net")
_WIRELESS: Final = Path("/proc/net/wireless")
_GET_ADDRESS: Final = 0x8915  # SIOCGIFADDR, netdevice(7)
_GET_ACCESS_POINT: Final = 0x8B15  # SIOCGIWAP and SIOCGIWESSID, linux/wireless.h
_GET_ESSID: Final = 0x8B1B
_NAME: Final = 16
_SOCKADDR: Final = 16
_LONGEST_SSID: Final = 32
_LOOK_AGAIN_S: Final = 10.0
_LEVEL: Final = re.compile(r"\s*(\S+):\s+\S+\s+\S+\s+(-?[0-9]+)")


@dataclass(frozen=True, slots=True)
class Wifi:
    """The wireless interface; ``rssi`` in dBm. Where there is none, or a cable is used, nothing but WL_NO_SHIELD."""

    status: str = "WL_NO_SHIELD"
    ssid: str | None = ""
    rssi: int | None = 0
    bssid: str | None = ""
    ip: str | None = ""


@dataclass(frozen=True, slots=True)
class Ethernet:
    """The wired interface; None is "not known"."""

    present: bool | None = None
    connected: bool | None = None
    has_ip: bool | None = None
    ip: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """Both."""

    wifi: Wifi
    ethernet: Ethernet

    @property
    def address(self) -> str:
        """Where this machine is, by cable or else by radio; empty where it is nowhere, or that is not known."""
        return self.ethernet.ip or self.wifi.ip or ""


UNKNOWN_NETWORK: Final = Network(Wifi(), Ethernet())
_NO_ETHERNET: Final = Ethernet(present=False, connected=False, has_ip=False, ip="", mac="")

Ask: TypeAlias = Callable[[str, int], bytes | None]
"""The kernel's answer to a request about an interface; None when it has none."""


def ask_kernel(interface: str, request: int) -> bytes | None:
    """See Ask."""
    name = interface.encode()[: _NAME - 1].ljust(_NAME, b"\0")
    essid = array.array("B", bytes(_LONGEST_SSID + 1))  # the kernel writes into it
    wanted = struct.pack("PHH", essid.buffer_info()[0], _LONGEST_SSID, 0) if request == _GET_ESSID else b""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            answer = fcntl.ioctl(asking, request, name + wanted.ljust(_SOCKADDR, b"\0"))
    except OSError:
        return None
    return essid.tobytes() if wanted else answer[_NAME:]


def look(interfaces: Path = _INTERFACES, wireless: Path = _WIRELESS, ask: Ask = ask_kernel) -> Network:
    """The network now. Interfaces that are no hardware (containers, bridges) do not count."""
    try:
        hardware = sorted(entry for entry in interfaces.iterdir() if (entry / "device").exists())
    except OSError:
        return UNKNOWN_NETWORK
    radios = [entry for entry in hardware if (entry / "wireless").exists() or (entry / "phy80211").exists()]
    wired = [entry for entry in hardware if entry not in radios]
    ethernets = [_ethernet(entry, ask) for entry in wired]
    ethernet = next((found for found in ethernets if found.connected), ethernets[0] if ethernets else _NO_ETHERNET)
    radio = next((entry for entry in radios if _carrier(entry)), None)
    if radio is not None:
        return Network(_wifi(radio.name, wireless, ask), ethernet)
    unconnected = bool(radios) and not ethernet.connected
    return Network(Wifi(status="WL_DISCONNECTED") if unconnected else Wifi(), ethernet)


class Looker:
    """The network, looked at again when the last look is 10 s old."""

    def __init__(self) -> None:
        self._seen = UNKNOWN_NETWORK
        self._look_at = float("-inf")

    def __call__(self) -> Network:
        """The network as last looked at."""
        now = time.monotonic()
        if now >= self._look_at:
            self._seen, self._look_at = look(), now + _LOOK_AGAIN_S
        return self._seen


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""  # also what the kernel answers about an interface that is down


def _carrier(interface: Path) -> bool:
    return _read(interface / "carrier") == "1"


def _ethernet(interface: Path, ask: Ask) -> Ethernet:
    connected = _carrier(interface)
    ip = _ip(interface.name, ask) if connected else ""
    return Ethernet(True, connected, bool(ip), ip, _read(interface / "address").upper())


def _ip(interface: str, ask: Ask) -> str:
    answer = ask(interface, _GET_ADDRESS)
    return "" if answer is None else socket.inet_ntoa(answer[4:8])  # of a sockaddr_in


def _wifi(name: str, wireless: Path, ask: Ask) -> Wifi:
    levels = {found[1]: int(found[2]) for line in _read(wireless).splitlines() if (found := _LEVEL.match(line))}
    essid, access_point = ask(name, _GET_ESSID), ask(name, _GET_ACCESS_POINT)
    return Wifi(
        status="WL_CONNECTED",
        ssid=None if essid is None else essid.rstrip(b"\0").decode("utf-8", "replace"),
        rssi=levels.get(name),
        bssid=None if access_point is None else access_point[2:8].hex(":").upper(),  # of a sockaddr
        ip=_ip(name, ask),
    )
