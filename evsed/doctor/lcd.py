"""The LCD, as far as it can be looked at: its packages and its SPI device. Nothing comes back from the panel itself.

Owns the judgement. Not a byte is sent, so that a running evsed is not disturbed.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from typing import Final

from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.machine import CONFIG_TXT
from evsed.hw.spidev import Ioctl, OpenDevice
from evsed.libraries import LUMA, install
from evsed.wiring import Wiring

RD_MODE: Final = 0x8001_6B01
"""``SPI_IOC_RD_MODE``: only what knows SPI answers."""

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
    missing = [package for package in ("gpiozero", wiring.pin_factory, "luma.lcd", "PIL") if not there(package)]
    if missing:
        yield wrong(f"the Python package {' and '.join(missing)} is missing: {_MISSING}", _install(missing))
    found = version("luma.lcd")
    if "luma.lcd" not in missing and not _will_do(found):
        told = f"luma.lcd {found or 'of an unknown version'} will not do, {LUMA} or a later {LUMA[0]}.x is needed"
        yield wrong(f"{told}: {_MISSING}", _install(["luma.lcd"]))


def _install(packages: list[str]) -> str:
    return f"{install(packages)}, and then sudo systemctl restart evsed"


def _will_do(version: str) -> bool:
    found, least = ([int(part) for part in re.findall(r"\d+", text)[:2]] for text in (version, LUMA))
    return found >= least and found[0] == least[0]
