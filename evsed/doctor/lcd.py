"""The LCD, as far as it can be looked at: its packages and its SPI device. Nothing comes back from the panel itself.

Owns the judgement. Not a byte is sent, so that a running evsed is not disturbed.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Final

from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.machine import CONFIG_TXT
from evsed.hw.spidev import Ioctl, OpenDevice
from evsed.wiring import Wiring

RD_MODE: Final = 0x8001_6B01
"""``SPI_IOC_RD_MODE``: only what knows SPI answers."""

LUMA: Final = "2.13"
"""luma.lcd from this one on, up to its next major version, as pyproject.toml has it. An older one takes GPIO 18 for
a backlight, whatever hangs there, and is not used. Debian 12 has 2.10, so that apt is no help."""

_MISSING: Final = "the LCD stays dark, and charging goes on without it"


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # not even the part before the dot
        return False


def _version(package: str) -> str:
    """Empty: it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def look(
    wiring: Wiring,
    there: Callable[[str], bool] = _is_there,
    open_device: OpenDevice | None = None,
    ioctl: Ioctl | None = None,
    version: Callable[[str], str] = _version,
) -> Iterator[Finding]:
    """Whether what the LCD needs is there and can be opened."""
    device = wiring.lcd_device
    if not device:
        yield ok("the board has no LCD")
        return
    yield from _packages(wiring, there, version)
    try:
        opened = (open_device or os.open)(device, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield wrong(f"{device} is not there: {_MISSING}", f"add dtparam=spi=on to {CONFIG_TXT} and restart the Pi")
        return
    except PermissionError:
        yield attention(
            f"{device} may not be opened by this user", "try it with sudo; the user evsed has to be in the group spi"
        )
        return
    except OSError as error:
        told = f"{device} cannot be opened ({os.strerror(error.errno or 0)}): {_MISSING}"
        yield wrong(told, "does another driver have it? See dmesg, and board.lcd.device in evsed.toml")
        return
    try:
        (ioctl or fcntl.ioctl)(opened, RD_MODE, bytes(1))
    except OSError:
        yield wrong(f"{device} is no SPI device: {_MISSING}", "mend board.lcd.device in evsed.toml")
        return
    finally:
        os.close(opened)
    yield ok(f"{device} is there and can be opened; whether a panel hangs on it can only be seen")


def _packages(wiring: Wiring, there: Callable[[str], bool], version: Callable[[str], str]) -> Iterator[Finding]:
    """Those that are missing or too old."""
    missing = [package for package in ("gpiozero", wiring.pin_factory) if not there(package)]
    if missing:
        install = " ".join(f"python3-{package}" for package in missing)
        yield wrong(_told_missing(missing), f"sudo apt install {install}, and then sudo systemctl restart evsed")
    # Debian's Python lets pip in only when told to.
    may = "" if sys.prefix != sys.base_prefix else "--break-system-packages "
    install = f"sudo {sys.executable} -m pip install {may}'luma.lcd~={LUMA}', and then sudo systemctl restart evsed"
    missing = [package for package in ("luma.lcd", "PIL") if not there(package)]
    found = version("luma.lcd")
    if missing:
        yield wrong(_told_missing(missing), install)
    elif not _will_do(found):
        told = f"luma.lcd {found or 'of an unknown version'} will not do, {LUMA} or a later {LUMA[0]}.x is needed"
        yield wrong(f"{told}: {_MISSING}", install)


def _told_missing(packages: list[str]) -> str:
    return f"the Python package {' and '.join(packages)} is missing: {_MISSING}"


def _will_do(version: str) -> bool:
    found, least = ([int(part) for part in re.findall(r"\d+", text)[:2]] for text in (version, LUMA))
    return found >= least and found[0] == least[0]
