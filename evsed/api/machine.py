"""The machine that the daemon runs on, for people who look: system, model, time zone. Reads files; owns nothing.

What the machine does not say is None.
"""

import os
import platform
import re
import time
from pathlib import Path
from typing import Final

_MODEL: Final = Path("/proc/device-tree/model")
_ZONE: Final = Path("/etc/localtime")
_ZONES: Final = "zoneinfo/"
_NAME: Final = re.compile(r"UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]+)+")


def system() -> str | None:
    """The release of the operating system, such as "Debian GNU/Linux 12 (bookworm)"."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return None


def model(path: Path = _MODEL) -> str | None:
    """Which machine it is by its device tree, such as "Raspberry Pi 3 Model B Plus Rev 1.3"."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n") or None
    except OSError:
        return None


def uptime_s() -> int:
    """Since the machine was started, in s."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def zone(path: Path = _ZONE) -> str | None:
    """The name of the time zone, such as "Europe/Amsterdam": that of TZ, else the system's."""
    told = os.environ.get("TZ", "").removeprefix(":")
    if told:
        return told if _NAME.fullmatch(told) else None  # else a rule, such as CET-1CEST
    try:
        target = str(path.readlink())
    except OSError:
        return None  # a copy of the zone's file, which does not say whose, or none: UTC
    _, found, name = target.partition(_ZONES)
    return name.removeprefix("posix/") if found and name else None
