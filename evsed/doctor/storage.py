"""The disk that keeps settings and sessions, as the doctor looks at it: an SD card's age shows before it dies.

Owns what is read of mounts and cards, and the one small file that is written to time the disk, and removed again.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.machine import Machine

LITTLE_BYTES = 200_000_000
TOO_LITTLE_BYTES = 20_000_000
SLOW_MS = 1_000
"""A card that takes longer for a few bytes, with nothing else to do, is dying, or a counterfeit."""

_NEW_CARD = "save the card's contents and replace it, best by one that is made for endurance"


def mount(machine: Machine, directory: str) -> tuple[str, frozenset[str]] | None:
    """Where the file system of ``directory`` is mounted, and with which options; None: not known."""
    best: tuple[str, frozenset[str]] | None = None
    for line in (machine.text("proc/mounts") or "").splitlines():
        words = line.split()
        if len(words) < 4:
            continue
        place = words[1].replace("\\040", " ")
        holds = Path(directory).is_relative_to(place)
        if holds and (best is None or len(place) >= len(best[0])):  # the last one of equals lies on top
            best = (place, frozenset(words[3].split(",")))
    return best


def disk(
    machine: Machine,
    directory: Path,
    sync: Callable[[int], None] = os.fsync,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Finding]:
    """Whether the state directory can be written, how fast, and whether there is room."""
    where = mount(machine, str(directory))
    if where is not None and "ro" in where[1]:
        became = f"{where[0]} is read-only: the system found it damaged, or an overlay is on"
        yield wrong(became, "see journalctl -b -p err; switch an overlay off in raspi-config, else replace the card")
        return
    if not directory.is_dir():
        yield wrong(f"{directory} is not there", "sudo install -d -o evsed -g evsed -m 750 " + str(directory))
        return
    yield _room(directory)
    yield _timed(directory, sync, clock)


def _room(directory: Path) -> Finding:
    held = os.statvfs(directory)
    free = held.f_bavail * held.f_frsize
    text = f"{free / 1e6:.0f} MB are free for {directory}"
    advice = "remove what is not needed (sudo apt clean; sudo journalctl --vacuum-size=50M)"
    if free < TOO_LITTLE_BYTES:
        return wrong(text, advice)
    return attention(text, advice) if free < LITTLE_BYTES else ok(text)


def _timed(directory: Path, sync: Callable[[int], None], clock: Callable[[], float]) -> Finding:
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".doctor-") as file:
            begun = clock()
            file.write(b"evsed doctor was here\n")
            file.flush()
            sync(file.fileno())
            took_ms = round((clock() - begun) * 1000)
    except PermissionError:
        return attention(f"{directory} may not be written by this user, so the disk was not timed", "try it with sudo")
    except OSError as error:
        return wrong(f"{directory} cannot be written: {error.strerror}", "see journalctl -b -p err; " + _NEW_CARD)
    if took_ms > SLOW_MS:
        return attention(f"the disk took {took_ms} ms to keep a few bytes", "if it is so again and again: " + _NEW_CARD)
    return ok(f"the disk took {took_ms} ms to keep a few bytes")


# ---- the card ----

_WORN = 0x09  # more than 80 % of its life, in steps of a tenth
_OVER = 0x0B  # eMMC 5.1 (JESD84-B51) 7.4.36: beyond what it was made for


def card(machine: Machine) -> Iterator[Finding]:
    """How much of its life the card says it has used; SD cards mostly do not say, eMMC does."""
    for device in sorted((machine.root / "sys/block").glob("mmcblk[0-9]")):
        told = machine.text(f"sys/block/{device.name}/device/life_time")
        used = _life(told or "")
        if used is None:
            yield ok(f"{device.name} does not tell its age")
        elif used >= _OVER:
            yield wrong(f"{device.name} is beyond the life it was made for", _NEW_CARD)
        else:
            text = f"{device.name} has used {10 * (used - 1)} to {10 * used} % of its life"
            yield attention(text, _NEW_CARD) if used >= _WORN else ok(text)


def _life(told: str) -> int | None:
    """The worse of the two figures, in tenths begun; None when the card does not know."""
    try:
        figures = [int(word, 16) for word in told.split()]
    except ValueError:
        return None
    return max(figures, default=0) or None
