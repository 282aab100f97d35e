"""What an update keeps for the way back: packages, settings, and how far it is.

Owns /var/lib/evsed-update. Files are there whole or not at all, also after a power cut.
"""

import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from evsed.update.machine import NAME, Machine, UpdateError

_SPARE_BYTES = 16_000_000
_LARGEST_SETTINGS = 16_000_000


@dataclass(slots=True)
class Record:
    """An update that is under way, as it is kept on the disk. ``old``: empty when there is no way back."""

    new: str
    old: str
    from_version: str
    to_version: str
    ran: list[str]
    """The units that nobody had stopped."""
    answered: bool
    failure: str = ""
    """Not empty: it is on its way back, and why."""


def kept(machine: Machine, version: str, architecture: str) -> Path:
    """Where the package of this version is kept."""
    return machine.store / f"{NAME}_{version}_{architecture}.deb"


def room(machine: Machine, needed: int) -> None:
    """Raises UpdateError when so many bytes, and some to spare, are not free."""
    needed += _SPARE_BYTES
    free = min(shutil.disk_usage(where).free for where in (machine.store, machine.root / "usr"))
    if free < needed:
        raise UpdateError(f"{free // 1_000_000} MB are free, and {needed // 1_000_000} MB are needed: make room first")


def copy(path: Path, to: Path, owner: tuple[int, int] | None = None) -> None:
    """``to`` is there whole or not at all; no link leads this elsewhere. Raises OSError."""
    temporary = to.with_name(to.name + ".part")
    temporary.unlink(missing_ok=True)
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(source, "rb") as data:
        target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(target, "wb") as written:
            if owner is not None:
                os.fchown(target, *owner)
            shutil.copyfileobj(data, written)
            written.flush()
            os.fsync(target)
    temporary.replace(to)
    _sync(to.parent)


def _sync(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _plain_files(directory: Path) -> dict[str, os.stat_result]:
    found = {path.name: path.lstat() for path in directory.iterdir()} if directory.is_dir() else {}
    return {
        name: status
        for name, status in found.items()
        if stat.S_ISREG(status.st_mode) and status.st_size < _LARGEST_SETTINGS
    }


def back_up(machine: Machine) -> None:
    """The settings as they are before the new evsed migrates them. Raises OSError."""
    to, fresh = machine.store / "settings", machine.store / "settings.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for name in _plain_files(machine.settings):
        copy(machine.settings / name, fresh / name)
    shutil.rmtree(to, ignore_errors=True)
    fresh.rename(to)
    _sync(machine.store)


def restore(machine: Machine) -> None:
    """The settings as they were. Raises OSError."""
    before, owner = _plain_files(machine.store / "settings"), machine.settings.stat()
    for name in before:
        copy(machine.store / "settings" / name, machine.settings / name, (owner.st_uid, owner.st_gid))
    for name in _plain_files(machine.settings):
        if name.startswith("settings.json") and name not in before:
            (machine.settings / name).unlink()


def record_path(machine: Machine) -> Path:
    return machine.store / "unfinished.json"


def read_record(machine: Machine) -> Record | None:
    """The update that was not finished, if there is one."""
    try:
        return Record(**json.loads(record_path(machine).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UpdateError(f"{record_path(machine)} cannot be read ({error}): remove it, and begin anew") from None


def write_record(machine: Machine, record: Record) -> None:
    """From now on a second run finishes this. Raises OSError."""
    path = record_path(machine)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(asdict(record), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)
