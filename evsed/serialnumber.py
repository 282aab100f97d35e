"""The serial number of this unit, when the owner has not chosen one: from the board, else from the system.

It is part of the MQTT prefix, the host name and what clients show, so it stays from boot to boot and is never 0.
Standard library only: it is read at start-up.

- A Raspberry Pi has a serial number, hexadecimal: the number is 1 + that number modulo 999,999.
- Else the system's machine id, hashed for evsed alone (machine-id(5) wants it to stay secret): HMAC-SHA256 with the
  machine id as key; the number is 1 + the first 8 bytes modulo 999,999.
"""

import hashlib
import hmac
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

LOWEST: Final = 1
HIGHEST: Final = 999_999

_BOARD: Final = (Path("/proc/device-tree/serial-number"), Path("/sys/firmware/devicetree/base/serial-number"))
_MACHINE_ID: Final = Path("/etc/machine-id")
_HEX = re.compile(r"[0-9a-fA-F]{1,32}")
_MACHINE = re.compile(r"[0-9a-f]{32}")
_APPLICATION: Final = b"evsed serial number"


def serial_number(configured: int, board: Sequence[Path] = _BOARD, machine_id: Path = _MACHINE_ID) -> int:
    """The serial number, 1..999999: ``configured`` when it is not 0, else this unit's own.

    ``board``: files of which the first readable one has the board's number. Where there is nothing to derive it from,
    it is 1, and the log says so.
    """
    if configured:
        return configured
    for path in board:
        text = _read(path)
        if _HEX.fullmatch(text) and int(text, 16):
            return _in_range(int(text, 16))
    text = _read(machine_id)
    if _MACHINE.fullmatch(text) and int(text, 16):
        digest = hmac.new(bytes.fromhex(text), _APPLICATION, hashlib.sha256).digest()
        return _in_range(int.from_bytes(digest[:8], "big"))
    log.warning(
        "neither the board nor %s tells who this is: the serial number is %d. "
        "With more than one charger, give each its own with serial = in the configuration",
        machine_id,
        LOWEST,
    )
    return LOWEST


def _in_range(number: int) -> int:
    return LOWEST + number % HIGHEST


def _read(path: Path) -> str:
    """The text of a small file; empty when it cannot be read. The device tree ends texts with NUL."""
    try:
        return path.read_bytes()[:256].rstrip(b"\0\r\n\t ").decode("ascii")
    except (OSError, UnicodeDecodeError):
        return ""
