"""Which radio network the charger is in, as the kernel tells it. Linux only; a wired Pi has none.

Owns the reading; that it is published is entity_table.py's. Source: wireless(7), linux/wireless.h.
"""

import contextlib
import fcntl
import socket
import struct
from array import array
from pathlib import Path
from typing import Final

from evsed.api.entities import Wifi

_WIRELESS: Final = Path("/proc/net/wireless")
_GET_AP: Final = 0x8B15  # SIOCGIWAP
_GET_ESSID: Final = 0x8B1B  # SIOCGIWESSID
_LONGEST_SSID: Final = 32
_NOWHERE: Final = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "44:44:44:44:44:44"})


def signals(table: str) -> dict[str, int]:
    """The radio interfaces in the text of /proc/net/wireless, and the strength of each in dBm."""
    found = {}
    for line in table.splitlines()[2:]:
        name, _, columns = line.partition(":")
        words = columns.split()
        with contextlib.suppress(IndexError, ValueError):
            found[name.strip()] = round(float(words[2]))
    return found


def wifi() -> Wifi | None:
    """The network of the first radio interface that is in one; None on a wire."""
    try:
        strengths = signals(_WIRELESS.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    for name, rssi in strengths.items():
        with contextlib.suppress(OSError):
            bssid, ssid = _access_point(name)
            if bssid not in _NOWHERE:
                return Wifi(ssid, bssid.upper(), rssi)
    return None


def _access_point(name: str) -> tuple[str, str]:
    """BSSID and SSID that interface ``name`` is associated with. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        who = name.encode()[:15]
        bssid = fcntl.ioctl(asked, _GET_AP, struct.pack("16s16x", who))[18:24].hex(":")
        text = array("B", bytes(_LONGEST_SSID))
        request = array("B", struct.pack("16sPHH4x", who, text.buffer_info()[0], _LONGEST_SSID, 0))
        fcntl.ioctl(asked, _GET_ESSID, request, True)
        length = struct.unpack_from("H", request, 16 + struct.calcsize("P"))[0]
    return bssid, text.tobytes()[:length].decode("utf-8", "replace")
